"""User codes as people type them, and how many wrong ones an address may try. Source: RFC 8628 5.1 (brute force)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ostiary.core.client import Application
from ostiary.core.login_request import DeviceAuthorization, Stage
from ostiary.errors import NotFound
from ostiary.oidc.device import APPROVING, HALF, DeviceAuthorizations
from ostiary.ui.peer_limit import PeerLimit

WRONG_CODES: Final = 20
WINDOW: Final = timedelta(minutes=5)


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
    """Finds devices by code. Wrong codes are counted for each address on its own."""

    def __init__(self, devices: DeviceAuthorizations, now: Callable[[], datetime]) -> None:
        """Nobody has tried."""
        self._devices = devices
        self._wrong = PeerLimit(WRONG_CODES, WINDOW, now)

    async def find(self, typed: str, peer_ip: str) -> Waiting:
        """The device; raises NotFound, ResourceExhausted, or what an answered request is told."""
        self._wrong.require(peer_ip)
        try:
            waiting = Waiting(*await self._devices.by_user_code(typed))
        except NotFound:
            self._wrong.count(peer_ip)
            raise
        if waiting.device.stage is not Stage.OPEN:
            raise APPROVING.handled()
        return waiting
