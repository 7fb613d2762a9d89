"""What a session proves: judged from its factors each time, nothing of it is stored.

Two measures: ZITADEL's, by which two factors of any kind are ``mfa``, for its wire and its policies; and NIST's assurance
level (AAL), for ``acr`` and for what we decide ourselves. Source: RFC 8176 (names); NIST SP 800-63B-4, 2.1 to 2.3 and 3.1.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

import msgspec

from ostiary.core.organization import Instance
from ostiary.core.policy import LoginPolicy
from ostiary.core.session import Session, VerifiedFactor
from ostiary.core.user import Authenticator, User, UserState
from ostiary.errors import PermissionDenied

SECOND_FACTORS = frozenset({"totp", "u2f", "otp_sms", "otp_email"})
AAL1, AAL2 = "urn:ostiary:acr:aal1", "urn:ostiary:acr:aal2"
# ZITADEL's values: one for every kind of WebAuthn, one for every kind of one-time code, none for upstream logins.
AMR: Final[Mapping[str, str]] = MappingProxyType(
    {
        "password": "pwd",
        "web_auth_n": "user",
        "totp": "otp",
        "otp_sms": "otp",
        "otp_email": "otp",
        "recovery_code": "otp",
    }
)
_KNOWN: Final = frozenset({"password"})
# What shows that somebody has a thing. Not mail (63B-4 3.1.3), nor an upstream login, of which we know nothing.
_POSSESSED: Final = frozenset({"totp", "web_auth_n", "otp_sms", "recovery_code"})


class Proven(msgspec.Struct, frozen=True):
    """How a session has proved its user: NIST's level, and when a factor was last verified."""

    aal: int
    at: datetime


def proven(session: Session, user: User) -> Proven | None:
    """What the session proves now; None while it has no factor."""
    factors = factors_now(session, user)
    if not factors:
        return None
    return Proven(aal_of(factors), max(factor.verified_at for factor in factors.values()))


def aal_within_reach(authenticators: Iterable[Authenticator]) -> int:
    """NIST's level that a user can prove; recovery codes, which are for when all else is lost, do not raise it."""
    ready = {one.kind for one in authenticators if one.is_ready}
    is_second = not ready.isdisjoint({"totp", "u2f", "otp_sms"})
    return 2 if "passkey" in ready or ("password" in ready and is_second) else 1


def is_expired(session: Session, now: datetime) -> bool:
    """Whether its lifetime has passed."""
    return session.expires_at is not None and session.expires_at <= now


def is_revoked(session: Session, user: User | None, instance: Instance) -> bool:
    """Whether it began before everything of its user, or of the instance, was ended at once."""
    if instance.epoch is not None and session.created_at < instance.epoch:
        return True
    return user is not None and user.ended(session.created_at, session.id)


def alive(session: Session, user: User | None, instance: Instance, now: datetime) -> bool:
    """The only test of a session's validity. ``now`` is never before the newest time in what was read."""
    return not is_expired(session, max(now, session.changed_at)) and not is_revoked(session, user, instance)


def factors_now(session: Session, user: User | None) -> dict[str, VerifiedFactor]:
    """Its factors less what later changes weakened: a password check older than the password no longer counts."""
    changed_at = user.password_changed_at if user else None
    password = session.factors.get("password")
    if changed_at is None or password is None or password.verified_at >= changed_at:
        return session.factors
    return {kind: factor for kind, factor in session.factors.items() if kind != "password"}


def is_multi_factor(factors: Mapping[str, VerifiedFactor]) -> bool:
    """Two factors of whatever kind, or one that verified its user by itself: ZITADEL's rule."""
    return len(factors) > 1 or any(factor.user_verified for factor in factors.values())


def amr_of(factors: Mapping[str, VerifiedFactor]) -> tuple[str, ...]:
    """Authentication method references, with ``mfa`` for two factors or one that verified its user. Source: RFC 8176."""
    values = dict.fromkeys(value for kind, value in AMR.items() if kind in factors)
    if is_multi_factor(factors):
        values["mfa"] = None
    return tuple(values)


def aal_of(factors: Mapping[str, VerifiedFactor]) -> int:
    """NIST's level: 0 for nothing, 1 for one factor, 2 for a thing that verified its user or a thing and a password.

    Two things are one factor. 3 asks for a key that cannot be exported, which nobody attests here.
    """
    if not factors:
        return 0
    if any(factor.user_verified for factor in factors.values()):
        return 2
    return 2 if _KNOWN & factors.keys() and _POSSESSED & factors.keys() else 1


def acr_of(factors: Mapping[str, VerifiedFactor]) -> str:
    """The authentication context class, which names the level; empty for none."""
    return ("", AAL1, AAL2)[aal_of(factors)]


def require_authenticated(
    session: Session, user: User, authenticators: Iterable[Authenticator], policy: LoginPolicy
) -> None:
    """Raise PermissionDenied AUTHZ-Kl3p0 unless the session may act as its user (wire contract 2.13, steps 3 and 4).

    Stricter than the policy alone: a user who owns a ready second factor must have used one.
    """
    factors = factors_now(session, user)
    if not factors:
        raise PermissionDenied(
            "AUTHZ-Kl3p0", "authentication required", hint="the session has a user, but no factor"
        )
    if user.machine is not None or is_multi_factor(factors):
        return
    owns_second = any(a.is_ready and a.kind in SECOND_FACTORS for a in authenticators)
    forced = policy.force_mfa or (policy.force_mfa_local_only and "intent" not in factors)
    if forced or owns_second:
        raise PermissionDenied(
            "AUTHZ-Kl3p0", "mfa required", hint="verify a second factor in this session first"
        )


def require_usable(user: User) -> None:
    """Raise PermissionDenied unless the user's state lets them act."""
    if user.state not in {UserState.ACTIVE, UserState.INITIAL}:
        raise PermissionDenied(
            "access.user_not_active", "The user is not active", hint=f"the user is {user.state}"
        )


def weakened(session: Session, user: User | None) -> Session:
    """The session as it counts now (see :func:`factors_now`)."""
    factors = factors_now(session, user)
    return session if factors is session.factors else msgspec.structs.replace(session, factors=factors)
