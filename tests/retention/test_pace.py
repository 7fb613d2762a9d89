"""A great many sessions expire at once: they go within a minute, and nobody waits for it (R-32)."""

import asyncio
import time
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest

from ostiary.core.session import ENDED_SESSION, SESSION, Session
from ostiary.effects import SystemEffects
from ostiary.retention.cleaning import Cleaner
from ostiary.retention.rules import kept_of_days
from ostiary.storage.bulk import load
from ostiary.storage.port import Changes, Listing, Put
from ostiary.storage.sqlite import SqliteStore

OLD: Final = 100_000
WRITERS: Final = 16
PAUSE_S: Final = 0.04
LONGEST_S: Final = 60
HELD_UP_S: Final = 0.1  # so much longer, at most, may writes take (99 of 100)


class Writers:
    """Clients that create sessions at a steady rate, and how long each waited."""

    def __init__(self, store: SqliteStore, effects: SystemEffects) -> None:
        """Nobody writes."""
        self._store = store
        self._effects = effects
        self._numbers = count()

    async def beside(self, work: Any) -> float:
        """How long 99 of 100 writes took at most while that was done, in seconds."""
        waited: list[float] = []
        writers = [asyncio.create_task(self._write(waited)) for _ in range(WRITERS)]
        await work
        for writer in writers:
            writer.cancel()
        await asyncio.gather(*writers, return_exceptions=True)
        return sorted(waited)[int(len(waited) * 0.99)]

    async def _write(self, waited: list[float]) -> None:
        while True:
            began, now = time.monotonic(), self._effects.now()
            row = Session(
                f"9{next(self._numbers):018}", now, now, "900", expires_at=now + timedelta(days=1), version=1
            )
            await self._store.save(Changes(puts=(Put(SESSION, row),)))
            waited.append(time.monotonic() - began)
            await asyncio.sleep(PAUSE_S)


@pytest.mark.nightly
async def test_many_at_once(tmp_path: Path) -> None:
    """A hundred thousand of them beside writers."""
    effects = SystemEffects()
    then = effects.now() - timedelta(days=20)
    file = tmp_path / "ostiary.db"
    await SqliteStore(file).close()
    rows = (
        Session(f"{n:019}", then, then, "900", f"{n // 20:019}".encode(), expires_at=then, version=1)
        for n in range(OLD)
    )
    load(file, ((SESSION, rows),))
    store = SqliteStore(file)
    writers = Writers(store, effects)
    usual_s = await writers.beside(asyncio.sleep(10))
    began = time.monotonic()
    cleaner = Cleaner(store, effects, kept_of_days(7, 30, 30, 365))
    waited_s = await writers.beside(cleaner.clean())
    took_s = time.monotonic() - began
    assert (await store.page(Listing(ENDED_SESSION, limit=1))).total == OLD
    await store.close()
    assert took_s < LONGEST_S
    assert waited_s < usual_s + HELD_UP_S
