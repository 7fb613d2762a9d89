"""The server's life: it begins, drains, and ends with what was begun."""

import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from tests.http.conftest import Site, read_all, serve
from tests.http.test_http2 import Peer

SERVER = """
import sys
from tests.http.test_draining import main
main(sys.argv[1])
"""


def ask_slow(number: int, got: list[bytes]) -> threading.Thread:
    """Begin a slow request in a thread of its own."""

    def ask() -> None:
        with socket.create_connection(("127.0.0.1", number), timeout=5) as raw:
            raw.sendall(b"GET /slow HTTP/1.1\r\nhost: a\r\n\r\n")
            got.append(read_all(raw))

    thread = threading.Thread(target=ask)
    thread.start()
    return thread


def wait_for(site: Site, event: str) -> None:
    """Until something has happened."""
    until = time.monotonic() + 5
    while event not in site.events and time.monotonic() < until:
        time.sleep(0.01)


def test_what_was_begun_is_finished(site: Site) -> None:
    """Stopping waits for the answers that are being made, closes idle connections, and ends the application last."""
    assert site.port is not None
    got: list[bytes] = []
    thread = ask_slow(site.number, got)
    idle = socket.create_connection(("127.0.0.1", site.number), timeout=5)
    silent = socket.create_connection(("127.0.0.1", site.number), timeout=5)
    idle.sendall(b"GET /echo HTTP/1.1\r\nhost: a\r\n\r\n")
    idle.recv(1000)
    wait_for(site, "slow began")
    site.port.stop()
    thread.join()
    assert got[0].endswith(b"slow")
    assert site.events == ["start", "slow began", "slow ended", "stop"]
    assert (idle.recv(1), silent.recv(1)) == (b"", b"")
    idle.close()
    silent.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", site.number), timeout=1)


def test_http2_drains_too(site: Site) -> None:
    """HTTP/2 says that it goes, and finishes the open streams."""
    assert site.port is not None
    with socket.create_connection(("127.0.0.1", site.number), timeout=5) as raw:
        peer = Peer(raw)
        assert peer.answer(peer.ask()) == (200, b"0")
        peer.ask("/slow")
        wait_for(site, "slow began")
        stopping = threading.Thread(target=site.port.stop)
        stopping.start()
        time.sleep(0.1)
        frames = read_all(raw)  # our client's library takes no frames after GOAWAY
        assert b"slow" in frames
        stopping.join()
    assert site.events[-1] == "stop"


def test_an_idle_server_stops_at_once() -> None:
    """With nothing to finish, stopping takes no time, idle HTTP/2 clients or not."""
    site = Site()
    port = serve(site)
    with socket.create_connection(("127.0.0.1", port.number), timeout=5) as raw:
        peer = Peer(raw)
        assert peer.answer(peer.ask()) == (200, b"0")
        started = time.monotonic()
        port.stop()
        assert time.monotonic() - started < 0.3


def test_patience_ends(site: Site) -> None:
    """What is not finished in time is left."""
    assert site.port is not None
    site.port.drain_s = 0.1
    got: list[bytes] = []
    thread = ask_slow(site.number, got)
    wait_for(site, "slow began")
    started = time.monotonic()
    site.port.stop()
    assert time.monotonic() - started < 0.4
    thread.join()
    assert b"slow" not in got[0]


def main(mode: str) -> None:
    """The program of the tests below."""
    import asyncio
    from datetime import UTC, datetime

    from ostiary.http.serve import Server, run
    from ostiary.http.serve import serve as serve_forever
    from tests.http.conftest import application
    from tests.transports.port import http2

    site = Site()

    def say(*words: object) -> None:
        sys.stdout.write(" ".join(map(str, words)) + "\n")
        sys.stdout.flush()

    async def whole() -> None:
        app = application(site, fails=mode == "fails")
        server = Server(app, http2=http2, now=lambda: datetime.now(UTC))
        await serve_forever(
            server,
            "127.0.0.1",
            0,
            ready=say,
            draining=lambda: say("draining"),
            notice_s=0.2,
            drain_s=30 if mode == "stubborn" else 1,
        )
        await asyncio.sleep(0)
        say(*site.events)

    run(whole)


def start(mode: str) -> "subprocess.Popen[str]":
    """Start it."""
    return subprocess.Popen(
        [sys.executable, "-c", SERVER, mode], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_sigterm() -> None:
    """On SIGTERM it says so, still answers for the time of notice, finishes, and exits 0."""
    with start("plain") as program:
        assert program.stdout is not None
        number = int(program.stdout.readline())
        program.send_signal(signal.SIGTERM)
        assert program.stdout.readline() == "draining\n"
        got: list[bytes] = []
        ask_slow(number, got).join()
        assert got[0].endswith(b"slow")
        out, _ = program.communicate(timeout=10)
        assert (out, program.returncode) == ("start slow began slow ended stop\n", 0)


def test_a_second_signal() -> None:
    """A second signal ends it at once."""
    with start("stubborn") as program:
        assert program.stdout is not None
        number = int(program.stdout.readline())
        raw = socket.create_connection(("127.0.0.1", number), timeout=5)
        raw.sendall(b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n")
        time.sleep(0.1)
        program.send_signal(signal.SIGTERM)
        program.stdout.readline()
        program.send_signal(signal.SIGTERM)
        program.communicate(timeout=5)
        raw.close()


def test_a_start_that_fails() -> None:
    """An application that cannot begin keeps the server from listening, and its error is told."""
    with start("fails") as program:
        out, errors = program.communicate(timeout=10)
    assert out == ""
    assert "no luck today" in errors
    assert program.returncode == 1
