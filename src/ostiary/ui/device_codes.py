"""User codes as people type them, and how many wrong ones an address may try. Source: RFC 8628 5.1 (brute force)."""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ostiary.core.client import Application
from ostiary.core.login_request import DeviceAuthorization, Stage
from ostiary.errors import NotFound, ResourceExhausted
from ostiary.oidc.device import APPROVING, HALF, DeviceAuthorizations

WRONG_CODES: Final = 20
WINDOW: Final = timedelta(minutes=5)
_ADDRESSES: Final = 10_000
_V6_PREFIX: Final = 64  # what one household is given


@dataclass(frozen=True, slots=True)
class Waiting:
    """A device that waits for its user, and the application it runs."""

    device: DeviceAuthorization
    client: Application
    project: str

    @property
    def shown_code(self) -> str:
        """As it stands on the device."""
        code = self.device.user_code
        return f"{code[:HALF]}-{code[HALF:]}"


class DeviceCodes:
    """Finds devices by code. Wrong codes are counted in memory, for each address on its own."""

    def __init__(self, devices: DeviceAuthorizations, now: Callable[[], datetime]) -> None:
        """Nobody has tried."""
        self._devices = devices
        self._now = now
        self._wrong: dict[str, tuple[datetime, int]] = {}

    async def find(self, typed: str, peer_ip: str) -> Waiting:
        """The device; raises NotFound, ResourceExhausted, or what an answered request is told."""
        address, now = _network(peer_ip), self._now()
        since, count = self._wrong.get(address, (now, 0))
        if now - since >= WINDOW:
            since, count = now, 0
        if count >= WRONG_CODES:
            left = WINDOW - (now - since)
            text = "Too many wrong codes were typed here"
            raise ResourceExhausted("ui.device_codes", text, retry_after_s=int(left.total_seconds()) + 1)
        try:
            waiting = Waiting(*await self._devices.by_user_code(typed))
        except NotFound:
            if len(self._wrong) >= _ADDRESSES:
                self._wrong.clear()
            self._wrong[address] = (since, count + 1)
            raise
        if waiting.device.stage is not Stage.OPEN:
            raise APPROVING.handled()
        return waiting


def _network(peer_ip: str) -> str:
    try:
        address = ipaddress.ip_address(peer_ip)
    except ValueError:
        return peer_ip
    if address.version == 4:
        return peer_ip
    return str(ipaddress.ip_network((peer_ip, _V6_PREFIX), strict=False))
