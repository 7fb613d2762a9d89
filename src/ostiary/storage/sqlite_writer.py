"""One thread writes: whatever waits goes into one transaction (group commit), and is answered after its COMMIT.

Each item is judged by itself, so an item that does not hold changes nothing and does not disturb its neighbours. Only
what cannot be judged before (a unique column, a value that SQLite does not take) may fail while writing; then the group
is rolled back and its items are done one by one.
"""

import queue
import sqlite3
import threading
from asyncio import Future
from collections.abc import Callable, Sequence

from ostiary.errors import Unavailable
from ostiary.storage import sqlite_group
from ostiary.storage.group import Group, NotTogether, wanted_by
from ostiary.storage.port import BudgetSpent, Changes, Conflict, Saved, Sweep, Swept
from ostiary.storage.sqlite_sweep import swept
from ostiary.storage.statements import Catalogue

GROUP_LIMIT = 256
Verdict = Saved | Swept | Exception
Waiter = Future[Saved | Swept]  # the event loop's: only ``answer`` may touch it
Item = tuple[Changes | Sweep, Waiter]
Answer = Callable[[list[tuple[Waiter, Verdict]]], None]

# Errors that come from what is to be written; the disk is well, and one by one most saves are good.
_OF_ONE_ITEM = (
    NotTogether,
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    ValueError,
    TypeError,
    OverflowError,
)


class Writer:
    """The thread and its queue. ``on_fatal`` is told of a failure after which no answer can be trusted."""

    def __init__(
        self, connection: sqlite3.Connection, answer: Answer, on_fatal: Callable[[BaseException], None]
    ) -> None:
        """Start writing; ``answer`` hands verdicts to whoever waits, from this thread."""
        self._connection = connection
        self._catalogue = Catalogue()
        self._answer = answer
        self._on_fatal = on_fatal
        self._queue: queue.SimpleQueue[list[Item] | None] = queue.SimpleQueue()
        self._left: list[Item] = []
        self._submitted = 0  # counted where items are submitted
        self._taken = 0  # counted in the thread
        self._dead: BaseException | None = None
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raise Unavailable after the end, or after the first failure that was fatal."""
        if self._ending or self._dead is not None:
            raise self._stopped()

    def submit(self, items: list[Item]) -> None:
        """Queue items, all for one group if it has room."""
        self._submitted += len(items)
        self._queue.put(items)

    @property
    def queued(self) -> int:
        """How many saves wait for their group commit."""
        return self._submitted - self._taken

    def finish(self) -> None:
        """Take nothing more; call it where items are submitted."""
        self._ending = True
        self._queue.put(None)

    def join(self) -> None:
        """Wait until what was queued is written."""
        self._thread.join()

    def _run(self) -> None:
        while (group := self._next_group()) is not None:
            try:
                verdicts = self._judged(group)
            except Exception as error:  # noqa: BLE001  the supervisor of the writer: nobody waits for ever
                self._die(error)
                verdicts = [self._stopped() for _ in group]
            self._answer([(future, verdict) for (_, future), verdict in zip(group, verdicts, strict=True)])

    def _judged(self, group: list[Item]) -> list[Verdict]:
        if self._dead is None:
            try:
                return self._commit(group)
            except _OF_ONE_ITEM:
                pass
            except sqlite3.Error as error:
                return [self._failure(error) for _ in group]
        return [self._commit_alone(item) for item in group]

    def _next_group(self) -> list[Item] | None:
        group, self._left = self._left, []
        while len(group) < GROUP_LIMIT:
            try:
                items = self._queue.get(block=not group)
            except queue.Empty:
                break
            if items is None:
                if not group:
                    return None
                self._queue.put(None)  # the next turn ends the thread
                break
            group += items
        group, self._left = group[:GROUP_LIMIT], group[GROUP_LIMIT:]
        self._taken += len(group)
        return group

    def _commit(self, items: Sequence[Item]) -> list[Verdict]:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            changes = [one for one, _ in items if isinstance(one, Changes)]
            group = Group(sqlite_group.find(connection, self._catalogue, wanted_by(changes)))
            verdicts = [_verdict(group, one) for one, _ in items]
            sqlite_group.write(connection, self._catalogue, group)
            for number, (one, _) in enumerate(items):
                verdict = verdicts[number]
                if isinstance(one, Sweep):
                    verdicts[number] = swept(connection, one)
                elif one.lease is not None and isinstance(verdict, Saved):
                    verdicts[number] = Saved(verdict.counters, sqlite_group.leased(connection, one.lease))
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return verdicts

    def _commit_alone(self, item: Item) -> Verdict:
        if self._dead is not None:
            return self._stopped()
        try:
            return self._commit([item])[0]
        except sqlite3.IntegrityError:
            return Conflict()
        except _OF_ONE_ITEM as error:
            return error
        except sqlite3.Error as error:
            return self._failure(error)

    def _die(self, error: BaseException) -> None:
        self._dead = error
        self._on_fatal(error)

    def _stopped(self) -> Unavailable:
        return Unavailable("storage.stopped", "The database cannot be written", debug=repr(self._dead))

    def _failure(self, error: sqlite3.Error) -> Exception:
        """No room and no lock pass; any other failure of a commit means that we do not know what is on the disk."""
        name = getattr(error, "sqlite_errorname", "")
        if not name.startswith(("SQLITE_FULL", "SQLITE_BUSY", "SQLITE_LOCKED")):
            self._die(error)
        return Unavailable(
            "storage.write_failed", "The database cannot be written", debug=repr(error), retry_after_s=2
        )


def _verdict(group: Group, one: Changes | Sweep) -> Verdict:
    """A sweep is not judged: its turn comes when the group is written."""
    try:
        return Swept(0) if isinstance(one, Sweep) else group.judge(one)
    except (Conflict, BudgetSpent) as refusal:
        return refusal
