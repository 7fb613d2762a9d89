"""What all connections of one server share, and how long their clients may take."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Final, Protocol, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import (
    HEADER_RE,
    HEADER_VALUE_RE,
    STATUS_LINE,
    HttpToolsProtocol,
)
from uvicorn.server import ServerState

from ostiary.http.admission import Admission, Most
from ostiary.http.body_room import Room
from ostiary.http.message import NO_CONTENT, App, Header, Response

NO_ROOM: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
)
_LINES_KEPT: Final = 256


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
        app: App,
        http2: Callable[[], Callable[["Shared"], asyncio.Protocol]],
        now: Callable[[], datetime],
        times: Times,
        most: Most,
    ) -> None:
        """Nothing is listening yet. ``http2`` is called once, in a thread: it may load its libraries then."""
        self.app = app
        self.admission = Admission(most)
        self.room = Room(most.waiting_bytes)
        self.times = times
        self.loop = asyncio.get_running_loop()
        self.state = ServerState()
        self.config = Config(
            cast("Any", app),
            http=HttpToolsProtocol,
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
        self._lines: dict[tuple[Header, ...], bytes] = {}
        self.tick()

    @property
    def connections(self) -> set[Connection]:
        """All that are open."""
        return cast("set[Connection]", self.state.connections)

    def tick(self) -> None:
        """Set the Date of answers, close what is overdue."""
        date = format_datetime(self._now(), usegmt=True).encode()
        self.state.default_headers = [(b"date", date)]
        self._date = b"date: " + date + b"\r\n"
        now_s = self.loop.time()
        for connection in tuple(self.connections):
            connection.sweep(now_s)

    def written(self, response: Response, *, keeps_alive: bool) -> bytes:
        """The whole answer as it goes to the wire."""
        status, body, headers = response.status, response.body, tuple(response.headers)
        lines = self._lines.get(headers)
        if lines is None:
            if len(self._lines) >= _LINES_KEPT:  # most answers' headers are the same; some name an origin
                self._lines.clear()
            lines = self._lines[headers] = _lines_of(headers)
        length = b"" if status == NO_CONTENT else b"content-length: %d\r\n" % len(body)
        end = b"\r\n" if keeps_alive else b"connection: close\r\n\r\n"
        return b"".join((STATUS_LINE[status], self._date, lines, length, end, body))

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


def cut_off(transport: asyncio.Transport) -> None:
    """End a connection at once: what its client left unread is not kept by the system either."""
    raw = transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _lines_of(headers: Sequence[Header]) -> bytes:
    """Their lines; what could end a line, or begin another answer, is a fault of ours."""
    for name, value in headers:
        if HEADER_RE.search(name) or HEADER_VALUE_RE.search(value):
            raise ValueError(f"no header: {name!r}")
    return b"".join(b"%b: %b\r\n" % (name.lower(), value) for name, value in headers)
