"""Point reads: those of one turn of the loop, and those that come while all connections are busy, are one round trip."""

import asyncio
from collections.abc import Sequence
from typing import Final

from ostiary.storage.postgres.connecting import ERRORS, Unreachable
from ostiary.storage.postgres.link import PAUSE_S, Link, Outage, unavailable
from ostiary.storage.postgres.questions import Question, Questions, Row

READ_S: Final = 2.0  # an answer for few rows by an index that takes longer does not come
_TRIES: Final = 3
Waiter = asyncio.Future[list[Row]]
_Batch = dict[Question, dict[str, list[Waiter]]]


class Reader:
    """Connections that only read."""

    def __init__(self, links: Sequence[Link], outage: Outage, loop: asyncio.AbstractEventLoop) -> None:
        """Nobody asks."""
        self._free = list(links)
        self._links = tuple(links)
        self._outage = outage
        self._loop = loop
        self._questions = Questions()
        self._waiting: _Batch = {}
        self._is_due = False
        self._running: set[asyncio.Task[None]] = set()

    def ask(self, question: Question, key: str) -> Waiter:
        """The rows for a key; whoever asks the same in the same turn shares the answer, not the future."""
        waiter: Waiter = self._loop.create_future()
        if not _can_be_kept(key):
            waiter.set_result([])
            return waiter
        self._waiting.setdefault(question, {}).setdefault(key, []).append(waiter)
        if not self._is_due:
            self._is_due = True
            self._loop.call_soon(self._begin)
        return waiter

    async def close(self) -> None:
        """Answer who has asked, and let go."""
        while self._running:
            await asyncio.wait(self._running)
        for link in self._links:
            await link.close()

    def _begin(self) -> None:
        self._is_due = False
        if self._free and self._waiting:
            task = self._loop.create_task(self._run(self._free.pop()))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _run(self, link: Link) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, {}
                await self._answer(link, batch)
        finally:
            self._free.append(link)

    async def _answer(self, link: Link, batch: _Batch) -> None:
        asked = {question: list(keys) for question, keys in batch.items()}
        tries = 0
        while True:
            try:
                connection = await link.connection()
                with link.limited(READ_S):
                    found = await self._questions.ask(connection, asked)
            except Unreachable as error:
                if self._outage.is_long:
                    return _fail(batch, error)
                await asyncio.sleep(PAUSE_S)
            except ERRORS as error:
                tries += 1
                if not link.was_lost(error) or tries == _TRIES:
                    return _fail(batch, error)
            except Exception as error:  # noqa: BLE001  nobody waits for ever
                return _fail(batch, error)
            else:
                return _hand_over(batch, found)


def _hand_over(batch: _Batch, found: dict[Question, list[Row]]) -> None:
    for question, keys in batch.items():
        rows: dict[str, list[Row]] = {}
        for row in found[question]:
            rows.setdefault(row.key, []).append(row)
        for key, waiters in keys.items():
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(rows.get(key, []))


def _fail(batch: _Batch, error: BaseException) -> None:
    for keys in batch.values():
        for waiters in keys.values():
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_exception(unavailable(error))


def _can_be_kept(key: str) -> bool:
    """Whether PostgreSQL can hold such a text at all; no row has another key."""
    return "\0" not in key and (key.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in key))
