"""The answers of the session service as JSON, without their messages in between: four times as fast."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from ostiary.api.direct_json import Details, encode, number, wire_time
from ostiary.core.session import UserAgent
from ostiary.sessions.change import Changed
from ostiary.sessions.queries import SessionPage, SessionView

_NO_AGENT = UserAgent()


class _Changed(msgspec.Struct, omit_defaults=True, rename="camel"):
    details: Details
    session_id: str = ""
    session_token: str = ""
    challenges: dict[str, Any] = {}


class _User(msgspec.Struct, omit_defaults=True, rename="camel"):
    id: str
    verified_at: datetime | str | None = None
    login_name: str = ""
    display_name: str = ""
    organization_id: str = ""


class _Agent(msgspec.Struct, omit_defaults=True, rename="camel"):
    fingerprint_id: str | None = None
    ip: str | None = None
    description: str | None = None
    header: dict[str, Any] = {}


class _Session(msgspec.Struct, omit_defaults=True, rename="camel"):
    id: str
    creation_date: datetime | str
    change_date: datetime | str
    sequence: str
    factors: dict[str, Any] | None = None
    metadata: dict[str, bytes] = {}
    user_agent: _Agent | None = None
    expiration_date: datetime | str | None = None


class _Got(msgspec.Struct):
    session: _Session


class _ListDetails(msgspec.Struct, omit_defaults=True, rename="camel"):
    timestamp: datetime | str
    total_result: str = ""


class _Listed(msgspec.Struct, omit_defaults=True):
    details: _ListDetails
    sessions: list[_Session] = []


def json_name(wire: str) -> str:
    """lowerCamelCase, as proto3 JSON names fields."""
    first, *rest = wire.split("_")
    return first + "".join(word.capitalize() for word in rest)


def changed_json(changed: Changed, instance_id: str, *, names_session: bool) -> bytes:
    """The answer of CreateSession (which names the session), SetSession or DeleteSession."""
    details = Details(number(changed.version), wire_time(changed.changed_at), instance_id)
    named = changed.session_id if names_session else ""
    return encode(_Changed(details, named, changed.token, _challenges(changed) if changed.challenges else {}))


def _challenges(changed: Changed) -> dict[str, Any]:
    """A text is told as it is, options are told as a browser takes them."""
    return {
        json_name(wire): answer if isinstance(answer, str) else {"publicKeyCredentialRequestOptions": answer}
        for wire, answer in changed.challenges.items()
    }


def session_json(view: SessionView, names: Mapping[str, str]) -> bytes:
    """The answer of GetSession; ``names`` are those of the factors in JSON, by kind."""
    return encode(_Got(_session(view, names)))


def sessions_json(page: SessionPage, names: Mapping[str, str]) -> bytes:
    """The answer of ListSessions."""
    details = _ListDetails(wire_time(page.at), number(page.total))
    return encode(_Listed(details, [_session(view, names) for view in page.items]))


def _session(view: SessionView, names: Mapping[str, str]) -> _Session:
    session = view.session
    agent = session.user_agent
    return _Session(
        session.id,
        wire_time(session.created_at),
        wire_time(session.changed_at),
        str(session.version),
        _factors(view, names) if session.user_id else None,
        session.metadata,
        None if agent == _NO_AGENT else _agent(agent),
        wire_time(session.expires_at) if session.expires_at else None,
    )


def _factors(view: SessionView, names: Mapping[str, str]) -> dict[str, Any]:
    session, user, verified = view.session, view.user, view.session.factors
    checked_at = session.user_checked_at
    made: dict[str, Any] = {
        "user": _User(
            session.user_id,
            wire_time(checked_at) if checked_at else None,
            user.preferred_login_name if user else "",
            user.display_name if user else "",
            session.organization_id,
        )
    }
    for kind, factor in verified.items():
        if kind not in names:
            continue
        told: dict[str, Any] = {"verifiedAt": wire_time(factor.verified_at)}
        made[names[kind]] = told
        if factor.user_verified:
            told["userVerified"] = True
    return made


def _agent(agent: UserAgent) -> _Agent:
    header = (
        {name: {"values": values} if values else {} for name, values in agent.header.items()}
        if agent.header
        else {}
    )
    return _Agent(agent.fingerprint_id, agent.ip, agent.description, header)
