"""How often an address may do something, counted in memory: for what no account can be counted for."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from ostiary.core.network import network_of
from ostiary.errors import ResourceExhausted

_ADDRESSES: Final = 10_000


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
        since, count = self._of(network_of(peer_ip))
        if count >= self._most:
            left = self._window - (self._now() - since)
            raise ResourceExhausted(
                "ui.peer_limit",
                "Too many attempts were made from this address",
                retry_after_s=int(left.total_seconds()) + 1,
            )

    def count(self, peer_ip: str) -> None:
        """It was done once more."""
        address = network_of(peer_ip)
        since, count = self._of(address)
        if len(self._counted) >= _ADDRESSES:
            self._counted.clear()
        self._counted[address] = (since, count + 1)

    def _of(self, address: str) -> tuple[datetime, int]:
        now = self._now()
        since, count = self._counted.get(address, (now, 0))
        return (now, 0) if now - since >= self._window else (since, count)
