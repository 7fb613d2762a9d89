"""Guesses at what users prove themselves with, counted as sessions count theirs: on the same counters.

A counter is judged by the store in commit order, so no number of parallel requests has more guesses judged than the
budget allows (invariant I7).
"""

from ostiary.core.audit import detail
from ostiary.core.factor import GUESSES_KEPT, Factor, guess_key, guess_limit, locks_user
from ostiary.core.policy import LockoutPolicy
from ostiary.core.user import USER, User, UserState
from ostiary.errors import OstiaryError
from ostiary.storage.port import Audit, Budget, BudgetSpent, Changes
from ostiary.users.context import Context, Draft


class Guesses:
    """The budgets of users' factors."""

    def __init__(self, context: Context) -> None:
        """Counters live in the store."""
        self._context = context

    async def policy(self, user: User) -> LockoutPolicy:
        """What holds for the user."""
        return await self._context.cache.policy(LockoutPolicy, user.organization_id)

    def budget(self, user_id: str, factor: Factor, policy: LockoutPolicy, add: int) -> Budget:
        """There must be room for a guess; it takes ``add``."""
        now = self._context.effects.now()
        limit = guess_limit(policy, factor.limit)
        return Budget(guess_key(user_id, factor.kind), now, now + GUESSES_KEPT, limit, add)

    async def count(
        self, user_id: str, factor: Factor, policy: LockoutPolicy, audit: Audit | None = None
    ) -> int:
        """Take one guess durably; the failed attempts with it. Raises the factor's ``blocked``."""
        budget = self.budget(user_id, factor, policy, add=1)
        try:
            saved = await self._context.store.save(Changes(budgets=(budget,), audit=audit))
        except BudgetSpent:
            raise await self.blocked(user_id, factor, policy) from None
        return saved.counters[budget.key]

    async def blocked(self, user_id: str, factor: Factor, policy: LockoutPolicy) -> OstiaryError:
        """The answer once the budget is spent; a policy stricter than the hard limit locks the user with it."""
        limit = guess_limit(policy, factor.limit)
        await self.lock_if_due(user_id, factor, policy, limit)
        return factor.blocked(limit)

    async def refused(
        self, user: User, factor: Factor, policy: LockoutPolicy, attempts: int, refusal: OstiaryError
    ) -> OstiaryError:
        """The refusal of a wrong guess, with the failed attempts it was; the user is locked if that is due."""
        await self.lock_if_due(user.id, factor, policy, attempts)
        if refusal.failed_attempts is not None:
            refusal.failed_attempts = attempts
        return refusal

    def trace(self, actor_id: str, user_id: str, factor: Factor) -> Audit:
        """The audit record of a wrong guess."""
        facts = detail(factor=factor.kind)
        return Audit(self._context.effects.now(), actor_id, "user.proof_refused", user_id, facts)

    async def lock_if_due(
        self, user_id: str, factor: Factor, policy: LockoutPolicy, failed_attempts: int
    ) -> None:
        """Lock the user when the policy says so; the budget already holds, so a crash before this lets nobody in."""
        if not locks_user(policy, factor.limit, failed_attempts):
            return

        async def attempt(_: int) -> tuple[Changes | None, None]:
            user = await self._context.store.get(USER, user_id)
            if user is None or user.state is not UserState.ACTIVE:
                return None, None
            draft = Draft(user, user.version, self._context.effects.now())
            draft.set(state=UserState.LOCKED)
            return draft.changes(user_id, "user.locked", raises_generation=True, factor=factor.kind), None

        await self._context.carry_out(attempt)
