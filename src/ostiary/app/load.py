"""A closed-loop HTTP/1.1 client for measurements: so many connections, each with one request at a time."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from ostiary.config.settings import Trouble
from ostiary.effects import stopwatch


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of a load; times in milliseconds."""

    count: int
    seconds: float
    p50_ms: float
    p99_ms: float
    errors: int
    last_error: str


def raw_request(method: str, path: str, token: str, body: bytes = b"") -> bytes:
    """One request as it goes over the wire."""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def send(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> Measured:
    """Send each request at most once, for so long at most."""
    left = iter(requests)
    latencies: list[float] = []
    errors: list[str] = []
    began = stopwatch()
    workers = [_work(port, left, latencies, errors, began + seconds) for _ in range(connections)]
    await asyncio.gather(*workers)
    took = stopwatch() - began
    latencies.sort()
    p50, p99 = (latencies[int(len(latencies) * part)] * 1000 if latencies else 0.0 for part in (0.5, 0.99))
    return Measured(len(latencies), took, p50, p99, len(errors), errors[-1] if errors else "")


async def timed(port: int, requests: Sequence[bytes], expected: bytes) -> list[float]:
    """Seconds that each request took, one after the other. Raises Trouble when an answer does not begin as expected."""
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(_Connection, "127.0.0.1", port)
    took = []
    for request in requests:
        before = stopwatch()
        answer = await connection.ask(request)
        took.append(stopwatch() - before)
        if not answer.startswith(expected):
            raise Trouble(f"The server answered otherwise than it should: {answer.decode('latin-1')[:300]}")
    connection.close()
    return took


async def _work(
    port: int, left: Iterator[bytes], latencies: list[float], errors: list[str], until: float
) -> None:
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(_Connection, "127.0.0.1", port)
    for request in left:
        before = stopwatch()
        if before > until:
            break
        answer = await connection.ask(request)
        latencies.append(stopwatch() - before)
        if not answer.startswith(b"HTTP/1.1 2"):
            errors.append(answer.decode("latin-1")[:300])
    connection.close()


class _Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._seen = b""
        self._waiter: asyncio.Future[bytes] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._seen += data
        head, end, body = self._seen.partition(b"\r\n\r\n")
        at = head.lower().find(b"content-length:")
        if end and len(body) >= int(head[at + 15 :].split(b"\r\n", 1)[0]) and not self._waiter.done():
            self._waiter.set_result(self._seen)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._waiter.done():
            self._waiter.set_exception(exc or ConnectionResetError("closed by the server"))

    def ask(self, request: bytes) -> "asyncio.Future[bytes]":
        """The answer, whole."""
        self._seen = b""
        self._waiter = self._loop.create_future()
        self._transport.write(request)
        return self._waiter

    def close(self) -> None:
        """Done."""
        self._waiter.cancel()
        self._transport.close()
