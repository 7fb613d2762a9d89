"""How a change of a session is carried out: the loop around the pure decision.

Slow evidence takes a place in the hash pool first, is counted, and only then judged; what it proved of an unchanged
authenticator is carried over a lost race, not judged or counted again.
"""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from functools import partial
from typing import Final

import msgspec

from ostiary.core.audit import detail, session_detail
from ostiary.core.factor import Evidence, Factor, Tools, guess_key
from ostiary.core.idempotency import IDEMPOTENT_ANSWER, KEPT, IdempotentAnswer, Once, check_same_request
from ostiary.core.notification import encode_notification, sealing_context
from ostiary.core.organization import INSTANCE, ORGANIZATION
from ostiary.core.permission import Caller
from ostiary.core.policy import INSTANCE_OWNER, POLICY, LockoutPolicy, LoginPolicy, policy_id
from ostiary.core.rate_limit import is_rate_limit, too_often
from ostiary.core.secret import SECRET_BYTES, SESSION_TOKEN, new_token
from ostiary.core.send_limit import send_limits
from ostiary.core.session import SESSION
from ostiary.core.user import AUTHENTICATOR, USER, Authenticator
from ostiary.crypto.hash_pool import HashPool
from ostiary.crypto.seal import Sealer
from ostiary.effects import Effects
from ostiary.errors import Aborted, NotFound, OstiaryError
from ostiary.sessions.change import Changed, SessionChange
from ostiary.sessions.decide import Decision, VerdictKey, View, decide
from ostiary.sessions.evidence import expects_of, puts_of, read_rows
from ostiary.sessions.guesses import Guesses
from ostiary.sessions.sign_in_notice import SignInNotices, Told
from ostiary.sessions.turns import Turns
from ostiary.storage.budgets import rate_budgets
from ostiary.storage.cache import Cache
from ostiary.storage.port import Audit, Budget, BudgetSpent, Changes, Conflict, Expect, Message, Put, Store

Verdicts = Mapping[VerdictKey, Evidence]
_TRIES_IN_TURN: Final = 30  # only other nodes are faster then: of two, each about every other time


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
        """``sealer`` closes kept answers, for they carry tokens; ``notices`` tell of new devices, if anybody does.

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
        kept = await self._kept(reading.once) if reading.once else None
        if kept is not None and kept.expires_at > self.effects.now():
            return self._opened(kept)
        view = await self._view(reading, change)
        if change.user is not None and view.user is None:
            raise await self._nobody(reading, change, view)
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
            await self.store.save(self._changes(this, told))
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
            clears=self._cleared(this),
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

    def _changes(self, this: Round, told: Told | None) -> Changes:
        """The save that takes the decision, guarded by everything it was decided on."""
        view, decision, reading = this.view, this.decision, this.reading
        spent = {authenticator.id: authenticator for authenticator in decision.spends}
        relied = [a for a in view.authenticators if any(factor.uses(a) for factor in decision.passed)]
        puts = [Put(SESSION, decision.session, 0 if view.started else view.session.version)]
        puts += [Put(AUTHENTICATOR, _next_version(spent[a.id]), a.version) for a in relied if a.id in spent]
        puts += puts_of(decision)
        if reading.once is not None:
            puts.append(Put(IDEMPOTENT_ANSWER, self._answer_row(reading.once, this), this.guard.replaced))
        expects = [Expect(AUTHENTICATOR, a.id, a.version) for a in relied if a.id not in spent]
        if view.user is not None:
            expects.append(Expect(USER, view.user.id, view.user.version))
        expects += expects_of(decision, view)
        expects += this.guard.settings
        trace = session_detail(decision.events)
        guesses = self._guesses.of_decision(this.user_id, view.session, decision, this.policy)
        changes = Changes(
            puts=tuple(puts),
            expects=tuple(expects),
            budgets=(*guesses, *self._sends(decision, view)),
            clears=self._cleared(this),
            audit=Audit(view.now, reading.caller.user_id, reading.action, view.session.id, trace),
            outbox=self._messages(decision, view),
            generation=this.guard.generation,
        )
        return told.beside(changes) if told is not None else changes

    def _cleared(self, this: Round) -> tuple[str, ...]:
        """The counters of the factors that passed."""
        return tuple(
            key
            for factor in this.decision.passed
            if factor.guessable
            for key in self._guesses.counters(this.user_id, factor)
        )

    def _sends(self, decision: Decision, view: View) -> list[Budget]:
        """What the new challenges take of the user's messages."""
        notices = [(begun.notification, begun.channel) for _, begun in decision.begun if begun.notification]
        if not notices:
            return []
        network = self._guesses.network(view.session)
        return [
            budget
            for notice, channel in notices
            for budget in rate_budgets(
                send_limits(notice.user_id, channel, notice.recipient, view.now, network), view.now, add=1
            )
        ]

    def _messages(self, decision: Decision, view: View) -> tuple[Message, ...]:
        """What the new challenges send, each sealed for its sender."""
        made = []
        for _, begun in decision.begun:
            if begun.notification is not None:
                message_id = self.effects.new_id()
                sealed = self.sealer.seal(
                    encode_notification(begun.notification), sealing_context(message_id)
                )
                made.append(Message(message_id, begun.channel, view.now, sealed))
        return tuple(made)

    async def _nobody(self, reading: Reading, change: SessionChange, view: View) -> NotFound:
        """An unknown user's answer, after what a known user's wrong one would have cost: count, hash and trace."""
        unknown, slow = NotFound("QUERY-Dfbg2", "User could not be found"), _slow(change)
        if slow is None or slow[0].pretend is None or change.user is None:
            return unknown
        stranger = self._stranger(change.user.user_id or await self._short(change.user.login_name))
        policy = await self.cache.policy(LockoutPolicy)
        attempts = await self._guesses.count_first(stranger, slow[0], policy, view.session)
        await self._pool.run(partial(slow[0].pretend, slow[1]))
        facts, now = detail(factor=slow[0].kind, id=unknown.id), self.effects.now()
        trace = Audit(now, reading.caller.user_id, "session.refused", stranger, facts)
        await self.store.save(Changes(audit=trace))
        await self._guesses.wrong(stranger, slow[0], policy, attempts, view.session)
        return unknown

    async def _short(self, login_name: str) -> str:
        """The name without the domain of an organisation: a user's two names have one counter, so must nobody's."""
        name, _, domain = login_name.rpartition("@")
        known = await self.cache.find(ORGANIZATION, "primary_domain", domain.casefold()) if name else None
        return name if known else login_name

    def _stranger(self, named: str) -> str:
        """What an unknown name's guesses are counted under: no name is kept, nor a password typed in its place."""
        key = self.sealer.subkey("unknown names")
        return f"?{hmac.digest(key, named.casefold().encode(), 'sha256').hex()}"

    async def _kept(self, once: Once) -> IdempotentAnswer | None:
        row = await self.store.get(IDEMPOTENT_ANSWER, once.id)
        if row is not None and row.expires_at > self.effects.now():
            check_same_request(row, once.request_hash)
        return row

    def _opened(self, kept: IdempotentAnswer) -> Changed:
        return msgspec.json.decode(self.sealer.open(kept.answer, _answer_context(kept.id)), type=Changed)

    def _answer_row(self, once: Once, this: Round) -> IdempotentAnswer:
        sealed = self.sealer.seal(msgspec.json.encode(this.answer), _answer_context(once.id))
        version = this.guard.replaced + 1
        return IdempotentAnswer(once.id, once.request_hash, sealed, this.view.now + KEPT, version)


def _slow(change: SessionChange) -> tuple[Factor, object] | None:
    return next(((factor, check) for factor, check in change.checks if factor.slow), None)


def _answer_context(answer_id: str) -> str:
    return f"idempotent_answer|{answer_id}"


def _next_version(spent: Authenticator) -> Authenticator:
    return msgspec.structs.replace(spent, version=spent.version + 1)
