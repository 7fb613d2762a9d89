"""HTTP/2: one connection, its streams as ASGI requests, with trailers. The frames are the library h2's.

Not hypercorn's protocol: that one has no budget for resets, waits five seconds for idle clients when it stops, lets
one stream whose body is not read stop all others of its connection, and took 730 us of CPU for a gRPC call where this
one took 440 (the same application and client, the same minute).
"""

import asyncio
from typing import Any, Final, cast

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RemoteSettingsChanged,
    RequestReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings
from hyperframe.frame import GoAwayFrame

from ostiary.http.body_room import Share
from ostiary.http.connection import Shared, cut_off
from ostiary.http.http2_stream import Stream
from ostiary.http.message import MAX_BODY, MAX_HEADERS

_STREAMS: Final = 100
# resets, settings and empty frames that end nothing a client may send: so many at once, so many a second. Source: R-31
_BURST: Final = 100
_PER_S: Final = 33
_UNREAD: Final = 4 << 20  # bytes of ours that a client may leave unread


class Budget:
    """How much mischief a connection has left."""

    def __init__(self, now_s: float) -> None:
        """All of it."""
        self._left = float(_BURST)
        self._at_s = now_s

    def spend(self, now_s: float) -> bool:
        """Take one; False when there is none."""
        self._left = min(_BURST, self._left + (now_s - self._at_s) * _PER_S)
        self._at_s = now_s
        self._left -= 1
        return self._left >= 0


class Http2(asyncio.Protocol):
    """One HTTP/2 connection."""

    def __init__(self, shared: Shared) -> None:
        """One connection of that server."""
        self.shared = shared
        self.loop = shared.loop
        # what comes is validated; what goes is ours, and checked where it is written
        config = H2Configuration(
            client_side=False,
            header_encoding=None,
            validate_outbound_headers=False,
            normalize_outbound_headers=False,
        )
        self.h2 = H2Connection(config)
        self.h2.local_settings = Settings(
            client=False,
            initial_values={
                SettingCodes.MAX_CONCURRENT_STREAMS: _STREAMS,
                SettingCodes.MAX_HEADER_LIST_SIZE: MAX_HEADERS,
            },
        )
        self.h2.decoder.max_header_list_size = MAX_HEADERS
        self.writable = asyncio.Event()
        self.writable.set()
        self._streams: dict[int, Stream] = {}
        self._share = Share(shared.room)
        self._budget = Budget(self.loop.time())
        self._busy_s = self.loop.time()
        self._full_since_s: float | None = None
        self._leaving = False
        self._flushing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say our settings."""
        self.transport = cast("asyncio.Transport", transport)
        self.shared.connections.add(self)
        self.client = transport.get_extra_info("peername")
        self.server = transport.get_extra_info("sockname")
        self.scheme = "https" if transport.get_extra_info("sslcontext") else "http"
        self.h2.initiate_connection()
        self.flush()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's signature
        """Tell the streams; what they are doing goes on to its end."""
        self.shared.connections.discard(self)
        self.shared.admission.leave(self.client[0] if self.client else "")
        self.writable.set()
        for identity in tuple(self._streams):
            self._drop(identity)

    def pause_writing(self) -> None:
        """The client reads slowly."""
        self.writable.clear()

    def resume_writing(self) -> None:
        """It caught up."""
        self.writable.set()

    def data_received(self, data: bytes) -> None:
        """Feed the frames."""
        try:
            events = self.h2.receive_data(data)
            for event in events:
                self._handle(event)
        except ProtocolError:  # h2 has queued a GOAWAY that says why
            self.flush()
            self.transport.close()
            return
        self.flush()

    def flush_soon(self) -> None:
        """Write when all that is ready to run has run: the answers of one moment go in one piece."""
        if not self._flushing:
            self._flushing = True
            self.loop.call_soon(self.flush)

    def flush(self) -> None:
        """Write what h2 has ready; a client that reads nothing of it is cut off."""
        self._flushing = False
        data = self.h2.data_to_send()
        if data and not self.transport.is_closing():
            self.transport.write(data)
            if self.transport.get_write_buffer_size() > _UNREAD:
                cut_off(self.transport)

    def _handle(self, event: Event) -> None:
        if isinstance(event, RequestReceived):
            self._begin(event)
        elif isinstance(event, DataReceived):
            self._body(event)
        elif isinstance(event, StreamEnded):
            if event.stream_id in self._streams:
                self._let_go(self._streams[event.stream_id])
                self._streams[event.stream_id].end()
        elif isinstance(event, WindowUpdated | RemoteSettingsChanged):
            if isinstance(event, RemoteSettingsChanged):
                self._charge()
            for stream in tuple(self._streams.values()):
                stream.window_opened()
        elif isinstance(event, StreamReset):
            self._charge()
            self._drop(event.stream_id or 0)
        elif isinstance(event, ConnectionTerminated):
            self.transport.close()

    def _drop(self, identity: int) -> None:
        stream = self._streams.pop(identity, None)
        if stream is not None:
            self._busy_s = self.loop.time()
            self._let_go(stream)
            stream.close()

    def _let_go(self, stream: Stream) -> None:
        """Nothing more of its request is waited for."""
        self._share.give(stream.held)
        stream.held = 0

    def _charge(self) -> None:
        if not self._budget.spend(self.loop.time()):
            self.h2.close_connection(ErrorCodes.ENHANCE_YOUR_CALM)
            self.flush()
            self.transport.close()

    def _begin(self, event: RequestReceived) -> None:
        identity = event.stream_id or 0
        if self.transport.is_closing():
            return
        if self._leaving:
            self.h2.reset_stream(identity, ErrorCodes.REFUSED_STREAM)
            return
        headers = cast("Any", event.headers or [])
        size = 0 if event.stream_ended else sum(len(name) + len(value) for name, value in headers)
        if not self._share.take(size):
            self.h2.reset_stream(identity, ErrorCodes.REFUSED_STREAM)
            return
        stream = Stream(self, identity, headers, size)
        self._streams[identity] = stream
        task = self.shared.spawn(self.shared.app(stream.scope, stream.receive, stream.send))
        task.add_done_callback(lambda done: self._finished(stream, done))

    def _body(self, event: DataReceived) -> None:
        stream = self._streams.get(event.stream_id or 0)
        size = event.flow_controlled_length or 0
        if stream is None:
            self.h2.acknowledge_received_data(size, event.stream_id or 0)
            return
        # Node ends each body with an empty frame
        if not size and event.stream_ended is None:
            self._charge()
        held = min(size, max(0, MAX_BODY - stream.held))  # what is more is thrown away
        if not self._share.take(held):
            self.h2.acknowledge_received_data(size, stream.identity)
            stream.release(ErrorCodes.ENHANCE_YOUR_CALM)
            self._drop(stream.identity)
            return
        stream.held += held
        stream.feed(event.data or b"", size)

    def _finished(self, stream: Stream, task: "asyncio.Task[None]") -> None:
        """The application is done with a stream: what is still open is closed."""
        failed = task.cancelled() or task.exception() is not None
        self._let_go(stream)
        if self._streams.pop(stream.identity, None) is not None and not self.transport.is_closing():
            stream.release(ErrorCodes.INTERNAL_ERROR if failed else ErrorCodes.NO_ERROR)
            self.flush_soon()
        self._busy_s = self.loop.time()
        if self._leaving and not self._streams:
            self.flush()
            self.transport.close()

    def sweep(self, now_s: float) -> None:
        """Close what is idle, cut off what does not read, reset streams whose body does not come."""
        if self.writable.is_set():
            self._full_since_s = None
        elif self._full_since_s is None:
            self._full_since_s = now_s
        elif now_s - self._full_since_s > self.shared.times.write_s:
            cut_off(self.transport)
        for stream in tuple(self._streams.values()):
            if stream.overdue(now_s):
                stream.release(ErrorCodes.CANCEL)
                self._drop(stream.identity)
        self.flush()
        if not self._streams and now_s - self._busy_s > self.shared.times.idle_s:
            self.shutdown()

    def shutdown(self) -> None:
        """Say GOAWAY, finish the open streams, close."""
        if not self._leaving and not self.transport.is_closing():
            self._leaving = True
            # h2's own close_connection would forbid finishing them
            frame = GoAwayFrame(0, last_stream_id=self.h2.highest_inbound_stream_id)
            self.transport.write(frame.serialize())
        if not self._streams:
            self.transport.close()
