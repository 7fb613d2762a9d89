"""What a login asks of a person next: derived each time from the session, so that no progress is stored anywhere.

Every page can then be reloaded, resumed and opened in many tabs. Source: design 5; ZITADEL's wire contract, part 3.4.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ostiary.core.assurance import SECOND_FACTORS, factors_now, is_multi_factor
from ostiary.core.login_rules import Missing, Wanted, missing, other_wanted
from ostiary.core.policy import LoginPolicy, PasswordExpiryPolicy
from ostiary.core.session import Session, VerifiedFactor
from ostiary.core.user import Authenticator, User, UserState


class Step(StrEnum):
    """A factor to verify; or nothing is left to do; or nothing that could be done would suffice."""

    PASSWORD = "password"
    TOTP = "totp"
    FINISH = "finish"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, slots=True)
class Next:
    """The step, and what the session lacks (None at the finish)."""

    step: Step
    missing: Missing | None = None


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

    Stricter than :func:`missing` in two things: ``prompt=login`` asks for the second factor again too, and no password
    leads anywhere where the policy allows none.
    """
    owned = tuple(authenticators)
    ready = {authenticator.kind for authenticator in owned if authenticator.is_ready}
    factors = factors_now(session, user)
    lacking = missing(session, user, owned, policy, wanted, now, expiry)
    if not policy.allow_username_password and not _has_other_first(factors):
        return Next(Step.IMPOSSIBLE, _NO_PASSWORDS)
    if user.state not in {UserState.ACTIVE, UserState.INITIAL}:
        return Next(Step.IMPOSSIBLE, lacking)
    if other_wanted(user, wanted) is not None:
        return Next(Step.IMPOSSIBLE, lacking)
    if lacking is None:
        again = "totp" in ready and _is_second_old(factors, wanted.since)
        return Next(Step.TOTP, _SECOND_AGAIN) if again else Next(Step.FINISH)
    if lacking.error == "login_required":
        return Next(Step.PASSWORD if "password" in ready else Step.IMPOSSIBLE, lacking)
    if "totp" in ready and not is_multi_factor(factors):
        return Next(Step.TOTP, lacking)
    return Next(Step.IMPOSSIBLE, lacking)


_NO_PASSWORDS = Missing("login_required", "the organisation allows no logins by password")
_SECOND_AGAIN = Missing("interaction_required", "prompt=login asks for the second factor again")


def _has_other_first(factors: dict[str, VerifiedFactor]) -> bool:
    """Whether something stands for the user beside a password and what comes second to it."""
    second = {"password", *SECOND_FACTORS}
    return any(
        kind not in second and (kind != "web_auth_n" or factor.user_verified)
        for kind, factor in factors.items()
    )


def _is_second_old(factors: dict[str, VerifiedFactor], since: datetime | None) -> bool:
    """Whether second factors were verified, but all of them before."""
    times = [factor.verified_at for kind, factor in factors.items() if kind in SECOND_FACTORS]
    return since is not None and bool(times) and max(times) < since
