"""What readiness looks at, and how often it writes to find out."""

from datetime import timedelta
from pathlib import Path

from ostiary.app.readiness import MOST_QUEUED, Readiness
from ostiary.effects import SystemEffects
from ostiary.errors import Unavailable
from ostiary.storage.memory import MemoryStore
from ostiary.storage.port import Changes, Saved
from tests.postgres import Postgres


class _Counting(MemoryStore):
    """Counts its saves, and refuses them when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.saves = 0
        self.refuses = False

    async def save(self, changes: Changes) -> Saved:
        self.saves += 1
        if self.refuses:
            raise Unavailable("storage.stopped", "The database cannot be written")
        return await super().save(changes)


async def test_probe(tmp_path: Path) -> None:
    """It writes at most once a second while all is well, and each time while it is not."""
    store = _Counting()
    readiness = Readiness(store, SystemEffects(), tmp_path, lambda: 0)
    assert await readiness.problems() == []
    assert await readiness.problems() == []
    assert store.saves == 1
    broken = _Counting()
    broken.refuses = True
    readiness = Readiness(broken, SystemEffects(), tmp_path, lambda: 0)
    assert await readiness.problems() == ["the database cannot be written"]
    broken.refuses = False
    assert await readiness.problems() == []


async def test_leaving_and_queue(tmp_path: Path) -> None:
    """Who leaves is not ready, and writes no more to find out; nor is who has too much to write."""
    store = _Counting()
    readiness = Readiness(store, SystemEffects(), tmp_path, lambda: 0)
    assert readiness.is_ready()
    readiness.leaving = "the server is leaving"
    assert await readiness.problems() == ["the server is leaving"]
    assert (readiness.is_ready(), store.saves) == (False, 0)
    late = Readiness(store, SystemEffects(), tmp_path, lambda: MOST_QUEUED + 1)
    assert await late.problems() == ["too many writes wait"]


async def test_clock(tmp_path: Path, postgres: Postgres) -> None:
    """Whose clock is more than half a minute from the database's is not ready, until it is set; unless tests move it."""
    store = await postgres.empty_store()
    effects = SystemEffects()
    readiness = Readiness(store, effects, tmp_path, lambda: 0)
    moved = Readiness(store, effects, tmp_path, lambda: 0, compares_clocks=False)
    effects.advance(timedelta(seconds=25))
    assert await readiness.problems() == []
    effects.advance(timedelta(seconds=10))
    for _ in range(2):
        assert await readiness.problems() == ["the clock is +35 s from the database's"]
    assert await moved.problems() == []
    await store.close()
