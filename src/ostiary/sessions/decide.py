"""The decision on a change of a session: pure. What was read goes in; events, spent evidence or a refusal come out."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

import msgspec

from ostiary.core.assurance import alive
from ostiary.core.factor import NO_ROWS, Attempt, Begun, Evidence, Factor, Named, Rejected, Rows, Tools
from ostiary.core.organization import Instance
from ostiary.core.policy import LoginPolicy
from ostiary.core.session import (
    FactorChallenged,
    FactorChecked,
    LifetimeSet,
    MetadataSet,
    Session,
    SessionEvent,
    Started,
    TokenSet,
    UserChecked,
    evolve,
)
from ostiary.core.session_state import expired
from ostiary.core.user import Authenticator, User, UserState
from ostiary.errors import FailedPrecondition, InvalidArgument, OstiaryError
from ostiary.sessions.change import SessionChange
from ostiary.sessions.metadata import too_much

VerdictKey = tuple[str, str, int]


class View(msgspec.Struct, frozen=True):
    """What was read, all at about the same time. ``user`` is the named one, else the session's.

    A new session is ``started`` and is what that event alone makes of it. ``is_identified``: nobody named the user,
    the evidence itself did. ``rows`` are those that the evidence rests on, ``policy`` is that of the user's organisation.
    """

    now: datetime
    session: Session
    user: User | None
    authenticators: tuple[Authenticator, ...]
    instance: Instance
    started: Started | None = None
    is_identified: bool = False
    rows: Rows = msgspec.field(default_factory=lambda: NO_ROWS)
    policy: LoginPolicy = LoginPolicy()


class Decision(msgspec.Struct, frozen=True):
    """``session`` is the view's folded with ``events``. ``spends`` are authenticators as they are afterwards, ``consumed`` rows.

    A refusal stores nothing of the session; ``guessed`` says which factor's budget it counts against, ``traced`` which
    factor's evidence is in the audit. ``passed`` are
    the factors whose budgets are cleared. ``verdicts`` of slow factors may be handed to the next decision on the same
    evidence: they are used again for an unchanged authenticator. ``begun`` are the challenges that were made.
    """

    session: Session
    events: tuple[SessionEvent, ...] = ()
    spends: tuple[Authenticator, ...] = ()
    passed: tuple[Factor, ...] = ()
    refusal: OstiaryError | None = None
    guessed: Factor | None = None
    traced: Factor | None = None
    verdicts: Mapping[VerdictKey, Evidence] = msgspec.field(default_factory=lambda: MappingProxyType({}))
    begun: tuple[tuple[Factor, Begun], ...] = ()
    consumed: tuple[tuple[Named, Any], ...] = ()


def decide(
    change: SessionChange,
    view: View,
    token_hash: bytes,
    tools: Tools,
    verdicts: Mapping[VerdictKey, Evidence] = MappingProxyType({}),
) -> Decision:
    """User, then each factor in order, then metadata, lifetime and, if anything happened, the new token.

    The first refusal ends it (wire contract 2.1, steps 6 to 9).
    """
    desk = _Desk(view, tools, dict(verdicts))
    refusal = (
        desk.check_state()
        or too_much(view.session.metadata, change.metadata)
        or desk.check_user(change)
        or next(
            (error for factor, check in change.checks if (error := desk.check_factor(factor, check))), None
        )
    )
    if refusal is not None:
        return desk.refused(refusal)
    refusal = next((e for factor, asked in change.challenges if (e := desk.begin(factor, asked))), None)
    if refusal is not None:
        return desk.refused(refusal)
    refusal = desk.check_usable()
    if refusal is not None:
        return desk.refused(refusal)
    desk.set_metadata(change.metadata)
    if change.lifetime is not None:
        desk.record(LifetimeSet(view.now, view.now + change.lifetime))
    if desk.events:
        desk.record(TokenSet(view.now, token_hash))
    return desk.accepted()


class _Desk:
    """The session as it becomes while its change is worked on."""

    def __init__(self, view: View, tools: Tools, verdicts: dict[VerdictKey, Evidence]) -> None:
        self.view = view
        self.tools = tools
        self.verdicts = verdicts
        self.session = view.session
        self.events: list[SessionEvent] = [view.started] if view.started else []
        self.spends: list[Authenticator] = []
        self.consumed: list[tuple[Named, Any]] = []
        self.passed: list[Factor] = []
        self.guessed: Factor | None = None
        self.traced: Factor | None = None
        self.begun: list[tuple[Factor, Begun]] = []

    def record(self, event: SessionEvent) -> None:
        self.session = evolve(self.session, event) or self.session
        self.events.append(event)

    def check_state(self) -> OstiaryError | None:
        own = self.view.user if self.view.user and self.view.user.id == self.session.user_id else None
        if alive(self.session, own, self.view.instance, self.view.now):
            return None
        return expired()

    def check_user(self, change: SessionChange) -> OstiaryError | None:
        user = self.view.user
        if change.user is None or user is None:
            return None
        if user.state not in {UserState.ACTIVE, UserState.INITIAL}:
            return _not_active(user)
        if self.session.user_id not in {"", user.id}:
            return InvalidArgument("", "user change not possible")
        self.record(UserChecked(self.view.now, user.id, user.organization_id))
        return None

    def check_factor(self, factor: Factor, check: object) -> OstiaryError | None:
        user = self._user()
        if user is not None and user.state not in {UserState.ACTIVE, UserState.INITIAL}:
            return factor.blocked(0) if user.state is UserState.LOCKED else _not_active(user)
        evidence = self._evidence(factor, check, user)
        if isinstance(evidence, Rejected):
            self.guessed = factor if evidence.guessed else None
            self.traced = factor if evidence.guessed or evidence.traced else None
            return evidence.error
        if user is not None and not self.session.user_id:
            self.record(UserChecked(self.view.now, user.id, user.organization_id))
        self.record(FactorChecked(self.view.now, factor.kind, evidence.factor))
        self.spends.extend(evidence.spends)
        self.consumed.extend(evidence.consumed)
        self.passed.append(factor)
        return None

    def check_usable(self) -> OstiaryError | None:
        """What was not refused for its own reason is refused when the session's user is not active."""
        user = self._user()
        if user is None or user.state in {UserState.ACTIVE, UserState.INITIAL}:
            return None
        return _not_active(user)

    def begin(self, factor: Factor, asked: object) -> OstiaryError | None:
        if factor.begin is None:
            return None
        begun = factor.begin(asked, self._attempt(factor, self._user()))
        if isinstance(begun, Rejected):
            return begun.error
        self.record(FactorChallenged(self.view.now, factor.kind, begun.challenge))
        self.begun.append((factor, begun))
        return None

    def _user(self) -> User | None:
        """The session's user; before it has one, the user that the evidence names."""
        return self.view.user if self.session.user_id or self.view.is_identified else None

    def _attempt(self, factor: Factor, user: User | None) -> Attempt:
        return Attempt(
            now=self.view.now,
            session_id=self.session.id,
            user=user,
            authenticators=tuple(a for a in self.view.authenticators if factor.uses(a)),
            challenges=self.session.challenges.get(factor.kind, ()),
            tools=self.tools,
            rows=self.view.rows,
            policy=self.view.policy,
        )

    def _evidence(self, factor: Factor, check: object, user: User | None) -> Evidence:
        attempt = self._attempt(factor, user)
        owned = attempt.authenticators
        key = (factor.kind, owned[0].id, owned[0].version) if factor.slow and owned else None
        if key in self.verdicts:
            return self.verdicts[key]
        evidence = factor.verify(check, attempt)
        if key is not None:
            self.verdicts[key] = evidence
        return evidence

    def set_metadata(self, wanted: Mapping[str, bytes]) -> None:
        have = self.session.metadata
        changes = {key: value for key, value in wanted.items() if have.get(key, b"") != value}
        if changes:
            self.record(MetadataSet(self.view.now, changes))

    def refused(self, refusal: OstiaryError) -> Decision:
        return Decision(
            self.view.session,
            passed=tuple(self.passed),
            refusal=refusal,
            guessed=self.guessed,
            traced=self.traced,
            verdicts=self.verdicts,
        )

    def accepted(self) -> Decision:
        return Decision(
            self.session,
            tuple(self.events),
            tuple(self.spends),
            tuple(self.passed),
            verdicts=self.verdicts,
            begun=tuple(self.begun),
            consumed=tuple(self.consumed),
        )


def _not_active(user: User) -> OstiaryError:
    return FailedPrecondition("SESSION-Gj4ko", "Errors.User.NotActive", hint=f"the user is {user.state}")
