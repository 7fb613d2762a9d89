"""Point reads on the event loop: all of one turn of the loop are of one state of the database.

One transaction a turn instead of one a statement halves what a read costs. It is as fresh as a statement would be: a
turn's transaction is ended before anything that is queued after its beginning, so before any save that it does not see
can have been answered.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from typing import Any

from ostiary.storage.statements import SqlValue

SqlRow = tuple[Any, ...]


class Reader:
    """A connection that only reads, and the loop whose turns are its transactions."""

    def __init__(self, connection: sqlite3.Connection, loop: asyncio.AbstractEventLoop) -> None:
        """Nothing is being read."""
        self._connection = connection
        self._loop = loop
        self._is_reading = False
        self._generation: int | None = None

    def row(self, sql: str, parameters: Sequence[SqlValue]) -> SqlRow | None:
        """The first row, if there is one."""
        if not self._is_reading:
            self._begin()
        found: SqlRow | None = self._connection.execute(sql, parameters).fetchone()
        return found

    def rows(self, sql: str, parameters: Sequence[SqlValue]) -> list[SqlRow]:
        """All rows; only for questions with a bounded answer."""
        if not self._is_reading:
            self._begin()
        return self._connection.execute(sql, parameters).fetchall()

    def generation(self) -> int:
        """Read once a turn, for it cannot change within it."""
        generation = self._generation
        if generation is None:
            found = self.row("SELECT value FROM generation", ())
            generation = self._generation = int(found[0]) if found else 0
        return generation

    def close(self) -> None:
        """Let go."""
        self.end()
        self._connection.close()

    def end(self) -> None:
        """End the turn's transaction, if there is one."""
        if self._is_reading:
            self._is_reading = False
            self._generation = None
            if self._connection.in_transaction:  # an error may have ended it
                self._connection.execute("COMMIT")

    def _begin(self) -> None:
        # Queued before the first statement takes its view: so it comes before the answer of any later commit.
        self._loop.call_soon(self.end)
        self._connection.execute("BEGIN")
        self._is_reading = True
