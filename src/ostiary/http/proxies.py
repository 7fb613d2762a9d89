"""Clients behind proxies: their address is the one that our own proxies name, and nobody else's word counts.

Each proxy adds the address that it was called from at the end of ``X-Forwarded-For``. So that list is read from its end, and
the first address that is no proxy of ours is the client's; what stands before it the client may have made up.
"""

import ipaddress
from collections.abc import Iterable
from typing import Final

from ostiary.http.message import Answering, App, Header, Peer, Receive, Scope, Send

_FORWARDED: Final = b"x-forwarded-for"
_ADDRESSES: Final = 10_000


class Proxies:
    """The addresses of our own proxies."""

    def __init__(self, networks: Iterable[str]) -> None:
        """Addresses and networks; raises ValueError for what is neither."""
        self._networks = tuple(ipaddress.ip_network(one.strip()) for one in networks)
        self._known: dict[str, bool] = {}

    def has(self, address: str) -> bool:
        """Whether it is one of them; read from the text once, for that takes as long as all the rest."""
        found = self._known.get(address)
        if found is None:
            if len(self._known) >= _ADDRESSES:
                self._known.clear()
            parsed = _parsed(address)
            found = parsed is not None and any(parsed in network for network in self._networks)
            self._known[address] = found
        return found

    def client(self, peer: str, forwarded: str) -> str:
        """The client's address, as far as our own proxies tell it; ``forwarded`` are the values of their header."""
        client = peer
        for named in reversed(forwarded.split(",")):
            if not self.has(client):
                break
            address = _parsed(_without_port(named.strip()))
            if address is None:
                break
            client = str(address)
        return client


class BehindProxies:
    """An application that is told the addresses of clients, not of proxies."""

    def __init__(self, app: App, proxies: Proxies) -> None:
        """``app`` answers."""
        self._app = app
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or see the server's life through."""
        if scope.get("client"):
            scope["client"] = self._client(scope["client"], scope["headers"])
        await self._app(scope, receive, send)

    def at_once(
        self, method: str, path: bytes, query: bytes, headers: list[Header], peer: Peer | None, scheme: str
    ) -> Answering | None:
        """What answers the request once its body is there."""
        return self._app.at_once(method, path, query, headers, self._client(peer, headers), scheme)

    def _client(self, peer: Peer | None, headers: Iterable[Header]) -> Peer | None:
        forwarded = b",".join(value for name, value in headers if name == _FORWARDED)
        if peer is None or not forwarded:
            return peer
        return self._proxies.client(peer[0], forwarded.decode("latin-1")), peer[1]


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address


def _without_port(text: str) -> str:
    """The address of ``ADDRESS``, ``IPV4:PORT`` or ``[IPV6]:PORT``, as some proxies write it."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
