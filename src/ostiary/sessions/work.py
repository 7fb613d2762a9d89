"""How a change of a session is carried out: the loop around the pure decision.

Slow evidence takes a place in the hash pool first, is counted, and only then judged; what it proved of an unchanged
authenticator is carried over a lost race, not judged or counted again.
"""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from functools import partial
from typing import Final

import msgspec

from ostiary.core.audit import detail
from ostiary.core.factor import Evidence, Factor, Tools, guess_key
from ostiary.core.organization import INSTANCE
from ostiary.core.policy import INSTANCE_OWNER, POLICY, LockoutPolicy, LoginPolicy, policy_id
from ostiary.core.rate_limit import is_rate_limit, too_often
from ostiary.core.secret import SECRET_BYTES, SESSION_TOKEN, new_token
from ostiary.crypto.hash_pool import HashPool
from ostiary.crypto.seal import Sealer
from ostiary.effects import Effects
from ostiary.errors import Aborted, OstiaryError
from ostiary.sessions.change import Changed, SessionChange
from ostiary.sessions.decide import VerdictKey, View, decide
from ostiary.sessions.evidence import read_rows
from ostiary.sessions.guesses import Guesses
from ostiary.sessions.kept_answers import KeptAnswers
from ostiary.sessions.round import Guard, Reading, Round
from ostiary.sessions.saving import Saving
from ostiary.sessions.sign_in_notice import SignInNotices
from ostiary.sessions.strangers import Strangers
from ostiary.sessions.turns import Turns
from ostiary.storage.cache import Cache
from ostiary.storage.port import Audit, BudgetSpent, Changes, Conflict, Expect, Store

Verdicts = Mapping[VerdictKey, Evidence]
_TRIES_IN_TURN: Final = 30  # only other nodes are faster then: of two, each about every other time


class Lost(msgspec.Struct, frozen=True):
    """A try in which somebody else was faster, and what it proved all the same."""

    session_id: str
    verdicts: Verdicts


class Worker:
    """Reads, decides and saves until nobody else was faster."""

    def __init__(
        self,
        store: Store,
        cache: Cache,
        effects: Effects,
        tools: Tools,
        sealer: Sealer,
        pool: HashPool,
        notices: SignInNotices | None = None,
        *,
        counts_networks: bool = True,
    ) -> None:
        """``sealer`` closes kept answers and messages; ``notices`` tell of new devices, if anybody does.

        ``counts_networks`` see ``Guesses``.
        """
        self._notices = notices
        self.store = store
        self.cache = cache
        self.effects = effects
        self._tools = tools
        self.sealer = sealer
        self._pool = pool
        self._guesses = Guesses(store, effects, counts_networks=counts_networks)
        self._kept = KeptAnswers(store, sealer)
        self._saving = Saving(effects, sealer, self._guesses, self._kept)
        self._strangers = Strangers(store, cache, effects, sealer, pool, self._guesses)
        self._turns = Turns()

    async def run(self, reading: Reading, change: SessionChange) -> Changed:
        """The change carried out once; raises the refusal, after its trace is saved."""
        async with self._place(change):
            lost = await self._tried(reading, change, {}, self.cache.generation)
            if isinstance(lost, Changed):
                return lost
            async with self._turns.of(lost.session_id):
                for _ in range(_TRIES_IN_TURN):
                    again = await self._tried(reading, change, lost.verdicts, None)
                    if isinstance(again, Changed):
                        return again
                    lost = again
        raise Aborted("session.busy", "The session is being changed by others", retry_after_s=1)

    async def _tried(
        self, reading: Reading, change: SessionChange, verdicts: Verdicts, generation: int | None
    ) -> Changed | Lost:
        """The answer, unless somebody else was faster."""
        now = self.effects.now()
        kept = await self._kept.of(reading.once, now) if reading.once else None
        if kept is not None and kept.expires_at > now:
            return self._kept.opened(kept)
        view = await self._view(reading, change)
        if change.user is not None and view.user is None:
            actor = reading.caller.user_id
            raise await self._strangers.refusal(change.user, _slow(change), actor, view.session)
        settings = await self._settings(view) if generation is None else ()
        guard = Guard(kept.version if kept else 0, generation, settings)
        try:
            this = await self._decided(reading, change, view, verdicts, guard)
            verdicts = this.decision.verdicts
            return await self._conclude(this)
        except Conflict:
            await self.cache.fresh()
            return Lost(view.session.id, verdicts)

    async def _view(self, reading: Reading, change: SessionChange) -> View:
        """What the change is decided on. What evidence rests on is read last, so that it is not older than the time."""
        view = await reading.read()
        rows = await read_rows(self.store, change)
        return msgspec.structs.replace(view, rows=rows) if rows else view

    async def _settings(self, view: View) -> tuple[Expect, ...]:
        """The versions of the settings that the next decision relies on; read before they are used."""
        owners = (INSTANCE_OWNER, *((view.user.organization_id,) if view.user else ()))
        expects = [Expect(INSTANCE, view.instance.id, view.instance.version)]
        for identifier in (
            policy_id(owner, group) for owner in owners for group in (LockoutPolicy, LoginPolicy)
        ):
            row = await self.cache.get(POLICY, identifier)
            expects.append(Expect(POLICY, identifier, row.version if row else 0))
        return tuple(expects)

    def _place(self, change: SessionChange) -> AbstractAsyncContextManager[None]:
        return self._pool.place() if _slow(change) else nullcontext()

    async def _decided(
        self, reading: Reading, change: SessionChange, view: View, verdicts: Verdicts, guard: Guard
    ) -> Round:
        organization_id = view.user.organization_id if view.user else ""
        policy = await self.cache.policy(LockoutPolicy, organization_id)
        view = msgspec.structs.replace(view, policy=await self.cache.policy(LoginPolicy, organization_id))
        token, token_hash = new_token(SESSION_TOKEN, view.session.id, self.effects.random_bytes(SECRET_BYTES))
        work = partial(decide, change, view, token_hash, self._tools, verdicts)
        slow, attempts = _slow(change), 0
        is_proved = any((a.kind, a.id, a.version) in verdicts for a in view.authenticators)
        if slow is None or view.user is None or is_proved:
            decision = work()
        else:
            guarded = Changes(expects=guard.settings, generation=guard.generation)
            attempts = await self._guesses.count_first(view.user.id, slow[0], policy, view.session, guarded)
            decision = await self._pool.run(work)
        after = decision.session
        told = {factor.wire: begun.answer for factor, begun in decision.begun if begun.answer is not None}
        answer = Changed(after.id, after.version, after.changed_at, token if decision.events else "", told)
        return Round(reading, guard, view, policy, decision, answer, attempts)

    async def _conclude(self, this: Round) -> Changed:
        """Save what was decided, or its refusal's trace; raises the refusal, or Conflict if somebody was faster."""
        if this.decision.refusal is not None:
            raise await self._refused(this, this.decision.refusal)
        if not this.decision.events:
            return this.answer
        try:
            told = await self._notices.of(this.view, this.decision) if self._notices else None
            changes = self._saving.changes(this)
            await self.store.save(told.beside(changes) if told is not None else changes)
        except BudgetSpent as spent:
            if is_rate_limit(spent.key):
                raise too_often(spent.key, this.view.now) from None
            raise await self._guesses.spent(
                spent.key, this.user_id, this.judged_by(spent.key), this.policy
            ) from None
        return this.answer

    async def _refused(self, this: Round, refusal: OstiaryError) -> OstiaryError:
        """The refusal, once the trace of its evidence is saved; what was not judged leaves none."""
        factor = this.decision.traced
        if factor is None:
            return refusal
        actor, facts = this.reading.caller.user_id, detail(factor=factor.kind, id=refusal.id)
        changes = Changes(
            budgets=self._guesses.of_decision(this.user_id, this.view.session, this.decision, this.policy),
            clears=self._saving.cleared(this),
            audit=Audit(this.view.now, actor, "session.refused", this.user_id or this.view.session.id, facts),
        )
        try:
            saved = await self.store.save(changes)
        except BudgetSpent as spent:
            return await self._guesses.spent(spent.key, this.user_id, factor, this.policy)
        if this.decision.guessed is None:
            return refusal
        attempts = saved.counters.get(guess_key(this.user_id, factor.kind), this.attempts)
        await self._guesses.wrong(this.user_id, factor, this.policy, attempts, this.view.session)
        if refusal.failed_attempts is not None:
            refusal.failed_attempts = attempts
        return refusal


def _slow(change: SessionChange) -> tuple[Factor, object] | None:
    return next(((factor, check) for factor, check in change.checks if factor.slow), None)
