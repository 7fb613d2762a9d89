"""The save that takes a decision, guarded by everything it was decided on."""

import msgspec

from ostiary.core.audit import session_detail
from ostiary.core.notification import encode_notification, sealing_context
from ostiary.core.send_limit import send_limits
from ostiary.core.session import SESSION
from ostiary.core.user import AUTHENTICATOR, USER, Authenticator
from ostiary.crypto.seal import Sealer
from ostiary.effects import Effects
from ostiary.sessions.decide import Decision, View
from ostiary.sessions.evidence import expects_of, puts_of
from ostiary.sessions.guesses import Guesses
from ostiary.sessions.kept_answers import KeptAnswers
from ostiary.sessions.round import Round
from ostiary.storage.budgets import rate_budgets
from ostiary.storage.port import Audit, Budget, Changes, Expect, Message, Put


class Saving:
    """Makes saves of decisions."""

    def __init__(self, effects: Effects, sealer: Sealer, guesses: Guesses, kept: KeptAnswers) -> None:
        """``sealer`` closes messages for their senders."""
        self._effects = effects
        self._sealer = sealer
        self._guesses = guesses
        self._kept = kept

    def changes(self, this: Round) -> Changes:
        """The rows, what they rely on, the budgets, the messages and the audit's record."""
        view, decision, reading = this.view, this.decision, this.reading
        spent = {authenticator.id: authenticator for authenticator in decision.spends}
        relied = [a for a in view.authenticators if any(factor.uses(a) for factor in decision.passed)]
        puts = [Put(SESSION, decision.session, 0 if view.started else view.session.version)]
        puts += [Put(AUTHENTICATOR, _next_version(spent[a.id]), a.version) for a in relied if a.id in spent]
        puts += puts_of(decision)
        if reading.once is not None:
            puts.append(self._kept.put(reading.once, this.answer, this.guard.replaced, view.now))
        expects = [Expect(AUTHENTICATOR, a.id, a.version) for a in relied if a.id not in spent]
        if view.user is not None:
            expects.append(Expect(USER, view.user.id, view.user.version))
        expects += expects_of(decision, view)
        expects += this.guard.settings
        trace = session_detail(decision.events)
        guesses = self._guesses.of_decision(this.user_id, view.session, decision, this.policy)
        return Changes(
            puts=tuple(puts),
            expects=tuple(expects),
            budgets=(*guesses, *self._sends(decision, view)),
            clears=self.cleared(this),
            audit=Audit(view.now, reading.caller.user_id, reading.action, view.session.id, trace),
            outbox=self._messages(decision, view),
            generation=this.guard.generation,
        )

    def cleared(self, this: Round) -> tuple[str, ...]:
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
                message_id = self._effects.new_id()
                sealed = self._sealer.seal(
                    encode_notification(begun.notification), sealing_context(message_id)
                )
                made.append(Message(message_id, begun.channel, view.now, sealed))
        return tuple(made)


def _next_version(spent: Authenticator) -> Authenticator:
    return msgspec.structs.replace(spent, version=spent.version + 1)
