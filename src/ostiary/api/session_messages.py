"""Sessions as messages, and messages as what is asked of a session."""

import ipaddress
import socket
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from protobuf import Oneof
from protobuf.wkt import Struct, Timestamp

from ostiary._pb.zitadel.object.v2 import object_pb
from ostiary._pb.zitadel.session.v2 import challenge_pb, session_pb, session_service_pb
from ostiary.core.factor import Factor
from ostiary.core.session import UserAgent
from ostiary.errors import InvalidArgument
from ostiary.sessions.change import Changed, SessionChange, UserNamed
from ostiary.sessions.queries import SessionView

_LONGEST_LIFETIME = timedelta(days=36_500)
# The messages of Factors, by the factor's kind, which is their name too.
_FACTOR_MESSAGES = {
    "password": session_pb.PasswordFactor,
    "web_auth_n": session_pb.WebAuthNFactor,
    "intent": session_pb.IntentFactor,
    "totp": session_pb.TOTPFactor,
    "otp_sms": session_pb.OTPFactor,
    "otp_email": session_pb.OTPFactor,
    "recovery_code": session_pb.RecoveryCodeFactor,
}


def stamp(at: datetime) -> Timestamp:
    """A time on the wire, microseconds kept."""
    return Timestamp.from_datetime(at)


def change_of(
    request: session_service_pb.CreateSessionRequest | session_service_pb.SetSessionRequest,
    factors: Sequence[Factor],
) -> SessionChange:
    """What the request asks for; its checks in the order of ``factors``, whatever the order on the wire."""
    checks = request.checks
    made = isinstance(request, session_service_pb.CreateSessionRequest)
    agent = request.user_agent if isinstance(request, session_service_pb.CreateSessionRequest) else None
    return SessionChange(
        user=_user_named(checks.user) if checks and checks.user else None,
        checks=_pairs(checks, factors) if checks else (),
        challenges=_pairs(request.challenges, factors) if request.challenges else (),
        metadata=dict(request.metadata),
        lifetime=_lifetime_of(request),
        user_agent=_agent_of(agent) if made and agent else UserAgent(),
    )


def _pairs(
    sent: session_service_pb.Checks | challenge_pb.RequestChallenges, factors: Sequence[Factor]
) -> tuple[tuple[Factor, object], ...]:
    """The factors that were sent something, with it."""
    found = [(factor, getattr(sent, factor.wire, None)) for factor in factors]
    return tuple((factor, message) for factor, message in found if message is not None)


def challenges_message(changed: Changed) -> challenge_pb.Challenges | None:
    """The answers to the challenges that were asked for; None if none was."""
    if not changed.challenges:
        return None
    message = challenge_pb.Challenges()
    for wire, answer in changed.challenges.items():
        if isinstance(answer, str):
            setattr(message, wire, answer)
        else:
            options = Struct.from_json(msgspec.json.encode(answer).decode())
            message.web_auth_n = challenge_pb.Challenges.WebAuthN(
                public_key_credential_request_options=options
            )
    return message


def _user_named(check: session_service_pb.CheckUser) -> UserNamed:
    match check.search:
        case Oneof(field="user_id", value=value):
            return UserNamed(user_id=value)
        case Oneof(field="login_name", value=value):
            return UserNamed(login_name=value)
        case _:
            raise InvalidArgument("SESSION-d3b4g0", "Name the user by userId or by loginName")


def _lifetime_of(
    request: session_service_pb.CreateSessionRequest | session_service_pb.SetSessionRequest,
) -> timedelta | None:
    if request.lifetime is None:
        return None
    lifetime = timedelta(seconds=request.lifetime.seconds, microseconds=request.lifetime.nanos // 1000)
    if lifetime <= timedelta(0):
        raise InvalidArgument("COMMAND-asEG4", "Session lifetime must not be less than 0")
    if lifetime > _LONGEST_LIFETIME:
        hint = "leave lifetime out for a session that never expires"
        raise InvalidArgument(
            "session.lifetime_too_long", "Session lifetime is longer than 100 years", hint=hint
        )
    return lifetime


def _agent_of(agent: session_pb.UserAgent) -> UserAgent:
    header = {name: tuple(values.values) for name, values in agent.header.items()}
    fingerprint_id = agent.fingerprint_id if agent.has_field("fingerprint_id") else None
    description = agent.description if agent.has_field("description") else None
    return UserAgent(fingerprint_id, _address(agent.ip), description, header)


def _address(text: str) -> str | None:
    """An address in its normal form; what is none is dropped, as ZITADEL does."""
    try:
        if text:
            socket.inet_pton(socket.AF_INET, text)  # the common case, at a tenth of the cost
            return text
    except (OSError, ValueError):
        pass
    try:
        return str(ipaddress.ip_address(text)) if text else None
    except ValueError:
        return None


def details_of(changed: Changed, instance_id: str) -> object_pb.Details:
    """Sequence, time and owner (the instance) of a session after a change."""
    return object_pb.Details(
        sequence=changed.version, change_date=stamp(changed.changed_at), resource_owner=instance_id
    )


def session_message(view: SessionView, factors: Sequence[Factor]) -> session_pb.Session:
    """The whole session; factors are absent until a user was checked."""
    session = view.session
    return session_pb.Session(
        id=session.id,
        creation_date=stamp(session.created_at),
        change_date=stamp(session.changed_at),
        sequence=session.version,
        factors=_factors_message(view, factors) if session.user_id else None,
        metadata=dict(session.metadata),
        user_agent=_agent_message(session.user_agent) if session.user_agent != UserAgent() else None,
        expiration_date=stamp(session.expires_at) if session.expires_at else None,
    )


def _factors_message(view: SessionView, factors: Sequence[Factor]) -> session_pb.Factors:
    message = session_pb.Factors(user=_user_message(view))
    for factor in factors:
        verified = view.session.factors.get(factor.kind)
        if verified is not None:
            made = _FACTOR_MESSAGES[factor.kind](verified_at=stamp(verified.verified_at))
            if isinstance(made, session_pb.WebAuthNFactor):
                made.user_verified = verified.user_verified
            setattr(message, factor.kind, made)
    return message


def _user_message(view: SessionView) -> session_pb.UserFactor:
    session, user = view.session, view.user
    checked_at = session.user_checked_at
    return session_pb.UserFactor(
        verified_at=stamp(checked_at) if checked_at else None,
        id=session.user_id,
        login_name=user.login_names[0] if user else "",
        display_name=user.display_name if user else "",
        organization_id=session.organization_id,
    )


def _agent_message(agent: UserAgent) -> session_pb.UserAgent:
    values = session_pb.UserAgent.HeaderValues
    return session_pb.UserAgent(
        fingerprint_id=agent.fingerprint_id,
        ip=agent.ip,
        description=agent.description,
        header={name: values(values=list(some)) for name, some in agent.header.items()},
    )
