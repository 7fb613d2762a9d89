"""A session is a value; a change of it is an event; folding the events gives the value.

Nothing here judges evidence or asks who is calling: this is what a session *is*.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, assert_never

import msgspec

from ostiary.core.record import Kind


class UserAgent(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the login UI said of the device; personal data. ``header`` maps a name to its values."""

    fingerprint_id: str | None = None
    ip: str | None = None
    description: str | None = None
    header: dict[str, tuple[str, ...]] = {}


class VerifiedFactor(msgspec.Struct, frozen=True, omit_defaults=True):
    """One factor as it was verified. ``user_verified``: the authenticator itself asked its user (WebAuthn UV)."""

    verified_at: datetime
    user_verified: bool = False


class Challenge(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was issued and is awaited; ``state`` belongs to its factor and is sealed or a hash."""

    id: str
    expires_at: datetime
    state: bytes = b""


class Session(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who was verified, by which factors, when, on which device, until when.

    ``version`` counts the events (the wire's sequence). ``factors`` and ``challenges`` map a factor's kind; of
    challenges the recent few are kept, oldest first. ``creator_id`` is the caller who created it, mostly a login UI's
    service user. Without ``expires_at`` it never expires.
    """

    id: str
    created_at: datetime
    changed_at: datetime
    creator_id: str
    token_hash: bytes = b""
    user_id: str = ""
    organization_id: str = ""
    user_checked_at: datetime | None = None
    factors: dict[str, VerifiedFactor] = {}
    challenges: dict[str, tuple[Challenge, ...]] = {}
    metadata: dict[str, bytes] = {}
    user_agent: UserAgent = UserAgent()
    expires_at: datetime | None = None
    version: int = 0


class Farewell(msgspec.Struct, frozen=True, omit_defaults=True):
    """One client of a session that ended, and the message that tells it so; none: it wants no word."""

    client_id: str
    message_id: str = ""


class EndedSession(msgspec.Struct, frozen=True, omit_defaults=True):
    """What stays of a session for its user's timeline: who, why, when, on which device, and who was to be told."""

    id: str
    user_id: str
    reason: str
    created_at: datetime
    ended_at: datetime
    user_agent: UserAgent = UserAgent()
    version: int = 1
    farewells: tuple[Farewell, ...] = ()


SESSION = Kind(
    "session",
    Session,
    columns={
        "user_id": lambda s: s.user_id,
        "creator_id": lambda s: s.creator_id,
        "fingerprint_id": lambda s: s.user_agent.fingerprint_id or "",
        "created_at": lambda s: s.created_at,
        "expires_at": lambda s: s.expires_at,
    },
    owner="user_id",
)
ENDED_SESSION = Kind(
    "ended_session",
    EndedSession,
    columns={"user_id": lambda s: s.user_id, "ended_at": lambda s: s.ended_at},
    owner="user_id",
)


class Started(msgspec.Struct, frozen=True, tag=True):
    """A session begins, empty."""

    at: datetime
    session_id: str
    creator_id: str
    user_agent: UserAgent


class UserChecked(msgspec.Struct, frozen=True, tag=True):
    """The session says whose it is to be."""

    at: datetime
    user_id: str
    organization_id: str


class FactorChecked(msgspec.Struct, frozen=True, tag=True):
    """Evidence of one kind was verified; its open challenges are spent."""

    at: datetime
    kind: str
    verified: VerifiedFactor


class FactorChallenged(msgspec.Struct, frozen=True, tag=True):
    """A challenge of one kind was issued; of each kind the newest ``CHALLENGES_KEPT`` stay open."""

    at: datetime
    kind: str
    challenge: Challenge


class MetadataSet(msgspec.Struct, frozen=True, tag=True):
    """Keys merged into the metadata; an empty value deletes its key."""

    at: datetime
    changes: dict[str, bytes]


class LifetimeSet(msgspec.Struct, frozen=True, tag=True):
    """A new end, computed anew from the time of the event."""

    at: datetime
    expires_at: datetime


class TokenSet(msgspec.Struct, frozen=True, tag=True):
    """A new session token; every earlier one is dead from here."""

    at: datetime
    token_hash: bytes


class Ended(msgspec.Struct, frozen=True, tag=True):
    """Logged out, deleted or revoked."""

    at: datetime
    reason: str


SessionEvent = (
    Started | UserChecked | FactorChecked | FactorChallenged | MetadataSet | LifetimeSet | TokenSet | Ended
)
CHALLENGES_KEPT = 5


def begun(event: Started) -> Session:
    """The session as it begins."""
    return Session(
        id=event.session_id,
        created_at=event.at,
        changed_at=event.at,
        creator_id=event.creator_id,
        user_agent=event.user_agent,
        version=1,
    )


def evolve(session: Session | None, event: SessionEvent) -> Session | None:
    """The session after the event; None before its start and after its end."""
    if isinstance(event, Started):
        return begun(event)
    if session is None:
        return None
    if isinstance(event, Ended):
        return None
    changes = _changes_of(session, event)
    return msgspec.structs.replace(session, changed_at=event.at, version=session.version + 1, **changes)


def _changes_of(
    session: Session,
    event: UserChecked | FactorChecked | FactorChallenged | MetadataSet | LifetimeSet | TokenSet,
) -> dict[str, Any]:
    """The fields that the event sets."""
    match event:
        case UserChecked():
            return {
                "user_id": event.user_id,
                "organization_id": event.organization_id,
                "user_checked_at": event.at,
            }
        case FactorChecked():
            return {
                "factors": {**session.factors, event.kind: event.verified},
                "challenges": {kind: some for kind, some in session.challenges.items() if kind != event.kind},
            }
        case FactorChallenged():
            kept = (*session.challenges.get(event.kind, ()), event.challenge)[-CHALLENGES_KEPT:]
            return {"challenges": {**session.challenges, event.kind: kept}}
        case MetadataSet():
            merged = {**session.metadata, **event.changes}
            return {"metadata": {key: value for key, value in merged.items() if value}}
        case LifetimeSet():
            return {"expires_at": event.expires_at}
        case TokenSet():
            return {"token_hash": event.token_hash}
        case _:
            assert_never(event)


def ended_of(session: Session, reason: str, at: datetime, words: tuple[Farewell, ...] = ()) -> EndedSession:
    """What stays of a session that ended; ``words`` went to its participants."""
    return EndedSession(
        session.id, session.user_id, reason, session.created_at, at, session.user_agent, farewells=words
    )


def fold(events: Iterable[SessionEvent], session: Session | None = None) -> Session | None:
    """The session after all the events, in order."""
    for event in events:
        session = evolve(session, event)
    return session
