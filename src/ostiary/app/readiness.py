"""Whether this server can do its work now. Red readiness tells balancers; it never ends the process."""

import asyncio
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

from ostiary.effects import Effects
from ostiary.errors import OstiaryError
from ostiary.storage.port import Budget, Changes, Store

PROBE_FRESH: Final = timedelta(seconds=1)
PROBE_LIMIT_S: Final = 1.0
LEAST_FREE: Final = 0.05
MOST_QUEUED: Final = 10_000
MOST_APART: Final = timedelta(seconds=30)
_PROBE: Final = "probe:ready"


class Readiness:
    """Judges on being asked. ``leaving`` is set once, when the server drains or has failed."""

    def __init__(
        self,
        store: Store,
        effects: Effects,
        folder: Path,
        queued: Callable[[], int],
        *,
        compares_clocks: bool = True,
    ) -> None:
        """``queued`` counts the saves that wait; a clock that tests move is not to be compared with the database's."""
        self._store = store
        self._effects = effects
        self._folder = folder
        self._queued = queued
        self._compares_clocks = compares_clocks
        self._probed_at = effects.now() - 2 * PROBE_FRESH
        self.leaving = ""

    def is_ready(self) -> bool:
        """Without asking the database."""
        return not self.leaving

    async def problems(self) -> list[str]:
        """What is wrong, in words; empty when ready."""
        found = [self.leaving] if self.leaving else []
        usage = shutil.disk_usage(self._folder)
        if usage.free < usage.total * LEAST_FREE:
            found.append("the disk is nearly full")
        if self._queued() > MOST_QUEUED:
            found.append("too many writes wait")
        if not self.leaving:
            found += await self._probe()
        return found

    async def _probe(self) -> list[str]:
        """Write something small, unless that was done within a second."""
        now = self._effects.now()
        if now - self._probed_at < PROBE_FRESH:
            return []
        probe = Budget(_PROBE, now, now + timedelta(hours=1), add=1)
        try:
            async with asyncio.timeout(PROBE_LIMIT_S):
                await asyncio.shield(asyncio.ensure_future(self._store.save(Changes(budgets=(probe,)))))
                apart = await self._apart()
        except (OstiaryError, TimeoutError):
            return ["the database cannot be written"]
        if abs(apart) > MOST_APART:
            return [f"the clock is {apart.total_seconds():+.0f} s from the database's"]
        self._probed_at = now
        return []

    async def _apart(self) -> timedelta:
        """How far our clock is ahead of the one that all nodes share."""
        theirs = await self._store.clock() if self._compares_clocks else None
        return self._effects.now() - theirs if theirs else timedelta(0)
