"""The store on PostgreSQL; see its parts: reader, saving, lists, node."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Final

from ostiary.core.filter import check_size
from ostiary.core.record import Kind, OwnerT, RecordT
from ostiary.storage.audited import audit_records, audit_sql, audit_values
from ostiary.storage.port import Audited, Changes, Listing, Page, Saved, Sweep, Swept
from ostiary.storage.postgres import points
from ostiary.storage.postgres.connecting import BY_INDEX, Connection, connect_first, in_words
from ostiary.storage.postgres.group import Types
from ostiary.storage.postgres.link import Link, Outage
from ostiary.storage.postgres.lists import Lists
from ostiary.storage.postgres.migration import migrate
from ostiary.storage.postgres.node import Node, take
from ostiary.storage.postgres.questions import Row
from ostiary.storage.postgres.reader import Reader
from ostiary.storage.postgres.saving import Saves
from ostiary.storage.postgres.sweep import swept
from ostiary.storage.postgres.writer import LOCK_S, Writer
from ostiary.storage.statements import Catalogue, from_sql, sql_value
from ostiary.storage.where import ids_in, owner_in

READERS: Final = 2
WRITERS: Final = 2
LISTS: Final = 2
LIST_TIME_LIMIT_S: Final = 5.0
_COLUMNS: Final = (
    "SELECT c.relname::text, a.attname::text, a.atttypid::regtype::text, a.attnotnull FROM pg_class c"
    " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
    " WHERE c.relkind = 'r' AND pg_table_is_visible(c.oid) AND c.relnamespace::regnamespace::text <> 'pg_catalog'"
)


_AUDIT: Final = audit_sql("$1", "$2")


class PostgresStore:
    """A :class:`ostiary.storage.port.Store` in one database, beside others like it."""

    def __init__(
        self,
        url: str,
        node: Node,
        columns: "Columns",
        on_fatal: Callable[[BaseException], None],
        list_s: float,
    ) -> None:
        """Not for callers: see :func:`open_store`."""
        loop = asyncio.get_running_loop()
        outage = Outage(loop.time)
        self.node = node.number
        self._columns = columns
        self._catalogue = Catalogue()
        writing = {**BY_INDEX, "lock_timeout": f"{LOCK_S}s", "idle_in_transaction_session_timeout": "10s"}
        listing = {"plan_cache_mode": "force_custom_plan", "statement_timeout": f"{int(list_s * 1000)}ms"}
        self._reader = Reader([Link(url, BY_INDEX, outage, loop) for _ in range(READERS)], outage, loop)
        writers = [
            Writer(Link(url, writing, outage, loop), node, slot, columns.types) for slot in range(WRITERS)
        ]
        self._saves = Saves(writers, outage, on_fatal)
        self._lists = Lists([Link(url, listing, outage, loop) for _ in range(LISTS)], outage, list_s)

    async def generation(self) -> int:
        """One row."""
        rows = await self._reader.ask(points.GENERATION, "")
        return rows[0].number or 0 if rows else 0

    async def get(self, kind: Kind[RecordT], id: str) -> RecordT | None:  # noqa: A002
        """With whatever else is asked in this turn."""
        return self._one(kind, await self._reader.ask(points.by_key(kind), id))

    async def get_with_owner(
        self,
        kind: Kind[RecordT],
        id: str,  # noqa: A002
        owner: Kind[OwnerT],
    ) -> tuple[RecordT | None, OwnerT | None]:
        """Likewise, in one turn instead of two."""
        rows = await self._reader.ask(points.with_owner(kind, owner), id)
        if not rows:
            return None, None
        data, end = rows[0].data, rows[0].number
        row = self._catalogue[kind].decode(data[:end])
        return row, self._catalogue[owner].decode(data[end:]) if data[end:] else None

    async def owned(self, kind: Kind[RecordT], owner_id: str) -> tuple[RecordT, ...]:
        """Likewise, for it is bounded."""
        rows = await self._reader.ask(points.owned(kind), owner_id)
        return self._catalogue[kind].decode_array(rows[0].data) if rows else ()

    async def find(self, kind: Kind[RecordT], column: str, value: str) -> RecordT | None:
        """Likewise, by a unique index."""
        return self._one(kind, await self._reader.ask(points.by_column(kind, column), value))

    async def audited(self, before: int | None, limit: int) -> tuple[Audited, ...]:
        """On a connection for lists."""
        return audit_records(await self._lists.fetch(_AUDIT, audit_values(before, limit)))

    async def counter(self, key: str, now: datetime) -> int:
        """Likewise."""
        rows = await self._reader.ask(points.COUNTERS, key)
        is_open = bool(rows) and (rows[0].other or 0) > int(sql_value(now) or 0)
        return rows[0].number or 0 if is_open else 0

    async def clock(self) -> datetime | None:
        """Likewise."""
        rows = await self._reader.ask(points.CLOCK, "")
        return from_sql(rows[0].number or 0)

    async def page(self, listing: Listing[RecordT]) -> Page[RecordT]:
        """The few rows of an owner, or of a few ids, likewise; else on a connection for lists."""
        if listing.where is not None:
            check_size(listing.where)
        owner = owner_in(listing)
        if owner is not None:
            rows = await self._reader.ask(points.few(listing.kind, newest=listing.descending), owner)
            if not rows:
                return Page((), 0)
            if rows[0].data is not None:
                return listing.part(self._catalogue[listing.kind].decode_array(rows[0].data))
        ids = ids_in(listing)
        if ids is not None:
            found = await asyncio.gather(*(self.get(listing.kind, one) for one in ids))
            return listing.part([row for row in found if row is not None])
        nullable = self._columns.nullable.get(listing.kind.name, frozenset())
        return await self._lists.page(listing, self._catalogue[listing.kind], nullable)

    async def save(self, changes: Changes) -> Saved:
        """Through a writer; a request that is given up does not stop its save."""
        verdict = await self._saves.submit(changes)
        if isinstance(verdict, Exception):
            raise verdict
        return verdict

    async def sweep(self, sweep: Sweep) -> Swept:
        """On a connection for lists."""
        return await swept(self._lists, sweep)

    @property
    def queued(self) -> int:
        """Saves that wait for a writer."""
        return self._saves.queued

    async def close(self) -> None:
        """Write what is queued, let running reads end, let go."""
        await self._saves.close()
        await self._reader.close()
        await self._lists.close()

    def _one(self, kind: Kind[RecordT], rows: Sequence[Row]) -> RecordT | None:
        return self._catalogue[kind].decode(rows[0].data) if rows else None


class Columns:
    """The columns of all tables, as the database has them: their types, and which may be NULL."""

    def __init__(self, rows: Sequence[tuple[str, str, str, bool]]) -> None:
        """Rows of table, column, type, whether it is never NULL."""
        types: dict[str, dict[str, str]] = {}
        nullable: dict[str, set[str]] = {}
        for table, column, kind, is_set in rows:
            types.setdefault(table, {})[column] = kind
            if not is_set:
                nullable.setdefault(table, set()).add(column)
        self.types: Types = types
        self.nullable = {table: frozenset(columns) for table, columns in nullable.items()}


async def open_store(
    url: str,
    holder: str,
    on_fatal: Callable[[BaseException], None] = lambda _: None,
    list_time_limit_s: float = LIST_TIME_LIMIT_S,
) -> PostgresStore:
    """The store, once the database has this version's schema; ``holder`` names this process and nobody else.

    Raises SchemaError.
    """
    async with AsyncExitStack() as undo:
        connection: Connection = await connect_first(url, {})
        undo.push_async_callback(connection.close)
        with in_words(url):
            await migrate(connection)
            columns = Columns([tuple(row) for row in await connection.fetch(_COLUMNS)])
            node = await take(connection, holder, WRITERS)
    return PostgresStore(url, node, columns, on_fatal, list_time_limit_s)
