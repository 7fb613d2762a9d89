"""Users changed."""

import asyncio
from typing import Any

import pytest

from ostiary.core.user import LOGIN_NAME, VERIFICATION_CODE, Address
from ostiary.errors import Aborted, AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, OstiaryError
from ostiary.storage.port import Conflict
from ostiary.storage.reads import user_by_login_name
from tests.users.conftest import PASSWORD, STRANGER, House, caller, refused


async def test_profile(each_house: House) -> None:
    """Only what is given changes, by either call."""
    user_id = await each_house.human()
    each_house.effects.later(minutes=1)
    answer = await each_house.rpc(
        "UpdateUser",
        userId=user_id,
        human={"profile": {"nickName": "Al", "gender": "GENDER_FEMALE", "preferredLanguage": "de-CH"}},
    )
    assert answer.change_date.to_datetime() == each_house.effects.now()
    answer = await each_house.rpc(
        "UpdateHumanUser",
        userId=user_id,
        profile={"givenName": "Alicia", "familyName": "Doe", "displayName": "A."},
    )
    assert answer.details.sequence == 3
    person = (await each_house.rpc("GetUserByID", userId=user_id)).user.type.value
    profile = person.profile
    assert (profile.given_name, profile.nick_name, profile.display_name) == ("Alicia", "Al", "A.")
    assert (profile.gender.name, profile.preferred_language) == ("FEMALE", "de-CH")
    assert person.email.is_verified


async def test_machine(house: House) -> None:
    """A machine's name and description."""
    user_id = await house.machine()
    await house.rpc("UpdateUser", userId=user_id, machine={"description": "new"})
    await house.rpc("UpdateUser", userId=user_id, machine={"name": "N"})
    machine = (await house.user(user_id)).machine
    assert machine is not None
    assert (machine.name, machine.description) == ("N", "new")
    with refused(InvalidArgument, "user.machine_name_empty"):
        await house.rpc("UpdateUser", userId=user_id, machine={"name": ""})


async def test_nothing(house: House) -> None:
    """Where nothing changes nothing is saved."""
    user_id = await house.human()
    before = await house.user(user_id)
    house.effects.later(minutes=1)
    same = {"username": before.username, "email": {"email": "alice@example.com"}}
    for request in ({}, same):
        answer = await house.rpc("UpdateHumanUser", userId=user_id, **request)
        assert answer.details.sequence == 1
    assert await house.user(user_id) == before


async def test_username(each_house: House) -> None:
    """The new name leads to the user, the old one is free."""
    user_id = await each_house.human("alice")
    other_id = await each_house.human("bob")
    await each_house.rpc("UpdateUser", userId=user_id, username="Carol")
    await each_house.rpc("UpdateUser", userId=user_id, username="carol")
    found = await user_by_login_name(each_house.store, "CAROL@acme.test")
    assert found is not None
    assert (found.id, found.username) == (user_id, "carol")
    await each_house.rpc("UpdateUser", userId=other_id, username="alice")
    with refused(AlreadyExists, "V3-DKcYh"):
        await each_house.rpc("UpdateUser", userId=other_id, username="CAROL")
    with refused(InvalidArgument, "user.username_of_other_organization"):
        await each_house.rpc("UpdateUser", userId=other_id, username="x@other.test")
    with refused(AlreadyExists, "V3-DKcYh"):
        await each_house.rpc("UpdateUser", userId=other_id, username="carol@acme.test")
    await each_house.rpc("UpdateUser", userId=user_id, username="carol@acme.test")
    assert len(await each_house.store.owned(LOGIN_NAME, user_id)) == 1


async def test_one_name_for_two(each_house: House) -> None:
    """Of two who want one name at once, one gets it."""
    ids = [await each_house.human("alice"), await each_house.human("bob")]
    answers = await asyncio.gather(
        *(each_house.rpc("UpdateUser", userId=user_id, username="carol") for user_id in ids),
        return_exceptions=True,
    )
    errors = [answer.id for answer in answers if isinstance(answer, OstiaryError)]
    assert errors == ["V3-DKcYh"]


async def test_email(house: House) -> None:
    """A new address is not verified until its code is; the same one stays as it is."""
    user_id = await house.human()
    await house.rpc("UpdateHumanUser", userId=user_id, email={"email": "new@example.com"})
    assert (await house.user(user_id)).email == Address("new@example.com", is_verified=False)
    message, notice = house.sent()
    assert (notice.recipient, notice.change) == ("alice@example.com", "email_changed")
    assert (message.recipient, message.template, message.language) == (
        "new@example.com",
        "verify_email",
        "en",
    )
    answer = await house.rpc(
        "UpdateUser",
        userId=user_id,
        human={
            "email": {"email": "new@example.com", "returnCode": {}},
            "phone": {"phone": "+41791234567", "returnCode": {}},
        },
    )
    assert len(answer.email_code) == len(answer.phone_code) == 6
    row = await house.store.get(VERIFICATION_CODE, f"{user_id}:email")
    assert row is not None
    assert (row.version, row.address) == (2, "")
    await house.rpc("UpdateHumanUser", userId=user_id, email={"email": "new@example.com", "isVerified": True})
    assert (await house.user(user_id)).email == Address("new@example.com", is_verified=True)
    assert await house.store.get(VERIFICATION_CODE, f"{user_id}:email") is None
    template = "https://login.test/verify?code={{.Code}}&user={{.UserID}}"
    await house.rpc(
        "UpdateHumanUser",
        userId=user_id,
        email={"email": "new@example.com", "sendCode": {"urlTemplate": template}},
    )
    assert house.sent()[-1].url_template == template
    assert (await house.user(user_id)).email == Address("new@example.com", is_verified=True)


async def test_phone(house: House) -> None:
    """A phone is set, and removed by an empty number."""
    user_id = await house.human()
    await house.rpc("UpdateUser", userId=user_id, human={"phone": {"phone": "+41 79 123 45 67"}})
    assert (await house.user(user_id)).phone == Address("+41791234567")
    assert [message.kind for message in house.store.outbox] == ["phone"]  # type: ignore[attr-defined]
    await house.rpc("UpdateUser", userId=user_id, human={"phone": {}})
    assert (await house.user(user_id)).phone is None
    assert await house.store.owned(VERIFICATION_CODE, user_id) == ()


async def test_own(house: House) -> None:
    """People change themselves, but do not vouch for their own addresses."""
    user_id = await house.human()
    own = caller(user_id)
    await house.rpc("UpdateUser", own, userId=user_id, human={"email": {"email": "me@example.com"}})
    claims: list[dict[str, Any]] = [
        {"email": {"email": "boss@example.com", "isVerified": True}},
        {"email": {"email": "boss@example.com", "returnCode": {}}},
        {"phone": {"phone": "+41791234567", "isVerified": True}},
    ]
    for claim in claims:
        with refused(NotFound, "AUTHZ-cdgFk"):
            await house.rpc("UpdateUser", own, userId=user_id, human=claim)
    assert (await house.user(user_id)).email == Address("me@example.com")


async def test_password(each_house: House) -> None:
    """A password changes with the rest or nothing does."""
    user_id = await each_house.human()
    own = caller(user_id)
    new = {"password": {"password": "Changed2?"}, "currentPassword": PASSWORD}
    with refused(InvalidArgument, "COMMAND-3M0fs"):
        await each_house.rpc(
            "UpdateHumanUser",
            own,
            userId=user_id,
            username="x",
            password={**new, "currentPassword": "no"},
        )
    with refused(NotFound, "AUTHZ-cdgFk"):
        await each_house.rpc(
            "UpdateUser", own, userId=user_id, human={"password": {"password": {"password": "Changed2?"}}}
        )
    with refused(InvalidArgument, "COMMAND-Mf0sd"):
        await each_house.rpc("UpdateUser", userId=user_id, human={"password": {}})
    assert (await each_house.user(user_id)).username == "alice"
    await each_house.rpc("UpdateHumanUser", own, userId=user_id, username="x", password=new)
    user = await each_house.user(user_id)
    assert (user.username, user.version, user.password_changed_at) == ("x", 2, each_house.effects.now())


async def test_hashed_password(house: House) -> None:
    """A hash replaces a password for those who may."""
    user_id = await house.human()
    encoded = (
        "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm8xNg$J2wziDxSIpEmG7Av8GsprBSLmLiYOAqBjuDDl508HLs"
    )
    await house.rpc(
        "UpdateUser",
        userId=user_id,
        human={"password": {"hashedPassword": {"hash": encoded, "changeRequired": True}}},
    )
    assert (await house.user(user_id)).password_change_required


@pytest.mark.parametrize(
    ("kind", "change", "error", "id_"),
    [
        ("machine", {"human": {}}, FailedPrecondition, "user.human_change_of_machine"),
        ("human", {"machine": {}}, FailedPrecondition, "user.machine_change_of_human"),
        ("human", {"human": {"profile": {"givenName": " "}}}, InvalidArgument, "user.name_empty"),
        (
            "human",
            {"human": {"profile": {"preferredLanguage": "xx"}}},
            InvalidArgument,
            "user.language_not_supported",
        ),
        ("human", {"username": " "}, InvalidArgument, "user.username_form"),
    ],
)
async def test_refused(
    house: House, kind: str, change: dict[str, Any], error: type[OstiaryError], id_: str
) -> None:
    """What cannot be is refused."""
    user_id = await (house.human() if kind == "human" else house.machine())
    with refused(error, id_):
        await house.rpc("UpdateUser", userId=user_id, **change)


async def test_name_of_another_reader(house: House) -> None:
    """Nobody calls themselves by an address they have not confirmed: whoever reads it would be led to their account."""
    user_id = await house.human("mallory", email={"email": "mallory@example.com", "isVerified": True})
    own = caller(user_id)
    for change in ({}, {"email": {"email": "eve@mail.example"}}):
        with refused(InvalidArgument, "user.username_of_other_reader"):
            await house.rpc("UpdateHumanUser", own, userId=user_id, username="eve@mail.example", **change)
    for name in ("mal", "mal@acme.test", "Mallory@example.com"):
        await house.rpc("UpdateHumanUser", own, userId=user_id, username=name)
    await house.rpc("UpdateHumanUser", userId=user_id, username="eve@mail.example")


async def test_permission(house: House) -> None:
    """Others need user.write; who holds it is told of an unknown user."""
    user_id = await house.human()
    with refused(NotFound, "AUTHZ-cdgFk"):
        await house.rpc("UpdateUser", STRANGER, userId=user_id, username="x")
    with refused(NotFound, "QUERY-Dfbg2"):
        await house.rpc("UpdateUser", userId="404", username="x")


async def test_parallel_changes(each_house: House) -> None:
    """Of parallel changes of different parts none is lost."""
    user_id = await each_house.human()
    await asyncio.gather(
        each_house.rpc("UpdateUser", userId=user_id, human={"profile": {"nickName": "N"}}),
        each_house.rpc("UpdateUser", userId=user_id, human={"profile": {"givenName": "G"}}),
        each_house.rpc("UpdateUser", userId=user_id, username="u"),
    )
    user = await each_house.user(user_id)
    assert user.profile is not None
    assert (user.profile.nick_name, user.profile.given_name, user.username) == ("N", "G", "u")
    assert user.version == 4


async def test_never_ending_race(house: House) -> None:
    """Who loses every race is told to come again."""

    async def attempt(_: int) -> tuple[None, None]:
        raise Conflict

    with refused(Aborted, "user.busy"):
        await house.users.metadata._context.carry_out(attempt)
