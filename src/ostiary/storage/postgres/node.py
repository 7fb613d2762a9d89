"""Node numbers: each process holds one, so that the ids of any two differ; and the rows by which its commits are known.

A number is given to the one who waited longest without, by the database's clock. Who held it before and comes back, late,
finds the rows in another's name and writes nothing any more.
"""

from dataclasses import dataclass
from typing import Final

from ostiary.storage.migrate import SchemaError
from ostiary.storage.postgres.connecting import Connection, alone

NUMBERS: Final = 1024
RENEWED_EVERY_S: Final = 10
_LEASED_S: Final = 60  # also far more than the clocks of two nodes may differ, for ids carry the time
_FREE: Final = (
    f"SELECT n FROM generate_series(0, {NUMBERS - 1}) n"
    " LEFT JOIN (SELECT node, max(renewed_at) AS at FROM writer GROUP BY node) w ON w.node = n"
    f" WHERE w.at IS NULL OR w.at < clock_timestamp() - interval '{_LEASED_S} s'"
    " ORDER BY w.at NULLS FIRST, n LIMIT 1"
)
_TAKE: Final = (
    "INSERT INTO writer (node, slot, holder, mark, renewed_at)"
    " SELECT $1, slot, $2, 0, clock_timestamp() FROM generate_series(0, $3::bigint - 1) slot"
    " ON CONFLICT (node, slot) DO UPDATE SET holder = excluded.holder, renewed_at = excluded.renewed_at"
)
_MARK: Final = (
    "UPDATE writer SET mark = {}, renewed_at = clock_timestamp()"
    " WHERE node = {} AND slot = {} AND holder = {} RETURNING mark"
)
# It waits for whoever still has the row, and what it changes must itself be committed (and replicated): so afterwards
# the mark is either there to stay, or will never be.
_LOOK: Final = (
    "UPDATE writer SET looked = looked + 1 WHERE node = $1 AND slot = $2 AND holder = $3 RETURNING mark"
)


class Fenced(Exception):
    """Another process has this node's number; nothing that we made may be written any more."""


@dataclass(frozen=True, slots=True)
class Node:
    """A number, held under a name that nobody else has."""

    number: int
    holder: str

    def mark(self, slot: int, mark: int) -> tuple[str, tuple[object, ...]]:
        """The statement that notes a commit, and its values; no row comes back when we are fenced."""
        return _MARK, (mark, self.number, slot, self.holder)

    async def last_mark(self, connection: Connection, slot: int) -> int:
        """The mark that is committed and stays so. Raises Fenced."""
        mark = await connection.fetchval(_LOOK, self.number, slot, self.holder)
        if mark is None:
            raise Fenced
        return int(mark)


async def take(connection: Connection, holder: str, slots: int) -> Node:
    """A number of our own, from now on; raises SchemaError if there is none left."""
    async with alone(connection, "node"):
        number = await connection.fetchval(_FREE)
        if number is None:
            raise SchemaError(
                f"All {NUMBERS} node numbers are taken; a process that ends frees its own after a minute."
            )
        await connection.execute(_TAKE, number, holder, slots)
    return Node(int(number), holder)
