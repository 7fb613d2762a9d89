"""The embedded store: one file, WAL, ``synchronous=FULL``.

Point reads and bounded ranges run on the event loop (microseconds, no thread to wait for); lists run in reader threads
with a time limit; writes go through one writer thread (:mod:`ostiary.storage.sqlite_writer`).
"""

import asyncio
import shutil
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import datetime
from pathlib import Path
from typing import cast

from ostiary.core.filter import check_size
from ostiary.core.organization import INSTANCE, INSTANCE_KEY
from ostiary.core.record import Kind, OwnerT, RecordT
from ostiary.errors import Unavailable
from ostiary.storage.audited import audit_records, audit_sql, audit_values
from ostiary.storage.migrate import SchemaError, migrate
from ostiary.storage.port import Audited, Changes, Listing, Page, Saved, Sweep, Swept
from ostiary.storage.sqlite_reader import Reader
from ostiary.storage.sqlite_writer import Item, Verdict, Waiter, Writer
from ostiary.storage.statements import FEW, Catalogue, SqlValue, sql_value, statements_of
from ostiary.storage.where import clause_of, ids_in, owner_in

READERS = 2
LIST_TIME_LIMIT_S = 5.0
_CACHED_STATEMENTS = 256
_LEAST_ROOM_BYTES = 1 << 20
_AUDIT = audit_sql("?", "?")
_STEPS_BETWEEN_LOOKS = 10_000  # of SQLite's virtual machine: some hundred microseconds
_MAPPED_BYTES = (
    96 << 20
)  # of the file, read without copying: all of most installations, and no more memory than that
_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "cache_size = -8192",
    f"mmap_size = {_MAPPED_BYTES}",
)


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection as the store uses it; transactions are begun and ended by hand."""
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, cached_statements=_CACHED_STATEMENTS, timeout=10
    )
    with ExitStack() as undo:
        undo.enter_context(closing(connection))
        for pragma in (*_PRAGMAS, f"query_only = {int(read_only)}"):
            connection.execute(f"PRAGMA {pragma}")
        connection.create_function("fold", 1, _fold, deterministic=True)
        undo.pop_all()
    return connection


def _fold(text: str | None) -> str | None:
    return None if text is None else text.casefold()


class SqliteStore:
    """A :class:`ostiary.storage.port.Store` in one file; open it inside a running event loop."""

    def __init__(
        self,
        path: Path,
        on_fatal: Callable[[BaseException], None] = lambda _: None,
        list_time_limit_s: float = LIST_TIME_LIMIT_S,
    ) -> None:
        """Open or make the file and bring it to this version's schema; raises SchemaError."""
        self._path = path
        self._list_time_limit_s = list_time_limit_s
        self._list_connections: list[sqlite3.Connection] = []
        self._written = _open(path)
        self._lists = threading.local()
        self._readers = ThreadPoolExecutor(READERS, "list")
        self._catalogue = Catalogue()
        self._loop = asyncio.get_running_loop()
        self._turn: list[Item] = []
        self._reader = Reader(connect(path, read_only=True), self._loop)
        self._writer = Writer(self._written, self._answer, on_fatal)

    async def generation(self) -> int:
        """One row, read once a turn."""
        return self._reader.generation()

    async def get(self, kind: Kind[RecordT], id: str) -> RecordT | None:  # noqa: A002
        """Inline."""
        return self._one(kind, id)

    async def get_with_owner(
        self,
        kind: Kind[RecordT],
        id: str,  # noqa: A002
        owner: Kind[OwnerT],
    ) -> tuple[RecordT | None, OwnerT | None]:
        """Inline, one after the other, in one turn."""
        row = self._one(kind, id)
        owner_id = kind.owner_of(row) if row else ""
        return row, self._one(owner, owner_id) if owner_id else None

    def _one(self, kind: Kind[RecordT], key: str) -> RecordT | None:
        sql = self._catalogue[kind]
        row = self._reader.row(sql.get, (key,))
        return sql.decode(row[0]) if row else None

    async def owned(self, kind: Kind[RecordT], owner_id: str) -> tuple[RecordT, ...]:
        """Inline, for it is bounded."""
        sql = self._catalogue[kind]
        return tuple(sql.decode(row[0]) for row in self._reader.rows(sql.owned, (owner_id,)))

    async def find(self, kind: Kind[RecordT], column: str, value: str) -> RecordT | None:
        """Inline, by a unique index."""
        sql = f'SELECT data FROM "{kind.name}" WHERE {column} = ?'
        row = self._reader.row(sql, (value,))
        return self._catalogue[kind].decode(row[0]) if row else None

    async def audited(self, before: int | None, limit: int) -> tuple[Audited, ...]:
        """Inline, for it is a bounded range."""
        return audit_records(self._reader.rows(_AUDIT, audit_values(before, limit)))

    async def counter(self, key: str, now: datetime) -> int:
        """Inline."""
        sql = "SELECT value FROM counter WHERE key = ? AND expires_at > ?"
        row = self._reader.row(sql, (key, sql_value(now)))
        return int(row[0]) if row else 0

    async def clock(self) -> datetime | None:
        """None: it is on this machine."""
        return None

    async def page(self, listing: Listing[RecordT]) -> Page[RecordT]:
        """The few rows of an owner, or of a few ids, inline; else in a reader thread, where waiting counts for the time limit too."""
        if listing.where is not None:
            check_size(listing.where)
        few = self._few(listing)
        if few is not None:
            return few
        where, parameters = clause_of(listing.where) if listing.where else ("1 = 1", ())
        way = "DESC" if listing.descending else "ASC"
        table = f'"{listing.kind.name}"'
        page = (
            f"SELECT data FROM {table} WHERE {where} "
            f"ORDER BY {listing.order} {way}, id {way} LIMIT ? OFFSET ?"
        )
        count = f"SELECT count(*) FROM {table} WHERE {where}"
        counting = count if listing.is_counted else None
        rows, total = await self._in_reader(
            page, counting, cast("tuple[SqlValue, ...]", parameters), (listing.limit, listing.offset)
        )
        decode = self._catalogue[listing.kind].decode
        return Page(tuple(decode(row) for row in rows), total)

    def _few(self, listing: Listing[RecordT]) -> Page[RecordT] | None:
        """The page, if it is one of a few ids, or of an owner who has not more rows: a bounded range of one index is read."""
        ids = ids_in(listing)
        if ids is not None:
            return listing.part([row for one in ids if (row := self._one(listing.kind, one)) is not None])
        owner = owner_in(listing)
        if owner is None:
            return None
        sql = self._catalogue[listing.kind]
        rows = self._reader.rows(sql.few_newest if listing.descending else sql.few, (owner,))
        if len(rows) > FEW:
            return None
        part = rows[listing.offset : listing.offset + listing.limit]
        return Page(tuple(sql.decode(data) for (data,) in part), len(rows if listing.is_counted else part))

    async def save(self, changes: Changes) -> Saved:
        """Through the writer; a request that is given up does not stop its save."""
        return cast("Saved", await self._verdict_on(changes))

    async def sweep(self, sweep: Sweep) -> Swept:
        """Through the writer, in one transaction with saves that wait."""
        return cast("Swept", await self._verdict_on(sweep))

    def _verdict_on(self, one: Changes | Sweep) -> Waiter:
        self._writer.check()
        waiter: Waiter = self._loop.create_future()
        self._turn.append((one, waiter))
        if len(self._turn) == 1:  # what is written in one turn of the loop makes one group
            self._loop.call_soon(self._submit)
        return waiter

    @property
    def queued(self) -> int:
        """Saves that wait for the writer."""
        return self._writer.queued + len(self._turn)

    async def close(self) -> None:
        """Write what is queued, let running lists end, bring the log into the file, let go."""
        self._submit()
        self._writer.finish()
        await self._loop.run_in_executor(None, self._writer.join)
        await self._loop.run_in_executor(None, self._readers.shutdown)
        self._reader.close()
        for connection in (*self._list_connections, self._written):
            connection.close()

    def _submit(self) -> None:
        if self._turn:
            items, self._turn = self._turn, []
            self._writer.submit(items)

    def _answer(self, verdicts: list[tuple[Waiter, Verdict]]) -> None:
        def hand_over() -> None:
            for waiter, verdict in verdicts:
                if waiter.done():  # who asked has gone
                    continue
                if isinstance(verdict, Exception):
                    waiter.set_exception(verdict)
                else:
                    waiter.set_result(verdict)

        self._loop.call_soon_threadsafe(hand_over)

    async def _in_reader(
        self, page: str, count: str | None, parameters: tuple[SqlValue, ...], bounds: tuple[int, int]
    ) -> tuple[list[bytes], int]:
        late = threading.Event()

        def read() -> tuple[list[bytes], int]:
            connection = self._list_connection()
            connection.set_progress_handler(late.is_set, _STEPS_BETWEEN_LOOKS)
            connection.execute("BEGIN")
            try:
                rows = [row[0] for row in connection.execute(page, (*parameters, *bounds))]
                total = connection.execute(count, parameters).fetchone()[0] if count else len(rows)
            finally:
                connection.execute("ROLLBACK")
            return rows, total

        timer = self._loop.call_later(self._list_time_limit_s, late.set)
        try:
            return await self._loop.run_in_executor(self._readers, read)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            raise Unavailable(
                "storage.list_too_slow",
                "The list took too long",
                debug=repr(error),
                hint="ask for less",
                retry_after_s=1,
            ) from error
        finally:
            timer.cancel()

    def _list_connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._lists, "connection", None)
        if connection is None:
            connection = self._lists.connection = connect(self._path, read_only=True)
            self._list_connections.append(connection)
        return connection


def _open(path: Path) -> sqlite3.Connection:
    with ExitStack() as undo:
        try:
            connection = undo.enter_context(closing(connect(path)))
            migrate(connection)
            connection.execute(statements_of(INSTANCE).get, (INSTANCE_KEY,)).fetchone()
        except sqlite3.DatabaseError as error:
            said = f"{path} cannot be used as Ostiary's database: {error}.{_advice(error, path.parent)}"
            raise SchemaError(said) from error
        undo.pop_all()
    return connection


def _advice(error: sqlite3.DatabaseError, folder: Path) -> str:
    """What to do; SQLite calls a disk without room by many names."""
    if folder.is_dir() and shutil.disk_usage(folder).free < _LEAST_ROOM_BYTES:
        return " The disk is full: make room."
    is_damaged = error.sqlite_errorname.startswith("SQLITE_CORRUPT")
    return " It is damaged: restore a backup." if is_damaged else ""
