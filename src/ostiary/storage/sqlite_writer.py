"""One thread writes: whatever waits goes into one transaction (group commit), and is answered after its COMMIT.

Each item is judged by itself: first everything it is guarded by is looked at, then it is written, so an item that does
not hold changes nothing and does not disturb its neighbours. Only what cannot be judged before (a unique column, a
value that SQLite does not take) may fail while writing; then the group is rolled back and its items are done one by one.
"""

import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future

from ostiary.core.record import AnyKind
from ostiary.errors import Unavailable
from ostiary.storage.port import Budget, BudgetSpent, Changes, Conflict, Lease, Message, Put, Remove, Saved
from ostiary.storage.statements import Catalogue, from_sql, microseconds, sql_value

GROUP_LIMIT = 256
Verdict = Saved | Exception
Item = tuple[Changes, "Future[Verdict]"]
Answer = Callable[[list[tuple["Future[Verdict]", Verdict]]], None]

# Errors that come from what is to be written; the disk is well.
_OF_ONE_ITEM = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    ValueError,
    TypeError,
    OverflowError,
)
_COUNTER = "SELECT value, expires_at FROM counter WHERE key = ?"
_COUNT = (
    "INSERT INTO counter (key, value, expires_at) VALUES (?, ?, ?) "
    "ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at"
)
_AUDIT = "INSERT INTO audit (at, actor_id, action, object_id, detail) VALUES (?, ?, ?, ?, ?)"
_OUTBOX = "INSERT INTO outbox (id, kind, due_at, sealed) VALUES (?, ?, ?, ?)"
_OUTBOX_ROW = "SELECT id, kind, due_at, sealed, attempts + 1 FROM outbox WHERE "
_DUE = f"{_OUTBOX_ROW}due_at <= ? AND leased_until <= ? ORDER BY due_at LIMIT ?"
_DUE_OF_KIND = f"{_OUTBOX_ROW}kind = ? AND due_at <= ? AND leased_until <= ? ORDER BY due_at LIMIT ?"
_LEASE = "UPDATE outbox SET leased_until = ?, attempts = attempts + 1 WHERE id = ?"
_POSTPONE = "UPDATE outbox SET due_at = ?, leased_until = 0 WHERE id = ?"


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
        self._queue: queue.SimpleQueue[Item | None] = queue.SimpleQueue()
        self._dead: BaseException | None = None
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def submit(self, item: Item) -> None:
        """Queue an item; raises Unavailable after the end, or after the first failure that was fatal."""
        if self._ending or self._dead is not None:
            raise self._stopped()
        self._queue.put(item)

    @property
    def queued(self) -> int:
        """How many saves wait for their group commit."""
        return self._queue.qsize()

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
        first = self._queue.get()
        if first is None:
            return None
        group = [first]
        while len(group) < GROUP_LIMIT:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                break
            if item is None:
                self._queue.put(None)  # the next turn ends the thread
                break
            group.append(item)
        return group

    def _commit(self, group: list[Item]) -> list[Verdict]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            verdicts = [self._verdict(changes) for changes, _ in group]
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
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

    def _verdict(self, changes: Changes) -> Verdict:
        try:
            return self._apply(changes)
        except (Conflict, BudgetSpent) as refusal:
            return refusal

    def _apply(self, changes: Changes) -> Saved:
        """Judge all that guards the item, then write it. The first write is its own guard: nothing is done before."""
        self._judge(changes)
        counters = {budget.key: self._counted(budget) for budget in changes.budgets}
        writes: list[Put | Remove] = [*changes.puts, *changes.removes]
        for write in writes[1:]:
            was = write.was
            key = write.value.id if isinstance(write, Put) else write.id
            if self._version(write.kind, key) != was:
                raise Conflict
        for number, write in enumerate(writes):
            self._write(write, first=number == 0)
        self._write_rest(changes, counters)
        leased = self._leased(changes.lease) if changes.lease else ()
        return Saved({b.key: counters[b.key][0] for b in changes.budgets if b.add}, leased)

    def _judge(self, changes: Changes) -> None:
        if changes.generation is not None:
            (generation,) = self._connection.execute("SELECT value FROM generation").fetchone()
            if generation != changes.generation:
                raise Conflict
        for expect in changes.expects:
            if self._version(expect.kind, expect.id) != expect.version:
                raise Conflict
        for owned in changes.expects_owned:
            sql = self._catalogue[owned.kind].count_owned
            (count,) = self._connection.execute(sql, (owned.owner_id,)).fetchone()
            if count != owned.count:
                raise Conflict

    def _version(self, kind: AnyKind, key: str) -> int:
        row = self._connection.execute(self._catalogue[kind].version, (key,)).fetchone()
        return row[0] if row else 0

    def _counted(self, budget: Budget) -> tuple[int, int]:
        """The counter's value with the addition, and when it expires."""
        row = self._connection.execute(_COUNTER, (budget.key,)).fetchone()
        alive = row is not None and row[1] > microseconds(budget.at)
        value, expires_at = row if alive else (0, microseconds(budget.expires_at))
        if budget.limit and value >= budget.limit:
            raise BudgetSpent(budget.key)
        return value + budget.add, expires_at

    def _write(self, write: Put | Remove, *, first: bool) -> None:
        sql = self._catalogue[write.kind]
        if isinstance(write, Remove):
            done = self._connection.execute(sql.remove, (write.id, write.was)).rowcount
        elif write.was:
            done = self._connection.execute(
                sql.update, (*sql.row(write.value), write.value.id, write.was)
            ).rowcount
        else:
            done = self._insert(sql.insert, (*sql.row(write.value), write.value.id), first=first)
        if done != 1:
            if first:
                raise Conflict
            raise sqlite3.IntegrityError("one row twice in one save")  # the group is rolled back

    def _insert(self, sql: str, row: tuple[object, ...], *, first: bool) -> int:
        try:
            return self._connection.execute(sql, row).rowcount
        except sqlite3.IntegrityError:
            if first:  # the failed statement is undone by itself, and nothing came before it
                return 0
            raise

    def _write_rest(self, changes: Changes, counters: dict[str, tuple[int, int]]) -> None:
        execute = self._connection.execute
        for budget in changes.budgets:
            if budget.add:
                execute(_COUNT, (budget.key, *counters[budget.key]))
        for key in changes.clears:
            execute("DELETE FROM counter WHERE key = ?", (key,))
        if (audit := changes.audit) is not None:
            execute(
                _AUDIT, (sql_value(audit.at), audit.actor_id, audit.action, audit.object_id, audit.detail)
            )
        for message in changes.outbox:
            execute(_OUTBOX, (message.id, message.kind, sql_value(message.due_at), message.sealed))
        for sent in changes.sent:
            execute("DELETE FROM outbox WHERE id = ?", (sent,))
        for postpone in changes.postponed:
            execute(_POSTPONE, (sql_value(postpone.due_at), postpone.id))
        writes: list[Put | Remove] = [*changes.puts, *changes.removes]
        if changes.raises_generation or any(write.kind.raises_generation for write in writes):
            execute("UPDATE generation SET value = value + 1")

    def _leased(self, lease: Lease) -> tuple[Message, ...]:
        now = sql_value(lease.now)
        execute = self._connection.execute
        rows = [] if lease.kinds else execute(_DUE, (now, now, lease.limit)).fetchall()
        for kind in lease.kinds:
            rows += execute(_DUE_OF_KIND, (kind, now, now, lease.limit - len(rows))).fetchall()
        until = sql_value(lease.until)
        self._connection.executemany(_LEASE, [(until, row[0]) for row in rows])
        return tuple(
            Message(id_, kind, from_sql(due_at), sealed, attempts)
            for id_, kind, due_at, sealed, attempts in rows
        )
