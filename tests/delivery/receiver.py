"""A client's back-channel endpoint: a real HTTP server on loopback that keeps what it is sent."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs


@dataclass
class Receiver:
    """``statuses`` are answered in turn, then 200; ``location`` and ``body`` go with each answer."""

    port: int = 0
    statuses: list[int] = field(default_factory=list)
    location: str = ""
    body: bytes = b""
    got: list[tuple[str, dict[str, str], str]] = field(default_factory=list)
    pause: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Where to post to."""
        return f"http://127.0.0.1:{self.port}/logout"

    def tokens(self) -> list[str]:
        """The logout tokens, as they came."""
        return [parse_qs(body)["logout_token"][0] for _, _, body in self.got]


@contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver that listens meanwhile."""
    receiver = Receiver()
    receiver.pause.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.got.append((self.path, headers, self.rfile.read(length).decode()))
            receiver.pause.wait(5)
            self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
            if receiver.location:
                self.send_header("location", receiver.location)
            self.send_header("content-length", str(len(receiver.body)))
            self.end_headers()
            try:
                self.wfile.write(receiver.body)
            except OSError:
                return

        def log_message(self, *_: object) -> None:
            """Not on the console of the tests."""

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            del request, client_address  # a client that went away, or a handshake that failed

    server = Quiet(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.pause.set()
        server.shutdown()
        thread.join()
        server.server_close()
