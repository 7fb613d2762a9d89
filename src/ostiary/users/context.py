"""What every command of this service works with, and the loop in which it reads, decides and saves."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec

from ostiary.core.audit import detail
from ostiary.core.factor import Factor, Tools
from ostiary.core.rate_limit import is_rate_limit, too_often
from ostiary.core.user import USER, User
from ostiary.crypto.hash_pool import HashPool
from ostiary.crypto.seal import Sealer
from ostiary.effects import Effects
from ostiary.errors import Aborted
from ostiary.storage.cache import Cache
from ostiary.storage.port import (
    Audit,
    Budget,
    BudgetSpent,
    Changes,
    Conflict,
    Expect,
    Message,
    Put,
    Remove,
    Store,
)
from ostiary.users.breach_list import BreachList

TRIES = 5
STEP_UP_LASTS = timedelta(minutes=5)
AnswerT = TypeVar("AnswerT")


@dataclass(frozen=True, slots=True)
class Context:
    """Store and tools. ``factors`` by kind; ``issuer`` names this server in authenticators, ``domain`` is its host.

    ``breaches`` are known passwords, if the server has a list of them. ``step_up_lasts``: so long after a check users may
    change what they prove themselves with.
    """

    store: Store
    cache: Cache
    effects: Effects
    tools: Tools
    sealer: Sealer
    pool: HashPool
    factors: Mapping[str, Factor]
    issuer: str
    domain: str = "localhost"
    breaches: BreachList | None = None
    step_up_lasts: timedelta = STEP_UP_LASTS

    async def carry_out(self, attempt: Callable[[int], Awaitable[tuple[Changes | None, AnswerT]]]) -> AnswerT:
        """The attempt's answer once its changes are saved; tried again while somebody else was faster.

        ``attempt`` is given the generation of the settings. No changes: nothing is saved.
        """
        for _ in range(TRIES):
            try:
                changes, answer = await attempt(await self.cache.fresh())
                if changes is not None:
                    await self.store.save(changes)
            except Conflict:
                continue
            except BudgetSpent as spent:
                if is_rate_limit(spent.key):
                    raise too_often(spent.key, self.effects.now()) from None
                raise
            return answer
        raise Aborted("user.busy", "The user is being changed by others", retry_after_s=1)


@dataclass(slots=True)
class Draft:
    """A user as it becomes, and what is written with it. ``was`` is the version that was read; 0 for a new one.

    The user's row is written with everything it owns, so its version guards all of that against its deletion.
    """

    user: User
    was: int
    now: datetime
    puts: list[Put] = field(default_factory=list)
    removes: list[Remove] = field(default_factory=list)
    expects: list[Expect] = field(default_factory=list)
    clears: list[str] = field(default_factory=list)
    outbox: list[Message] = field(default_factory=list)
    budgets: list[Budget] = field(default_factory=list)

    def set(self, **values: object) -> None:
        """Change fields of the user."""
        self.user = msgspec.structs.replace(self.user, **values)

    def changes(
        self,
        actor_id: str,
        action: str,
        *,
        generation: int | None = None,
        raises_generation: bool = False,
        **facts: str | int | bool | tuple[str, ...],
    ) -> Changes:
        """The save: the user as its next version, what goes with it, and the audit record."""
        self.set(version=self.was + 1, changed_at=self.now)
        return Changes(
            puts=(Put(USER, self.user, self.was), *self.puts),
            removes=tuple(self.removes),
            expects=tuple(self.expects),
            clears=tuple(self.clears),
            budgets=tuple(self.budgets),
            outbox=tuple(self.outbox),
            audit=Audit(self.now, actor_id, action, self.user.id, detail(**facts)),
            generation=generation,
            raises_generation=raises_generation,
        )
