"""One server for all tests of the transports; its services keep no state that a test could see of another."""

from collections.abc import Iterator

import pytest

from ostiary.api.asgi import build
from tests.transports.clients import CLIENTS, Client
from tests.transports.fake import FakeSessions, parts
from tests.transports.port import Port


@pytest.fixture(scope="session")
def sessions() -> FakeSessions:
    """The service behind the port, with its log."""
    return FakeSessions()


@pytest.fixture(scope="session")
def port(sessions: FakeSessions) -> Iterator[int]:
    """The port."""
    port = Port(build(parts(sessions))).start()
    yield port.number
    port.stop()


@pytest.fixture(params=sorted(CLIENTS))
def client(request: pytest.FixtureRequest, port: int) -> Iterator[Client]:
    """A client of each transport in turn."""
    client = CLIENTS[request.param](port)
    yield client
    client.close()
