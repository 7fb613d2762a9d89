"""How often an address may do something, counted in memory by each process: for what no account can be counted for.

It bounds what a flood leaves behind, and for that it is enough: another process, or a restart, gives an address as much
again, not without end. What guards secrets is durable (``storage.budgets``).
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from ostiary.core.network import network_of, public_network_of
from ostiary.errors import ResourceExhausted

_ADDRESSES: Final = 10_000


class PeerLimit:
    """Each address on its own; of IPv6 each household."""

    def __init__(
        self,
        most: int,
        window: timedelta,
        now: Callable[[], datetime],
        *,
        shared: int,
        are_apart: bool = True,
    ) -> None:
        """Nobody has done anything; ``window`` begins with the first time. ``most`` 0 is no limit.

        ``shared`` is how many times as much a private address may do, behind which many people are; 0: as much as they
        like. Not ``are_apart``: all addresses are such ones, for all people come through a proxy.
        """
        self._most = most
        self._window = window
        self._now = now
        self._most_shared = most * shared
        self._are_apart = are_apart
        self._places: dict[str, tuple[str, int]] = {}
        self._counted: dict[str, tuple[datetime, int]] = {}

    def require(self, peer_ip: str) -> None:
        """Raise ResourceExhausted when there is no room for one more."""
        network, most = self._place_of(peer_ip)
        if not most:
            return
        since, count = self._of(network)
        if count >= most:
            left = self._window - (self._now() - since)
            raise ResourceExhausted(
                "calls.address_limit",
                "Too many attempts",
                hint="they came from this address; wait as long as Retry-After says",
                retry_after_s=int(left.total_seconds()) + 1,
            )

    def take(self, peer_ip: str) -> None:
        """Do it once more; raises ResourceExhausted when there is no room."""
        self.require(peer_ip)
        self.count(peer_ip)

    def count(self, peer_ip: str) -> None:
        """It was done once more."""
        network, most = self._place_of(peer_ip)
        if most:
            since, count = self._of(network)
            if len(self._counted) >= _ADDRESSES:
                self._counted.clear()
            self._counted[network] = (since, count + 1)

    def _place_of(self, peer_ip: str) -> tuple[str, int]:
        """What is counted and its limit; found once for a text, for that takes as long as all the rest."""
        place = self._places.get(peer_ip)
        if place is None:
            if len(self._places) >= _ADDRESSES:
                self._places.clear()
            public = public_network_of(peer_ip) if self._are_apart else ""
            place = (public, self._most) if public else (network_of(peer_ip), self._most_shared)
            self._places[peer_ip] = place
        return place

    def _of(self, network: str) -> tuple[datetime, int]:
        now = self._now()
        since, count = self._counted.get(network, (now, 0))
        return (now, 0) if now - since >= self._window else (since, count)
