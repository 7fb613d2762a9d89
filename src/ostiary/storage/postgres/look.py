"""A look at a PostgreSQL database that changes nothing in it."""

from ostiary.core.organization import INSTANCE, INSTANCE_KEY
from ostiary.storage.look import Look
from ostiary.storage.migrate import SchemaError
from ostiary.storage.postgres.connecting import Connection, connect_first, in_words
from ostiary.storage.postgres.migration import pending
from ostiary.storage.statements import from_sql, statements_of

_INSTANCE = 'SELECT data FROM "instance" WHERE id = $1'
_NEWEST = "SELECT at FROM audit ORDER BY id DESC LIMIT 1"


async def look(url: str) -> Look:
    """Whether it can be used, schema, instance, time of the newest change."""
    try:
        connection = await connect_first(url, {})
    except SchemaError as error:
        return Look(str(error))
    try:
        with in_words(url):
            return await _seen(connection)
    except SchemaError as error:
        return Look(str(error))
    finally:
        await connection.close()


async def _seen(connection: Connection) -> Look:
    if await connection.fetchval("SHOW fsync") == "off":
        return Look(
            "The database server does not flush to its disk (fsync = off): a power cut would lose it."
        )
    behind = len(await pending(connection))
    if await connection.fetchval("SELECT to_regclass('instance') IS NULL"):
        return Look(behind=behind)
    data = await connection.fetchval(_INSTANCE, INSTANCE_KEY)
    newest = await connection.fetchval(_NEWEST)
    return Look(
        behind=behind,
        instance=statements_of(INSTANCE).decode(data) if data else None,
        changed_at=from_sql(newest) if newest else None,
    )
