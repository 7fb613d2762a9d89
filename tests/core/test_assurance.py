"""What a session proves, in tables."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from ostiary.core.assurance import (
    AAL1,
    AAL2,
    AMR,
    aal_of,
    acr_of,
    alive,
    amr_of,
    factors_now,
    is_multi_factor,
    proven,
    require_authenticated,
    require_usable,
    weakened,
)
from ostiary.core.organization import Instance
from ostiary.core.policy import LoginPolicy
from ostiary.core.session import Session, VerifiedFactor
from ostiary.core.user import Authenticator, Machine, Profile, User, UserState
from ostiary.errors import PermissionDenied
from ostiary.factors import FACTORS
from tests.doubles.effects import START

SECOND = timedelta(seconds=1)
SESSION = Session("1", START, START, "900", user_id="100")
USER = User("100", "500", "alice", START, START, profile=Profile("Alice", "A"))
INSTANCE = Instance("1", "500", START)
FACTOR = VerifiedFactor(START)


def with_(value: Any, **changes: Any) -> Any:
    """The value with changes."""
    return msgspec.structs.replace(value, **changes)


@pytest.mark.parametrize(
    ("session", "user", "instance", "expected"),
    [
        ({}, {}, {}, True),
        ({"expires_at": START + SECOND}, {}, {}, True),
        ({"expires_at": START}, {}, {}, False),
        ({"expires_at": START - SECOND}, {}, {}, False),
        ({"expires_at": START + SECOND, "changed_at": START + SECOND}, {}, {}, False),
        ({}, {"valid_after": START}, {}, True),
        ({}, {"valid_after": START + SECOND}, {}, False),
        ({}, {}, {"epoch": START}, True),
        ({}, {}, {"epoch": START + SECOND}, False),
        ({}, None, {}, True),
        ({}, None, {"epoch": START + SECOND}, False),
    ],
)
def test_alive(session: Any, user: Any, instance: Any, expected: bool) -> None:
    """A session lives until its end, or until all of its user or of the instance was ended; clocks do not go back."""
    whose = None if user is None else with_(USER, **user)
    assert alive(with_(SESSION, **session), whose, with_(INSTANCE, **instance), START) is expected


@pytest.mark.parametrize(
    ("changed_at", "counts"), [(None, True), (START - SECOND, True), (START, True), (START + SECOND, False)]
)
def test_password_older_than_the_password(changed_at: Any, counts: bool) -> None:
    """A password check from before the password's change does not count, other factors stay."""
    session = with_(SESSION, factors={"password": FACTOR, "totp": FACTOR})
    user = with_(USER, password_changed_at=changed_at)
    assert set(factors_now(session, user)) == ({"password", "totp"} if counts else {"totp"})
    assert (weakened(session, user) is session) is counts
    assert factors_now(session, None) == session.factors


def test_password_change_without_password_check() -> None:
    """A session without a password check is not touched by a new password."""
    session = with_(SESSION, factors={"totp": FACTOR})
    assert weakened(session, with_(USER, password_changed_at=START + SECOND)) is session


@pytest.mark.parametrize(
    ("factors", "expected"),
    [
        ({}, False),
        ({"password": FACTOR}, False),
        ({"password": FACTOR, "totp": FACTOR}, True),
        ({"passkey": VerifiedFactor(START, user_verified=True)}, True),
        ({"passkey": FACTOR}, False),
    ],
)
def test_multi_factor(factors: dict[str, VerifiedFactor], expected: bool) -> None:
    """Two factors, or one that asked its user by itself."""
    assert is_multi_factor(factors) is expected


def test_nothing_is_proven_without_a_factor() -> None:
    """A bare user check proves nothing."""
    assert proven(SESSION, USER) is None


VERIFYING = VerifiedFactor(START, user_verified=True)
# Of RFC 8176, section 2, those that may be ours.
REGISTERED = {"hwk", "mfa", "otp", "pin", "pop", "pwd", "sms", "swk", "user"}


@pytest.mark.parametrize(
    ("kinds", "amr", "aal"),
    [
        ("", "", 0),
        ("password", "pwd", 1),
        ("totp", "otp", 1),
        ("otp_sms", "otp", 1),
        ("otp_email", "otp", 1),
        ("recovery_code", "otp", 1),
        ("intent", "", 1),
        ("web_auth_n", "user", 1),
        ("web_auth_n+uv", "user mfa", 2),
        ("password totp", "pwd otp mfa", 2),
        ("password otp_sms", "pwd otp mfa", 2),
        ("password recovery_code", "pwd otp mfa", 2),
        ("password web_auth_n", "pwd user mfa", 2),
        ("password web_auth_n+uv", "pwd user mfa", 2),
        ("password otp_email", "pwd otp mfa", 1),
        ("totp otp_sms", "otp mfa", 1),
        ("totp web_auth_n", "user otp mfa", 1),
        ("totp recovery_code", "otp mfa", 1),
        ("intent totp", "otp mfa", 1),
        ("intent password", "pwd mfa", 1),
        ("intent web_auth_n+uv", "user mfa", 2),
        ("password otp_email totp", "pwd otp mfa", 2),
    ],
)
def test_references_and_levels(kinds: str, amr: str, aal: int) -> None:
    """ZITADEL's amr of a session's factors, and NIST's level (63B-4: a thing and a secret, or a thing that asks for it)."""
    uv = "+uv"
    factors = {kind.removesuffix(uv): VERIFYING if kind.endswith(uv) else FACTOR for kind in kinds.split()}
    assert (amr_of(factors), aal_of(factors)) == (tuple(amr.split()), aal)
    assert acr_of(factors) == ("", AAL1, AAL2)[aal]
    assert set(amr_of(factors)) <= REGISTERED


def test_references_are_those_of_the_factors() -> None:
    """Assurance and each factor name the same reference."""
    assert {factor.kind: factor.amr for factor in FACTORS if factor.amr} == AMR


def owned(kind: str, *, is_ready: bool = True) -> Authenticator:
    """An authenticator of the user."""
    return Authenticator(f"100:{kind}", "100", kind, START, START, is_ready=is_ready)


FORCED = LoginPolicy(force_mfa=True)
FORCED_LOCALLY = LoginPolicy(force_mfa_local_only=True)


@pytest.mark.parametrize(
    ("factors", "owns", "policy", "refusal"),
    [
        ([], [], LoginPolicy(), "authentication required"),
        (["password"], [], LoginPolicy(), None),
        (["password"], [owned("password")], LoginPolicy(), None),
        (["password"], [owned("totp")], LoginPolicy(), "mfa required"),
        (["password"], [owned("totp", is_ready=False)], LoginPolicy(), None),
        (["password"], [owned("passkey")], LoginPolicy(), None),
        (["password", "totp"], [owned("totp")], FORCED, None),
        (["password"], [], FORCED, "mfa required"),
        (["intent"], [], FORCED, "mfa required"),
        (["password"], [], FORCED_LOCALLY, "mfa required"),
        (["intent"], [], FORCED_LOCALLY, None),
        (["intent"], [owned("u2f")], FORCED_LOCALLY, "mfa required"),
    ],
)
def test_acting_as_its_user(
    factors: list[str], owns: list[Authenticator], policy: LoginPolicy, refusal: str | None
) -> None:
    """A session acts as its user once it has a factor, and a second one where policy or possession asks for it."""
    session = with_(SESSION, factors=dict.fromkeys(factors, FACTOR))
    if refusal is None:
        require_authenticated(session, USER, owns, policy)
        return
    with pytest.raises(PermissionDenied) as refused:
        require_authenticated(session, USER, owns, policy)
    assert (refused.value.id, refused.value.message) == ("AUTHZ-Kl3p0", refusal)


def test_machines_need_no_second_factor() -> None:
    """A service user is not asked for a second factor, but for a first."""
    machine = User("100", "500", "robot", START, START, machine=Machine("Robot"))
    require_authenticated(with_(SESSION, factors={"password": FACTOR}), machine, [owned("totp")], FORCED)
    with pytest.raises(PermissionDenied):
        require_authenticated(SESSION, machine, [], LoginPolicy())


def test_stale_password_authenticates_nobody() -> None:
    """A session whose only factor was weakened may not act."""
    session = with_(SESSION, factors={"password": FACTOR})
    with pytest.raises(PermissionDenied):
        require_authenticated(session, with_(USER, password_changed_at=START + SECOND), [], LoginPolicy())


@pytest.mark.parametrize("state", UserState)
def test_usable(state: UserState) -> None:
    """Active and initial users may act, locked and inactive ones may not."""
    user = with_(USER, state=state)
    if state in {UserState.ACTIVE, UserState.INITIAL}:
        require_usable(user)
    else:
        with pytest.raises(PermissionDenied):
            require_usable(user)
