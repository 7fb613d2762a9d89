"""Keys and values attached to users."""

import asyncio
import base64
from typing import Any

import pytest

from ostiary.core.user import USER_METADATA, metadata_id
from ostiary.errors import FailedPrecondition, InvalidArgument, NotFound, OstiaryError
from ostiary.users.metadata import MOST_BYTES, MOST_KEYS
from tests.users.conftest import STRANGER, House, caller, refused


def entries(**values: str) -> list[dict[str, str]]:
    """Keys with their values in base64."""
    return [{"key": key, "value": value} for key, value in values.items()]


async def stored(house: House, user_id: str, **request: Any) -> dict[str, bytes]:
    """What a list answers."""
    answer = await house.rpc("ListUserMetadata", userId=user_id, pagination={"asc": True}, **request)
    assert answer.pagination.total_result == len(answer.metadata)
    return {row.key: row.value for row in answer.metadata}


async def test_set_and_remove(each_house: House) -> None:
    """Keys are set one by one, over what was there; others stay."""
    user_id = await each_house.human()
    await each_house.rpc("SetUserMetadata", userId=user_id, metadata=entries(a="YQ==", b="Yg=="))
    each_house.effects.later(minutes=1)
    own = caller(user_id)
    answer = await each_house.rpc("SetUserMetadata", own, userId=user_id, metadata=entries(b="", c="Yw=="))
    assert answer.set_date.to_datetime() == each_house.effects.now()
    assert await stored(each_house, user_id) == {"a": b"a", "b": b"", "c": b"c"}
    row = await each_house.store.get(USER_METADATA, metadata_id(user_id, "b"))
    assert row is not None
    assert row.version == 2
    assert row.created_at < row.changed_at
    answer = await each_house.rpc("DeleteUserMetadata", own, userId=user_id, keys=["a", "b", "a"])
    assert answer.deletion_date.to_datetime() == each_house.effects.now()
    assert await stored(each_house, user_id) == {"c": b"c"}


async def test_list_by_key(house: House) -> None:
    """A list may be of certain keys."""
    user_id = await house.human()
    await house.rpc("SetUserMetadata", userId=user_id, metadata=entries(team="YQ==", Team2="Yg==", x="Yw=="))
    method = "TEXT_FILTER_METHOD_STARTS_WITH_IGNORE_CASE"
    filters = [{"keyFilter": {"key": "TEAM", "method": method}}]
    assert set(await stored(house, user_id, filters=filters)) == {"team", "Team2"}


async def test_refused(house: House) -> None:
    """Nothing, unknown keys and unknown users are refused; nothing is removed with a key that is not there."""
    user_id = await house.human()
    await house.rpc("SetUserMetadata", userId=user_id, metadata=entries(a="YQ=="))
    cases: list[tuple[str, dict[str, Any], type[OstiaryError], str]] = [
        ("SetUserMetadata", {"metadata": []}, InvalidArgument, "user.metadata_empty"),
        ("DeleteUserMetadata", {"keys": []}, InvalidArgument, "user.metadata_keys_empty"),
        ("DeleteUserMetadata", {"keys": ["a", "b"]}, NotFound, "user.metadata_unknown"),
        ("ListUserMetadata", {"pagination": {"limit": 1001}}, InvalidArgument, "QUERY-4M0fs"),
        ("ListUserMetadata", {"filters": [{}]}, InvalidArgument, "user.metadata_filter_unnamed"),
    ]
    for name, more, error, id_ in cases:
        with refused(error, id_):
            await house.rpc(name, userId=user_id, **more)
    assert await stored(house, user_id) == {"a": b"a"}


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("SetUserMetadata", {"metadata": entries(a="YQ==")}),
        ("DeleteUserMetadata", {"keys": ["a"]}),
        ("ListUserMetadata", {}),
    ],
)
async def test_permission(house: House, name: str, more: dict[str, Any]) -> None:
    """Others need user.write or user.read; who holds it is told of an unknown user."""
    user_id = await house.human()
    with refused(NotFound, "AUTHZ-cdgFk"):
        await house.rpc(name, STRANGER, userId=user_id, **more)
    with refused(NotFound, "QUERY-Dfbg2"):
        await house.rpc(name, userId="404", **more)


async def test_room(house: House) -> None:
    """A user has room for so many keys; setting those that are there takes none."""
    user_id = await house.human()
    full = [{"key": f"k{i}", "value": "YQ=="} for i in range(MOST_KEYS)]
    await house.rpc("SetUserMetadata", userId=user_id, metadata=full)
    await house.rpc("SetUserMetadata", userId=user_id, metadata=full[:2])
    with refused(FailedPrecondition, "user.metadata_full"):
        await house.rpc("SetUserMetadata", userId=user_id, metadata=entries(one_more="YQ=="))


async def test_bytes(each_house: House) -> None:
    """Nor may the values be large together: people write their own, and tokens carry them. Less is always taken."""
    user_id = await each_house.human()
    large = base64.b64encode(bytes(MOST_BYTES // 4)).decode()
    await each_house.rpc("SetUserMetadata", userId=user_id, metadata=entries(a=large, b=large))
    await each_house.rpc("SetUserMetadata", userId=user_id, metadata=entries(c=large, d=large))
    for more in (entries(e="YQ=="), entries(a=large, e="YQ==")):
        with refused(FailedPrecondition, "user.metadata_too_large"):
            await each_house.rpc("SetUserMetadata", userId=user_id, metadata=more)
    await each_house.rpc("SetUserMetadata", userId=user_id, metadata=entries(a="YQ==", e="YQ=="))
    with refused(FailedPrecondition, "user.metadata_too_large"):
        await each_house.human("bob", metadata=entries(a=large, b=large, c=large, d=large, e="YQ=="))


async def test_parallel_sets(each_house: House) -> None:
    """Of parallel sets of keys none is lost."""
    user_id = await each_house.human()
    await asyncio.gather(
        *(
            each_house.rpc("SetUserMetadata", userId=user_id, metadata=entries(**{f"k{i}": "YQ=="}))
            for i in range(4)
        )
    )
    assert set(await stored(each_house, user_id)) == {f"k{i}" for i in range(4)}


async def test_ids_with_colons(house: House) -> None:
    """A user whose id reads like another's key shares nothing with them."""
    first, second = await house.human("a", userId="u"), await house.human("b", userId="u:a")
    await house.rpc("SetUserMetadata", userId=first, metadata=entries(**{"a:k": "YQ=="}))
    await house.rpc("SetUserMetadata", userId=second, metadata=entries(k="Yg=="))
    assert await stored(house, first) == {"a:k": b"a"}
    assert await stored(house, second) == {"k": b"b"}
