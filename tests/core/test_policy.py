"""Settings: layers, limits, and where they are kept."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.core.factor import GUESSES_KEPT, guess_key, guess_limit, locks_user
from ostiary.core.policy import (
    HARD_ATTEMPT_LIMIT,
    POLICY,
    POLICY_TYPES,
    LockoutPolicy,
    LoginPolicy,
    PasswordComplexityPolicy,
    Policy,
    effective,
    policy_id,
)

VALUES = st.fixed_dictionaries(
    {}, optional={"max_password_attempts": st.integers(0, 200), "max_otp_attempts": st.integers(0, 200)}
)


KINDS: tuple[Any, ...] = tuple(POLICY_TYPES.values())


def row(owner: str, values: dict[str, int]) -> Policy:
    """A stored group."""
    return Policy(f"{owner}:lockout", owner, "lockout", values)


@given(VALUES, VALUES)
def test_layers(instance: dict[str, int], organization: dict[str, int]) -> None:
    """Each value is the organisation's if it set it, else the instance's, else the default."""
    found = effective(LockoutPolicy, (row("instance", instance), row("500", organization)))
    for name in LockoutPolicy.__struct_fields__:
        wanted = organization.get(name, instance.get(name, getattr(LockoutPolicy(), name)))
        assert getattr(found, name) == wanted


@pytest.mark.parametrize("kind", KINDS)
def test_every_group_has_defaults_and_a_place(kind: type[msgspec.Struct]) -> None:
    """Every group stands without any stored value, and survives being stored whole."""
    assert effective(kind, ()) == kind()
    place = policy_id("500", kind)
    stored = Policy(place, "500", "any", msgspec.to_builtins(kind()))
    assert effective(kind, (stored,)) == kind()
    assert place.startswith("500:")
    assert POLICY.columns["owner"](stored) == "500"


def test_places_are_apart() -> None:
    """Every group of an owner has its own row."""
    places = {policy_id("500", kind) for kind in KINDS}
    assert len(places) == len(POLICY_TYPES)


def test_values_of_the_wrong_type() -> None:
    """A stored value of the wrong type is refused rather than believed."""
    with pytest.raises(msgspec.ValidationError):
        effective(PasswordComplexityPolicy, (row("instance", {"requires_number": 1}),))


def test_values_of_a_newer_version() -> None:
    """A stored value that this version does not know is passed over."""
    assert effective(LoginPolicy, (row("instance", {"from_the_future": 1}),)) == LoginPolicy()


@pytest.mark.parametrize(("wanted", "limit"), [(0, 100), (1, 1), (99, 99), (100, 100), (5000, 100)])
def test_hard_limit(wanted: int, limit: int) -> None:
    """No policy allows more than the hard limit; 0 leaves it alone."""
    policy = LockoutPolicy(max_password_attempts=wanted, max_otp_attempts=7)
    assert guess_limit(policy, "max_password_attempts") == limit
    assert guess_limit(policy, "max_otp_attempts") == 7


@pytest.mark.parametrize(
    ("wanted", "failed", "locks"),
    [(5, 4, False), (5, 5, True), (5, 6, True), (0, 100, False), (HARD_ATTEMPT_LIMIT, 100, False)],
)
def test_who_is_locked(wanted: int, failed: int, locks: bool) -> None:
    """Only a limit below the hard one locks the user, once it is reached."""
    assert locks_user(LockoutPolicy(max_otp_attempts=wanted), "max_otp_attempts", failed) is locks


def test_guesses_are_counted_apart() -> None:
    """Users and factors have counters of their own, for years."""
    assert len({guess_key(user, kind) for user in "12" for kind in ("password", "totp")}) == 4
    assert GUESSES_KEPT.days > 365
