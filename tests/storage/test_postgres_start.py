"""Starts on a PostgreSQL that does not let us, or not yet: waited for, or told in words."""

import asyncio
from collections.abc import Iterator

import asyncpg
import pytest

from ostiary.storage.migrate import SchemaError
from ostiary.storage.postgres.look import look
from ostiary.storage.postgres.store import open_store
from tests.postgres import Postgres

_UNDO = "DELETE FROM schema_migration WHERE name = 'known_devices'; DROP TABLE known_device"


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """One that flushes to its disk, as the doctor wants it."""
    with Postgres() as own:
        own.stop()
        own.start(fsync="on")
        yield own


@pytest.fixture
async def url(postgres: Postgres) -> str:
    """A database of this version."""
    url = postgres.new_database()
    await (await open_store(url, "me")).close()
    return url


@pytest.mark.parametrize("right", ["", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO {}"])
async def test_a_role_without_rights(postgres: Postgres, url: str, right: str) -> None:
    """A role that may not write, or not even read, is refused in words; the doctor says so too."""
    role = f"weak{len(right)}"
    postgres.sql(url, f"CREATE ROLE {role} LOGIN")
    if right:
        postgres.sql(url, right.format(role))
    weak = url.replace("postgres@", f"{role}@")
    with pytest.raises(SchemaError, match=r"cannot be used: permission denied for table \w+\.$") as refused:
        await open_store(weak, "weak")
    assert (await look(weak)).wrong == ("" if right else str(refused.value))


async def test_a_migration_waits_for_its_turn(postgres: Postgres, url: str) -> None:
    """Whoever works on a table for a while keeps no new version from starting; it holds up others for half a second."""
    postgres.sql(url, _UNDO)
    connection = await asyncpg.connect(url)
    await connection.execute("BEGIN; LOCK TABLE schema_migration IN SHARE MODE")
    starting = asyncio.ensure_future(open_store(url, "new"))
    await asyncio.sleep(1.5)
    assert not starting.done()
    await connection.close()
    await (await starting).close()


async def test_a_connection_that_ends_before_the_migration(postgres: Postgres, url: str) -> None:
    """It is told in words, and the next start goes on."""
    postgres.sql(url, _UNDO)
    connection = await asyncpg.connect(url)
    await connection.execute("SELECT pg_advisory_lock(hashtextextended('ostiary migration', 0))")
    starting = asyncio.ensure_future(open_store(url, "new"))
    await asyncio.sleep(0.5)
    ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ostiary'"
    await connection.execute(f"{ended} AND datname = current_database()")
    with pytest.raises(SchemaError, match="cannot be brought to this version's schema"):
        await starting
    await connection.close()
    await (await open_store(url, "newer")).close()
