"""Lists, searches, counts: on connections of their own, with a time limit, so that they hold nobody else up."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import asyncpg

from ostiary.core.record import RecordT
from ostiary.errors import Unavailable
from ostiary.storage.port import Listing, Page
from ostiary.storage.postgres.connecting import ERRORS, Unreachable
from ostiary.storage.postgres.link import PAUSE_S, Link, Outage, unavailable
from ostiary.storage.statements import AnyStatements
from ostiary.storage.where import POSTGRES, Parameter, clause_of

_TRIES: Final = 3
_NONE_FIRST: Final = {True: " NULLS LAST", False: " NULLS FIRST"}  # as SQLite does, by whether it descends


class Lists:
    """Whoever asks waits for a connection; that counts for the time limit too."""

    def __init__(self, links: Sequence[Link], outage: Outage, limit_s: float) -> None:
        """Nobody asks."""
        self._links = tuple(links)
        self._outage = outage
        self._limit_s = limit_s
        self._free: asyncio.LifoQueue[Link] = asyncio.LifoQueue()
        for link in links:
            self._free.put_nowait(link)

    async def page(
        self, listing: Listing[RecordT], sql: AnyStatements, nullable: frozenset[str]
    ) -> Page[RecordT]:
        """The asked-for part; raises Unavailable."""
        where, parameters = clause_of(listing.where, POSTGRES) if listing.where else ("TRUE", ())
        rows = await self.fetch(_text(listing, where, nullable), (*parameters, listing.limit, listing.offset))
        part = tuple(sql.decode(data) for data, _ in rows if data is not None)
        return Page(part, rows[0][1] if listing.is_counted else len(part))

    async def fetch(self, text: str, values: Sequence[Parameter]) -> list[Sequence[Any]]:
        """The rows of a statement that may be repeated; raises Unavailable."""
        try:
            async with asyncio.timeout(self._limit_s):
                link = await self._free.get()
        except TimeoutError as error:
            raise _too_slow(error) from error
        try:
            return await self._read(link, text, values)
        finally:
            self._free.put_nowait(link)

    async def close(self) -> None:
        """Let running lists end, and let go."""
        for link in [await self._free.get() for _ in self._links]:
            await link.close()
            self._free.put_nowait(link)

    async def _read(self, link: Link, text: str, values: Sequence[Parameter]) -> list[Sequence[Any]]:
        tries = 0
        while True:
            try:
                connection = await link.connection()
                with link.limited(2 * self._limit_s):  # the connection's own statement_timeout comes first
                    rows = await connection.fetch(text, *values)
            except Unreachable as error:
                if self._outage.is_long:
                    raise unavailable(error) from error
                await asyncio.sleep(PAUSE_S)
            except asyncpg.QueryCanceledError as error:
                raise _too_slow(error) from error
            except ERRORS as error:
                tries += 1
                if not link.was_lost(error) or tries == _TRIES:
                    raise unavailable(error) from error
            else:
                return list(rows)


def _text(listing: Listing[RecordT], where: str, nullable: frozenset[str]) -> str:
    """Count and part in one statement, so of one state; its places are numbered."""
    way = "DESC" if listing.descending else "ASC"
    none = _NONE_FIRST[listing.descending] if listing.order in nullable else ""
    table = f'"{listing.kind.name}"'
    page = f"SELECT data FROM {table} WHERE {where} ORDER BY {listing.order} {way}{none}, id {way} LIMIT ? OFFSET ?"
    if not listing.is_counted:
        return _numbered(page.replace("SELECT data", "SELECT data, 0", 1))
    return (
        f"SELECT r.data, c.total FROM (SELECT count(*) AS total FROM {table} WHERE {_numbered(where)}) c"
        f" LEFT JOIN LATERAL ({_numbered(page)}) r ON TRUE"
    )


def _numbered(sql: str) -> str:
    """PostgreSQL's places for values: the first ``?`` is ``$1``."""
    first, *rest = sql.split("?")
    return first + "".join(f"${number}{piece}" for number, piece in enumerate(rest, 1))


def _too_slow(error: BaseException) -> Unavailable:
    return Unavailable(
        "storage.list_too_slow",
        "The list took too long",
        debug=repr(error),
        hint="ask for less",
        retry_after_s=1,
    )
