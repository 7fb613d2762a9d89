"""The shorter way through HTTP/1.1 beside uvicorn's, which is the oracle: the same bytes in, the same bytes out."""

import asyncio
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostiary.http.admission import Most
from ostiary.http.connection import Shared, Times
from ostiary.http.http1 import Exchange, Http1
from tests.http.conftest import Site, application

GET = b"GET /echo HTTP/1.1\r\nhost: a\r\n\r\n"
POST = b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc"
TURNS = 200  # of the loop: more than any answer here takes
PIECES = [
    GET,
    POST,
    b"GET /slow HTTP/1.1\r\nhost: a\r\n\r\n",
    b"HEAD /echo HTTP/1.1\r\nhost: a\r\n\r\n",
    b"GET /echo?a=b&c=%20 HTTP/1.1\r\nhost: a\r\norigin: https://b\r\n\r\n",
    b"GET /%65cho HTTP/1.1\r\nhost: a\r\n\r\n",
    b"GET //echo HTTP/1.1\r\nhost: a\r\n\r\n",
    b"GET http://a/echo HTTP/1.1\r\nhost: a\r\n\r\n",
    b"GET /echo#x HTTP/1.1\r\nhost: a\r\n\r\n",
    b"GET /nowhere HTTP/1.1\r\nhost: a\r\n\r\n",
    b"GET /fault HTTP/1.1\r\nhost: a\r\n\r\n",
    b"GET /empty HTTP/1.1\r\nhost: a\r\n\r\n",
    b"GET /echo HTTP/1.0\r\nhost: a\r\n\r\n",
    b"GET /echo HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
    b"GET /echo HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    b"POST /echo HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\nabc",
    b"POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ncontent-length: 3\r\n\r\nabc",
    b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 70000\r\n\r\n" + b"x" * 70_000,
    b"GET /echo HTTP/1.1\r\nhost: a\r\nx: y\r\nx: z\r\n\r\n",
    b"GET /echo HTTP/1.1\r\nhost: a\r\na: " + b"x" * 17_000 + b"\r\n\r\n",
    b"OPTIONS /echo HTTP/1.1\r\nhost: a\r\norigin: https://b\r\naccess-control-request-method: GET\r\n\r\n",
    b"\r\n\r\n",
    b"\0",
]


@dataclass
class Wire(asyncio.Transport):
    """What was sent, and whether that was the end."""

    sent: bytes = b""
    closed: bool = False
    extra: dict[str, object] = field(default_factory=lambda: {"peername": ("9.9.9.9", 1)})

    def write(self, data: Any) -> None:
        """Keep it; nothing goes out after the end."""
        if not self.closed:
            self.sent += data

    def close(self) -> None:
        """The end."""
        self.closed = True

    def is_closing(self) -> bool:
        """Whether it has ended."""
        return self.closed

    def get_write_buffer_size(self) -> int:
        """All is read at once."""
        return 0

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Whose it is."""
        return self.extra.get(name, default)

    def pause_reading(self) -> None:
        """What comes while it is paused is fed all the same: the order must hold even then."""

    def resume_reading(self) -> None:
        """See above."""


async def converse(chunks: list[bytes], *, at_once: bool) -> tuple[bytes, bool]:
    """All that is answered to these chunks, and whether the connection was ended."""
    site = Site(at_once=at_once, pause_s=0)
    app = application(site)
    shared = Shared(app, cast("Any", None), lambda: datetime(2026, 1, 2, tzinfo=UTC), Times(), Most())
    wire, connection = Wire(), Http1(shared)
    connection.logger.disabled = True
    connection.connection_made(wire)
    for chunk in chunks:
        if not wire.closed:
            connection.data_received(chunk)
        await asyncio.sleep(0)
    await until_done(shared)
    told = wire.sent, wire.closed
    connection.connection_lost(None)
    if shared.state.tasks:  # they wait for the rest of a body, which they now learn will never come
        await asyncio.wait(shared.state.tasks)
    return told


async def until_done(shared: Shared) -> None:
    """Until all is answered whose request is complete."""
    for _ in range(TURNS):
        if not shared.state.tasks:
            return
        await asyncio.sleep(0)


def agree(chunks: list[bytes]) -> bool:
    """Whether both answer alike.

    Of requests in one piece of which a later one is malformed, the oracle answers none but with the refusal; the
    shorter way has answered the good ones before it comes to the bad one.
    """
    ours, oracle = both(chunks)
    if ours == oracle:
        return True
    before, status, refusal = oracle[0].rpartition(b"HTTP/1.1 4")
    return (
        ours[1]
        and oracle[1]
        and ours[0].startswith(before)
        and ours[0].endswith(status + refusal)
        and b"connection: close" in refusal
    )


def both(chunks: list[bytes]) -> tuple[tuple[bytes, bool], tuple[bytes, bool]]:
    """The shorter way's answer and the oracle's."""

    async def ask() -> tuple[tuple[bytes, bool], tuple[bytes, bool]]:
        return await converse(chunks, at_once=True), await converse(chunks, at_once=False)

    return asyncio.run(ask())


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: repr(piece[:60]))
def test_each_request(piece: bytes) -> None:
    """Each form of a request, good or hostile, is answered alike, before and after a plain one."""
    for stream in (piece, piece + GET, GET + piece, POST + piece + GET):
        assert agree([stream])


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    """The stream in pieces."""
    ends = sorted({place % (len(stream) + 1) for place in places} | {len(stream)})
    return [stream[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=6),
    st.lists(st.integers(0, 100_000), max_size=6),
    st.randoms(use_true_random=False),
    st.booleans(),
)
def test_any_stream(pieces: list[bytes], places: list[int], chance: random.Random, spoil: bool) -> None:
    """Any row of requests, cut anywhere, with a byte of it spoilt or not, is answered alike."""
    stream = bytearray(b"".join(pieces))
    if spoil:
        stream[chance.randrange(min(len(stream), 400))] = chance.randrange(256)
    assert agree(cut(bytes(stream), places))


def test_a_plain_request_takes_the_shorter_way() -> None:
    """What the others compare is really another way: a plain request makes no cycle of uvicorn's."""

    async def way(*, at_once: bool) -> bool:
        shared = Shared(
            application(Site(at_once=at_once)), cast("Any", None), lambda: datetime.now(UTC), Times(), Most()
        )
        connection = Http1(shared)
        connection.connection_made(Wire())
        connection.data_received(GET)
        await until_done(shared)
        return isinstance(connection.cycle, Exchange)

    assert asyncio.run(way(at_once=True))
    assert not asyncio.run(way(at_once=False))
