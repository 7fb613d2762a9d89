"""What readiness looks at, and how often it writes to find out."""

from pathlib import Path

from ostiary.app.readiness import MOST_QUEUED, Readiness
from ostiary.effects import SystemEffects
from ostiary.errors import Unavailable
from ostiary.storage.memory import MemoryStore
from ostiary.storage.port import Changes, Saved


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
