"""Every store, empty; a new one is added here and must keep the whole contract."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from ostiary.storage.memory import MemoryStore
from ostiary.storage.port import Store
from ostiary.storage.sqlite import SqliteStore


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
def audits(store: Store) -> Callable[[], Awaitable[list[str]]]:
    """The actions that were recorded, in order."""

    async def read() -> list[str]:
        return [audited.record.action for audited in reversed(await store.audited(None, 1000))]

    return read
