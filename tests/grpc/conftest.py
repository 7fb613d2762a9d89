"""Google's gRPC client against a running server, without TLS."""

from collections.abc import Iterator

import grpc
import pytest

from tests.grpc.project_rpcs import Projects
from tests.grpc.reflected import Client
from tests.served import Served


@pytest.fixture(scope="session")
def channel(served: Served) -> Iterator[grpc.Channel]:
    """One connection, in HTTP/2 by prior knowledge."""
    with grpc.insecure_channel(served.address) as channel:
        yield channel


@pytest.fixture(scope="session")
def client(served: Served, channel: grpc.Channel) -> Client:
    """A client with the administrator's token, taught by reflection."""
    return Client(channel, served.pat)


@pytest.fixture(scope="session")
def names() -> Iterator[str]:
    """Names that nobody has."""
    return (f"caller{number}" for number in range(10_000))


@pytest.fixture
def world(client: Client, names: Iterator[str]) -> Projects:
    """What requests name."""
    return Projects(client, next(names))
