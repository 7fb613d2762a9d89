"""The cleaner: takes away what is over, a few rows at a time, and rests in between so that nobody waits for it."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from ostiary.core.session import SESSION
from ostiary.effects import Effects, stopwatch
from ostiary.errors import Unavailable
from ostiary.retention.rules import Kept, sweeps
from ostiary.sessions.expiry import Expiry
from ostiary.storage.port import Budget, BudgetSpent, Changes, Store, Sweep

_TURN: Final = "turn:clean"
_LEAST_REST_S: Final = 0.02
_REST: Final = 1.0  # times what the step took: half of the time the database is others' alone
Rest = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Cleaner:
    """Cleans one store. ``rest`` is what it does between two steps, for so many seconds."""

    store: Store
    effects: Effects
    kept: Kept
    rest: Rest = asyncio.sleep

    async def run(self, every: timedelta) -> None:
        """For ever. Of several processes one cleans; where the database fails, the next turn goes on."""
        while True:
            try:
                if await self._is_mine(every):
                    await self.clean()
            except Unavailable:
                pass
            await self.rest(every.total_seconds())

    async def clean(self) -> Counter[str]:
        """Everything that is over by now; how many rows of each kind went. Raises Unavailable."""
        now = self.effects.now()
        removed: Counter[str] = Counter()
        if self.kept.expired_sessions is not None:
            removed[SESSION.name] = await self._expired_sessions(now - self.kept.expired_sessions)
        for name, sweep in sweeps(self.kept, now):
            removed[name] = await self._swept(sweep)
        return +removed

    async def _is_mine(self, every: timedelta) -> bool:
        """Whether nobody else has cleaned since the last turn."""
        now = self.effects.now()
        turn = Budget(_TURN, now, now + every / 2, limit=1, add=1)
        try:
            await self.store.save(Changes(budgets=(turn,)))
        except BudgetSpent:
            return False
        return True

    async def _swept(self, sweep: Sweep) -> int:
        removed = 0
        while True:
            began = stopwatch()
            swept = await self.store.sweep(sweep)
            removed += swept.removed
            if swept.after is None:
                return removed
            sweep = msgspec.structs.replace(sweep, after=swept.after)
            await self._rested(began)

    async def _expired_sessions(self, before: datetime) -> int:
        expiry = Expiry(self.store, before, self.effects.now())
        while not expiry.is_done:
            began = stopwatch()
            await expiry.step()
            await self._rested(began)
        return expiry.moved

    async def _rested(self, began: float) -> None:
        await self.rest(max(_LEAST_REST_S, _REST * (stopwatch() - began)))
