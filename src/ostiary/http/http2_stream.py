"""One stream of an HTTP/2 connection as an ASGI request."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, Protocol
from urllib.parse import unquote

from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError

from ostiary.http.connection import Shared
from ostiary.http.message import Event, Header, Scope

_OF_ONE_HOP: Final = frozenset((b"connection", b"keep-alive", b"transfer-encoding", b"upgrade"))


class Connection(Protocol):
    """What a stream needs of its connection."""

    h2: H2Connection
    loop: asyncio.AbstractEventLoop
    shared: Shared
    writable: asyncio.Event  # clear while the client reads slowly
    scheme: str
    client: Any  # addresses as the transport tells them
    server: Any

    def flush(self) -> None:
        """Write what h2 has ready."""
        ...

    def flush_soon(self) -> None:
        """Write it when all that is ready to run has run."""
        ...


class Stream:
    """Body in, answer out, both under flow control. ``close`` only tells; nothing is cancelled."""

    def __init__(self, connection: Connection, identity: int, headers: list[Header], held: int) -> None:
        """Begin with the request's header section; ``held`` bytes of the request wait for the rest of it."""
        self.identity = identity
        self.held = held
        self._connection = connection
        self._h2 = connection.h2
        self._chunks: list[bytes] = []
        self._unacknowledged = 0
        self._request_ended = False
        self._delivered = False
        self._answer_ended = False
        self._trailers = False
        self._closed = False
        self._waiter: asyncio.Future[None] | None = None
        self._window: asyncio.Future[None] | None = None
        self._heard_s = connection.loop.time()
        self.scope = _scope(connection, headers)

    def feed(self, data: bytes, size: int) -> None:
        """A piece of the body; ``size`` is what it took of the window."""
        self._chunks.append(data)
        self._unacknowledged += size
        self._heard_s = self._connection.loop.time()
        _wake(self._waiter)

    def end(self) -> None:
        """The body is complete."""
        self._request_ended = True
        _wake(self._waiter)

    def close(self) -> None:
        """The client is gone from this stream; what it sent no longer takes of the connection's window."""
        self._closed = True
        self._acknowledge()
        _wake(self._waiter)
        _wake(self._window)

    def window_opened(self) -> None:
        """The client may take more."""
        _wake(self._window)

    def overdue(self, now_s: float) -> bool:
        """Whether the body has been awaited for too long."""
        return not self._request_ended and now_s - self._heard_s > self._connection.shared.times.body_s

    def release(self, code: ErrorCodes) -> None:
        """Give back the window, and reset what was left open."""
        self._acknowledge()
        try:
            if not (self._answer_ended and self._request_ended):
                self._h2.reset_stream(self.identity, code)
        except ProtocolError:  # the stream was closed in the same moment
            return

    async def receive(self) -> Event:
        """ASGI: the next piece of the body, or that the client is gone."""
        while not self._closed and (self._delivered or not (self._chunks or self._request_ended)):
            self._waiter = self._connection.loop.create_future()
            await self._waiter
        if self._closed:
            return {"type": "http.disconnect"}
        body = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self._delivered = self._request_ended
        if not self._request_ended:
            self._acknowledge()
            self._connection.flush_soon()
        return {"type": "http.request", "body": body, "more_body": not self._request_ended}

    def _acknowledge(self) -> None:
        size, self._unacknowledged = self._unacknowledged, 0
        if size:
            with suppress(ProtocolError):  # the connection was closed in the same moment
                self._h2.acknowledge_received_data(size, self.identity)

    async def send(self, event: Event) -> None:
        """ASGI: a piece of the answer. To a client that is gone it says nothing."""
        if self._closed or self._answer_ended:
            return
        try:
            kind = event["type"]
            if kind == "http.response.start":
                self._start(event)
            elif kind == "http.response.body":
                await self._body(event.get("body", b""), more=event.get("more_body", False) or self._trailers)
            else:
                self._h2.send_headers(self.identity, _checked(event["headers"]), end_stream=True)
                self._answer_ended = True
            if kind != "http.response.start":
                self._connection.flush_soon()
                await self._connection.writable.wait()
        except ProtocolError:
            self._closed = True

    def _start(self, event: Event) -> None:
        self._trailers = event.get("trailers", False)
        status = (b":status", b"%d" % event["status"])
        date = self._connection.shared.state.default_headers
        self._h2.send_headers(self.identity, [status, *date, *_checked(event["headers"])])

    async def _body(self, body: bytes, *, more: bool) -> None:
        if self.scope["method"] == "HEAD":
            body = b""
        while body and not self._closed:
            room = min(self._h2.local_flow_control_window(self.identity), self._h2.max_outbound_frame_size)
            if room <= 0:
                await self._await_window()
                continue
            piece, body = body[:room], body[room:]
            self._answer_ended = not body and not more
            self._h2.send_data(self.identity, piece, end_stream=self._answer_ended)
        if not more and not self._answer_ended and not self._closed:
            self._answer_ended = True
            self._h2.end_stream(self.identity)

    async def _await_window(self) -> None:
        self._connection.flush()
        self._window = self._connection.loop.create_future()
        try:
            await asyncio.wait_for(self._window, self._connection.shared.times.write_s)
        except TimeoutError:
            self._closed = True


def _checked(headers: Sequence[Header]) -> list[Header]:
    """Headers as HTTP/2 wants them.

    Raises: ValueError for a value that would be more than one.
    """
    checked = []
    for name, value in headers:
        if b"\n" in value or b"\r" in value or b"\0" in value:
            raise ValueError("invalid header value")
        lower = name.lower()
        if lower not in _OF_ONE_HOP:
            checked.append((lower, value))
    return checked


def _wake(waiter: "asyncio.Future[None] | None") -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)


def _scope(connection: Connection, headers: list[Header]) -> Scope:
    pseudo = {name: value for name, value in headers if name.startswith(b":")}
    plain = [(bytes(name), bytes(value)) for name, value in headers if not name.startswith(b":")]
    authority = pseudo.get(b":authority")
    if authority is not None and not any(name == b"host" for name, _ in plain):
        plain.append((b"host", bytes(authority)))
    cookies = [value for name, value in plain if name == b"cookie"]
    if len(cookies) > 1:  # the client may send each crumb on its own. Source: RFC 9113, 8.2.3
        plain = [header for header in plain if header[0] != b"cookie"]
        plain.append((b"cookie", b"; ".join(cookies)))
    raw_path, _, query = bytes(pseudo.get(b":path", b"")).partition(b"?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "2",
        "method": bytes(pseudo[b":method"]).decode("latin-1"),
        "scheme": connection.scheme,
        "path": unquote(raw_path.decode("latin-1")),
        "raw_path": raw_path,
        "query_string": query,
        "root_path": "",
        "headers": plain,
        "client": connection.client,
        "server": connection.server,
        "state": {},
        "extensions": {"http.response.trailers": {}},
    }
