"""Many connections at once: those that may be are served, the others are told, and room that was left is given again."""

import asyncio
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from ostiary.http.admission import Admission, Most
from ostiary.http.serve import tls_context
from tests.cli.process import PROGRAM, START_S, free_port
from tests.http.conftest import TIMES, Site, application, read_all, serve
from tests.http.test_http2 import Peer, certificate
from tests.transports.port import Port

HEALTH = b"GET /debug/healthz HTTP/1.1\r\nhost: a\r\n\r\n"
GET = b"GET /echo HTTP/1.1\r\nhost: a\r\n\r\n"


@pytest.fixture
def small() -> Iterator[int]:
    """The port of a server for three connections."""
    site = Site()
    port = serve(site, most=Most(in_all=3))
    yield port.number
    port.stop()


def connect(number: int) -> socket.socket:
    """A connection that does not wait for ever."""
    return socket.create_connection(("127.0.0.1", number), timeout=5)


def test_addresses() -> None:
    """Each address has its own count; this machine's are only in that of all."""
    door = Admission(Most(in_all=4, of_an_address=1))
    addresses = ("192.0.2.1", "192.0.2.1", "192.0.2.2", "127.0.0.1", "::1", "192.0.2.3")
    assert [door.enter(address) for address in addresses] == [True, False, True, True, True, False]
    door.leave("192.0.2.1")
    assert (door.enter("192.0.2.2"), door.enter("192.0.2.1"), door.enter("")) == (False, True, False)
    networks = Admission(Most(0, 1))
    addresses = (
        "2001:db8::1",
        "2001:db8::2",
        "2001:db8:0:1::1",
        "::ffff:192.0.2.1",
        "192.0.2.1",
        "fe80::1%eth0",
    )
    assert [networks.enter(address) for address in addresses] == [True, False, True, True, False, True]
    without = Admission(Most(0, 0))
    assert all(without.enter("192.0.2.1") for _ in range(20_000))
    assert Admission(Most(0, 1)).enter("") is True


def test_no_room(small: int) -> None:
    """Whoever is too many is answered 503 with a time to come again; whoever leaves, in whichever protocol, makes room."""
    for _ in range(3):
        with ExitStack() as here:
            first, second, third = (here.enter_context(connect(small)) for _ in range(3))
            first.sendall(GET)
            assert first.recv(1000).startswith(b"HTTP/1.1 200")
            peer = Peer(second)
            assert peer.answer(peer.ask()) == (200, b"0")
            third.sendall(b"GE")
            time.sleep(0.05)
            with connect(small) as too_many:
                answer = read_all(too_many)
            assert answer.startswith(b"HTTP/1.1 503")
            assert b"retry-after: 1" in answer
        time.sleep(0.1)
    with connect(small) as raw:
        raw.sendall(GET)
        assert raw.recv(1000).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("begun", "piece"),
    [
        (b"GET /echo HTTP/1.1\r\n", b"x: y\r\n"),
        (b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 500\r\n\r\n", b"x"),
        (b"POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ],
)
async def test_trickling(site: Site, begun: bytes, piece: bytes) -> None:
    """A little every now and then buys no time: headers and bodies have theirs as a whole."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.number)
    began = time.monotonic()
    writer.write(begun)
    answer = asyncio.create_task(_heard(reader))
    while not answer.done() and time.monotonic() < began + 5:
        writer.write(piece)
        await asyncio.sleep(0.05)
    assert time.monotonic() - began < 3
    assert (await answer).startswith(b"HTTP/1.1 408")
    writer.close()


async def _heard(reader: asyncio.StreamReader) -> bytes:
    """What came before the end; a piece that is sent after the server has closed resets the connection."""
    content = b""
    with suppress(ConnectionResetError):
        while chunk := await reader.read(1000):
            content += chunk
    return content


async def test_reading_drop_by_drop(site: Site) -> None:
    """Nor does reading a little: an answer is to be taken in its time."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.connect(("127.0.0.1", site.number))
    raw.sendall(b"GET /large HTTP/1.1\r\nhost: a\r\n\r\n")
    raw.setblocking(False)
    loop, began, got = asyncio.get_running_loop(), time.monotonic(), 0
    with suppress(ConnectionResetError):
        while time.monotonic() < began + 5 and (chunk := await loop.sock_recv(raw, 1000)):
            got += len(chunk)
            await asyncio.sleep(0.02)
    raw.close()
    assert time.monotonic() - began < 5
    assert got < 8 << 20


def test_half_a_handshake(tmp_path: Path) -> None:
    """Who opens TLS and says no more is let go."""
    port = Port(application(Site()), tls=tls_context(*certificate(tmp_path)), times=TIMES).start()
    for said in (b"", b"\x16\x03\x01\x02\x00\x01"):
        began = time.monotonic()
        with connect(port.number) as raw:
            raw.sendall(said)
            with suppress(ConnectionResetError):
                read_all(raw)
        assert time.monotonic() - began < 3
    port.stop()


def test_descriptors(tmp_path: Path) -> None:
    """No more are let in than the system has descriptors for: the others are told, and those that are in are served."""
    start = f"ulimit -n 200; exec {PROGRAM} serve --data {tmp_path / 'data'} --port {(port := free_port())}"
    with (
        subprocess.Popen(["/bin/sh", "-c", start], stdout=subprocess.DEVNULL) as program,
        ExitStack() as here,
    ):
        first = here.enter_context(patiently(port))
        others = [here.enter_context(connect(port)) for _ in range(150)]
        answers = []
        for other in others:
            with suppress(ConnectionResetError, BrokenPipeError):
                other.sendall(HEALTH)
            answers.append(other.recv(12))
        first.sendall(HEALTH)
        assert first.recv(12) == b"HTTP/1.1 200"
        assert answers.count(b"HTTP/1.1 503") >= 150 - 72
        assert set(answers) == {b"HTTP/1.1 200", b"HTTP/1.1 503"}
        program.terminate()
        assert program.wait(10) == 0


def patiently(number: int) -> socket.socket:
    """A connection to a server that is just starting."""
    until = time.monotonic() + START_S
    while True:
        try:
            return connect(number)
        except ConnectionRefusedError:
            assert time.monotonic() < until
            time.sleep(0.05)
