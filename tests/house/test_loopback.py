"""The plugin that keeps tests on this machine."""

import asyncio
import socket

import pytest

from tests.plugins.loopback import NotLoopback, is_loopback

FAR = ("192.0.2.1", 9)  # an address for documentation, RFC 5737


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "::1", "localhost", b"localhost", None])
def test_own_addresses(host: object) -> None:
    """This machine's own names and addresses are let pass."""
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["192.0.2.1", "0.0.0.0", "::", "example.com", "", 7])  # noqa: S104
def test_other_addresses(host: object) -> None:
    """Everything else is refused, also the address that means all interfaces."""
    assert not is_loopback(host)


def test_connect_and_bind() -> None:
    """A plain socket neither calls out nor opens to the network."""
    with socket.socket() as plain:
        with pytest.raises(NotLoopback):
            plain.connect(FAR)
        with pytest.raises(NotLoopback):
            plain.bind(("0.0.0.0", 0))  # noqa: S104


def test_datagram() -> None:
    """Nor does a datagram leave."""
    with socket.socket(type=socket.SOCK_DGRAM) as plain, pytest.raises(NotLoopback):
        plain.sendto(b"x", FAR)


def test_lookup() -> None:
    """No name is looked up in the world."""
    with pytest.raises(NotLoopback):
        socket.getaddrinfo("example.com", 443)


async def test_event_loop() -> None:
    """An event loop's connections are held too, by address and by name."""
    for host in ("192.0.2.1", "example.com"):
        with pytest.raises(NotLoopback):
            await asyncio.open_connection(host, 9)


async def test_loopback_works() -> None:
    """A server and its client on loopback talk."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "localhost", 0) as server:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("localhost", port)
        writer.write(b"knock\n")
        assert await reader.readline() == b"knock\n"
        writer.close()
        await writer.wait_closed()
