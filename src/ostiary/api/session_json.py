"""The hottest answers of the session service as JSON, without their messages in between.

A test proves each equal to the message's own JSON; this is four times as fast.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from ostiary.core.session import UserAgent
from ostiary.sessions.change import Changed
from ostiary.sessions.queries import SessionPage, SessionView

_NO_AGENT = UserAgent()
_MILLISECOND_US = 1000


class _Details(msgspec.Struct, omit_defaults=True, rename="camel"):
    sequence: str = ""
    change_date: datetime | str = ""
    resource_owner: str = ""


class _Changed(msgspec.Struct, omit_defaults=True, rename="camel"):
    details: _Details
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


_encode = msgspec.json.Encoder().encode


def wire_time(at: datetime) -> datetime | str:
    """A time in UTC that the encoder writes as proto3 JSON does: no fraction, or 3 or 6 digits."""
    part = at.microsecond
    if part and part % _MILLISECOND_US == 0:  # the encoder alone would write six
        return f"{at.isoformat(timespec='milliseconds')[:-6]}Z"
    return at


def _number(number: int) -> str:
    """A 64-bit number, as proto3 JSON writes it; a zero is left out."""
    return str(number) if number else ""


def json_name(wire: str) -> str:
    """lowerCamelCase, as proto3 JSON names fields."""
    first, *rest = wire.split("_")
    return first + "".join(word.capitalize() for word in rest)


def changed_json(changed: Changed, instance_id: str, *, names_session: bool) -> bytes:
    """The answer of CreateSession (which names the session), SetSession or DeleteSession."""
    details = _Details(_number(changed.version), wire_time(changed.changed_at), instance_id)
    named = changed.session_id if names_session else ""
    return _encode(
        _Changed(details, named, changed.token, _challenges(changed) if changed.challenges else {})
    )


def _challenges(changed: Changed) -> dict[str, Any]:
    """A text is told as it is, options are told as a browser takes them."""
    return {
        json_name(wire): answer if isinstance(answer, str) else {"publicKeyCredentialRequestOptions": answer}
        for wire, answer in changed.challenges.items()
    }


def session_json(view: SessionView, names: Mapping[str, str]) -> bytes:
    """The answer of GetSession; ``names`` are those of the factors in JSON, by kind."""
    return _encode(_Got(_session(view, names)))


def sessions_json(page: SessionPage, names: Mapping[str, str]) -> bytes:
    """The answer of ListSessions."""
    details = _ListDetails(wire_time(page.at), _number(page.total))
    return _encode(_Listed(details, [_session(view, names) for view in page.items]))


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
