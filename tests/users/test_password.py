"""Passwords set."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from ostiary.core.code import CODE_GUESSES
from ostiary.core.factor import Attempt, Verified, guess_key
from ostiary.core.permission import Caller
from ostiary.core.policy import LockoutPolicy
from ostiary.core.user import AUTHENTICATOR, USER, VERIFICATION_CODE, UserState
from ostiary.errors import FailedPrecondition, InvalidArgument, NotFound, OstiaryError, Unavailable
from ostiary.factors.password import PASSWORD as FACTOR
from ostiary.users.codes import PASSWORD_RESET, Codes, Sending
from ostiary.users.context import Context, Draft
from ostiary.users.password import Typed
from tests.users.conftest import LOGIN_CLIENT, PASSWORD, STRANGER, House, begun, caller, human, refused

NEW = {"password": "Changed2?"}


async def is_password(house: House, user_id: str, password: str) -> bool:
    """Whether this is what the user may log in with."""
    (owned,) = await house.store.owned(AUTHENTICATOR, user_id)
    user = await house.user(user_id)
    attempt = Attempt(house.effects.now(), "", user, (owned,), (), house.tools)
    return isinstance(FACTOR.verify(Typed(password), attempt), Verified)


def context(house: House) -> Context:
    """What the codes of the house work with."""
    by_kind = {FACTOR.kind: FACTOR}
    return Context(
        house.store, house.cache, house.effects, house.tools, house.sealer, house.pool, by_kind, "x"
    )


async def reset_code(house: House, user_id: str, sending: Sending | None = None) -> str:
    """A code for a new password, as a reset hands one out."""
    user = await house.user(user_id)
    draft = Draft(user, user.version, house.effects.now())
    code = await Codes(context(house)).issue(draft, PASSWORD_RESET, sending)
    await house.store.save(draft.changes("900", "user.password_reset"))
    return code


async def guesses(house: House, user_id: str) -> int:
    """The wrong passwords in a row."""
    return await house.store.counter(guess_key(user_id, "password"), house.effects.now())


@pytest.mark.parametrize("who", [LOGIN_CLIENT, caller("u1")], ids=["login client", "oneself"])
async def test_by_current(each_house: House, who: Caller) -> None:
    """The current password is proof, brought by its user or the login client; the counter starts anew."""
    user_id = await each_house.human(userId="u1")
    with refused(InvalidArgument, "COMMAND-3M0fs") as raised:
        await each_house.rpc("SetPassword", who, userId=user_id, newPassword=NEW, currentPassword="no")
    assert raised.value.failed_attempts == 1
    assert await guesses(each_house, user_id) == 1
    each_house.effects.later(minutes=1)
    new = {**NEW, "changeRequired": True}
    answer = await each_house.rpc(
        "SetPassword", who, userId=user_id, newPassword=new, currentPassword=PASSWORD
    )
    assert await is_password(each_house, user_id, NEW["password"])
    assert not await is_password(each_house, user_id, PASSWORD)
    assert await guesses(each_house, user_id) == 0
    user = await each_house.user(user_id)
    assert user.password_changed_at == each_house.effects.now()
    assert user.password_change_required
    assert answer.details.sequence == user.version


async def test_by_permission(house: House) -> None:
    """Without proof it takes user.credential.write, for oneself too."""
    user_id = await house.human()
    with refused(NotFound, "AUTHZ-cdgFk"):
        await house.rpc("SetPassword", caller(user_id), userId=user_id, newPassword=NEW)
    manager = caller("905", "IAM_USER_MANAGER")
    with refused(OstiaryError, "AUTH-AWfge"):
        await house.rpc("SetPassword", manager, userId=user_id, newPassword=NEW)
    of_other = caller("906", "ORG_OWNER", resource="organization:600")
    with refused(OstiaryError, "AUTH-AWfge"):
        await house.rpc("SetPassword", of_other, userId=user_id, newPassword=NEW)
    await house.rpc("SetPassword", LOGIN_CLIENT, userId=user_id, newPassword=NEW)
    assert await is_password(house, user_id, NEW["password"])


async def test_first_password(house: House) -> None:
    """Who has none can be given one, but cannot prove one."""
    answer = await house.rpc("AddHumanUser", **human("alice"))
    user_id = answer.user_id
    with refused(FailedPrecondition, "COMMAND-Fds3s"):
        await house.rpc("SetPassword", userId=user_id, newPassword=NEW, currentPassword="x")
    await house.rpc("SetPassword", userId=user_id, newPassword=NEW)
    assert await is_password(house, user_id, NEW["password"])


async def test_refused(house: House) -> None:
    """What is not acceptable is told before anything is guessed; nothing changes."""
    user_id, machine_id = await house.human(), await house.machine()
    with refused(InvalidArgument, "COMMAND-Mf0sd"):
        await house.rpc("SetPassword", userId=user_id)
    with refused(InvalidArgument, "DOMAIN-HuJf6"):
        await house.rpc("SetPassword", userId=user_id, newPassword={"password": "x"}, currentPassword="no")
    with refused(FailedPrecondition, "COMMAND-Aesh5"):
        await house.rpc("SetPassword", userId=user_id, newPassword={"password": PASSWORD})
    with refused(FailedPrecondition, "user.password_of_machine"):
        await house.rpc("SetPassword", userId=machine_id, newPassword=NEW)
    with refused(NotFound, "QUERY-Dfbg2"):
        await house.rpc("SetPassword", userId="404", newPassword=NEW)
    with refused(NotFound, "AUTHZ-cdgFk"):
        await house.rpc("SetPassword", STRANGER, userId=user_id, newPassword=NEW, currentPassword="x")
    with refused(NotFound, "AUTHZ-cdgFk"):
        await house.rpc("SetPassword", STRANGER, userId=user_id, newPassword=NEW, verificationCode="x")
    assert await guesses(house, user_id) == 0
    await house.edit(USER, user_id, state=UserState.INITIAL)
    with refused(FailedPrecondition, "COMMAND-M9dse"):
        await house.rpc("SetPassword", userId=user_id, newPassword=NEW)
    assert await is_password(house, user_id, PASSWORD)


@pytest.mark.parametrize(
    ("state", "id_"), [(UserState.LOCKED, "COMMAND-JLK35"), (UserState.INACTIVE, "user.not_active")]
)
async def test_not_active(house: House, state: UserState, id_: str) -> None:
    """The password of a user who is not active proves nothing; those who hold the permission may set it."""
    user_id = await house.human()
    await house.edit(USER, user_id, state=state)
    with refused(FailedPrecondition, id_):
        await house.rpc("SetPassword", userId=user_id, newPassword=NEW, currentPassword=PASSWORD)
    await house.rpc("SetPassword", userId=user_id, newPassword=NEW)


async def test_lock_between_proof_and_save(house: House) -> None:
    """A lock that comes while the password is judged is not missed."""
    user_id = await house.human()
    setting = asyncio.ensure_future(
        house.rpc("SetPassword", userId=user_id, newPassword=NEW, currentPassword=PASSWORD)
    )
    await begun()
    await house.edit(USER, user_id, state=UserState.LOCKED)
    with refused(FailedPrecondition, "COMMAND-JLK35"):
        await setting
    assert await is_password(house, user_id, PASSWORD)


async def test_change_between_proof_and_save(house: House) -> None:
    """Of two changes by one current password the second finds it wrong; nothing proved is used twice."""
    user_id = await house.human()
    answers = await asyncio.gather(
        *(
            house.rpc(
                "SetPassword",
                userId=user_id,
                newPassword={"password": f"Changed{i}?"},
                currentPassword=PASSWORD,
            )
            for i in range(2)
        ),
        return_exceptions=True,
    )
    errors = [answer for answer in answers if isinstance(answer, OstiaryError)]
    assert [error.id for error in errors] == ["COMMAND-3M0fs"]


async def test_limit_lowered_between_proof_and_save(house: House) -> None:
    """A right password that is judged while the limit is lowered below the guesses before it changes nothing."""
    user_id = await house.human()
    for _ in range(3):
        with refused(InvalidArgument, "COMMAND-3M0fs"):
            await house.rpc("SetPassword", userId=user_id, newPassword=NEW, currentPassword="no")
    setting = asyncio.ensure_future(
        house.rpc("SetPassword", userId=user_id, newPassword=NEW, currentPassword=PASSWORD)
    )
    await begun()
    await house.policy("lockout", max_password_attempts=2)
    with refused(FailedPrecondition, "COMMAND-JLK35"):
        await setting
    assert await is_password(house, user_id, PASSWORD)
    assert (await house.user(user_id)).state is UserState.LOCKED


async def test_profile_change_between_proof_and_save(house: House) -> None:
    """What was proved of an unchanged password is not counted or judged again."""
    user_id = await house.human()
    setting = asyncio.ensure_future(
        house.rpc("SetPassword", userId=user_id, newPassword=NEW, currentPassword=PASSWORD)
    )
    await begun()
    await house.edit(USER, user_id, username="renamed")
    await setting
    assert (await house.user(user_id)).username == "renamed"
    assert await guesses(house, user_id) == 0


async def test_budget(each_house: House) -> None:
    """However many guess at once, no more are judged than the budget allows; then right and wrong are one."""
    user_id = await each_house.human()
    await each_house.policy("lockout", max_password_attempts=3)
    answers = await asyncio.gather(
        *(
            each_house.rpc("SetPassword", userId=user_id, newPassword=NEW, currentPassword="no")
            for _ in range(8)
        ),
        return_exceptions=True,
    )
    ids = sorted(answer.id for answer in answers if isinstance(answer, OstiaryError))
    assert ids == ["COMMAND-3M0fs"] * 3 + ["COMMAND-JLK35"] * 5
    assert (await each_house.user(user_id)).state is UserState.LOCKED
    with refused(FailedPrecondition, "COMMAND-JLK35"):
        await each_house.rpc("SetPassword", userId=user_id, newPassword=NEW, currentPassword=PASSWORD)


async def test_hard_limit(house: House) -> None:
    """At the hard limit only the password is blocked, until a new one is set."""
    user_id = await house.human()
    now = house.effects.now()
    for _ in range(100):
        await house.users.passwords._guesses.count_first(
            user_id, FACTOR, await _policy(house, user_id), house.cache.generation
        )
    with refused(FailedPrecondition, "COMMAND-JLK35"):
        await house.rpc("SetPassword", userId=user_id, newPassword=NEW, currentPassword=PASSWORD)
    assert (await house.user(user_id)).state is UserState.ACTIVE
    await house.rpc("SetPassword", userId=user_id, newPassword=NEW)
    assert await house.store.counter(guess_key(user_id, "password"), now) == 0


async def _policy(house: House, user_id: str) -> LockoutPolicy:
    return await house.users.passwords._guesses.policy(await house.user(user_id))


async def test_no_place(house: House) -> None:
    """Without a place in the pool nothing is counted."""
    user_id = await house.human()
    async with AsyncExitStack() as places:
        for _ in range(house.pool.places):
            await places.enter_async_context(house.pool.place())
        with pytest.raises(Unavailable):
            await house.rpc("SetPassword", userId=user_id, newPassword=NEW, currentPassword="no")
    assert await guesses(house, user_id) == 0


async def test_by_code(each_house: House) -> None:
    """A code sets a password once, and verifies the address it was sent to."""
    user_id = (
        await each_house.rpc("AddHumanUser", **{**human("alice"), "email": {"email": "a@example.com"}})
    ).user_id
    code = await reset_code(each_house, user_id, Sending("email", "a@example.com"))
    with refused(InvalidArgument, "CODE-woT0xc"):
        await each_house.rpc("SetPassword", userId=user_id, newPassword=NEW, verificationCode="AAAAAA")
    typed = f" {code.lower()} "
    await each_house.rpc("SetPassword", LOGIN_CLIENT, userId=user_id, newPassword=NEW, verificationCode=typed)
    assert await is_password(each_house, user_id, NEW["password"])
    assert (await each_house.user(user_id)).email.is_verified  # type: ignore[union-attr]
    with refused(FailedPrecondition, "COMMAND-2M9sd"):
        await each_house.rpc("SetPassword", userId=user_id, newPassword=NEW, verificationCode=code)


async def test_profile_change_between_code_and_save(house: House) -> None:
    """A code that was judged is good for the change it was brought for, if it is still there."""
    user_id = await house.human()
    for id_ in (None, "CODE-woT0xc"):
        code = await reset_code(house, user_id)
        new = {"password": f"Changed{id_}2?"}
        setting = asyncio.ensure_future(
            house.rpc("SetPassword", userId=user_id, newPassword=new, verificationCode=code)
        )
        await begun()
        await house.edit(USER, user_id, username="renamed")
        if id_ is None:
            await setting
            continue
        await reset_code(house, user_id)
        with refused(InvalidArgument, id_):
            await setting


async def test_code_expires(house: House) -> None:
    """A code lives an hour, and ten wrong tries."""
    user_id = await house.human()
    code = await reset_code(house, user_id)
    house.effects.later(hours=1)
    with refused(FailedPrecondition, "CODE-QvUQ4P"):
        await house.rpc("SetPassword", userId=user_id, newPassword=NEW, verificationCode=code)
    code = await reset_code(house, user_id)
    answers = await asyncio.gather(
        *(
            house.rpc("SetPassword", userId=user_id, newPassword=NEW, verificationCode="AAAAAA")
            for _ in range(CODE_GUESSES + 3)
        ),
        return_exceptions=True,
    )
    ids = [answer.id for answer in answers if isinstance(answer, OstiaryError)]
    assert ids.count("CODE-woT0xc") == CODE_GUESSES
    with refused(FailedPrecondition, "CODE-QvUQ4P"):
        await house.rpc("SetPassword", userId=user_id, newPassword=NEW, verificationCode=code)
    fresh = await reset_code(house, user_id)
    await house.rpc("SetPassword", userId=user_id, newPassword=NEW, verificationCode=fresh)


async def test_code_is_spent_once(each_house: House) -> None:
    """Of many who bring one code at once, one sets a password."""
    user_id = await each_house.human()
    code = await reset_code(each_house, user_id)
    answers = await asyncio.gather(
        *(
            each_house.rpc(
                "SetPassword",
                userId=user_id,
                newPassword={"password": f"Changed{i}?"},
                verificationCode=code,
            )
            for i in range(3)
        ),
        return_exceptions=True,
    )
    ids = [answer.id for answer in answers if isinstance(answer, OstiaryError)]
    assert ids == ["COMMAND-2M9sd"] * 2
    assert await each_house.store.owned(VERIFICATION_CODE, user_id) == ()


def test_no_secret_shows() -> None:
    """What carries a password does not show it."""
    assert "geheim" not in repr(Typed("geheim"))
