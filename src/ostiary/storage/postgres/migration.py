"""Bringing a PostgreSQL database to this version's schema: by one node, under a lock, while others serve."""

import asyncio
from contextlib import suppress
from typing import Final

import asyncpg

from ostiary.storage.migrate import Migration, SchemaError, left, migrations
from ostiary.storage.postgres.connecting import ERRORS, Connection, alone

# Nobody who serves is held up longer by a change of a table that waits for its turn; lists may take seconds.
_IMPATIENCE: Final = "SET LOCAL lock_timeout = '500ms'"
_TURNS: Final = 20
_PAUSE_S: Final = 0.5
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
    try:
        async with alone(connection, "migration"):
            todo = await pending(connection)  # somebody else may have been faster
            for migration in todo:
                await _in_its_turn(connection, migration)
    except ERRORS as error:
        raise SchemaError(f"The database cannot be brought to this version's schema: {error}.") from error
    return len(todo)


async def _in_its_turn(connection: Connection, migration: Migration) -> None:
    for _ in range(_TURNS):
        with suppress(asyncpg.LockNotAvailableError):
            return await _apply(connection, migration)
        await asyncio.sleep(_PAUSE_S)
    raise SchemaError(
        f"Migration {migration.number} ({migration.name}) needs a table that others hold locked: end what works "
        "on the database for long (a backup, somebody's open transaction), then start again."
    )


async def _apply(connection: Connection, migration: Migration) -> None:
    async with connection.transaction():
        await connection.execute(_IMPATIENCE)
        if not await connection.fetchval(_HAS_LEDGER):
            await connection.execute(_LEDGER)
        await connection.execute(migration.sql)
        await connection.execute(_NOTE, migration.number, migration.name, migration.checksum)
