"""Counting guesses: before slow evidence is judged, and in the save of everything else.

A counter is judged by the store in commit order, so no number of parallel requests, on any transport, has more guesses
judged than the budget allows (invariant I7).
"""

import msgspec

from ostiary.core.audit import detail
from ostiary.core.factor import GUESSES_KEPT, Factor, challenge_key, guess_key, guess_limit, locks_user
from ostiary.core.policy import LockoutPolicy
from ostiary.core.session import Session
from ostiary.core.user import USER, User, UserState
from ostiary.effects import Effects
from ostiary.errors import OstiaryError
from ostiary.sessions.decide import Decision
from ostiary.storage.port import Audit, Budget, BudgetSpent, Changes, Conflict, Expect, Put, Store

TRIES = 5


class Guesses:
    """The budgets of users' factors."""

    def __init__(self, store: Store, effects: Effects) -> None:
        """Counters live in the store."""
        self._store = store
        self._effects = effects

    def budget(self, user_id: str, factor: Factor, policy: LockoutPolicy, add: int) -> Budget:
        """There must be room for a guess; it takes ``add``."""
        now = self._effects.now()
        return Budget(
            guess_key(user_id, factor.kind), now, now + GUESSES_KEPT, guess_limit(policy, factor.limit), add
        )

    async def count_first(
        self,
        user_id: str,
        factor: Factor,
        policy: LockoutPolicy,
        generation: int | None = None,
        expects: tuple[Expect, ...] = (),
    ) -> int:
        """Take one guess durably before it is judged; the failed attempts with it.

        Raises the factor's ``blocked``, and Conflict when the policy is not what it was at the generation, or in the
        expected rows.
        """
        budget = self.budget(user_id, factor, policy, add=1)
        try:
            saved = await self._store.save(Changes(budgets=(budget,), expects=expects, generation=generation))
        except BudgetSpent:
            raise await self.blocked(user_id, factor, policy) from None
        return saved.counters[budget.key]

    def of_decision(
        self, user_id: str, before: Session, decision: Decision, policy: LockoutPolicy
    ) -> tuple[Budget, ...]:
        """Room for every guess that was judged, of the user and of its challenge; the wrong fast one takes its own.

        A slow one was counted before, so with it the counter may be at the limit; above it only when limits were
        lowered since.
        """
        fast = [(factor, 0) for factor in decision.passed if not factor.slow]
        if decision.guessed is not None and not decision.guessed.slow:
            fast.append((decision.guessed, 1))
        of_user = [self.budget(user_id, factor, policy, add) for factor, add in fast]
        of_user += [self._counted(user_id, factor, policy) for factor in decision.passed if factor.slow]
        return (*of_user, *(b for factor, add in fast for b in self._of_challenges(before, factor, add)))

    def _counted(self, user_id: str, factor: Factor, policy: LockoutPolicy) -> Budget:
        budget = self.budget(user_id, factor, policy, add=0)
        return msgspec.structs.replace(budget, limit=budget.limit + 1)

    def _of_challenges(self, session: Session, factor: Factor, add: int) -> list[Budget]:
        now, tries = self._effects.now(), factor.challenge_tries
        # a challenge with tries of its own replaces the earlier ones: the newest counts
        open_ones = session.challenges.get(factor.kind, ())[-1:] if tries else ()
        return [
            Budget(challenge_key(session.id, factor.kind, one.id), now, one.expires_at, tries, add)
            for one in open_ones
            if one.expires_at > now
        ]

    async def spent(self, key: str, user_id: str, factor: Factor, policy: LockoutPolicy) -> OstiaryError:
        """The answer once a counter is at its limit: the challenge's, or the user's."""
        if factor.exhausted is not None and key != guess_key(user_id, factor.kind):
            return factor.exhausted()
        return await self.blocked(user_id, factor, policy)

    async def blocked(self, user_id: str, factor: Factor, policy: LockoutPolicy) -> OstiaryError:
        """The answer once the budget is spent; a policy stricter than the hard limit locks the user with it."""
        limit = guess_limit(policy, factor.limit)
        await self.lock_if_due(user_id, factor, policy, limit)
        return factor.blocked(limit)

    async def lock_if_due(
        self, user_id: str, factor: Factor, policy: LockoutPolicy, failed_attempts: int
    ) -> None:
        """Lock the user when the policy says so; the budget already holds, so a crash before this lets nobody in."""
        if not locks_user(policy, factor.limit, failed_attempts):
            return
        for _ in range(TRIES):
            user = await self._store.get(USER, user_id)
            if user is None or user.state is not UserState.ACTIVE:
                return
            try:
                await self._store.save(self._locked(user, factor))
            except Conflict:
                continue
            return

    def _locked(self, user: User, factor: Factor) -> Changes:
        now = self._effects.now()
        locked = msgspec.structs.replace(
            user, state=UserState.LOCKED, changed_at=now, version=user.version + 1
        )
        return Changes(
            puts=(Put(USER, locked, user.version),),
            audit=Audit(now, user.id, "user.locked", user.id, detail(factor=factor.kind)),
            raises_generation=True,
        )
