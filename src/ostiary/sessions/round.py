"""One try to change a session: what was read, under which guard, and what was decided."""

from collections.abc import Awaitable, Callable

import msgspec

from ostiary.core.factor import Factor, guess_key
from ostiary.core.idempotency import Once
from ostiary.core.permission import Caller
from ostiary.core.policy import LockoutPolicy
from ostiary.sessions.change import Changed
from ostiary.sessions.decide import Decision, View
from ostiary.storage.port import Expect


class Reading(msgspec.Struct, frozen=True):
    """Whose change it is, what the audit calls it, how to read what it is decided on, and whether it may be repeated."""

    caller: Caller
    action: str
    read: Callable[[], Awaitable[View]]
    once: Once | None = None


class Guard(msgspec.Struct, frozen=True):
    """What a save relies on beside the rows of the session and its user.

    ``replaced`` is the version of an expired kept answer (0: none). The settings are guarded by their generation, or,
    when that moved once for whatever reason, by the versions of those rows that count here.
    """

    replaced: int
    generation: int | None = None
    settings: tuple[Expect, ...] = ()


class Round(msgspec.Struct, frozen=True):
    """One try: what was read, under which guard, and what was decided.

    ``attempts`` are the failed attempts including one that was counted before slow evidence was judged.
    """

    reading: Reading
    guard: Guard
    view: View
    policy: LockoutPolicy
    decision: Decision
    answer: Changed
    attempts: int

    @property
    def user_id(self) -> str:
        """Whose budgets are at stake; empty without a user."""
        return self.view.user.id if self.view.user else ""

    def judged_by(self, key: str) -> Factor:
        """The factor whose budget that is: its user's, or its challenge's."""
        passed = self.decision.passed
        own = (factor for factor in passed if guess_key(self.user_id, factor.kind) == key)
        return next(own, None) or next(factor for factor in passed if not factor.slow)
