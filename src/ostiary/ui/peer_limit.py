"""How often an address may do something, counted in memory: for what no account can be counted for."""

import ipaddress
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from ostiary.errors import ResourceExhausted

_ADDRESSES: Final = 10_000
_V6_PREFIX: Final = 64  # what one household is given


class PeerLimit:
    """Each address on its own; of IPv6 each household."""

    def __init__(self, most: int, window: timedelta, now: Callable[[], datetime]) -> None:
        """Nobody has done anything; ``window`` begins with the first time."""
        self._most = most
        self._window = window
        self._now = now
        self._counted: dict[str, tuple[datetime, int]] = {}

    def require(self, peer_ip: str) -> None:
        """Raise ResourceExhausted when there is no room for one more."""
        since, count = self._of(_network(peer_ip))
        if count >= self._most:
            left = self._window - (self._now() - since)
            raise ResourceExhausted(
                "ui.peer_limit",
                "Too many attempts were made from this address",
                retry_after_s=int(left.total_seconds()) + 1,
            )

    def count(self, peer_ip: str) -> None:
        """It was done once more."""
        address = _network(peer_ip)
        since, count = self._of(address)
        if len(self._counted) >= _ADDRESSES:
            self._counted.clear()
        self._counted[address] = (since, count + 1)

    def _of(self, address: str) -> tuple[datetime, int]:
        now = self._now()
        since, count = self._counted.get(address, (now, 0))
        return (now, 0) if now - since >= self._window else (since, count)


def _network(peer_ip: str) -> str:
    try:
        address = ipaddress.ip_address(peer_ip)
    except ValueError:
        return peer_ip
    if address.version == 4:
        return peer_ip
    return str(ipaddress.ip_network((peer_ip, _V6_PREFIX), strict=False))
