"""Users locked, unlocked, deactivated, reactivated, deleted."""

import asyncio
from typing import Any

import pytest

from ostiary.core.factor import GUESSES_KEPT, guess_key
from ostiary.core.permission import MEMBERSHIP, Membership
from ostiary.core.record import AnyKind
from ostiary.core.user import (
    AUTHENTICATOR,
    LOGIN_NAME,
    PERSONAL_ACCESS_TOKEN,
    USER,
    USER_METADATA,
    VERIFICATION_CODE,
    UserState,
)
from ostiary.errors import FailedPrecondition, InvalidArgument, NotFound, OstiaryError
from ostiary.storage.port import Budget, Changes, Put
from tests.users.conftest import LOGIN_CLIENT, STRANGER, House, caller, human, refused

ALL = {
    "LockUser": ("COMMAND-agz3eczifm", "COMMAND-450yxuqrh1"),
    "UnlockUser": ("COMMAND-a9ld4xckax", "COMMAND-x377t913pw"),
    "DeactivateUser": ("COMMAND-78iiirat8y", "COMMAND-5gp2p62iin"),
    "ReactivateUser": ("COMMAND-0nx1ie38fw", "COMMAND-9hy5kzbuk6"),
    "DeleteUser": ("COMMAND-vaipl7s13l", "COMMAND-bd4ir1mblj"),
}
REFUSED = [
    ("LockUser", UserState.LOCKED, "COMMAND-lgws8wtsqf"),
    ("LockUser", UserState.INACTIVE, "COMMAND-lgws8wtsqf"),
    ("UnlockUser", UserState.ACTIVE, "COMMAND-olb9vb0oca"),
    ("DeactivateUser", UserState.INITIAL, "COMMAND-gvx4kct9r2"),
    ("DeactivateUser", UserState.INACTIVE, "COMMAND-5gunjw0cd7"),
    ("ReactivateUser", UserState.ACTIVE, "COMMAND-s5qqcz97hf"),
]
ALLOWED = [
    ("LockUser", UserState.ACTIVE, UserState.LOCKED),
    ("LockUser", UserState.INITIAL, UserState.LOCKED),
    ("UnlockUser", UserState.LOCKED, UserState.ACTIVE),
    ("DeactivateUser", UserState.LOCKED, UserState.INACTIVE),
    ("ReactivateUser", UserState.INACTIVE, UserState.ACTIVE),
]


@pytest.mark.parametrize("name", ALL)
async def test_missing_and_unknown(house: House, name: str) -> None:
    """No id and an unknown id have their own answers; strangers learn nothing."""
    no_id, unknown = ALL[name]
    with refused(InvalidArgument, no_id):
        await house.rpc(name, userId="")
    with refused(NotFound, unknown):
        await house.rpc(name, userId="404")
    user_id = await house.human()
    for wanted in ("404", user_id):
        with refused(NotFound, "AUTHZ-cdgFk"):
            await house.rpc(name, STRANGER, userId=wanted)


@pytest.mark.parametrize(("name", "before", "id_"), REFUSED)
async def test_refused(house: House, name: str, before: UserState, id_: str) -> None:
    """A change of state that leads nowhere is refused and changes nothing."""
    user_id = await house.human()
    await house.edit(USER, user_id, state=before)
    version = (await house.user(user_id)).version
    with refused(FailedPrecondition, id_):
        await house.rpc(name, userId=user_id)
    assert (await house.user(user_id)).version == version


@pytest.mark.parametrize(("name", "before", "after"), ALLOWED)
async def test_allowed(each_house: House, name: str, before: UserState, after: UserState) -> None:
    """A change of state moves the user's version and the generation of caches; machines have states too."""
    user_id = await each_house.machine()
    await each_house.edit(USER, user_id, state=before)
    generation = await each_house.store.generation()
    each_house.effects.later(minutes=1)
    answer = await each_house.rpc(name, userId=user_id)
    user = await each_house.user(user_id)
    assert user.state is after
    assert answer.details.sequence == user.version == 3
    assert answer.details.change_date.to_datetime() == each_house.effects.now()
    assert await each_house.store.generation() > generation


@pytest.mark.parametrize("name", [name for name in ALL if name != "DeleteUser"])
async def test_nobody_does_it_to_themselves(house: House, name: str) -> None:
    """One's own state takes user.write like anybody's."""
    user_id = await house.human()
    with refused(NotFound, "AUTHZ-cdgFk"):
        await house.rpc(name, caller(user_id), userId=user_id)


async def test_unlock_forgets_guesses(house: House) -> None:
    """Unlocking clears the counters of every factor."""
    user_id = await house.human()
    now = house.effects.now()
    keys = [guess_key(user_id, kind) for kind in ("password", "totp")]
    budgets = tuple(Budget(key, now, now + GUESSES_KEPT, add=7) for key in keys)
    await house.store.save(Changes(budgets=budgets))
    await house.rpc("LockUser", userId=user_id)
    assert await house.store.counter(keys[0], now) == 7
    await house.rpc("UnlockUser", userId=user_id)
    assert [await house.store.counter(key, now) for key in keys] == [0, 0]


async def test_delete(each_house: House) -> None:
    """Nothing a user owned outlives them, and their name is free again."""
    user_id = (
        await each_house.rpc(
            "AddHumanUser",
            **{**human("alice"), "email": {"email": "a@example.com"}},
            password={"password": "Password1!"},
            metadata=[{"key": "a", "value": "YQ=="}],
        )
    ).user_id
    membership = Membership(f"{user_id}:instance", user_id, "instance", ("IAM_OWNER",))
    await each_house.store.save(Changes(puts=(Put(MEMBERSHIP, membership),)))
    answer = await each_house.rpc("DeleteUser", userId=user_id)
    assert answer.details.sequence == 2
    with refused(NotFound, "QUERY-Dfbg2"):
        await each_house.rpc("GetUserByID", userId=user_id)
    kinds: tuple[AnyKind, ...] = (
        LOGIN_NAME,
        AUTHENTICATOR,
        USER_METADATA,
        VERIFICATION_CODE,
        MEMBERSHIP,
    )
    for kind in kinds:
        assert await each_house.store.owned(kind, user_id) == ()
    assert await each_house.human("alice")


async def test_delete_machine(house: House) -> None:
    """A machine's tokens go with it."""
    user_id = await house.machine()
    await house.rpc("AddPersonalAccessToken", userId=user_id, expirationDate="2030-01-01T00:00:00Z")
    await house.rpc("DeleteUser", userId=user_id)
    assert await house.store.owned(PERSONAL_ACCESS_TOKEN, user_id) == ()


async def test_delete_oneself(house: House) -> None:
    """People may delete themselves; the login client may delete nobody."""
    user_id = await house.human()
    with refused(OstiaryError, "AUTH-AWfge"):
        await house.rpc("DeleteUser", LOGIN_CLIENT, userId=user_id)
    await house.rpc("DeleteUser", caller(user_id), userId=user_id)


async def test_reborn(house: House) -> None:
    """A user who gets the id of one who is gone does not get their sessions."""
    user_id = await house.human("alice", userId="u1")
    await house.rpc("DeleteUser", userId=user_id)
    house.effects.later(minutes=1)
    await house.human("bob", userId="u1")
    assert (await house.user("u1")).valid_after == house.effects.now()


async def test_delete_races(each_house: House) -> None:
    """What is added while its user is deleted is gone with them, or was refused."""
    user_id = await each_house.machine()
    adds: list[Any] = [
        each_house.rpc("SetUserMetadata", userId=user_id, metadata=[{"key": f"k{i}", "value": "YQ=="}])
        for i in range(3)
    ]
    adds += [
        each_house.rpc("AddPersonalAccessToken", userId=user_id, expirationDate="2030-01-01T00:00:00Z")
        for _ in range(2)
    ]
    await asyncio.gather(*adds, each_house.rpc("DeleteUser", userId=user_id), return_exceptions=True)
    if await each_house.store.get(USER, user_id) is None:
        assert await each_house.store.owned(USER_METADATA, user_id) == ()
        assert await each_house.store.owned(PERSONAL_ACCESS_TOKEN, user_id) == ()


async def test_every_change_moves_the_version(house: House) -> None:
    """Each change of state or credentials is seen by a session that is being decided on the user."""
    user_id, machine_id = await house.human(), await house.machine()
    calls: list[tuple[str, dict[str, Any]]] = [
        ("SetPassword", {"newPassword": {"password": "Password2!"}}),
        ("RegisterTOTP", {}),
        ("RemoveTOTP", {}),
        ("UpdateUser", {"username": "alicia"}),
        ("SetUserMetadata", {"metadata": [{"key": "a", "value": "YQ=="}]}),
        ("DeleteUserMetadata", {"keys": ["a"]}),
        ("LockUser", {}),
        ("UnlockUser", {}),
        ("DeactivateUser", {}),
        ("ReactivateUser", {}),
    ]
    for version, (name, more) in enumerate(calls, start=2):
        await house.rpc(name, userId=user_id, **more)
        assert (await house.user(user_id)).version == version, name
    await house.rpc("AddPersonalAccessToken", userId=machine_id, expirationDate="2030-01-01T00:00:00Z")
    assert (await house.user(machine_id)).version == 2
    actions = [audit.action for audit in house.store.audits]  # type: ignore[attr-defined]
    assert len(actions) == 2 + len(calls) + 1
