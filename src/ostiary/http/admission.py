"""Whom the door lets in: so many connections at once, and of them so many from one address."""

import ipaddress
from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Most:
    """Connections at once; 0 for no limit. This machine's own addresses, where a proxy may be, have no limit of their own."""

    in_all: int = 10_000
    of_an_address: int = 1_000


class Admission:
    """Counts those that are open."""

    def __init__(self, most: Most) -> None:
        """Nobody is here."""
        self._most = most
        self._count = 0
        self._of: Counter[str] = Counter()

    def enter(self, address: str) -> bool:
        """Let one in, if there is room; it must leave again."""
        most = self._most
        if most.in_all and self._count >= most.in_all:
            return False
        if most.of_an_address and self._of[address] >= most.of_an_address and not _is_here(address):
            return False
        self._count += 1
        self._of[address] += 1
        return True

    def leave(self, address: str) -> None:
        """One that was let in has gone."""
        self._count -= 1
        self._of[address] -= 1
        if not self._of[address]:
            del self._of[address]


def _is_here(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_loopback
    except ValueError:  # a Unix socket has none
        return True
