"""Every store, empty; a new one is added here and must keep the whole contract."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest

from ostiary.storage.memory import MemoryStore
from ostiary.storage.port import Store
from ostiary.storage.sqlite import SqliteStore


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the database is."""
    return tmp_path / "ostiary.db"


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, file: Path) -> AsyncIterator[Store]:
    """An empty store."""
    opened: Store = MemoryStore() if request.param == "memory" else SqliteStore(file)
    yield opened
    await opened.close()


@pytest.fixture
async def sqlite(file: Path) -> AsyncIterator[SqliteStore]:
    """An empty SQLite store."""
    opened = SqliteStore(file)
    yield opened
    await opened.close()


@pytest.fixture
def audits(store: Store, file: Path) -> Callable[[], list[str]]:
    """The actions that were recorded, in order; the port does not read them back."""

    def read() -> list[str]:
        if isinstance(store, MemoryStore):
            return [audit.action for audit in store.audits]
        with closing(sqlite3.connect(file)) as connection:
            return [row[0] for row in connection.execute("SELECT action FROM audit ORDER BY id")]

    return read
