"""Counting guesses: before slow evidence is judged, and in the save of everything else."""

import msgspec

from ostiary.core.audit import detail
from ostiary.core.factor import Factor, challenge_key, guess_key, guess_limit, locks_user
from ostiary.core.guess_limit import fast_limits, guess_counters, network_limits
from ostiary.core.network import public_network_of
from ostiary.core.policy import LockoutPolicy
from ostiary.core.rate_limit import is_rate_limit, too_often
from ostiary.core.session import Session
from ostiary.core.user import USER, User, UserState
from ostiary.effects import Effects
from ostiary.errors import OstiaryError
from ostiary.sessions.decide import Decision
from ostiary.storage.budgets import count_slow_guess, guess_budget, rate_budgets, slow_down
from ostiary.storage.port import Audit, Budget, BudgetSpent, Changes, Conflict, Put, Store

TRIES = 5


class Guesses:
    """The budgets of users' factors."""

    def __init__(self, store: Store, effects: Effects, *, counts_networks: bool) -> None:
        """Counters live in the store. ``counts_networks``: guesses are also counted by where they come from."""
        self._store = store
        self._effects = effects
        self._counts_networks = counts_networks

    async def count_first(
        self,
        user_id: str,
        factor: Factor,
        policy: LockoutPolicy,
        before: Session,
        guarded: Changes = Changes(),  # noqa: B008  a frozen value
    ) -> int:
        """Take one guess durably before it is judged; the failed attempts with it.

        Raises the factor's ``blocked``, ResourceExhausted guess.too_soon, and Conflict when what guards it does not hold: the
        policy is not what it was.
        """
        now, network = self._effects.now(), self.network(before)
        try:
            return await count_slow_guess(self._store, user_id, factor, policy, now, network, guarded)
        except BudgetSpent:
            raise await self.blocked(user_id, factor, policy) from None

    async def wrong(
        self, user_id: str, factor: Factor, policy: LockoutPolicy, failed_attempts: int, before: Session
    ) -> None:
        """What follows a wrong guess: a pause, a lock."""
        if factor.slow:
            now, network = self._effects.now(), self.network(before)
            await slow_down(self._store, user_id, factor, failed_attempts, now, network)
        await self.lock_if_due(user_id, factor, policy, failed_attempts)

    def network(self, session: Session) -> str:
        """From where a session is used, as the login UI said when it was made; empty if that is not counted."""
        return public_network_of(session.user_agent.ip) if self._counts_networks else ""

    def of_decision(
        self, user_id: str, before: Session, decision: Decision, policy: LockoutPolicy
    ) -> tuple[Budget, ...]:
        """Room for every guess that was judged, of user, challenge and network; the wrong fast one takes its own.

        A slow one was counted before, so with it the counter may be at the limit; above it only when limits were
        lowered since.
        """
        if not decision.passed and decision.guessed is None:
            return ()
        now = self._effects.now()
        passed = [factor for factor in decision.passed if factor.guessable]
        fast = [(factor, 0) for factor in passed if not factor.slow]
        if decision.guessed is not None and not decision.guessed.slow:
            fast.append((decision.guessed, 1))
        budgets = [guess_budget(user_id, factor, policy, now, add) for factor, add in fast]
        budgets += [_counted(guess_budget(user_id, one, policy, now, 0)) for one in passed if one.slow]
        network = self.network(before) if fast else ""
        for factor, add in fast:
            budgets += self._of_challenges(before, factor, add)
            limits = (*fast_limits(user_id, factor, now), *network_limits(network, factor, now))
            budgets += rate_budgets(limits, now, add)
        return tuple(budgets)

    def counters(self, user_id: str, factor: Factor) -> tuple[str, ...]:
        """Those that a verified factor clears."""
        return guess_counters(user_id, factor, self._effects.now())

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
        """The answer once a counter is at its limit: a window's, the challenge's, or the user's."""
        if is_rate_limit(key):
            return too_often(key, self._effects.now())
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


def _counted(budget: Budget) -> Budget:
    return msgspec.structs.replace(budget, limit=budget.limit + 1)
