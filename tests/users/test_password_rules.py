"""Passwords that people choose for themselves: long enough, strong enough, in no list of known ones."""

import hashlib
from pathlib import Path

import pytest

from ostiary.errors import FailedPrecondition, InvalidArgument
from ostiary.factors import FACTORS
from ostiary.users.breach_list import BreachList
from ostiary.users.service import Users
from tests.users.conftest import PASSWORD, House, caller, refused

STRONG = "Violet-anvil7 humming Otter"


def sha1(password: str) -> str:
    """The key of such lists."""
    return hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()


async def choose(house: House, user_id: str, password: str) -> None:
    """The user sets a password by the current one."""
    await house.rpc(
        "SetPassword",
        caller(user_id),
        userId=user_id,
        newPassword={"password": password},
        currentPassword=PASSWORD,
    )


async def test_length_in_code_points(house: House) -> None:
    """The length is counted in code points, up to 128, and not asked for where user.write sets it."""
    user_id = await house.human()
    await house.policy("password_complexity", "500", min_code_points=15)
    with refused(InvalidArgument, "user.password_short"):
        await choose(house, user_id, "Xa-öö-üü-12345")
    await house.rpc("SetPassword", userId=user_id, newPassword={"password": "Changed2?"})
    await house.rpc("SetPassword", userId=user_id, newPassword={"password": PASSWORD})
    await choose(house, user_id, "Xa-öö-üü-123456")


async def test_strength(house: House) -> None:
    """What is easy to guess, and what is made of the user's own names, is refused."""
    user_id = await house.human("violetta", email={"email": "violetta@example.com", "isVerified": True})
    await house.policy("password_complexity", min_strength=3)
    for weak in ("Password2!", "Violetta1!", "Qwertz123!"):
        with refused(InvalidArgument, "user.password_weak"):
            await choose(house, user_id, weak)
    await choose(house, user_id, STRONG)


async def test_known_passwords(house: House, tmp_path: Path) -> None:
    """What stands in the list is refused; a list that is missing lets nothing pass."""
    user_id = await house.human()
    await house.policy("password_complexity", refuses_breached=True)
    with refused(FailedPrecondition, "user.breach_list_missing"):
        await choose(house, user_id, STRONG)
    file = tmp_path / "known.txt"
    users = Users(
        house.store,
        house.cache,
        house.effects,
        house.tools,
        house.sealer,
        house.pool,
        FACTORS,
        breached_passwords=file,
    )
    house.use(users)
    with refused(FailedPrecondition, "user.breach_list_missing"):
        await choose(house, user_id, STRONG)
    file.write_text(f"{sha1('Known-word-1')}:12\n")
    with refused(InvalidArgument, "user.password_breached"):
        await choose(house, user_id, "Known-word-1")
    await choose(house, user_id, STRONG)


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_list(tmp_path: Path, end: str) -> None:
    """Every hash of a list is found, at its ends too, and no other."""
    words = [f"word{number}" for number in range(257)]
    hashes = sorted(sha1(word) for word in words)
    lines = [f"{one}:{number * 37}" for number, one in enumerate(hashes)]
    file = tmp_path / "known.txt"
    file.write_bytes(((end or "\n").join(lines) + end).encode())
    known = BreachList(file)
    assert all(known.holds(word) for word in words)
    assert not any(known.holds(f"other{number}") for number in range(257))
    file.write_bytes(b"")
    assert not known.holds("word1")
