"""How long a check counts by the login policy. A session may live longer, if its login UI lets it; its checks do not.

Source: ZITADEL's wire contract, parts 2.12 and 6.1 (there the login UI alone looks at these).
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from ostiary.core.policy import LoginPolicy
from ostiary.core.session import Session, VerifiedFactor

_FIRST: Final = frozenset({"password", "intent"})


def check_lifetime_s(policy: LoginPolicy, kind: str, *, user_verified: bool = False) -> int:
    """Seconds that a check of a factor counts; 0 is without end."""
    if kind == "password":
        return policy.password_check_lifetime_s
    if kind == "intent":
        return policy.external_login_check_lifetime_s
    return policy.multi_factor_check_lifetime_s if user_verified else policy.second_factor_check_lifetime_s


def within_lifetimes(session: Session, policy: LoginPolicy, now: datetime) -> Session:
    """The session with those of its factors that still count.

    What came second to a first factor that counts no more does not stand alone: then there are none.
    """
    kept = {kind: one for kind, one in session.factors.items() if _counts(kind, one, policy, now)}
    if len(kept) == len(session.factors):
        return session
    if any(map(_is_first, session.factors.items())) and not any(map(_is_first, kept.items())):
        kept = {}
    return msgspec.structs.replace(session, factors=kept)


def _counts(kind: str, factor: VerifiedFactor, policy: LoginPolicy, now: datetime) -> bool:
    lifetime_s = check_lifetime_s(policy, kind, user_verified=factor.user_verified)
    return not lifetime_s or factor.verified_at + timedelta(seconds=lifetime_s) > now


def _is_first(item: tuple[str, VerifiedFactor]) -> bool:
    kind, factor = item
    return kind in _FIRST or factor.user_verified
