"""What a login asks of a person next: derived each time from the session, so that no progress is stored anywhere.

Every page can then be reloaded, resumed and opened in many tabs. Source: design 5; ZITADEL's wire contract, part 3.4.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from ostiary.core.assurance import SECOND_FACTORS, factors_now, is_multi_factor
from ostiary.core.check_lifetime import within_lifetimes
from ostiary.core.login_rules import (
    NO_SECOND_FACTOR,
    Missing,
    Wanted,
    missing,
    other_wanted,
    password_expired,
    reaches_second,
)
from ostiary.core.policy import LoginPolicy, PasswordExpiryPolicy
from ostiary.core.session import Session, VerifiedFactor
from ostiary.core.user import Address, Authenticator, User, UserState

# An offer to set up a second factor is made to who has just signed in, not in the middle of their work.
JUST_NOW: Final = timedelta(minutes=10)


class Step(StrEnum):
    """What is to be done: verify a factor, and so on; or nothing is left; or nothing that could be done would suffice."""

    VERIFY = "verify"
    CHANGE_PASSWORD = "change_password"
    ENROL = "enrol"
    FINISH = "finish"
    IMPOSSIBLE = "impossible"


class Way(StrEnum):
    """A way to verify, or to be verified from now on, named by the kind of authenticator."""

    PASSWORD = "password"
    PASSKEY = "passkey"
    U2F = "u2f"
    TOTP = "totp"
    OTP_SMS = "otp_sms"
    OTP_EMAIL = "otp_email"
    RECOVERY_CODE = "recovery_code"


# Second factors, the one to ask for first in front; with their names in policies, where these have one.
_SECOND: Final = MappingProxyType(
    {
        Way.U2F: "u2f",
        Way.PASSKEY: "",
        Way.TOTP: "totp",
        Way.OTP_EMAIL: "otp_email",
        Way.OTP_SMS: "otp_sms",
        Way.RECOVERY_CODE: "",
    }
)


@dataclass(frozen=True, slots=True)
class Next:
    """The step, and what the session lacks (None at the finish).

    ``ways`` are those to choose from, the best first, where one is to be verified or enrolled. ``may_skip``: the enrolment
    is an offer.
    """

    step: Step
    missing: Missing | None = None
    ways: tuple[Way, ...] = ()
    may_skip: bool = False


def next_step(
    session: Session,
    user: User,
    authenticators: Iterable[Authenticator],
    policy: LoginPolicy,
    wanted: Wanted,
    now: datetime,
    expiry: PasswordExpiryPolicy | None = None,
) -> Next:
    """The next step towards a session that satisfies policy and request.

    Stricter than :func:`missing` in three things: ``prompt=login`` asks for as many factors again as the session has, no
    password leads anywhere where the policy allows none, and one that must be changed is changed.
    """
    session, owned = within_lifetimes(session, policy, now), tuple(authenticators)
    ready = frozenset(authenticator.kind for authenticator in owned if authenticator.is_ready)
    lacking = missing(session, user, owned, policy, wanted, now, expiry)
    facts = _Facts(factors_now(session, user), ready, user, policy, wanted, now, expiry, lacking)
    if user.state not in {UserState.ACTIVE, UserState.INITIAL} or other_wanted(user, wanted) is not None:
        return Next(Step.IMPOSSIBLE, lacking)
    if not policy.allow_username_password and not _has_other_first(facts.factors):
        return _verify(_first_ways(ready, policy), _NO_PASSWORDS)
    if lacking is not None and lacking.error == "login_required":
        return _verify(_first_ways(ready, policy), lacking)
    return _second(facts) or _last(facts)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the step is decided on; ``ready`` are the kinds of authenticators that the user can use."""

    factors: dict[str, VerifiedFactor]
    ready: frozenset[str]
    user: User
    policy: LoginPolicy
    wanted: Wanted
    now: datetime
    expiry: PasswordExpiryPolicy | None
    lacking: Missing | None


_NO_PASSWORDS = Missing("login_required", "the organisation allows no logins by password")
_SECOND_AGAIN = Missing("interaction_required", "prompt=login asks for the second factor again")
_PASSWORD_CHANGE = Missing("interaction_required", "the password must be changed")
_OFFER = Missing("interaction_required", "the user is asked whether to set up a second factor")


def _second(of: _Facts) -> Next | None:
    """The second factor, where one is needed: verified, else enrolled; nobody enrols one while they own another."""
    ways, since = _second_ways(of.ready, of.policy), of.wanted.since
    if of.lacking is not None and reaches_second(of.lacking, of.wanted):
        return _raised(of, ways)
    if is_multi_factor(of.factors):
        fresh = {k: f for k, f in of.factors.items() if since is None or f.verified_at >= since}
        return Next(Step.VERIFY, _SECOND_AGAIN, ways) if ways and not is_multi_factor(fresh) else None
    if of.lacking != NO_SECOND_FACTOR:
        return None
    return (
        Next(Step.VERIFY, of.lacking, ways)
        if ways
        else _enrol(enrollable_ways(of.user, of.policy), of.lacking)
    )


def _raised(of: _Facts, ways: tuple[Way, ...]) -> Next:
    """What raises the level of assurance to the one asked for; mail does not."""
    lacking = of.lacking or NO_SECOND_FACTOR
    stronger = tuple(way for way in ways if way is not Way.OTP_EMAIL)
    if stronger:
        return Next(Step.VERIFY, lacking, stronger)
    return _enrol(tuple(w for w in enrollable_ways(of.user, of.policy) if w is not Way.OTP_EMAIL), lacking)


def _last(of: _Facts) -> Next:
    """What comes after all factors."""
    has_expired = of.expiry is not None and password_expired(of.user, of.expiry, of.now)
    if "password" in of.factors and (of.user.password_change_required or has_expired):
        return Next(Step.CHANGE_PASSWORD, of.lacking or _PASSWORD_CHANGE)
    if of.lacking is not None:
        return Next(Step.IMPOSSIBLE, of.lacking)
    if not _second_ways(of.ready, of.policy) and _is_offered(of):
        enrollable = enrollable_ways(of.user, of.policy)
        if enrollable:
            return Next(Step.ENROL, _OFFER, enrollable, may_skip=True)
    return Next(Step.FINISH)


def enrollable_ways(user: User, policy: LoginPolicy) -> tuple[Way, ...]:
    """The second factors that the user may set up, the best first."""
    addresses = {Way.OTP_EMAIL: user.email, Way.OTP_SMS: user.phone}
    found = [
        way
        for way, name in _SECOND.items()
        if name in policy.second_factors and (way not in addresses or _is_verified(addresses[way]))
    ]
    return (Way.PASSKEY, *found) if policy.passkeys_allowed and policy.multi_factors else tuple(found)


def _enrol(ways: tuple[Way, ...], lacking: Missing) -> Next:
    return Next(Step.ENROL, lacking, ways) if ways else Next(Step.IMPOSSIBLE, lacking)


def _verify(ways: tuple[Way, ...], lacking: Missing) -> Next:
    return Next(Step.VERIFY, lacking, ways) if ways else Next(Step.IMPOSSIBLE, lacking)


def _first_ways(ready: Collection[str], policy: LoginPolicy) -> tuple[Way, ...]:
    allowed = {Way.PASSWORD: policy.allow_username_password, Way.PASSKEY: policy.passkeys_allowed}
    return tuple(way for way, is_allowed in allowed.items() if is_allowed and way in ready)


def _second_ways(ready: Collection[str], policy: LoginPolicy) -> tuple[Way, ...]:
    """What the user owns of the policy's; of an owner of none of these, what else: it proves more than nothing."""
    owned = [(way, name) for way, name in _SECOND.items() if way in ready]
    allowed = tuple(way for way, name in owned if not name or name in policy.second_factors)
    has_second = any(way in SECOND_FACTORS or way is Way.PASSKEY for way in allowed)
    return allowed if has_second else tuple(way for way, _ in owned)


def _is_offered(of: _Facts) -> bool:
    """Whether to ask for a second factor that nobody demands: not again for a while after a no."""
    lifetime = timedelta(seconds=of.policy.mfa_init_skip_lifetime_s)
    if not lifetime or of.user.profile is None or is_multi_factor(of.factors) or "intent" in of.factors:
        return False
    newest = max(factor.verified_at for factor in of.factors.values())
    skipped = of.user.mfa_init_skipped_at
    return newest + JUST_NOW > of.now and (skipped is None or skipped + lifetime <= of.now)


def _is_verified(address: Address | None) -> bool:
    return address is not None and address.is_verified


def _has_other_first(factors: dict[str, VerifiedFactor]) -> bool:
    """Whether something stands for the user beside a password and what comes second to it."""
    second = {"password", "recovery_code", *SECOND_FACTORS}
    return any(
        kind not in second and (kind != "web_auth_n" or factor.user_verified)
        for kind, factor in factors.items()
    )
