"""What every command of this service works with, and the loop in which it reads, decides and saves."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from ostiary.core.audit import detail
from ostiary.core.permission import Caller
from ostiary.effects import Effects
from ostiary.errors import Aborted
from ostiary.storage.cache import Cache
from ostiary.storage.port import Audit, Changes, Conflict, Store

TRIES = 8
AnswerT = TypeVar("AnswerT")
Attempt = Callable[[int], Awaitable[tuple[Changes | None, AnswerT]]]


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a list is wanted, and in which order."""

    order: str
    descending: bool
    offset: int
    limit: int


@dataclass(frozen=True, slots=True)
class Context:
    """Store, cache, clock and chance."""

    store: Store
    cache: Cache
    effects: Effects

    async def carry_out(self, attempt: Attempt[AnswerT]) -> AnswerT:
        """The attempt's answer once its changes are saved; tried again while somebody else was faster.

        ``attempt`` is given the generation. No changes: nothing is saved.
        """
        for _ in range(TRIES):
            try:
                changes, answer = await attempt(await self.cache.fresh())
                if changes is not None:
                    await self.store.save(changes)
            except Conflict:
                continue
            return answer
        raise Aborted("project.busy", "Others are changing the same things", retry_after_s=1)


def audit(
    at: datetime, caller: Caller, action: str, object_id: str, **facts: str | int | bool | tuple[str, ...]
) -> Audit:
    """The record of a change."""
    return Audit(at, caller.user_id, action, object_id, detail(**facts))
