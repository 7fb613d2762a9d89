"""Every store, empty; a new one is added here and must keep the whole contract."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest

from ostiary.storage.memory import MemoryStore
from ostiary.storage.port import Store
from ostiary.storage.postgres.store import PostgresStore
from ostiary.storage.sqlite import SqliteStore
from tests.postgres import Postgres


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the database is."""
    return tmp_path / "ostiary.db"


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, file: Path) -> AsyncIterator[Store]:
    """An empty store."""
    opened: Store
    match request.param:
        case "memory":
            opened = MemoryStore()
        case "sqlite":
            opened = SqliteStore(file)
        case _:
            opened = await request.getfixturevalue("postgres").empty_store()
    yield opened
    await opened.close()


@pytest.fixture
async def sqlite(file: Path) -> AsyncIterator[SqliteStore]:
    """An empty SQLite store."""
    opened = SqliteStore(file)
    yield opened
    await opened.close()


@pytest.fixture
def audits(request: pytest.FixtureRequest, store: Store, file: Path) -> Callable[[], list[str]]:
    """The actions that were recorded, in order; the port does not read them back."""

    def read() -> list[str]:
        if isinstance(store, MemoryStore):
            return [audit.action for audit in store.audits]
        if isinstance(store, PostgresStore):
            postgres: Postgres = request.getfixturevalue("postgres")
            return postgres.sql(postgres.shared, "SELECT action FROM audit ORDER BY id").split()
        with closing(sqlite3.connect(file)) as connection:
            return [row[0] for row in connection.execute("SELECT action FROM audit ORDER BY id")]

    return read
