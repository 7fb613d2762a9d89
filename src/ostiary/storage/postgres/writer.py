"""Saves on PostgreSQL: whatever waits is one group and one commit; each item is judged by itself.

Several connections write at once, here and on other nodes; locks (:mod:`ostiary.storage.postgres.locks`) keep groups
apart that touch the same things. A group that meets a lost connection, a deadlock or a timeout is done again, for
nothing of it was committed. Of a COMMIT without an answer nobody knows: the node's mark, read by a write that is itself
committed, tells (:mod:`ostiary.storage.postgres.node`).
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from ostiary.errors import Unavailable
from ostiary.storage.group import Group, wanted_by
from ostiary.storage.port import BudgetSpent, Changes, Conflict, Saved
from ostiary.storage.postgres import locks
from ostiary.storage.postgres.connecting import ERRORS, Connection, Unreachable
from ostiary.storage.postgres.group import Statement, Types, find, is_empty, leased, write
from ostiary.storage.postgres.link import PAUSE_S, Link
from ostiary.storage.postgres.node import RENEWED_EVERY_S, Fenced, Node
from ostiary.storage.postgres.questions import Questions
from ostiary.storage.statements import Catalogue

LOCK_S: Final = 2
STEPS_S: Final = 3.0  # everything before COMMIT
COMMIT_S: Final = 4.0  # a synchronous standby may be away for a moment
OUTCOME_S: Final = 3.0  # later nobody begins to ask again what became of a COMMIT
TRIES: Final = 5
Verdict = Saved | Exception


class NotCommitted(Exception):
    """The connection was lost, and nothing of the group was saved."""


class Writer:
    """One connection that writes, and the slot by which its commits are known."""

    def __init__(self, link: Link, node: Node, slot: int, types: Types) -> None:
        """Nothing is being written."""
        self._link = link
        self._node = node
        self._slot = slot
        self._types = types
        self._catalogue = Catalogue()
        self._questions = Questions()
        self._mark = 0
        self._marked_s = 0.0

    async def commit(self, changes: Sequence[Changes]) -> list[Verdict]:
        """A verdict for each, all of which is durable.

        Raises: Unreachable; NotCommitted; Fenced; what the database says of one of them.
        """
        connection = await self._link.connection()
        try:
            with self._link.limited(STEPS_S):
                if self._mark == 0:
                    self._mark = await self._node.last_mark(connection, self._slot)
                verdicts, has_written = await self._prepared(connection, changes)
                if not has_written:
                    await connection.execute("ROLLBACK")
                    return verdicts
        except Exception as error:
            await self._roll_back(connection, error)
            raise
        await self._commit(connection)
        return verdicts

    async def _prepared(
        self, connection: Connection, changes: Sequence[Changes]
    ) -> tuple[list[Verdict], bool]:
        """Everything but the COMMIT; whether there is something to commit."""
        await connection.execute(locks.statement(locks.locks_of(changes)))
        group = Group(await find(connection, self._questions, wanted_by(changes)))
        verdicts = [_verdict(group, one) for one in changes]
        has_written = not is_empty(group) or self._is_old
        if has_written:
            first, then = write(group, self._catalogue, self._types)
            if then is not first:
                await first.run(connection, "SELECT 1")
            await self._note(connection, then)
        taken = await self._lease(connection, changes, verdicts)
        if taken and not has_written:
            await self._note(connection, Statement())
        return verdicts, has_written or taken

    async def _lease(
        self, connection: Connection, changes: Sequence[Changes], verdicts: list[Verdict]
    ) -> bool:
        """Put the leased messages into the verdicts; whether there are any."""
        taken = False
        for number, one in enumerate(changes):
            verdict = verdicts[number]
            if one.lease is not None and isinstance(verdict, Saved):
                messages = await leased(connection, one.lease)
                verdicts[number] = Saved(verdict.counters, messages)
                taken = taken or bool(messages)
        return taken

    async def _note(self, connection: Connection, statement: Statement) -> None:
        """Run what writes, with the mark of this commit; raises Fenced."""
        self._mark += 1
        self._marked_s = asyncio.get_running_loop().time()
        sql, values = self._node.mark(self._slot, self._mark)
        if not await statement.run(connection, sql, *values):
            raise Fenced

    @property
    def _is_old(self) -> bool:
        return asyncio.get_running_loop().time() - self._marked_s >= RENEWED_EVERY_S

    async def _commit(self, connection: Connection) -> None:
        try:
            with self._link.limited(COMMIT_S):
                await connection.execute("COMMIT")
        except ERRORS as error:
            self._link.cut()
            if not await self._was_committed():
                raise NotCommitted from error

    async def _was_committed(self) -> bool:
        """What became of a COMMIT whose answer never came. Raises Unavailable when that cannot be learnt now."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + OUTCOME_S
        while loop.time() < until_s:
            try:
                connection = await self._link.connection()
                with self._link.limited(STEPS_S):
                    return await self._node.last_mark(connection, self._slot) == self._mark
            except Unreachable:
                await asyncio.sleep(2 * PAUSE_S)
            except ERRORS:
                self._link.cut()
        raise Unavailable(
            "storage.outcome_unknown",
            "The database does not say whether this was saved",
            hint="look before you try again",
            retry_after_s=2,
        )

    async def _roll_back(self, connection: Connection, error: Exception) -> None:
        if self._link.was_lost(error):
            raise NotCommitted from error
        try:
            with self._link.limited(STEPS_S):
                await connection.execute("ROLLBACK")
        except ERRORS:
            self._link.cut()

    async def close(self) -> None:
        """Let go."""
        await self._link.close()


def _verdict(group: Group, changes: Changes) -> Verdict:
    try:
        return group.judge(changes)
    except (Conflict, BudgetSpent) as refusal:
        return refusal
