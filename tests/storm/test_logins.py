"""More password logins than the processors can hash: whoever waits is told in time, and sessions are read meanwhile."""

import asyncio
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from ostiary.app.load import Measured, raw_request, send
from tests.served import Served

PER_SECOND: Final = 200  # several times what this hashes
SLACK_S: Final = 0.5  # a busy machine
HELD_MB: Final = 80  # a storm takes less: twenty for each password that is hashed
READERS: Final = 4
LEAST_KEPT: Final = {3: 0.1, 30: 0.5}  # of the idle rate; other tests may run beside the short form


class Storm:
    """Logins at a steady rate, whatever becomes of them; each on a connection of its own."""

    def __init__(self, server: Served) -> None:
        """All are alice's."""
        alice = server.alice
        checks = {"user": {"loginName": alice["login_name"]}, "password": {"password": alice["password"]}}
        self._port = server.port
        self._request = raw_request(
            "POST", "/v2/sessions", server.pat, msgspec.json.encode({"checks": checks})
        )
        self.answers: list[tuple[float, bytes]] = []

    async def blow(self, seconds: float) -> None:
        """So long, and until all are answered."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(int(seconds * PER_SECOND)):
                tasks.create_task(self._one())
                await asyncio.sleep(1 / PER_SECOND)

    async def _one(self) -> None:
        began = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(self._request)
        head = await reader.readuntil(b"\r\n\r\n")
        self.answers.append((time.monotonic() - began, head))
        writer.close()

    def of(self, status: bytes) -> list[tuple[float, bytes]]:
        """Those with that status."""
        return [one for one in self.answers if one[1].startswith(b"HTTP/1.1 " + status)]


async def reading(server: Served, seconds: float) -> Measured:
    """GetSession, as fast as a few connections can."""
    session = server.rest("POST", "/v2/sessions", {}).json()["sessionId"]
    requests: Iterable[Any] = [raw_request("GET", f"/v2/sessions/{session}", server.pat)] * 200_000
    return await send(server.port, list(requests), READERS, seconds)


@pytest.mark.parametrize("seconds", [3, pytest.param(30, marks=pytest.mark.nightly)])
async def test_logins(tmp_path: Path, seconds: int) -> None:
    """Whoever would wait is answered 503 with Retry-After within a second; memory is bounded; nothing else fails."""
    with Served(tmp_path / "data", "--dev") as server:
        await reading(server, 1)
        idle, before_mb = await reading(server, seconds), server.memory_mb
        storm = Storm(server)
        _, busy = await asyncio.gather(storm.blow(seconds), reading(server, seconds))
        held_mb = server.memory_mb - before_mb
    good, refused = storm.of(b"201"), storm.of(b"503")
    assert len(good) + len(refused) == len(storm.answers)
    assert good
    assert refused
    assert max(took for took, _ in refused) < 1 + SLACK_S
    assert all(re.search(rb"\r\nretry-after: [123]\r\n", head) for _, head in refused)
    assert held_mb < HELD_MB
    assert busy.errors == 0
    assert busy.count > idle.count * LEAST_KEPT[seconds]
