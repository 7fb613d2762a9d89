"""How often an address may do something, counted in memory by each process: for what no account can be counted for.

It bounds what a flood leaves behind, and for that it is enough: another process, or a restart, gives an address as much
again, not without end. What guards secrets is durable (``storage.budgets``).
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from ostiary.core.network import network_of
from ostiary.errors import ResourceExhausted

_ADDRESSES: Final = 10_000


class PeerLimit:
    """Each address on its own; of IPv6 each household."""

    def __init__(
        self,
        most: int,
        window: timedelta,
        now: Callable[[], datetime],
        network: Callable[[str], str] = network_of,
    ) -> None:
        """Nobody has done anything; ``window`` begins with the first time.

        ``most`` 0 is no limit; ``network`` gives what is counted as one address, empty for one that is not counted.
        """
        self._most = most
        self._window = window
        self._now = now
        self._network = network
        self._networks: dict[str, str] = {}
        self._counted: dict[str, tuple[datetime, int]] = {}

    def require(self, peer_ip: str) -> None:
        """Raise ResourceExhausted when there is no room for one more."""
        network = self._network_of(peer_ip)
        if not network:
            return
        since, count = self._of(network)
        if count >= self._most:
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
        network = self._network_of(peer_ip)
        if network:
            since, count = self._of(network)
            if len(self._counted) >= _ADDRESSES:
                self._counted.clear()
            self._counted[network] = (since, count + 1)

    def _network_of(self, peer_ip: str) -> str:
        """What is counted, read from the text once: that takes as long as all the rest."""
        if not self._most:
            return ""
        network = self._networks.get(peer_ip)
        if network is None:
            if len(self._networks) >= _ADDRESSES:
                self._networks.clear()
            network = self._networks[peer_ip] = self._network(peer_ip)
        return network

    def _of(self, network: str) -> tuple[datetime, int]:
        now = self._now()
        since, count = self._counted.get(network, (now, 0))
        return (now, 0) if now - since >= self._window else (since, count)
