"""How long checks count, in a table; and that a login is finished by those that do alone."""

from datetime import timedelta

import pytest

from ostiary.core.check_lifetime import within_lifetimes
from ostiary.core.login_rules import Wanted, missing
from ostiary.core.login_step import Step, next_step
from ostiary.core.policy import LoginPolicy
from ostiary.core.session import Session, VerifiedFactor
from ostiary.core.user import Authenticator, Profile, User
from tests.doubles.effects import START

ALICE = User("100", "500", "alice", START, START, profile=Profile("Alice", "A"))
APP = Authenticator("100:totp", "100", "totp", START, START)
PASSWORD = Authenticator("100:password", "100", "password", START, START)
SHORT = LoginPolicy(
    password_check_lifetime_s=400,
    external_login_check_lifetime_s=300,
    second_factor_check_lifetime_s=200,
    multi_factor_check_lifetime_s=100,
    mfa_init_skip_lifetime_s=0,
)
ENDLESS = LoginPolicy(
    password_check_lifetime_s=0,
    external_login_check_lifetime_s=0,
    second_factor_check_lifetime_s=0,
    multi_factor_check_lifetime_s=0,
)
CHECKED, VERIFIED = VerifiedFactor(START), VerifiedFactor(START, user_verified=True)


def session(**factors: VerifiedFactor) -> Session:
    """Alice's."""
    return Session("1", START, START, "900", user_id="100", user_checked_at=START, factors=factors)


@pytest.mark.parametrize(
    ("kind", "factor", "lifetime_s"),
    [
        ("password", CHECKED, 400),
        ("intent", CHECKED, 300),
        ("totp", CHECKED, 200),
        ("otp_sms", CHECKED, 200),
        ("recovery_code", CHECKED, 200),
        ("web_auth_n", CHECKED, 200),
        ("web_auth_n", VERIFIED, 100),
    ],
)
def test_lifetime(kind: str, factor: VerifiedFactor, lifetime_s: int) -> None:
    """Each kind counts as long as its setting says, and not a moment longer; 0 is without end."""
    its, ends = session(**{kind: factor}), START + timedelta(seconds=lifetime_s)
    assert within_lifetimes(its, SHORT, ends - timedelta(seconds=1)) is its
    assert within_lifetimes(its, SHORT, ends).factors == {}
    assert within_lifetimes(its, ENDLESS, START + timedelta(days=9999)) is its
    before, after = (
        missing(its, ALICE, (), SHORT, Wanted(), at) for at in (ends - timedelta(seconds=1), ends)
    )
    assert before is None
    assert after is not None
    assert after.error == "login_required"


def test_second_factor_again() -> None:
    """A second factor that counts no more is asked for again; the password is not."""
    its, now = session(password=CHECKED, totp=CHECKED), START + timedelta(seconds=200)
    following = next_step(its, ALICE, (PASSWORD, APP), SHORT, Wanted(), now)
    assert (following.step, following.ways) == (Step.VERIFY, ("totp",))


def test_second_factor_alone() -> None:
    """When the password counts no more, a newer code does not stand for it; with the password again it counts."""
    now = START + timedelta(seconds=400)
    code = VerifiedFactor(now)
    following = next_step(session(password=CHECKED, totp=code), ALICE, (PASSWORD, APP), SHORT, Wanted(), now)
    assert (following.step, following.ways) == (Step.VERIFY, ("password",))
    both = session(password=VerifiedFactor(now), totp=code)
    assert next_step(both, ALICE, (PASSWORD, APP), SHORT, Wanted(), now).step is Step.FINISH
