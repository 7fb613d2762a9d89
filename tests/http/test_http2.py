"""HTTP/2: streams, flow control, abuse, and the two ways to get there."""

import socket
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes

from ostiary.http.serve import tls_context
from tests.http.conftest import Site, read_all
from tests.transports.port import Port

HEADERS = [(":method", "GET"), (":scheme", "http"), (":authority", "a"), (":path", "/echo")]


class Peer:
    """A client made of frames."""

    def __init__(self, raw: socket.socket) -> None:
        self.raw = raw
        self.h2 = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.flush()
        self.events: list[Event] = []

    def flush(self) -> None:
        """Send what is ready."""
        self.raw.sendall(self.h2.data_to_send())

    def ask(self, path: str = "/echo", method: str = "GET", *, body: bool = False) -> int:
        """Begin a stream."""
        stream = self.h2.get_next_available_stream_id()
        own = {":path": path, ":method": method}
        headers = [(name, own.get(name, value)) for name, value in HEADERS]
        self.h2.send_headers(stream, headers, end_stream=not body)
        self.flush()
        return stream

    def read(self, seconds: float = 3, *, until: type[Event] | None = None) -> list[Event]:
        """Events until the server closes, the time is over, or an event of a kind came."""
        end = time.monotonic() + seconds
        got: list[Event] = []
        while time.monotonic() < end:
            self.raw.settimeout(max(0.01, end - time.monotonic()))
            try:
                data = self.raw.recv(1 << 16)
            except (TimeoutError, ConnectionResetError):
                break
            if not data:
                break
            try:
                got += self.h2.receive_data(data)
            except ProtocolError:
                break
            if until is not None and any(isinstance(event, until) for event in got):
                break
        return got

    def answer(self, stream: int) -> tuple[int, bytes]:
        """Status and body of a stream."""
        status, body, ended = 0, b"", False
        while not ended:
            for event in self.read(until=DataReceived) or pytest.fail("no answer"):
                if isinstance(event, ResponseReceived) and event.stream_id == stream:
                    status = int(
                        str(next(value for name, value in event.headers or [] if str(name) == ":status"))
                    )
                elif isinstance(event, DataReceived) and event.stream_id == stream:
                    body += event.data or b""
                    self.h2.acknowledge_received_data(event.flow_controlled_length or 0, stream)
                elif isinstance(event, StreamEnded) and event.stream_id == stream:
                    ended = True
            self.flush()
        return status, body


@pytest.fixture
def peer(site: Site) -> Iterator[Peer]:
    """A connection by prior knowledge."""
    with socket.create_connection(("127.0.0.1", site.number), timeout=5) as raw:
        yield Peer(raw)


def test_many_streams_of_one_connection(peer: Peer) -> None:
    """Streams are answered each on its own, a slow one last."""
    slow = peer.ask("/slow")
    quick = peer.ask()
    assert peer.answer(quick) == (200, b"0")
    assert peer.answer(slow) == (200, b"slow")
    assert peer.answer(peer.ask("/nope")) == (404, b"")


def test_the_request(peer: Peer) -> None:
    """An endpoint sees peer, scheme and authority as over HTTP/1.1."""
    assert peer.answer(peer.ask("/address")) == (200, b"127.0.0.1 http a")


def test_bytes_one_by_one(site: Site) -> None:
    """The preface may come byte by byte."""
    with socket.create_connection(("127.0.0.1", site.number), timeout=5) as raw:
        peer = H2Connection(H2Configuration(client_side=True))
        peer.initiate_connection()
        for byte in peer.data_to_send():
            raw.send(bytes([byte]))
            time.sleep(0.001)
        events = peer.receive_data(raw.recv(1 << 16))
        assert events


def test_head(peer: Peer) -> None:
    """HEAD is answered without a body."""
    assert peer.answer(peer.ask(method="HEAD")) == (200, b"")


def test_large_bodies_both_ways(peer: Peer) -> None:
    """Bodies larger than the windows pass, piece by piece."""
    stream = peer.ask(method="POST", body=True)
    left = 500_000
    while left:
        room = min(peer.h2.local_flow_control_window(stream), peer.h2.max_outbound_frame_size, left)
        if not room:
            peer.read(until=WindowUpdated)
            continue
        peer.h2.send_data(stream, b"x" * room, end_stream=room == left)
        peer.flush()
        left -= room
    assert peer.answer(stream) == (200, b"500000")
    status, body = peer.answer(peer.ask("/medium"))
    assert (status, len(body)) == (200, 1 << 20)


def test_closed_window(peer: Peer) -> None:
    """A stream whose window stays closed is given up; others of its connection go on."""
    peer.h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 0})
    peer.flush()
    peer.ask("/large")
    assert any(isinstance(event, StreamReset) for event in peer.read(until=StreamReset))
    peer.h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 65535})
    peer.flush()
    assert peer.answer(peer.ask())[0] == 200


def test_a_body_that_does_not_come(peer: Peer) -> None:
    """A stream whose body stays away is reset, its connection lives."""
    stream = peer.ask(method="POST", body=True)
    events = peer.read(until=StreamReset)
    assert any(isinstance(event, StreamReset) and event.stream_id == stream for event in events)
    assert peer.answer(peer.ask()) == (200, b"0")


def test_idle(peer: Peer) -> None:
    """An idle connection is told to go, and closed."""
    started = time.monotonic()
    events = peer.read()
    gone = [event for event in events if isinstance(event, ConnectionTerminated)]
    assert [event.error_code for event in gone] == [ErrorCodes.NO_ERROR]
    assert 0.2 < time.monotonic() - started < 2


def is_closed(raw: socket.socket) -> bool:
    """Whether the server takes nothing more."""
    try:
        for _ in range(100):
            raw.sendall(b"\0" * 1000)
            time.sleep(0.01)
    except OSError:
        return True
    return False


def test_reset_flood(peer: Peer) -> None:
    """A client that opens and resets streams without end is sent away."""
    try:
        for _ in range(40):
            for _ in range(10):
                stream = peer.h2.get_next_available_stream_id()
                peer.h2.send_headers(stream, HEADERS, end_stream=False)
                peer.h2.reset_stream(stream)
            peer.flush()
    except OSError:
        pass
    gone = [event for event in peer.read() if isinstance(event, ConnectionTerminated)]
    assert not gone or gone[0].error_code == ErrorCodes.ENHANCE_YOUR_CALM
    assert is_closed(peer.raw)


def test_some_resets_are_fine(peer: Peer) -> None:
    """Fifty resets at once are within the budget."""
    for _ in range(50):
        stream = peer.ask("/slow")
        peer.h2.reset_stream(stream)
    peer.flush()
    assert peer.answer(peer.ask()) == (200, b"0")


def test_settings_flood(peer: Peer) -> None:
    """So is one that changes its settings without end."""
    try:
        for size in range(400):
            peer.h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 65535 + size})
            peer.flush()
    except OSError:
        pass
    gone = [event for event in peer.read() if isinstance(event, ConnectionTerminated)]
    assert not gone or gone[0].error_code == ErrorCodes.ENHANCE_YOUR_CALM


def test_bodies_may_end_with_an_empty_frame(peer: Peer) -> None:
    """Node ends each body so: however many requests there are, it is no mischief."""
    for _ in range(6):
        waiting = set()
        for _ in range(50):
            stream = peer.ask(method="POST", body=True)
            peer.h2.send_data(stream, b"hello")
            peer.h2.send_data(stream, b"", end_stream=True)
            waiting.add(stream)
        peer.flush()
        while waiting:
            ended = [event for event in peer.read(until=StreamEnded) if isinstance(event, StreamEnded)]
            assert ended
            waiting -= {event.stream_id for event in ended}


def test_empty_frames_flood(peer: Peer) -> None:
    """Empty frames that end nothing are."""
    stream = peer.ask(method="POST", body=True)
    try:
        for _ in range(40):
            for _ in range(10):
                peer.h2.send_data(stream, b"")
            peer.flush()
    except OSError:
        pass
    gone = [event for event in peer.read() if isinstance(event, ConnectionTerminated)]
    assert not gone or gone[0].error_code == ErrorCodes.ENHANCE_YOUR_CALM
    assert is_closed(peer.raw)


def test_too_many_streams(peer: Peer) -> None:
    """More streams than we allow end the connection, not the server."""
    peer.h2.remote_settings[SettingCodes.MAX_CONCURRENT_STREAMS] = 10_000
    peer.h2.remote_settings.acknowledge()
    try:
        for _ in range(300):
            peer.ask("/slow")
    except (OSError, ProtocolError):
        pass
    peer.read()
    assert is_closed(peer.raw)


def test_header_limits(site: Site) -> None:
    """Headers over the limit, packed small or sent at length, end the connection."""
    for header in (("a", "x" * 20_000), *[(f"a{n}", "x" * 100) for n in range(300)]):
        with socket.create_connection(("127.0.0.1", site.number), timeout=5) as raw:
            peer = Peer(raw)
            peer.h2.send_headers(1, [*HEADERS, header] + [("b", "y" * 4000)] * 5, end_stream=True)
            peer.flush()
            assert any(isinstance(event, ConnectionTerminated) for event in peer.read())
        if header[0] == "a9":
            break


@pytest.mark.parametrize("path", ["/\xff", "*", "/a b", "/%", "/%zz", "/echo?\xff"])
def test_odd_paths(site: Site, path: str) -> None:
    """An odd path is answered, or ends the connection; it never hangs."""
    with socket.create_connection(("127.0.0.1", site.number), timeout=5) as raw:
        peer = Peer(raw)
        headers = [(name, path if name == ":path" else value) for name, value in HEADERS]
        peer.h2.send_headers(1, headers, end_stream=True)
        peer.flush()
        events = peer.read(2, until=ResponseReceived)
        assert any(isinstance(event, ResponseReceived | ConnectionTerminated) for event in events)


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    certificate_file, key_file = folder / "cert.pem", folder / "key.pem"
    certificate_file.write_bytes(signed.public_bytes(pem))
    key_file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate_file, key_file


def test_tls(site: Site, tmp_path: Path) -> None:
    """With a certificate, ALPN chooses: HTTP/2 for who offers it, HTTP/1.1 for others; both say https."""
    assert site.port is not None
    certificate_file, key_file = certificate(tmp_path)
    port = Port(site.port.app, tls=tls_context(certificate_file, key_file)).start()
    for offered in (["h2", "http/1.1"], ["http/1.1"], []):
        context = ssl.create_default_context(cafile=str(certificate_file))
        if offered:
            context.set_alpn_protocols(offered)
        with (
            socket.create_connection(("127.0.0.1", port.number), timeout=5) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as raw,
        ):
            if raw.selected_alpn_protocol() == "h2":
                assert offered[:1] == ["h2"]
                peer = Peer(raw)
                assert peer.answer(peer.ask("/address")) == (200, b"127.0.0.1 https a")
            else:
                raw.sendall(b"GET /address HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
                assert read_all(raw).endswith(b"127.0.0.1 https a")
    port.stop()
