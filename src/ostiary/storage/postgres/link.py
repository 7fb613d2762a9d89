"""Dedicated connections, each made at first use and anew after it was lost; and how long the database has been away."""

from asyncio import AbstractEventLoop
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final

import asyncpg

from ostiary.errors import Unavailable
from ostiary.storage.postgres.connecting import CONNECT_S, ERRORS, Connection, Unreachable, connect

SHORT_S: Final = 1.0  # a restart of the database is waited for so long; whoever asks later is told at once
PAUSE_S: Final = 0.1
_FORGOTTEN_S: Final = 5.0
_CLOSE_S: Final = 2.0
_LOSSES: Final = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InternalClientError,
)


class Outage:
    """Since when no connection is to be had. Shared by all links of a store."""

    def __init__(self, time: Callable[[], float]) -> None:
        """There is none."""
        self._time = time
        self._since_s: float | None = None
        self._failed_s = 0.0

    def began(self) -> None:
        """An attempt has failed. Who is connected makes none: after a while without, it is the first of another outage."""
        now_s = self._time()
        if self._since_s is None or now_s - self._failed_s > _FORGOTTEN_S:
            self._since_s = now_s
        self._failed_s = now_s

    def over(self) -> None:
        """An attempt has not."""
        self._since_s = None

    @property
    def is_long(self) -> bool:
        """Whether waiting is of no use."""
        return self._since_s is not None and self._time() - self._since_s >= SHORT_S


class Link:
    """One connection, for one command at a time."""

    def __init__(
        self, url: str, settings: Mapping[str, str], outage: Outage, loop: AbstractEventLoop
    ) -> None:
        """Nothing is connected yet."""
        self._url = url
        self._settings = settings
        self._outage = outage
        self._loop = loop
        self._connection: Connection = None

    async def connection(self) -> Connection:
        """Alive, as far as is known; raises Unreachable."""
        if self._connection is None or self._connection.is_closed():
            try:
                self._connection = await connect(self._url, self._settings, CONNECT_S)
            except Unreachable:
                self._outage.began()
                raise
            self._outage.over()
        return self._connection

    @contextmanager
    def limited(self, seconds: float) -> Iterator[None]:
        """What takes longer ends with its connection cut: a command is never cancelled, for it might be COMMIT."""
        timer = self._loop.call_later(seconds, self.cut)
        try:
            yield
        finally:
            timer.cancel()

    def was_lost(self, error: BaseException) -> bool:
        """Whether the connection ended, or is given up now because the server can no longer be written to."""
        connection = self._connection
        is_lost = connection is None or connection.is_closed() or isinstance(error, _LOSSES)
        if is_lost:
            self.cut()
        return is_lost

    def cut(self) -> None:
        """Give the connection up, whatever it is doing."""
        if self._connection is not None:
            self._connection.terminate()

    async def close(self) -> None:
        """Say goodbye, if there is somebody to say it to."""
        connection, self._connection = self._connection, None
        if connection is not None and not connection.is_closed():
            with suppress(*ERRORS):
                await connection.close(timeout=_CLOSE_S)


def unavailable(error: BaseException) -> Unavailable:
    """What callers are told while the database is away."""
    return Unavailable(
        "storage.unreachable", "The database cannot be reached", debug=repr(error), retry_after_s=1
    )
