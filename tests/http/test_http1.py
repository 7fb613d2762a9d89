"""HTTP/1.1: framing, limits of size and time, one after another on a connection."""

import socket
import time

import pytest

from tests.http.conftest import Site, read_all

GET = b"GET /echo HTTP/1.1\r\nhost: a\r\n\r\n"
LAST = b"GET /echo HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"


def ask(raw: socket.socket, content: bytes) -> bytes:
    """Send, and read until the server closes."""
    raw.sendall(content)
    return read_all(raw)


def test_keep_alive_and_pipelining(raw: socket.socket) -> None:
    """Three requests sent at once are answered in order on one connection."""
    answer = ask(raw, GET + b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc" + LAST)
    assert answer.count(b"HTTP/1.1 200 OK") == 3
    assert [part[-1:] for part in answer.split(b"HTTP/1.1")[1:]] == [b"0", b"3", b"0"]


def test_bytes_one_by_one(raw: socket.socket) -> None:
    """A request that comes byte by byte is understood."""
    for byte in LAST:
        raw.send(bytes([byte]))
    assert read_all(raw).startswith(b"HTTP/1.1 200")


def test_chunked(raw: socket.socket) -> None:
    """A chunked body is put together."""
    head = b"POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
    assert ask(raw, head + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n").endswith(b"\r\n\r\n5")


@pytest.mark.parametrize(
    "content",
    [
        b"\0\0\0\0\0\0\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /echo HTTP/9.9\r\n\r\n",
        b"GET /echo HTTP/1.1\r\n\r\n",
        b"GET /echo HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
        b"GET /echo HTTP/1.1\r\nhost: a, b\r\n\r\n",
        b"GET /echo HTTP/1.1\r\nhost a\r\n\r\n",
        b"GET /echo HTTP/1.1\r\nhost : a\r\n\r\n",
        b"GET /echo HTTP/1.1\r\n host: a\r\n\r\n",
        b"GET /echo HTTP/1.1\r\nhost: a\0\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999999999999999999\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n",
        b"PRI * HTTP/1.1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
    ],
)
def test_malformed(raw: socket.socket, content: bytes) -> None:
    """What is no HTTP, or could be read in two ways, is 4xx and the end of the connection."""
    answer = ask(raw, content)
    assert answer.startswith(b"HTTP/1.1 4")


def test_header_limit(site: Site) -> None:
    """Sixteen KiB of headers are taken, more is 431, in one piece or in many, one header or a thousand."""
    for size, status in ((15_000, b"200"), (17_000, b"431"), (100_000, b"431")):
        for header in (b"a: " + b"x" * size, b"\r\n".join(b"a%05d: xxxxxx" % n for n in range(size // 16))):
            with socket.create_connection(("127.0.0.1", site.number), timeout=5) as raw:
                try:
                    answer = ask(raw, LAST[:-2] + header + b"\r\n\r\n")
                except ConnectionResetError:  # the close may overtake the answer (RFC 9112 9.6)
                    assert size == 100_000
                    continue
                assert answer.startswith(b"HTTP/1.1 " + status), (size, answer[:80])
    with socket.create_connection(("127.0.0.1", site.number), timeout=5) as raw:
        raw.sendall(GET[:-2])
        for _ in range(200):
            try:
                raw.sendall(b"a: " + b"x" * 100 + b"\r\n")
            except OSError:
                break
        assert raw.recv(100).startswith(b"HTTP/1.1 431")


def test_a_large_body_after_a_small_header(raw: socket.socket) -> None:
    """The limit of headers is not that of the body behind them in the same piece."""
    head = b"POST /echo HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 60000\r\n\r\n"
    assert ask(raw, head + b"x" * 60_000).endswith(b"60000")


def test_body_limit(raw: socket.socket) -> None:
    """A body that is announced as huge is refused before it is read; a client that waits never sends it."""
    head = b"POST /echo HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 99000000\r\n\r\n"
    answer = ask(raw, head)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"100 Continue" not in answer


def test_endless_chunks(raw: socket.socket) -> None:
    """A chunked body without end is cut off with 413."""
    raw.sendall(b"POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n")
    sent = 0
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    try:
        while sent < 64 << 20:
            raw.sendall(chunk)
            sent += len(chunk)
    except OSError:
        pass
    assert sent < 32 << 20


@pytest.mark.parametrize(
    ("content", "answer"),
    [
        (b"", b""),
        (b"G", b"408"),
        (b"GET /echo HTTP/1.1\r\nhost: a\r\n", b"408"),
        (b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\na", b"408"),
        (GET, b"200"),
    ],
)
def test_slow_clients(raw: socket.socket, content: bytes, answer: bytes) -> None:
    """Who sends nothing, half a header, half a body, or no next request is let go after the time for it."""
    started = time.monotonic()
    got = ask(raw, content)
    assert got[9:12] == answer
    assert 0.3 < time.monotonic() - started < 3


def test_a_slow_answer_is_not_cut_off(raw: socket.socket) -> None:
    """The times are for clients: an endpoint may take longer."""
    assert ask(raw, b"GET /slow HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").endswith(b"slow")


def test_a_client_that_does_not_read(site: Site) -> None:
    """A client that leaves an answer unread is cut off."""
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.settimeout(5)
        raw.connect(("127.0.0.1", site.number))
        raw.sendall(b"GET /large HTTP/1.1\r\nhost: a\r\n\r\n")
        time.sleep(1.2)
        got = 0
        try:
            while chunk := raw.recv(1 << 16):
                got += len(chunk)
        except ConnectionResetError:
            pass
        assert got < 8 << 20


def test_slow_ones_do_not_hold_up_others(site: Site) -> None:
    """A hundred connections that say half a word delay nobody."""
    slow = [socket.create_connection(("127.0.0.1", site.number), timeout=5) for _ in range(100)]
    for one in slow:
        one.sendall(b"GET /ec")
    started = time.monotonic()
    with socket.create_connection(("127.0.0.1", site.number), timeout=5) as raw:
        assert ask(raw, LAST).startswith(b"HTTP/1.1 200")
    assert time.monotonic() - started < 0.3
    for one in slow:
        one.close()


def test_the_peer(raw: socket.socket) -> None:
    """An endpoint learns who opened the connection; forwarded headers change nothing of it."""
    head = b"GET /address HTTP/1.1\r\nhost: h:1\r\nx-forwarded-for: 9.9.9.9\r\nx-forwarded-proto: https\r\n"
    assert ask(raw, head + b"connection: close\r\n\r\n").endswith(b"127.0.0.1 http h:1")
