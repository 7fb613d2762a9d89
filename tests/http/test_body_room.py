"""Bodies that do not come to their end hold memory for nobody knows whom: only so much of it in all."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from h2.errors import ErrorCodes
from h2.events import StreamReset

from ostiary.http.admission import Most
from ostiary.http.body_room import OWN_BYTES, Room, Share
from ostiary.http.connection import Times
from tests.http.conftest import Site, read_all, serve
from tests.http.test_crowds import connect
from tests.http.test_http2 import Peer
from tests.transports.port import Port

SPARE = 100_000
LARGE = OWN_BYTES + SPARE
PART = LARGE // 3 - 1_000  # with its header less than a third


@pytest.fixture(params=["by ASGI", "at once"])
def port(request: pytest.FixtureRequest) -> Iterator[Port]:
    """A server that holds the end of one large body, beside what each connection has of its own."""
    site = Site(at_once=request.param == "at once")
    port = serve(site, Times(), Most(waiting_bytes=SPARE))
    yield port
    port.stop()


def head(length: int) -> bytes:
    """The header of a body."""
    return b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n" % length


def echoed(number: int, length: int) -> bytes:
    """The answer to a body that is sent at once, to its end."""
    with connect(number) as raw:
        raw.sendall(head(length) + b"x" * length)
        raw.shutdown(socket.SHUT_WR)
        return read_all(raw)


def send(peer: Peer, stream: int, size: int) -> None:
    """So much of a body, as far as the windows allow, which open meanwhile."""
    while size and stream in peer.h2.streams and not peer.h2.streams[stream].closed:
        room = min(peer.h2.local_flow_control_window(stream), peer.h2.max_outbound_frame_size, size)
        if room:
            peer.h2.send_data(stream, b"x" * room)
            peer.flush()
            size -= room
        else:
            peer.events += peer.read(0.05)


def test_shares() -> None:
    """Each has its own part; what is beyond is everybody's, and given back."""
    room = Room(100)
    one, other = Share(room), Share(room)
    assert one.take(OWN_BYTES + 60)
    assert not other.take(OWN_BYTES + 60)
    assert other.take(OWN_BYTES + 40)
    assert not one.take(1)
    one.give(50)
    assert room.left == 50
    one.give(OWN_BYTES + 10)
    other.give(OWN_BYTES + 40)
    assert room.left == 100


@pytest.mark.parametrize("is_ended", [True, False])
def test_http1(port: Port, is_ended: bool) -> None:
    """While one body waits for its end another large one is refused and small ones are taken; then there is room again."""
    with connect(port.number) as waiting:
        waiting.sendall(head(LARGE) + b"x" * (LARGE - 1))
        time.sleep(0.1)
        assert echoed(port.number, LARGE).startswith(b"HTTP/1.1 503")
        assert echoed(port.number, OWN_BYTES).endswith(b"%d" % OWN_BYTES)
        if is_ended:
            waiting.sendall(b"x")
            assert waiting.recv(1000).endswith(b"%d" % LARGE)
    time.sleep(0.1)
    assert echoed(port.number, LARGE).endswith(b"%d" % LARGE)


def test_refused_ones_hold_on(port: Port) -> None:
    """What was kept of a body before there was no more room is held until its sender is done."""
    with connect(port.number) as first, connect(port.number) as second:
        for raw in (first, second):
            raw.sendall(head(LARGE) + b"x" * (OWN_BYTES + SPARE // 2))
            time.sleep(0.1)
        second.sendall(b"x" * 1000)
        time.sleep(0.1)
        assert echoed(port.number, OWN_BYTES + 1_000).startswith(b"HTTP/1.1 503")
    time.sleep(0.1)
    assert echoed(port.number, LARGE).endswith(b"%d" % LARGE)


def test_http2(port: Port) -> None:
    """The streams of a connection share its part; one that finds no room is reset, and others go on."""
    with ExitStack() as here:
        peer, other = (Peer(here.enter_context(connect(port.number))) for _ in range(2))
        streams = [peer.ask(method="POST", body=True) for _ in range(4)]
        for stream in streams:
            send(peer, stream, PART)
        peer.events += peer.read(0.1)
        resets = [event for event in peer.events if isinstance(event, StreamReset)]
        assert [event.error_code for event in resets] == [ErrorCodes.ENHANCE_YOUR_CALM]
        assert other.answer(other.ask()) == (200, b"0")
        assert echoed(port.number, LARGE).startswith(b"HTTP/1.1 503")
        peer.h2.end_stream(streams[0])
        peer.flush()
        assert peer.answer(streams[0]) == (200, b"%d" % PART)
    time.sleep(0.1)
    assert echoed(port.number, LARGE).endswith(b"%d" % LARGE)


def test_headers_that_wait(port: Port) -> None:
    """Header sections of streams whose body does not come count, too."""
    with connect(port.number) as raw:
        peer = Peer(raw)
        for _ in range(20):
            stream = peer.h2.get_next_available_stream_id()
            long = [(f"x-{stream}-{number}", "y" * 1500) for number in range(9)]
            asked = [(":method", "POST"), (":scheme", "http"), (":authority", "a"), (":path", "/echo")]
            peer.h2.send_headers(stream, [*asked, *long])
            peer.flush()
        codes = [event.error_code for event in peer.read(0.5) if isinstance(event, StreamReset)]
        assert set(codes) == {ErrorCodes.REFUSED_STREAM}
        assert len(codes) == 20 - LARGE // 13_620
    time.sleep(0.1)
    assert echoed(port.number, LARGE).endswith(b"%d" % LARGE)
