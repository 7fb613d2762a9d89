"""HTTP/1.1: uvicorn's protocol, with limits of size and time, and a shorter way for most requests.

The shorter way deviates from ASGI for speed (docs/performance.md): a plain request to a route that is marked ``at_once``
gets no scope, no events and, as long as its endpoint does not wait, no task; its answer is one write. Whatever is not
plain (chunked, large, HTTP/1.0, upgrades, ``Expect``, a second request while one is answered, a client that does not
read) goes uvicorn's way, which tests hold up beside this one.
"""

import asyncio
import re
from collections.abc import Coroutine, Generator
from functools import partial
from types import coroutine
from typing import Any, Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from ostiary.http.body_room import Share
from ostiary.http.connection import NO_ROOM, Shared, cut_off
from ostiary.http.guard import too_many_headers
from ostiary.http.message import MAX_BODY, MAX_HEADERS, Answering, Receive, Response, Scope, Send, joined

_TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
)
_TOO_SLOW: Final = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_FAULT: Final = Response(500, ((b"content-type", b"text/plain; charset=utf-8"),), b"Internal Server Error")
_PLAIN_TARGET: Final = re.compile(rb"(/[A-Za-z0-9/._~:-]*)(?:\?([A-Za-z0-9/._~:%&=+,-]*))?")
_PLAIN_IN_A_ROW: Final = 16  # pipelined requests answered without others having their turn


class Exchange:
    """One request on the shorter way. To the connection it looks like uvicorn's cycle of request and response."""

    __slots__ = ("answering", "body", "disconnected", "keep_alive", "more_body", "response_complete")

    def __init__(self, answering: Answering) -> None:
        """Its header is complete."""
        self.answering = answering
        self.body = b""
        self.disconnected = False
        self.keep_alive = True
        self.more_body = True
        self.response_complete = False

    @property
    def message_event(self) -> "Exchange":
        """What uvicorn wakes when the client is gone; an exchange goes on to its end, as a commit is never cancelled."""
        return self

    def set(self) -> None:
        """Nobody waits."""


class Http1(HttpToolsProtocol):
    """One connection."""

    def __init__(self, shared: Shared) -> None:
        """A connection of that server."""
        super().__init__(shared.config, shared.state, {}, shared.loop)
        self.access_log = False
        self._shared = shared
        self._plain_app = self.app
        self._times = shared.times
        self._share = Share(shared.room)
        self._held = 0
        self._has_room = True
        self._header_bytes = 0
        self._in_header = False
        self._plain_left = 0
        self._phase: tuple[str, object] = ("", None)
        self._phase_since_s = 0.0

    def connection_lost(self, exc: Exception | None) -> None:
        """Make room for another one."""
        self._let_go()
        self._shared.admission.leave(self.client[0] if self.client else "")
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser; a header section over the limit is answered 431."""
        size = self._header_bytes + len(data)
        if size <= MAX_HEADERS:
            self._plain_left = _PLAIN_IN_A_ROW
            super().data_received(data)
        else:
            self._plain_left = 0
            self.app = cast("Any", self._measured)
            super().data_received(data)
            self.app = self._plain_app
        if not self._in_header or self.transport.is_closing():
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

    def on_message_begin(self) -> None:
        """A request begins; its scope is made only where it is needed."""
        self.url = b""
        self.expect_100_continue = False
        self.headers = []
        self._in_header = True

    def on_headers_complete(self) -> None:
        """Choose the way."""
        self._in_header = False
        answering = self._at_once()
        if answering is not None:
            self.cycle = cast("Any", Exchange(answering))
            return
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers.extend(headers)
        super().on_headers_complete()

    def _at_once(self) -> Answering | None:
        """What answers a plain request; None for any other."""
        cycle, parser = cast("Exchange | RequestResponseCycle | None", self.cycle), self.parser
        self._plain_left -= 1
        if (
            self._plain_left < 0
            or (cycle is not None and not cycle.response_complete)
            or self.flow.write_paused
            or self.expect_100_continue
            or self.transport.is_closing()
            or parser.should_upgrade()
            or not parser.should_keep_alive()
            or parser.get_http_version() != "1.1"
        ):
            return None
        target = _PLAIN_TARGET.fullmatch(self.url)
        if target is None:
            return None
        method = parser.get_method().decode("ascii")
        return self._shared.app.at_once(
            method, target[1], target[2] or b"", self.headers, self.client, str(self.scheme)
        )

    def on_body(self, body: bytes) -> None:
        """Keep it."""
        cycle: object = self.cycle
        if isinstance(cycle, Exchange):  # a small one
            cycle.body += body
            return
        size = min(len(body), MAX_BODY - self._held)  # what is more is thrown away
        if self._has_room and self._share.take(size):
            self._held += size
            super().on_body(body)
        else:  # read to its end all the same, for else its sender would not read the answer
            self._has_room = False

    def _refuse(self) -> None:
        """Say that the body was not kept; not where an earlier request is still being answered."""
        if not self.pipeline:
            self.transport.write(NO_ROOM)
        self.transport.close()

    def _let_go(self) -> None:
        """Nothing of a body is waited for any more."""
        self._share.give(self._held)
        self._held = 0

    def on_message_complete(self) -> None:
        """Answer, if that is ours."""
        cycle: object = self.cycle
        if not isinstance(cycle, Exchange):
            self._let_go()
            if self._has_room:
                super().on_message_complete()
            else:
                self._refuse()
            return
        cycle.more_body = False
        answer = cycle.answering(cycle.body)
        try:
            waited_for = answer.send(None)
        except StopIteration as end:
            self._finish(cycle, end.value)
        except Exception as error:  # noqa: BLE001  else the parser would take it for the client's fault
            self._fail(cycle, error)
        else:
            self._shared.spawn(self._go_on(cycle, answer, waited_for))

    async def _go_on(
        self, exchange: Exchange, answer: Coroutine[Any, Any, Response], waited_for: Any
    ) -> None:
        """See an answer through that has to wait for something."""
        try:
            response = await _resumed(answer, waited_for)
        except asyncio.CancelledError:  # the server has no more patience
            self.transport.close()
            raise
        except Exception as error:  # noqa: BLE001  as above
            self._fail(exchange, error)
        else:
            self._finish(exchange, response)
        if self.pipeline or self.flow.read_paused:
            self.on_response_complete()

    def _finish(self, exchange: Exchange, response: Response) -> None:
        exchange.response_complete = True
        if self.transport.is_closing():
            return
        self.transport.write(self._shared.written(response, keeps_alive=exchange.keep_alive))
        if not exchange.keep_alive:
            self.transport.close()

    def _fail(self, exchange: Exchange, error: Exception) -> None:
        self.logger.error("Exception in the application", exc_info=error)
        exchange.keep_alive = False
        self._finish(exchange, _FAULT)

    def sweep(self, now_s: float) -> None:
        """Close a connection whose client takes too long."""
        name, limit_s = self._waiting_for()
        phase = (name, self.headers)
        if not name or name != self._phase[0] or self.headers is not self._phase[1]:
            self._phase, self._phase_since_s = phase, now_s
        elif now_s - self._phase_since_s > limit_s:
            if name == "write":
                cut_off(self.transport)
                return
            if name != "idle" and self.headers is not None:
                self.transport.write(_TOO_SLOW)
            self.transport.close()

    def _waiting_for(self) -> tuple[str, float]:
        cycle = cast("Exchange | RequestResponseCycle | None", self.cycle)  # None before the first request
        if self.transport.get_write_buffer_size():
            return "write", self._times.write_s
        if cycle is not None and not cycle.response_complete:
            return ("body", self._times.body_s) if cycle.more_body else ("", 0)
        if self.timeout_keep_alive_task is not None:  # uvicorn's own
            return "", 0
        if cycle is None or self._in_header:
            return "header", self._times.header_s
        return "idle", self._times.idle_s


@coroutine
def _resumed(begun: Coroutine[Any, Any, Response], waited_for: Any) -> Generator[Any, Any, Response]:
    """The result of a coroutine that was begun outside of a task and first waits for that."""
    while True:
        try:
            result = yield waited_for
        except BaseException as error:  # noqa: BLE001  handed on, as ``yield from`` does
            step = partial(begun.throw, error)
        else:
            step = partial(begun.send, result)
        try:
            waited_for = step()
        except StopIteration as end:
            return cast("Response", end.value)
