"""Whether a session may finish a login: a table of what is missing."""

from datetime import timedelta

import msgspec
import pytest

from ostiary.core.assurance import AAL1, AAL2
from ostiary.core.login_rules import (
    Wanted,
    authentication_of,
    may_use_project,
    missing,
    password_expired,
)
from ostiary.core.policy import LoginPolicy, PasswordExpiryPolicy
from ostiary.core.project import ActiveState, Authorization, Project, ProjectGrant
from ostiary.core.session import Session, VerifiedFactor
from ostiary.core.user import Authenticator, Machine, Profile, User, UserState
from tests.doubles.effects import START

ALICE = User("100", "500", "alice", START, START, profile=Profile("Alice", "A"))
ROBOT = User("900", "500", "robot", START, START, machine=Machine("Robot"))
U2F = Authenticator("100:u2f", "100", "u2f", START, START)
PASSWORD = {"password": VerifiedFactor(START)}
PASSKEY = {"web_auth_n": VerifiedFactor(START, user_verified=True)}
BOTH = {**PASSWORD, "totp": VerifiedFactor(START + timedelta(seconds=9))}
LATER = START + timedelta(seconds=60)


def session(factors: dict[str, VerifiedFactor]) -> Session:
    """Alice's session with these factors."""
    return Session("1", START, START, "900", user_id="100", user_checked_at=START, factors=factors)


@pytest.mark.parametrize(
    ("user", "factors", "owned", "policy", "wanted", "error"),
    [
        (ALICE, PASSWORD, (), {}, {}, None),
        (ALICE, {}, (), {}, {}, "login_required"),
        (msgspec.structs.replace(ALICE, state=UserState.LOCKED), PASSWORD, (), {}, {}, "login_required"),
        (ALICE, PASSWORD, (U2F,), {}, {}, "interaction_required"),
        (ALICE, PASSWORD, (msgspec.structs.replace(U2F, is_ready=False),), {}, {}, None),
        (ALICE, BOTH, (U2F,), {"force_mfa": True}, {}, None),
        (ALICE, PASSKEY, (U2F,), {"force_mfa": True}, {}, None),
        (ALICE, PASSWORD, (), {"force_mfa": True}, {}, "interaction_required"),
        (ALICE, PASSWORD, (), {"force_mfa_local_only": True}, {}, "interaction_required"),
        (ALICE, {"intent": VerifiedFactor(START)}, (), {"force_mfa_local_only": True}, {}, None),
        (ROBOT, PASSWORD, (U2F,), {"force_mfa": True}, {}, None),
        (ALICE, PASSWORD, (), {}, {"max_age_s": 60}, None),
        (ALICE, PASSWORD, (), {}, {"max_age_s": 59}, "login_required"),
        (ALICE, PASSWORD, (), {}, {"since": START}, None),
        (ALICE, PASSWORD, (), {}, {"since": LATER}, "login_required"),
        (ALICE, PASSWORD, (), {}, {"acr_values": (AAL1,)}, None),
        (ALICE, PASSWORD, (), {}, {"acr_values": (AAL2,)}, "unmet_authentication_requirements"),
        (ALICE, PASSWORD, (), {}, {"acr_values": (AAL2, AAL1)}, None),
        (ALICE, BOTH, (), {}, {"acr_values": (AAL1,)}, None),
        (ALICE, PASSWORD, (), {}, {"acr_values": ("urn:x",)}, "unmet_authentication_requirements"),
        (ALICE, PASSWORD, (), {}, {"user_id": ALICE.id}, None),
        (ALICE, PASSWORD, (), {}, {"user_id": "other"}, "login_required"),
        (ALICE, PASSWORD, (), {}, {"home": (ALICE.organization_id,)}, None),
        (ALICE, PASSWORD, (), {}, {"home": ("other", "other.example")}, "login_required"),
    ],
)
def test_missing(
    user: User,
    factors: dict[str, VerifiedFactor],
    owned: tuple[Authenticator, ...],
    policy: dict[str, bool],
    wanted: dict[str, object],
    error: str | None,
) -> None:
    """Each row says what the session lacks, if anything."""
    wish = Wanted(**wanted)  # type: ignore[arg-type]
    rules = LoginPolicy(**policy)  # type: ignore[arg-type]
    found = missing(session(factors), user, owned, rules, wish, LATER)
    assert (found.error if found else None) == error


@pytest.mark.parametrize(
    ("days", "factors", "changed_days_ago", "error"),
    [
        (0, PASSWORD, 9999, None),
        (30, PASSWORD, 29, None),
        (30, PASSWORD, 30, "interaction_required"),
        (30, PASSKEY, 30, None),
        (30, PASSWORD, None, None),
    ],
)
def test_expired_password(
    days: int, factors: dict[str, VerifiedFactor], changed_days_ago: int | None, error: str | None
) -> None:
    """A password that is too old must be changed before it finishes a login."""
    changed_at = None if changed_days_ago is None else LATER - timedelta(days=changed_days_ago)
    user = msgspec.structs.replace(ALICE, password_changed_at=changed_at)
    expiry = PasswordExpiryPolicy(max_age_days=days)
    found = missing(session(factors), user, (), LoginPolicy(), Wanted(), LATER, expiry)
    assert (found.error if found else None) == error
    assert password_expired(user, expiry, LATER) is (changed_days_ago == days)


def test_the_time_of_an_authentication() -> None:
    """The newest factor's, else the user check's, else the session's."""
    assert authentication_of(session(BOTH), ALICE).auth_time == START + timedelta(seconds=9)
    assert authentication_of(session({}), ALICE).auth_time == START
    bare = msgspec.structs.replace(session({}), user_checked_at=None)
    assert authentication_of(bare, ALICE).auth_time == START


@pytest.mark.parametrize(
    ("owner", "requires", "granted", "roles", "may"),
    [
        ("500", (), False, (), True),
        ("501", (), False, (), True),
        ("501", ("access",), False, (), False),
        ("501", ("access",), True, (), True),
        ("500", ("access",), False, (), True),
        ("500", ("authorization",), False, (), False),
        ("500", ("authorization",), False, ("admin",), True),
        ("501", ("access", "authorization"), True, (), False),
        ("501", ("access", "authorization"), True, ("admin",), True),
    ],
)
def test_projects(
    owner: str, requires: tuple[str, ...], granted: bool, roles: tuple[str, ...], may: bool
) -> None:
    """Both flags are independent, and both must hold."""
    project = Project(
        "7", owner, "p", START, START,
        requires_access="access" in requires, requires_authorization="authorization" in requires,
    )  # fmt: skip
    lent = ProjectGrant("7:500", "7", owner, "500", START, START)
    asleep = msgspec.structs.replace(lent, state=ActiveState.INACTIVE)
    given = Authorization("8", "100", "7", "500", START, START, roles)
    refusal = may_use_project(project, [lent if granted else asleep], [given], ALICE)
    assert (refusal == "") == may
