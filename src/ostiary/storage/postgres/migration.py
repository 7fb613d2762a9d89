"""Bringing a PostgreSQL database to this version's schema: by one node, under a lock, while others serve."""

from typing import Final

import asyncpg

from ostiary.storage.migrate import Migration, SchemaError, left, migrations
from ostiary.storage.postgres.connecting import Connection

_LOCK: Final = "SELECT pg_advisory_lock(hashtextextended('ostiary migration', 0))"
_UNLOCK: Final = "SELECT pg_advisory_unlock(hashtextextended('ostiary migration', 0))"
# Nobody who serves is held up longer by a change of a table that waits for its turn.
_IMPATIENCE: Final = "SET LOCAL lock_timeout = '2s'"
_LEDGER: Final = (
    'CREATE TABLE schema_migration (number bigint PRIMARY KEY, name text COLLATE "C" NOT NULL,'
    ' checksum text COLLATE "C" NOT NULL)'
)
_HAS_LEDGER: Final = "SELECT to_regclass('schema_migration') IS NOT NULL"
_APPLIED: Final = "SELECT number, name, checksum FROM schema_migration ORDER BY number"
_NOTE: Final = "INSERT INTO schema_migration (number, name, checksum) VALUES ($1, $2, $3)"


async def pending(connection: Connection) -> list[Migration]:
    """What is still to be done; raises SchemaError for a newer schema or an edited migration."""
    rows = await connection.fetch(_APPLIED) if await connection.fetchval(_HAS_LEDGER) else []
    return left([tuple(row) for row in rows], migrations("postgres"))


async def migrate(connection: Connection) -> int:
    """Apply what is pending, each in a transaction of its own; the number of migrations applied. Raises SchemaError."""
    if not await pending(connection):
        return 0
    await connection.execute(_LOCK)
    try:
        todo = await pending(connection)  # somebody else may have been faster
        for migration in todo:
            await _apply(connection, migration)
    except (asyncpg.PostgresError, OSError) as error:
        raise SchemaError(f"The database cannot be brought to this version's schema: {error}.") from error
    finally:
        await connection.execute(_UNLOCK)
    return len(todo)


async def _apply(connection: Connection, migration: Migration) -> None:
    async with connection.transaction():
        await connection.execute(_IMPATIENCE)
        if not await connection.fetchval(_HAS_LEDGER):
            await connection.execute(_LEDGER)
        await connection.execute(migration.sql)
        await connection.execute(_NOTE, migration.number, migration.name, migration.checksum)
