"""HTTP/1.1 and HTTP/2 on one port: the first bytes of a connection, or ALPN, say which."""

import asyncio
from typing import Final, cast

from ostiary.http.connection import NO_ROOM, Shared
from ostiary.http.http1 import Http1

_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


class OnePort(asyncio.Protocol):
    """Waits for the first bytes of a connection, then hands it over for good."""

    def __init__(self, shared: Shared) -> None:
        """Nothing is known yet."""
        self._shared = shared
        self._transport: asyncio.Transport | None = None
        self._seen = b""
        self._address = ""
        self._is_in = False
        self._since_s = shared.loop.time()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Register; with ALPN the protocol is known already."""
        self._transport = cast("asyncio.Transport", transport)
        self._shared.connections.add(self)
        self._address = _address_of(transport)
        self._is_in = self._shared.admission.enter(self._address)
        if not self._is_in:
            self._transport.write(NO_ROOM)
            self._transport.close()
            return
        tls = transport.get_extra_info("ssl_object")
        if tls is not None and tls.selected_alpn_protocol() == "h2":
            self._to_http2()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's signature
        """Forget it."""
        self._shared.connections.discard(self)
        if self._is_in:
            self._shared.admission.leave(self._address)

    def data_received(self, data: bytes) -> None:
        """Decide as soon as the bytes allow it."""
        self._seen += data
        if self._seen.startswith(_PREFACE):
            self._to_http2()
        elif not _PREFACE.startswith(self._seen):
            shared = self._shared
            self._switch(Http1(shared))

    def sweep(self, now_s: float) -> None:
        """Whoever says nothing is not waited for."""
        if self._transport is not None and now_s - self._since_s > self._shared.times.header_s:
            self._transport.close()

    def shutdown(self) -> None:
        """Nothing was asked yet."""
        if self._transport is not None:
            self._transport.close()

    def _to_http2(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()
            self._shared.spawn(self._load_http2(self._transport))

    async def _load_http2(self, transport: asyncio.Transport) -> None:
        protocol = await self._shared.http2()
        if not transport.is_closing():
            self._switch(protocol)
            transport.resume_reading()

    def _switch(self, protocol: asyncio.Protocol) -> None:
        transport = self._transport
        if transport is None:
            return
        self._shared.connections.discard(self)
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        if self._seen:
            protocol.data_received(self._seen)


def _address_of(transport: asyncio.BaseTransport) -> str:
    """Who is at the other end; empty where there is no address."""
    peer = transport.get_extra_info("peername")
    return str(peer[0]) if isinstance(peer, tuple) else ""
