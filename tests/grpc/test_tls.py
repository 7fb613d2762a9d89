"""The same port with TLS: HTTP/2 and HTTP/1.1 by ALPN."""

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
import requests

from tests.grpc.certificate import write_certificate
from tests.grpc.reflected import Client
from tests.grpc.rpcs import SESSION, SETTINGS, World
from tests.served import Served


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Certificate and key."""
    return write_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, certificate: tuple[Path, Path]) -> Iterator[Served]:
    """A server that speaks TLS only."""
    files = ("--tls-cert", str(certificate[0]), "--tls-key", str(certificate[1]))
    with Served(tmp_path_factory.mktemp("served") / "data", *files) as server:
        yield server
        assert server.stop() == 0


def test_grpc(server: Served, certificate: tuple[Path, Path]) -> None:
    """Google's gRPC client, which insists on ALPN, makes, reads and ends a session."""
    trusted = grpc.ssl_channel_credentials(certificate[0].read_bytes())
    with grpc.secure_channel(f"localhost:{server.port}", trusted) as channel:
        world = World(Client(channel, server.pat), "somebody")
        session = world.session
        assert world.client.ok(f"{SESSION}/GetSession", session)["session"]["id"] == session["sessionId"]
        world.client.ok(f"{SESSION}/DeleteSession", session)
        gone = world.client.call(f"{SESSION}/GetSession", session)
        assert (gone.code, gone.id) == ("NOT_FOUND", "QUERY-SFeaa")


def test_rest_and_connect(server: Served, certificate: tuple[Path, Path]) -> None:
    """HTTP/1.1 over TLS serves REST and Connect."""
    base, trusted = f"https://localhost:{server.port}", str(certificate[0])
    headers = server.headers()
    made = requests.post(f"{base}/v2/sessions", json={}, headers=headers, verify=trusted, timeout=20)
    assert made.status_code == 201
    general = f"{base}/{SETTINGS}/GetGeneralSettings"
    assert requests.post(general, json={}, headers=headers, verify=trusted, timeout=20).status_code == 200


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [(["h2"], "h2"), (["http/1.1"], "http/1.1"), (["http/1.1", "h2"], "h2"), ([], None)],
)
def test_alpn(server: Served, certificate: tuple[Path, Path], offered: list[str], chosen: str | None) -> None:
    """Of what a client offers, HTTP/2 is preferred; TLS older than 1.2 is not spoken."""
    context = ssl.create_default_context(cafile=str(certificate[0]))
    if offered:
        context.set_alpn_protocols(offered)
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        assert secure.selected_alpn_protocol() == chosen
        assert secure.version() in {"TLSv1.2", "TLSv1.3"}


def test_stranger(server: Served) -> None:
    """A client that does not trust the certificate does not get through."""
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"https://localhost:{server.port}/debug/ready", timeout=10)
