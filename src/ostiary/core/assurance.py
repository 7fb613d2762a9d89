"""What a session proves: judged from its factors each time, nothing of it is stored."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from ostiary.core.organization import Instance
from ostiary.core.policy import LoginPolicy
from ostiary.core.session import Session, VerifiedFactor
from ostiary.core.user import Authenticator, User, UserState
from ostiary.errors import PermissionDenied

SECOND_FACTORS = frozenset({"totp", "u2f", "otp_sms", "otp_email"})


def is_expired(session: Session, now: datetime) -> bool:
    """Whether its lifetime has passed."""
    return session.expires_at is not None and session.expires_at <= now


def is_revoked(session: Session, user: User | None, instance: Instance) -> bool:
    """Whether it began before everything of its user, or of the instance, was ended at once."""
    marks = (instance.epoch, user.valid_after if user else None)
    return any(mark is not None and session.created_at < mark for mark in marks)


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


def is_multi_factor(factors: dict[str, VerifiedFactor]) -> bool:
    """Two factors, or one that verified its user by itself."""
    return len(factors) > 1 or any(factor.user_verified for factor in factors.values())


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
