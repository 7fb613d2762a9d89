"""Login names with the organisation's domain, where the domain policy wants them."""

import asyncio

import pytest

from ostiary.core.login_name import without_own_domain
from ostiary.core.policy import POLICY
from ostiary.core.user import LOGIN_NAME
from ostiary.errors import AlreadyExists
from ostiary.storage.reads import user_by_login_name
from tests.users.conftest import ACME, OTHER, House, human, refused


async def made(house: House, organization_id: str, username: str = "alice") -> str:
    """A person's id."""
    person = {**human("alice"), "username": username}
    answer = await house.rpc("AddHumanUser", **person, organization={"orgId": organization_id})
    return str(answer.user_id)


async def found(house: House, login_name: str) -> str:
    """Whose login name it is."""
    user = await user_by_login_name(house.store, login_name)
    return user.id if user else ""


async def test_with_domain(each_house: House) -> None:
    """The long name is the only one, so organisations may have people of the same username; each of them one."""
    house = each_house
    await house.policy("domain", login_name_includes_domain=True)
    own, others = await made(house, ACME), await made(house, OTHER)
    user = await house.user(own)
    assert (user.username, user.login_names) == ("alice", ("alice@acme.test",))
    assert [await found(house, name) for name in ("alice", "ALICE@acme.test", "alice@other.test")] == [
        "",
        own,
        others,
    ]
    assert await found(house, "alice@acme.test@acme.test") == ""
    for username in ("Alice", "alice@acme.test"):
        with refused(AlreadyExists, "V3-DKcYh"):
            await made(house, ACME, username)
    answer = await house.rpc("GetUserByID", userId=own)
    assert (list(answer.user.login_names), answer.user.preferred_login_name) == (
        ["alice@acme.test"],
        "alice@acme.test",
    )
    await house.rpc("UpdateUser", userId=own, username="carol")
    assert [await found(house, name) for name in ("alice@acme.test", "carol@acme.test")] == ["", own]
    assert await house.store.get(LOGIN_NAME, "carol") is None


async def test_policy_later(house: House) -> None:
    """Who was there before keeps both names until renamed; nobody takes a name that is theirs, or of another form."""
    before, stranger = await made(house, ACME), await made(house, OTHER, "dora")
    await house.policy("domain", login_name_includes_domain=True)
    assert [await found(house, name) for name in ("alice", "alice@acme.test")] == [before, before]
    with refused(AlreadyExists, "V3-DKcYh"):
        await made(house, ACME)
    assert await made(house, OTHER)
    dora = await made(house, ACME, "dora")
    assert [await found(house, name) for name in ("dora", "dora@acme.test")] == [stranger, dora]
    await house.rpc("UpdateUser", userId=before, username="bob")
    assert [await found(house, name) for name in ("alice", "bob", "bob@acme.test")] == ["", "", before]


async def test_policy_off_again(house: House) -> None:
    """A username whose long name somebody has alone is not free in that organisation."""
    await house.policy("domain", ACME, login_name_includes_domain=True)
    own = await made(house, ACME)
    await house.edit(POLICY, f"{ACME}:domain", values={})
    with refused(AlreadyExists, "V3-DKcYh"):
        await made(house, ACME)
    other = await made(house, OTHER)
    assert [await found(house, name) for name in ("alice", "alice@acme.test")] == [other, own]
    await house.rpc("UpdateUser", userId=own, username="bob")
    assert await found(house, "bob") == own


async def test_machines(house: House) -> None:
    """A machine's username stays what its client id is."""
    await house.policy("domain", login_name_includes_domain=True)
    robot = await house.machine()
    assert await found(house, "robot") == robot


async def test_at_the_same_time(each_house: House) -> None:
    """Of several who take a name at once one gets it."""
    await each_house.policy("domain", login_name_includes_domain=True)
    tries = [made(each_house, ACME) for _ in range(4)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(one, str) for one in answers) == 1


@pytest.mark.parametrize(
    ("username", "left"),
    [
        ("a@acme.test", "a"),
        ("a@ACME.test", "a"),
        ("a@b.test", "a@b.test"),
        ("@acme.test", "@acme.test"),
        ("a", "a"),
    ],
)
def test_without_own_domain(username: str, left: str) -> None:
    """The domain is taken away once, and never all of the name."""
    assert without_own_domain(username, "acme.test") == left
