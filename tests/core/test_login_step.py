"""What is next in a login, in a table."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from ostiary.core.assurance import AAL2
from ostiary.core.login_rules import Wanted
from ostiary.core.login_step import JUST_NOW, Next, Step, Way, enrollable_ways, next_step
from ostiary.core.policy import LoginPolicy, PasswordExpiryPolicy
from ostiary.core.session import Session, VerifiedFactor
from ostiary.core.user import Address, Authenticator, Profile, User, UserState
from tests.doubles.effects import START

NOW = START + timedelta(hours=1)
OLD, NEW = VerifiedFactor(START), VerifiedFactor(NOW)
KEY_OLD, KEY_NEW = VerifiedFactor(START, user_verified=True), VerifiedFactor(NOW, user_verified=True)
ALICE = User("100", "500", "alice", START, START, profile=Profile("Alice", "A"))
ANYTHING = Wanted()
AGAIN = Wanted(since=NOW)
HIGH = Wanted(acr_values=(AAL2,))
NO_PASSWORD = {"allow_username_password": False}
FORCED = {"force_mfa": True}
UNREADY = Authenticator("x", "100", "totp", START, START, is_ready=False)


def owned(*kinds: str) -> tuple[Authenticator, ...]:
    """Ready authenticators."""
    return tuple(Authenticator(kind, "100", kind, START, START) for kind in kinds)


def found(factors: Any, own: Any, wanted: Wanted = ANYTHING, user: User = ALICE, **policy: Any) -> Next:
    """What is next at NOW."""
    session = Session("1", START, START, "", user_id="100", factors=factors)
    return next_step(session, user, own, LoginPolicy(**policy), wanted, NOW)


@pytest.mark.parametrize(
    ("factors", "own", "wanted", "policy", "step", "ways"),
    [
        # the first factor
        ({}, "password", Wanted(), {}, Step.VERIFY, "password"),
        ({}, "passkey password totp", Wanted(), {}, Step.VERIFY, "password passkey"),
        ({}, "password passkey", Wanted(), {"passkeys_allowed": False}, Step.VERIFY, "password"),
        ({}, "", Wanted(), {}, Step.IMPOSSIBLE, ""),
        ({"password": OLD}, "password", Wanted(max_age_s=60), {}, Step.VERIFY, "password"),
        ({"password": NEW}, "password", Wanted(max_age_s=60), {}, Step.FINISH, ""),
        ({"password": OLD}, "password", Wanted(), {}, Step.FINISH, ""),
        ({"web_auth_n": KEY_OLD}, "passkey", Wanted(), {}, Step.FINISH, ""),
        # no passwords allowed
        ({}, "password", Wanted(), NO_PASSWORD, Step.IMPOSSIBLE, ""),
        ({}, "password passkey", Wanted(), NO_PASSWORD, Step.VERIFY, "passkey"),
        ({"password": OLD}, "password", Wanted(), NO_PASSWORD, Step.IMPOSSIBLE, ""),
        ({"password": OLD, "web_auth_n": OLD}, "password u2f", Wanted(), NO_PASSWORD, Step.IMPOSSIBLE, ""),
        ({"web_auth_n": KEY_OLD}, "password passkey", Wanted(), NO_PASSWORD, Step.FINISH, ""),
        ({"recovery_code": OLD}, "password", Wanted(), NO_PASSWORD, Step.IMPOSSIBLE, ""),
        ({"intent": OLD}, "password", Wanted(), NO_PASSWORD, Step.FINISH, ""),
        # the second factor
        ({"password": OLD}, "password totp", Wanted(), {}, Step.VERIFY, "totp"),
        ({"password": OLD}, "totp u2f recovery_code", Wanted(), {}, Step.VERIFY, "u2f totp recovery_code"),
        ({"password": OLD}, "totp otp_sms otp_email", Wanted(), {}, Step.VERIFY, "totp"),
        ({"password": OLD}, "otp_sms otp_email", Wanted(), {}, Step.VERIFY, "otp_email otp_sms"),
        ({"password": OLD}, "otp_sms recovery_code", Wanted(), {}, Step.VERIFY, "otp_sms recovery_code"),
        ({"password": OLD}, "password passkey", Wanted(), {}, Step.FINISH, ""),
        ({"password": OLD}, "password passkey", Wanted(), FORCED, Step.VERIFY, "passkey"),
        ({"password": OLD, "totp": OLD}, "password totp", Wanted(), FORCED, Step.FINISH, ""),
        ({"password": OLD, "recovery_code": OLD}, "password totp", Wanted(), FORCED, Step.FINISH, ""),
        ({"password": OLD}, "password", Wanted(), FORCED, Step.ENROL, "passkey u2f totp"),
        ({"password": OLD}, "password", Wanted(), {**FORCED, "second_factors": ()}, Step.ENROL, "passkey"),
        (
            {"password": OLD},
            "password",
            Wanted(),
            {**FORCED, "second_factors": (), "multi_factors": ()},
            Step.IMPOSSIBLE,
            "",
        ),
        ({"password": OLD}, "password otp_email", HIGH, {}, Step.VERIFY, "otp_email"),
        # what the request asks for
        ({"password": OLD}, "password", HIGH, {}, Step.ENROL, "passkey u2f totp"),
        ({"password": OLD}, "password passkey", HIGH, {}, Step.VERIFY, "passkey"),
        ({"password": OLD}, "password passkey", Wanted(acr_values=("x",)), {}, Step.IMPOSSIBLE, ""),
        ({"password": OLD, "totp": OLD}, "totp", Wanted(acr_values=("x",)), {}, Step.IMPOSSIBLE, ""),
        ({"password": OLD}, "password", Wanted(user_id="other"), {}, Step.IMPOSSIBLE, ""),
        ({"password": OLD}, "totp otp_email", HIGH, {}, Step.VERIFY, "totp"),
        ({"password": OLD}, "otp_email", HIGH, {}, Step.VERIFY, "otp_email"),
        ({"password": OLD, "otp_email": OLD}, "otp_email totp", HIGH, {}, Step.VERIFY, "totp"),
        ({"password": OLD, "otp_email": OLD}, "otp_email", HIGH, {}, Step.ENROL, "passkey u2f totp"),
        ({"password": OLD, "totp": OLD}, "password totp", AGAIN, {}, Step.VERIFY, "password"),
        ({"password": NEW, "totp": OLD}, "password totp", AGAIN, {}, Step.VERIFY, "totp"),
        ({"password": NEW, "web_auth_n": OLD}, "password u2f", AGAIN, {}, Step.VERIFY, "u2f"),
        ({"password": NEW, "web_auth_n": KEY_OLD}, "password passkey", AGAIN, {}, Step.VERIFY, "passkey"),
        ({"password": OLD, "web_auth_n": KEY_NEW}, "password passkey", AGAIN, {}, Step.FINISH, ""),
        ({"password": NEW, "totp": OLD}, "password", AGAIN, {}, Step.FINISH, ""),
        ({"password": NEW, "totp": NEW}, "password totp", AGAIN, {}, Step.FINISH, ""),
    ],
)
def test_step(factors: Any, own: str, wanted: Wanted, policy: Any, step: Step, ways: str) -> None:
    """Factors that would help, the finish, or nothing that would."""
    skipped = msgspec.structs.replace(ALICE, mfa_init_skipped_at=NOW)
    this = found(factors, owned(*own.split()), wanted, skipped, **policy)
    assert (this.step, " ".join(this.ways), this.may_skip) == (step, ways, False)
    assert (this.missing is None) is (step is Step.FINISH)


@pytest.mark.parametrize(
    ("verified", "skipped", "policy", "is_offered"),
    [
        (NEW, None, {}, True),
        (OLD, None, {}, False),
        (VerifiedFactor(NOW - JUST_NOW), None, {}, False),
        (NEW, NOW - timedelta(days=29), {}, False),
        (NEW, NOW - timedelta(days=30), {}, True),
        (NEW, None, {"mfa_init_skip_lifetime_s": 0}, False),
        (NEW, None, {"second_factors": (), "multi_factors": ()}, False),
        (KEY_NEW, None, {}, False),
    ],
)
def test_offer(verified: VerifiedFactor, skipped: Any, policy: Any, is_offered: bool) -> None:
    """Who has just signed in with one factor may set up a second one, and is asked again when the policy says."""
    user = msgspec.structs.replace(ALICE, mfa_init_skipped_at=skipped)
    this = found({"password": verified}, owned("password"), user=user, **policy)
    assert (this.step, this.may_skip) == ((Step.ENROL, True) if is_offered else (Step.FINISH, False))


@pytest.mark.parametrize(
    ("factors", "own"),
    [
        ({"password": NEW}, "password totp"),
        ({"password": NEW, "totp": NEW}, "password totp"),
        ({"intent": NEW}, ""),
    ],
)
def test_no_offer(factors: Any, own: str) -> None:
    """Nobody is offered what they have, nor who signs in elsewhere."""
    assert not found(factors, owned(*own.split())).may_skip


def test_unready() -> None:
    """A factor whose enrolment was left is not asked for."""
    assert found({"password": OLD}, (*owned("password"), UNREADY)).step is Step.FINISH


def test_password_change() -> None:
    """A password that must be changed is changed once all factors are verified, and only by who knows it."""
    user = msgspec.structs.replace(ALICE, password_change_required=True)
    assert found({"password": NEW}, owned("password"), user=user).step is Step.CHANGE_PASSWORD
    assert found({"password": NEW}, owned("password", "totp"), user=user).step is Step.VERIFY
    assert found({"web_auth_n": KEY_NEW}, owned("password", "passkey"), user=user).step is Step.FINISH


def test_password_expiry() -> None:
    """An expired password is changed."""
    user = msgspec.structs.replace(ALICE, password_changed_at=START - timedelta(days=2))
    session = Session("1", START, START, "", user_id="100", factors={"password": OLD})
    for days, step in ((1, Step.CHANGE_PASSWORD), (3, Step.FINISH)):
        expiry = PasswordExpiryPolicy(max_age_days=days)
        this = next_step(session, user, owned("password"), LoginPolicy(), Wanted(), NOW, expiry)
        assert this.step is step


def test_enrollable() -> None:
    """Codes are sent to verified addresses alone."""
    policy = LoginPolicy(second_factors=("totp", "otp_email", "otp_sms"), multi_factors=())
    sure, unsure = Address("a@example.com", is_verified=True), Address("+15551234567")
    user = msgspec.structs.replace(ALICE, email=sure, phone=unsure)
    assert enrollable_ways(user, policy) == (Way.TOTP, Way.OTP_EMAIL)
    user = msgspec.structs.replace(ALICE, phone=Address("+15551234567", is_verified=True))
    assert enrollable_ways(user, policy) == (Way.TOTP, Way.OTP_SMS)


def test_inactive_user() -> None:
    """Nothing helps a user who is not active."""
    user = msgspec.structs.replace(ALICE, state=UserState.LOCKED)
    assert found({"password": OLD}, owned("password", "totp"), user=user).step is Step.IMPOSSIBLE
