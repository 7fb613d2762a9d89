"""Whether a session may finish a login: what is missing, said so that somebody can add it.

Stricter than ZITADEL, which lets the login UI decide: a bare user check finishes nothing, a user who owns a ready second
factor must have used one, and the session satisfies what the request asks for (``max_age``, ``prompt=login``,
``acr_values``). Source: OpenID Connect Core 3.1.2.1; ZITADEL's wire contract, parts 2.13 and 3.4.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Literal

from ostiary.core.assurance import (
    AAL1,
    AAL2,
    SECOND_FACTORS,
    acr_of,
    amr_of,
    factors_now,
    is_multi_factor,
)
from ostiary.core.check_lifetime import within_lifetimes
from ostiary.core.login_request import Authentication
from ostiary.core.policy import LoginPolicy, PasswordExpiryPolicy
from ostiary.core.project import ActiveState, Authorization, Project, ProjectGrant
from ostiary.core.session import Session, VerifiedFactor
from ostiary.core.user import Authenticator, User, UserState

_RANK = (AAL1, AAL2)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request asks of the authentication. ``since``: it must have happened after this (``prompt=login``).

    ``user_id``: of this user (an ``id_token_hint``). ``home``: of a user of one of these organisations, named by id or
    primary domain (reserved scopes); empty: of any.
    """

    max_age_s: int | None = None
    since: datetime | None = None
    acr_values: tuple[str, ...] = ()
    user_id: str = ""
    home: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Missing:
    """Why a session does not suffice: the OAuth error for a client, and a sentence for whoever builds the login."""

    error: Literal["login_required", "interaction_required", "unmet_authentication_requirements"]
    sentence: str


NO_SECOND_FACTOR = Missing("interaction_required", "a second factor must be verified in the session")


def authentication_of(session: Session, user: User) -> Authentication:
    """Who, when and how, as it goes into tokens. ``auth_time`` is the newest factor's time, else the user check's."""
    factors = factors_now(session, user)
    return Authentication(
        session_id=session.id,
        user_id=user.id,
        organization_id=user.organization_id,
        auth_time=_auth_time(session, factors),
        amr=amr_of(factors),
        acr=acr_of(factors),
    )


def _auth_time(session: Session, factors: dict[str, VerifiedFactor]) -> datetime:
    times = [factor.verified_at for factor in factors.values()]
    return max(times, default=session.user_checked_at or session.created_at)


def missing(
    session: Session,
    user: User,
    authenticators: Iterable[Authenticator],
    policy: LoginPolicy,
    wanted: Wanted,
    now: datetime,
    expiry: PasswordExpiryPolicy | None = None,
) -> Missing | None:
    """The first thing that keeps the session from finishing the request; None if nothing does.

    Checks count as long as the policy says (see :func:`within_lifetimes`).
    ``expiry``: a password that is too old must be changed before it finishes anything; its check stays good.
    """
    session = within_lifetimes(session, policy, now)
    factors = factors_now(session, user)
    if user.state not in {UserState.ACTIVE, UserState.INITIAL}:
        return Missing("login_required", "the user is not active")
    somebody_else = other_wanted(user, wanted)
    if somebody_else is not None:
        return somebody_else
    if not factors:
        return Missing("login_required", "the session has a user, but no verified factor that still counts")
    stale = _stale(_auth_time(session, factors), wanted, now)
    if stale is not None:
        return stale
    if not is_multi_factor(factors) and user.machine is None:
        forced = policy.force_mfa or (policy.force_mfa_local_only and "intent" not in factors)
        if forced or any(a.is_ready and a.kind in SECOND_FACTORS for a in authenticators):
            return NO_SECOND_FACTOR
    if expiry is not None and "password" in factors and password_expired(user, expiry, now):
        return Missing("interaction_required", "the password has expired and must be changed")
    if wanted.acr_values and not _reaches(acr_of(factors), wanted.acr_values):
        asked = " ".join(wanted.acr_values)
        return Missing("unmet_authentication_requirements", f"the session does not reach acr_values={asked}")
    return None


def other_wanted(user: User, wanted: Wanted) -> Missing | None:
    """Whom the request wants instead, if it is not for this user. Source: OpenID Connect Core 3.1.2.1 and 3.1.2.2."""
    if wanted.user_id and wanted.user_id != user.id:
        return Missing("login_required", "the id_token_hint is of another user")
    if wanted.home and not {user.organization_id, user.domain} & {*wanted.home}:
        return Missing("login_required", "the scope asks for a user of another organisation")
    return None


def password_expired(user: User, policy: PasswordExpiryPolicy, now: datetime) -> bool:
    """Whether the password is older than the policy allows; without one nothing expires."""
    changed_at = user.password_changed_at
    if not policy.max_age_days or changed_at is None:
        return False
    return changed_at + timedelta(days=policy.max_age_days) <= now


def password_days_left(user: User, policy: PasswordExpiryPolicy, now: datetime) -> int | None:
    """Days, begun ones too, until the password expires, when the policy wants people to be told by now; else None."""
    changed_at = user.password_changed_at
    if not policy.max_age_days or changed_at is None:
        return None
    left = ceil((changed_at + timedelta(days=policy.max_age_days) - now) / timedelta(days=1))
    return left if 0 < left <= policy.expire_warn_days else None


def _stale(auth_time: datetime, wanted: Wanted, now: datetime) -> Missing | None:
    if wanted.max_age_s is not None and (now - auth_time).total_seconds() > wanted.max_age_s:
        return Missing("login_required", "the authentication is older than max_age")
    if wanted.since is not None and auth_time < wanted.since:
        return Missing("login_required", "prompt=login asks for an authentication after the request")
    return None


def _reaches(have: str, asked: Sequence[str]) -> bool:
    """Whether one of the known classes that were asked for is reached; unknown ones cannot be."""
    known = [_RANK.index(value) for value in asked if value in _RANK]
    return bool(known) and have in _RANK and _RANK.index(have) >= min(known)


def reaches_second(lacking: Missing, wanted: Wanted) -> bool:
    """Whether the level that two factors can reach is the one that the session lacks."""
    return lacking.error == "unmet_authentication_requirements" and _reaches(AAL2, wanted.acr_values)


def may_use_project(
    project: Project, grants: Sequence[ProjectGrant], authorizations: Sequence[Authorization], user: User
) -> str:
    """An empty text, or why this user may not log in to the project's applications.

    ``grants`` are the project's, ``authorizations`` the user's. Source: ZITADEL's wire contract, part 3.1, step 4.
    """
    owns = user.organization_id == project.organization_id
    granted = any(
        grant.granted_organization_id == user.organization_id and grant.state is ActiveState.ACTIVE
        for grant in grants
    )
    if project.requires_access and not (owns or granted):
        return "the user's organisation neither owns the project nor was granted it"
    authorized = any(
        a.project_id == project.id and a.state is ActiveState.ACTIVE and a.role_keys for a in authorizations
    )
    if project.requires_authorization and not authorized:
        return "the user has no authorisation on the project"
    return ""
