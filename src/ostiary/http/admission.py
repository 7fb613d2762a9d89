"""Whom the door lets in: so many connections at once, and of them so many from one address."""

import resource
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Final

_OWN_FILES: Final = 128  # descriptors for database, logs, requests of ours
_OWN_NETWORK: Final = "0000:0000:0000:0000"  # of ::1


def _nobody(_: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Most:
    """Connections at once; 0 for no limit. This machine's own addresses and proxies have no limit of their own.

    ``waiting_bytes`` are those of requests that are not complete, beside what each connection has for that.
    """

    in_all: int = 10_000
    of_an_address: int = 1_000
    waiting_bytes: int = 64 << 20
    is_proxy: Callable[[str], bool] = _nobody


class Admission:
    """Counts those that are open."""

    def __init__(self, most: Most) -> None:
        """Nobody is here."""
        self._most = most
        self._count = 0
        self._of: Counter[str] = Counter()

    def enter(self, address: str) -> bool:
        """Let one in, if there is room; it must leave again."""
        most, origin = self._most, _origin(address)
        if most.in_all and self._count >= most.in_all:
            return False
        if (
            most.of_an_address
            and self._of[origin] >= most.of_an_address
            and not self._is_ours(address, origin)
        ):
            return False
        self._count += 1
        self._of[origin] += 1
        return True

    def _is_ours(self, address: str, origin: str) -> bool:
        return _is_here(origin) or self._most.is_proxy(address)

    def leave(self, address: str) -> None:
        """One that was let in has gone."""
        origin = _origin(address)
        self._count -= 1
        self._of[origin] -= 1
        if not self._of[origin]:
            del self._of[origin]


def possible(wanted: int) -> int:
    """As many of the wanted connections as the system gives descriptors for, having asked it for all it may give.

    Where none is left for a connection, it cannot even be refused.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard == resource.RLIM_INFINITY:
        return wanted
    most = max(1, hard - _OWN_FILES)
    return min(wanted or most, most)


def _origin(address: str) -> str:
    """What is counted as one: an IPv4 address, the 64 bits of an IPv6 network."""
    if ":" not in address:
        return address
    parsed = IPv6Address(address.partition("%")[0])
    return str(parsed.ipv4_mapped or parsed.exploded[:19])


def _is_here(origin: str) -> bool:
    return not origin or origin.startswith("127.") or origin == _OWN_NETWORK
