"""HTTP/1.1 and HTTP/2 on one port: the first bytes of a connection, or ALPN, say which."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Final, Protocol, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from ostiary.http.guard import too_many_headers
from ostiary.http.message import MAX_HEADERS, AsgiApp, Receive, Scope, Send, joined

_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
)
_TOO_SLOW: Final = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Times:
    """How long a client may take, in seconds, and how often that is looked at. Source: R-29."""

    header_s: float = 10  # from connecting, or the first byte of a request, to the end of its header
    body_s: float = 30  # HTTP/1.1: for the whole body; HTTP/2: between two pieces of it
    write_s: float = 30  # to read on in an answer
    idle_s: float = 65  # between requests
    tick_s: float = 1


class Connection(Protocol):
    """What the server asks of any connection, whatever it speaks."""

    def sweep(self, now_s: float) -> None:
        """Called about once a second: close what is overdue."""
        ...

    def shutdown(self) -> None:
        """Finish what is being answered, take nothing new, then close."""
        ...


class Shared:
    """What all connections of one server share. ``http2`` makes the protocol of an HTTP/2 connection."""

    def __init__(
        self,
        app: AsgiApp,
        http2: Callable[[], Callable[["Shared"], asyncio.Protocol]],
        now: Callable[[], datetime],
        times: Times,
    ) -> None:
        """Nothing is listening yet. ``http2`` is called once, in a thread: it may load its libraries then."""
        self.app = app
        self.times = times
        self.loop = asyncio.get_running_loop()
        self.state = ServerState()
        self.config = Config(
            cast("Any", app),
            http=Http1,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            log_level="error",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=cast("int", times.idle_s),
        )
        self.config.load()
        self._load_http2 = http2
        self._http2: Callable[[Shared], asyncio.Protocol] | None = None
        self._loading = asyncio.Lock()
        self._now = now
        self.tick()

    @property
    def connections(self) -> set[Connection]:
        """All that are open."""
        return cast("set[Connection]", self.state.connections)

    def tick(self) -> None:
        """Set the Date of answers, close what is overdue."""
        date = format_datetime(self._now(), usegmt=True).encode()
        self.state.default_headers = [(b"date", date)]
        now_s = self.loop.time()
        for connection in tuple(self.connections):
            connection.sweep(now_s)

    def spawn(self, work: Awaitable[None]) -> "asyncio.Task[None]":
        """Run it; the server waits for its end before it stops."""
        task = self.loop.create_task(cast("Any", work))
        self.state.tasks.add(task)
        task.add_done_callback(self.state.tasks.discard)
        return task

    async def http2(self) -> asyncio.Protocol:
        """A protocol for one HTTP/2 connection; the first call loads the libraries, beside the loop."""
        async with self._loading:
            if self._http2 is None:
                self._http2 = await self.loop.run_in_executor(None, self._load_http2)
        return self._http2(self)


class OnePort(asyncio.Protocol):
    """Waits for the first bytes of a connection, then hands it over for good."""

    def __init__(self, shared: Shared) -> None:
        """Nothing is known yet."""
        self._shared = shared
        self._transport: asyncio.Transport | None = None
        self._seen = b""
        self._since_s = shared.loop.time()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Register; with ALPN the protocol is known already."""
        self._transport = cast("asyncio.Transport", transport)
        self._shared.connections.add(self)
        tls = transport.get_extra_info("ssl_object")
        if tls is not None and tls.selected_alpn_protocol() == "h2":
            self._to_http2()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's signature
        """Forget it."""
        self._shared.connections.discard(self)

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


class Http1(HttpToolsProtocol):
    """uvicorn's protocol, with limits of size and time."""

    def __init__(self, shared: Shared) -> None:
        """One connection of that server."""
        super().__init__(shared.config, shared.state, {}, shared.loop)
        self.access_log = False
        self._plain_app = self.app
        self._times = shared.times
        self._header_bytes = 0
        self._phase: tuple[str, object] = ("", None)
        self._phase_since_s = 0.0

    def data_received(self, data: bytes) -> None:
        """Feed the parser; a header section over the limit is answered 431."""
        size = self._header_bytes + len(data)
        if size <= MAX_HEADERS:
            super().data_received(data)
        else:
            self.app = cast("Any", self._measured)
            super().data_received(data)
            self.app = self._plain_app
        scope = cast("Scope | None", self.scope)  # None before the first request
        if scope is None or "path" in scope or self.transport.is_closing():
            self._header_bytes = 0
        elif size > MAX_HEADERS:
            self.transport.write(_TOO_LARGE)
            self.transport.close()
        else:
            self._header_bytes = size

    async def _measured(self, scope: Scope, receive: Receive, send: Send) -> None:
        if too_many_headers(joined(scope["headers"]), MAX_HEADERS):
            headers = [(b"content-length", b"0"), (b"connection", b"close")]
            await send({"type": "http.response.start", "status": 431, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
        else:
            await cast("Any", self._plain_app)(scope, receive, send)

    def sweep(self, now_s: float) -> None:
        """Close a connection whose header, body or reading of the answer takes too long (idle time is uvicorn's)."""
        name, limit_s = self._waiting_for()
        phase = (name, self.headers)
        if not name or name != self._phase[0] or self.headers is not self._phase[1]:
            self._phase, self._phase_since_s = phase, now_s
        elif now_s - self._phase_since_s > limit_s:
            if name == "write":
                self.transport.abort()
                return
            if self.headers is not None:
                self.transport.write(_TOO_SLOW)
            self.transport.close()

    def _waiting_for(self) -> tuple[str, float]:
        cycle = cast("RequestResponseCycle | None", self.cycle)  # None before the first request
        if self.transport.get_write_buffer_size():
            return "write", self._times.write_s
        if cycle is None or cycle.response_complete:
            return ("", 0) if self.timeout_keep_alive_task is not None else ("header", self._times.header_s)
        return ("body", self._times.body_s) if cycle.more_body else ("", 0)
