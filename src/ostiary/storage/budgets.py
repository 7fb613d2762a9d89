"""Guesses at what users prove themselves with, counted; shared by the services that judge them.

A counter is judged by the store in commit order, so no number of parallel requests, on any transport, has more guesses
judged than the budget allows (invariant I7).
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from math import ceil

import msgspec

from ostiary.core.factor import GUESSES_KEPT, Factor, guess_key, guess_limit
from ostiary.core.guess_limit import network_limits, pause_after, pause_key
from ostiary.core.policy import LockoutPolicy
from ostiary.core.rate_limit import RateLimit, is_rate_limit, too_often, too_soon
from ostiary.storage.port import Budget, BudgetSpent, Changes, Store


def guess_budget(user_id: str, factor: Factor, policy: LockoutPolicy, now: datetime, add: int) -> Budget:
    """There must be room for a guess in a row; it takes ``add``."""
    limit = guess_limit(policy, factor.limit)
    return Budget(guess_key(user_id, factor.kind), now, now + GUESSES_KEPT, limit, add)


def rate_budgets(limits: Iterable[RateLimit], now: datetime, add: int) -> list[Budget]:
    """There must be room in each; it takes ``add``."""
    return [Budget(one.key, now, one.ends_at, one.limit, add) for one in limits]


async def count_slow_guess(
    store: Store,
    user_id: str,
    factor: Factor,
    policy: LockoutPolicy,
    now: datetime,
    network: str = "",
    guarded: Changes = Changes(),  # noqa: B008  a frozen value
) -> int:
    """Take one guess durably before it is judged; the failed attempts with it.

    ``guarded`` says what else must hold. Raises BudgetSpent when none is left, ResourceExhausted guess.too_soon while nothing is
    judged, Conflict.
    """
    guess = guess_budget(user_id, factor, policy, now, add=1)
    pause = Budget(pause_key(user_id, factor.kind), now, now, limit=1)
    elsewhere = rate_budgets(network_limits(network, factor, now), now, add=0)
    changes = msgspec.structs.replace(guarded, budgets=(guess, pause, *elsewhere))
    try:
        return (await store.save(changes)).counters[guess.key]
    except BudgetSpent as spent:
        if is_rate_limit(spent.key):
            raise too_often(spent.key, now) from None
        if spent.key == pause.key:
            ends_at = datetime.fromtimestamp(await store.counter(pause.key, now), UTC)
            raise too_soon(ends_at, now) from None
        raise


async def slow_down(
    store: Store, user_id: str, factor: Factor, failed: int, now: datetime, network: str = ""
) -> None:
    """What follows a wrong slow guess: it counts for its network, and after so many in a row nothing is judged for a while.

    A pause that has begun goes on.
    """
    of_network = [one._replace(limit=0) for one in network_limits(network, factor, now)]
    counted = rate_budgets(of_network, now, add=1)
    until = now + pause_after(failed)
    pause = Budget(pause_key(user_id, factor.kind), now, until, limit=1, add=ceil(until.timestamp()))
    try:
        if until > now:
            await store.save(Changes(budgets=(pause, *counted)))
            return
    except BudgetSpent:
        pass
    if counted:
        await store.save(Changes(budgets=tuple(counted)))
