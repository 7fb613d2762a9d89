"""What is next in a login, in a table."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from ostiary.core.assurance import AAL2
from ostiary.core.login_rules import Wanted
from ostiary.core.login_step import Step, next_step
from ostiary.core.policy import LoginPolicy
from ostiary.core.session import Session, VerifiedFactor
from ostiary.core.user import Authenticator, Profile, User, UserState
from tests.doubles.effects import START

NOW = START + timedelta(hours=1)
OLD, NEW = VerifiedFactor(START), VerifiedFactor(NOW)
PASSWORD = Authenticator("100:password", "100", "password", START, START)
TOTP = Authenticator("100:totp", "100", "totp", START, START)
UNREADY = msgspec.structs.replace(TOTP, is_ready=False)
BOTH = (PASSWORD, TOTP)
AGAIN = Wanted(since=NOW)


@pytest.mark.parametrize(
    ("factors", "owned", "wanted", "policy", "step"),
    [
        ({}, (PASSWORD,), Wanted(), {}, Step.PASSWORD),
        ({}, (), Wanted(), {}, Step.IMPOSSIBLE),
        ({"password": OLD}, (PASSWORD,), Wanted(), {}, Step.FINISH),
        ({"password": OLD}, (PASSWORD, UNREADY), Wanted(), {}, Step.FINISH),
        ({"password": OLD}, BOTH, Wanted(), {}, Step.TOTP),
        ({"password": OLD, "totp": OLD}, BOTH, Wanted(), {}, Step.FINISH),
        ({"password": OLD}, (PASSWORD,), Wanted(), {"force_mfa": True}, Step.IMPOSSIBLE),
        ({"password": OLD}, BOTH, Wanted(), {"force_mfa": True}, Step.TOTP),
        ({"password": OLD}, (PASSWORD,), Wanted(max_age_s=60), {}, Step.PASSWORD),
        ({"password": NEW}, (PASSWORD,), Wanted(max_age_s=60), {}, Step.FINISH),
        ({"password": OLD, "totp": OLD}, BOTH, AGAIN, {}, Step.PASSWORD),
        ({"password": NEW, "totp": OLD}, BOTH, AGAIN, {}, Step.TOTP),
        ({"password": NEW, "totp": OLD}, (PASSWORD,), AGAIN, {}, Step.FINISH),
        ({"password": NEW, "totp": NEW}, BOTH, AGAIN, {}, Step.FINISH),
        ({"password": NEW}, (PASSWORD,), AGAIN, {}, Step.FINISH),
        ({}, (PASSWORD,), Wanted(), {"allow_username_password": False}, Step.IMPOSSIBLE),
        ({"password": OLD}, (PASSWORD,), Wanted(), {"allow_username_password": False}, Step.IMPOSSIBLE),
        (
            {"password": OLD, "web_auth_n": OLD},
            BOTH,
            Wanted(),
            {"allow_username_password": False},
            Step.IMPOSSIBLE,
        ),
        ({"intent": OLD}, (PASSWORD,), Wanted(), {"allow_username_password": False}, Step.FINISH),
        ({"password": OLD}, (PASSWORD,), Wanted(acr_values=(AAL2,)), {}, Step.IMPOSSIBLE),
        ({"password": OLD}, (PASSWORD,), Wanted(user_id="other"), {}, Step.IMPOSSIBLE),
        ({"password": OLD, "totp": OLD}, BOTH, Wanted(acr_values=("unknown",)), {}, Step.IMPOSSIBLE),
    ],
)
def test_step(factors: Any, owned: Any, wanted: Wanted, policy: Any, step: Step) -> None:
    """A factor that would help, the finish, or nothing that would."""
    session = Session("1", START, START, "", user_id="100", factors=factors)
    user = User("100", "500", "alice", START, START, profile=Profile("Alice", "A"))
    found = next_step(session, user, owned, LoginPolicy(**policy), wanted, NOW)
    assert found.step is step
    assert (found.missing is None) is (step is Step.FINISH)


def test_inactive_user() -> None:
    """Nothing helps a user who is not active."""
    session = Session("1", START, START, "", user_id="100", factors={"password": OLD})
    user = User("100", "500", "alice", START, START, state=UserState.LOCKED)
    assert next_step(session, user, BOTH, LoginPolicy(), Wanted(), NOW).step is Step.IMPOSSIBLE
