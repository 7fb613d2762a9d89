"""A way to PostgreSQL that can be cut: at any time, or at a COMMIT, before it arrives or before its answer does."""

import asyncio
from contextlib import suppress
from typing import Literal, Self

_COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"  # a simple query, as it is on the wire


class Proxy:
    """Listens on a port of its own; ``cut_at`` is what happens to the next COMMIT.

    With ``still_at`` in it nothing more goes through on that connection, which stays.
    """

    def __init__(self, port: int) -> None:
        """To that port of this machine."""
        self._to = port
        self.cut_at: Literal["", "before", "after"] = ""
        self.still_at = b""
        self.cuts = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """End all connections."""
        self._server.close()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Reset what is connected."""
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._to)
        ours = {writer, back}
        self._writers |= ours
        tasks = {asyncio.create_task(self._up(reader, back, ours)), asyncio.create_task(_down(there, writer))}
        self._tasks |= tasks
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for one in ours:
            one.transport.abort()
        self._writers -= ours

    async def _up(
        self, reader: asyncio.StreamReader, back: asyncio.StreamWriter, ours: set[asyncio.StreamWriter]
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                if self.still_at and self.still_at in data:
                    continue
                how, is_commit = self.cut_at, data.startswith(_COMMIT)
                if is_commit and how == "before":
                    self._note()
                    return
                back.write(data)
                await back.drain()
                if is_commit and how == "after":
                    self._note()
                    await asyncio.sleep(0)
                    (writer,) = ours - {back}
                    writer.transport.abort()
                    await asyncio.sleep(0.05)  # the database has it, and does it
                    return

    def _note(self) -> None:
        self.cut_at = ""
        self.cuts += 1


async def _down(there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await there.read(65_536):
            writer.write(data)
            await writer.drain()
