"""The queue of saves: those of one turn of the loop, and those that come while all writers are busy, make one group."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

import asyncpg

from ostiary.errors import Unavailable
from ostiary.storage.group import NotTogether
from ostiary.storage.port import Changes, Conflict
from ostiary.storage.postgres.connecting import ERRORS, Unreachable
from ostiary.storage.postgres.link import PAUSE_S, Outage, unavailable
from ostiary.storage.postgres.writer import TRIES, NotCommitted, Verdict, Writer

GROUP_LIMIT: Final = 256
LOCKS_LIMIT: Final = 512  # the database's table of locks has some thousand places for all nodes together
PATIENCE_S: Final = 4.0
Item = tuple[Changes, "asyncio.Future[Verdict]"]

# What comes from one item alone; the others of its group are done without it.
_OF_ONE_ITEM: Final = (
    NotTogether,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.DataError,
    asyncpg.ProgramLimitExceededError,
    asyncpg.OutOfMemoryError,  # of places for locks
    ValueError,
    TypeError,
    OverflowError,
)
_AGAIN: Final = (asyncpg.TransactionRollbackError, asyncpg.LockNotAvailableError, NotCommitted)


class Saves:
    """Writers and what waits for them. ``on_fatal`` is told of a failure after which we must not write."""

    def __init__(
        self, writers: Sequence[Writer], outage: Outage, on_fatal: Callable[[BaseException], None]
    ) -> None:
        """Nothing waits."""
        self._writers = tuple(writers)
        self._free = list(writers)
        self._outage = outage
        self._on_fatal = on_fatal
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Item] = deque()
        self._is_due = False
        self._running: set[asyncio.Task[None]] = set()
        self._ended: BaseException | None = None

    @property
    def queued(self) -> int:
        """Saves that wait for a writer."""
        return len(self._waiting)

    def submit(self, changes: Changes) -> "asyncio.Future[Verdict]":
        """What becomes of a save; whoever stops waiting for it does not stop it. Raises Unavailable after the end."""
        if self._ended is not None:
            raise self._stopped()
        waiter: asyncio.Future[Verdict] = self._loop.create_future()
        self._waiting.append((changes, waiter))
        if not self._is_due:
            self._is_due = True
            self._loop.call_soon(self._begin)
        return waiter

    async def close(self) -> None:
        """Take nothing more, write what is queued, let go."""
        self._ended = self._ended or RuntimeError("the store is closed")
        self._begin()
        while self._running:
            await asyncio.wait(self._running)
        for writer in self._writers:
            await writer.close()

    def _begin(self) -> None:
        self._is_due = False
        if self._free and self._waiting:
            task = self._loop.create_task(self._run(self._free.pop()))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _run(self, writer: Writer) -> None:
        try:
            while self._waiting:
                group = self._next_group()
                for (_, waiter), verdict in zip(group, await self._judged(writer, group), strict=True):
                    if not waiter.done():
                        waiter.set_result(verdict)
        finally:
            self._free.append(writer)

    def _next_group(self) -> list[Item]:
        group: list[Item] = []
        locks = 0
        while self._waiting and len(group) < GROUP_LIMIT:
            locks += _size(self._waiting[0][0])
            if group and locks > LOCKS_LIMIT:
                break
            group.append(self._waiting.popleft())
        if self._waiting:
            self._loop.call_soon(self._begin)
        return group

    async def _judged(self, writer: Writer, group: list[Item]) -> list[Verdict]:
        """A verdict for each. What was not committed is tried again, for a while."""
        until_s = self._loop.time() + PATIENCE_S
        tries = 0
        while True:
            try:
                return await writer.commit([changes for changes, _ in group])
            except _OF_ONE_ITEM as error:
                if len(group) > 1:
                    return [(await self._judged(writer, [item]))[0] for item in group]
                return [_of_one(error)]
            except Unreachable as error:
                if self._outage.is_long:
                    return [unavailable(error) for _ in group]
                await asyncio.sleep(PAUSE_S)
            except _AGAIN as error:
                tries += 1
                if tries == TRIES or self._loop.time() > until_s:
                    return [_failed(error) for _ in group]
            except (Unavailable, *ERRORS) as error:
                return [_failed(error) for _ in group]
            except Exception as error:  # noqa: BLE001  the supervisor of the writers: nobody waits for ever
                self._die(error)
                return [self._stopped() for _ in group]

    def _die(self, error: BaseException) -> None:
        self._ended = error
        self._on_fatal(error)

    def _stopped(self) -> Unavailable:
        return Unavailable("storage.stopped", "The database cannot be written", debug=repr(self._ended))


def _of_one(error: Exception) -> Exception:
    """What a save that fails alone has done."""
    match error:
        case asyncpg.IntegrityConstraintViolationError():
            return Conflict()
        case asyncpg.OutOfMemoryError():
            return _failed(error)
        case _:
            return error


def _failed(error: Exception) -> Unavailable:
    """Each caller's own error, for it is raised to each."""
    if isinstance(error, Unavailable):
        return Unavailable(error.id, error.message, hint=error.hint, retry_after_s=error.retry_after_s)
    return Unavailable(
        "storage.write_failed", "The database cannot be written", debug=repr(error), retry_after_s=2
    )


def _size(changes: Changes) -> int:
    """How many locks it may take."""
    guards = len(changes.expects) + len(changes.expects_owned) + len(changes.removes) + len(changes.budgets)
    return guards + 2 * len(changes.puts) + len(changes.clears) + 1
