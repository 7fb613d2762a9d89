"""Guesses at what users prove themselves with, counted as sessions count theirs: on the same counters."""

from ostiary.core.audit import detail
from ostiary.core.factor import Factor, guess_key, guess_limit, locks_user
from ostiary.core.guess_limit import fast_limits, guess_counters
from ostiary.core.policy import LockoutPolicy
from ostiary.core.rate_limit import is_rate_limit, too_often
from ostiary.core.user import USER, User, UserState
from ostiary.errors import OstiaryError
from ostiary.storage.budgets import count_slow_guess, guess_budget, rate_budgets, slow_down
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

    def room(self, user_id: str, factor: Factor, policy: LockoutPolicy, add: int) -> tuple[Budget, ...]:
        """There must be room for a fast guess; it takes ``add``."""
        now = self._context.effects.now()
        guess = guess_budget(user_id, factor, policy, now, add)
        return (guess, *rate_budgets(fast_limits(user_id, factor, now), now, add))

    def counters(self, user_id: str, factor: Factor) -> tuple[str, ...]:
        """Those that are cleared once a factor is verified, set anew, or taken away."""
        return guess_counters(user_id, factor, self._context.effects.now())

    async def count(
        self, user_id: str, factor: Factor, policy: LockoutPolicy, audit: Audit, generation: int
    ) -> int:
        """Take one wrong fast guess durably; the failed attempts with it.

        ``generation`` is that of the policy. Raises the factor's ``blocked``, ResourceExhausted guess.too_soon, Conflict.
        """
        budgets = self.room(user_id, factor, policy, add=1)
        changes = Changes(budgets=budgets, audit=audit, generation=generation)
        try:
            saved = await self._context.store.save(changes)
        except BudgetSpent as spent:
            raise await self.spent(spent.key, user_id, factor, policy) from None
        return saved.counters[budgets[0].key]

    async def count_first(self, user_id: str, factor: Factor, policy: LockoutPolicy, generation: int) -> int:
        """Take one slow guess durably before it is judged; as ``count``."""
        store, now, guarded = self._context.store, self._context.effects.now(), Changes(generation=generation)
        try:
            return await count_slow_guess(store, user_id, factor, policy, now, guarded=guarded)
        except BudgetSpent:
            raise await self.blocked(user_id, factor, policy) from None

    async def require_not_above(self, user: User, factor: Factor) -> None:
        """Raise the factor's ``blocked`` when limits were lowered, since a guess was counted, to less than were counted."""
        policy = await self.policy(user)
        counted = await self._context.store.counter(
            guess_key(user.id, factor.kind), self._context.effects.now()
        )
        if counted > guess_limit(policy, factor.limit):
            raise await self.blocked(user.id, factor, policy)

    async def spent(self, key: str, user_id: str, factor: Factor, policy: LockoutPolicy) -> OstiaryError:
        """The answer once a counter is at its limit: a window's, or the budget's."""
        if is_rate_limit(key):
            return too_often(key, self._context.effects.now())
        return await self.blocked(user_id, factor, policy)

    async def blocked(self, user_id: str, factor: Factor, policy: LockoutPolicy) -> OstiaryError:
        """The answer once the budget is spent; a policy stricter than the hard limit locks the user with it."""
        limit = guess_limit(policy, factor.limit)
        await self.lock_if_due(user_id, factor, policy, limit)
        return factor.blocked(limit)

    async def refused(
        self, user: User, factor: Factor, policy: LockoutPolicy, attempts: int, refusal: OstiaryError
    ) -> OstiaryError:
        """The refusal of a wrong guess, with the failed attempts it was; a pause begins, the user is locked, if that is due."""
        if factor.slow:
            context = self._context
            await slow_down(context.store, user.id, factor, attempts, context.effects.now())
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
