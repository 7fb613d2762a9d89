"""Personal access tokens."""

from typing import Any

import pytest
from protobuf.wkt import Timestamp

from ostiary._pb.zitadel.user.v2 import user_service_pb as pb
from ostiary.api.call import Call
from ostiary.core.permission import Caller
from ostiary.core.secret import parse_token
from ostiary.core.user import PERSONAL_ACCESS_TOKEN, PersonalAccessToken
from ostiary.errors import FailedPrecondition, InvalidArgument, NotFound
from ostiary.storage.port import OWNED_LIMIT, Changes, Put
from tests.users.conftest import ACME, ADMIN, OTHER, STRANGER, House, caller, refused

LATER = "2030-01-01T00:00:00Z"
READER = caller("904", "ORG_OWNER", resource=f"organization:{OTHER}")


async def token(house: House, user_id: str) -> str:
    """The id of a new token."""
    answer = await house.rpc("AddPersonalAccessToken", userId=user_id, expirationDate=LATER)
    return str(answer.token_id)


async def test_add_and_remove(each_house: House) -> None:
    """A token is shown once, kept as a hash, and gone when removed; caches hear of both."""
    user_id = await each_house.machine()
    before = await each_house.store.generation()
    answer = await each_house.rpc("AddPersonalAccessToken", userId=user_id, expirationDate=LATER)
    parts = parse_token(answer.token)
    row = await each_house.store.get(PERSONAL_ACCESS_TOKEN, answer.token_id)
    assert row is not None
    assert parts is not None
    assert (parts.kind, parts.id, parts.secret_hash) == ("ostp", row.id, row.secret_hash)
    between = await each_house.store.generation()
    await each_house.rpc("RemovePersonalAccessToken", userId=user_id, tokenId=row.id)
    assert await each_house.store.get(PERSONAL_ACCESS_TOKEN, row.id) is None
    assert before < between < await each_house.store.generation()


async def test_refused(house: House) -> None:
    """People have none, and a token is removed by its own machine's id only."""
    user_id, machine_id = await house.human(), await house.machine()
    with refused(FailedPrecondition, "COMMAND-Df2f1"):
        await house.rpc("AddPersonalAccessToken", userId=user_id, expirationDate=LATER)
    with refused(InvalidArgument, "user.token_expiry_past"):
        await house.rpc(
            "AddPersonalAccessToken", userId=machine_id, expirationDate="2026-01-02T03:04:05.678901Z"
        )
    with refused(InvalidArgument, "user.token_time"):
        await house.rpc("AddPersonalAccessToken", userId=machine_id)
    token_id = await token(house, machine_id)
    for owner, wanted in ((user_id, token_id), (machine_id, "404")):
        with refused(NotFound, "COMMAND-4m77G"):
            await house.rpc("RemovePersonalAccessToken", userId=owner, tokenId=wanted)
    with refused(NotFound, "QUERY-Dfbg2"):
        await house.rpc("RemovePersonalAccessToken", userId="404", tokenId=token_id)


async def test_room(house: House) -> None:
    """A machine has no more tokens than are read at once, so that all go with it."""
    user_id = await house.machine()
    at = house.effects.now()
    rows = [PersonalAccessToken(str(i), user_id, ACME, b"", at, at) for i in range(OWNED_LIMIT)]
    await house.store.save(Changes(puts=tuple(Put(PERSONAL_ACCESS_TOKEN, row) for row in rows)))
    with refused(FailedPrecondition, "user.tokens_full"):
        await token(house, user_id)


async def test_far_away_time(house: House) -> None:
    """A time beyond the calendar is refused, not stumbled over."""
    user_id = await house.machine()
    request = pb.AddPersonalAccessTokenRequest(
        user_id=user_id, expiration_date=Timestamp(seconds=10**15, nanos=0)
    )
    with refused(InvalidArgument, "user.token_time"):
        await house.handlers["AddPersonalAccessToken"](Call(ADMIN, ACME), request)


async def test_no_machine_makes_its_own(house: House) -> None:
    """It takes user.write, for oneself too."""
    user_id = await house.machine()
    for who in (STRANGER, caller(user_id)):
        with refused(NotFound, "AUTHZ-cdgFk"):
            await house.rpc("AddPersonalAccessToken", who, userId=user_id, expirationDate=LATER)
        with refused(NotFound, "AUTHZ-cdgFk"):
            await house.rpc("RemovePersonalAccessToken", who, userId=user_id, tokenId="1")


async def three(house: House) -> list[str]:
    """Two machines of Acme with a token each, and one of the other organisation."""
    ids = [await house.machine("a"), await house.machine("b")]
    other = await house.rpc("CreateUser", organizationId=OTHER, machine={"name": "c"})
    tokens = []
    for user_id in (*ids, other.id):
        house.effects.later(minutes=1)
        tokens.append(await token(house, user_id))
    return tokens


async def test_list(each_house: House) -> None:
    """Everybody sees their own, and those where they may read users."""
    first, second, third = await three(each_house)
    rows = [await each_house.store.get(PERSONAL_ACCESS_TOKEN, one) for one in (first, second)]
    owner = rows[0].user_id if rows[0] else ""
    seen: list[tuple[Caller, list[str]]] = [
        (ADMIN, [third, second, first]),
        (READER, [third]),
        (caller(owner), [first]),
        (caller(owner, "ORG_OWNER", resource=f"organization:{OTHER}"), [third, first]),
        (caller(owner, "PROJECT_OWNER", resource="project:1"), [first]),
        (STRANGER, []),
    ]
    for who, wanted in seen:
        answer = await each_house.rpc("ListPersonalAccessTokens", who)
        assert [one.id for one in answer.result] == wanted
        assert answer.pagination.total_result == len(wanted)
        assert answer.pagination.applied_limit == 100


async def test_list_filtered_and_paged(each_house: House) -> None:
    """Filters are all to be fulfilled; pages are sorted."""
    first, second, third = await three(each_house)
    row = await each_house.store.get(PERSONAL_ACCESS_TOKEN, second)
    assert row is not None
    at = row.created_at.isoformat()
    cases: list[tuple[list[dict[str, Any]], list[str]]] = [
        ([{"tokenIdFilter": {"id": second}}], [second]),
        ([{"userIdFilter": {"id": row.user_id}}, {"organizationIdFilter": {"id": OTHER}}], []),
        ([{"organizationIdFilter": {"id": ACME}}], [first, second]),
        ([{"createdDateFilter": {"timestamp": at}}], [second]),
        ([{"createdDateFilter": {"timestamp": at, "method": "TIMESTAMP_FILTER_METHOD_AFTER"}}], [third]),
        (
            [{"createdDateFilter": {"timestamp": at, "method": "TIMESTAMP_FILTER_METHOD_BEFORE_OR_EQUALS"}}],
            [first, second],
        ),
        ([{"expirationDateFilter": {"timestamp": LATER}}], [first, second, third]),
    ]
    for filters, wanted in cases:
        answer = await each_house.rpc("ListPersonalAccessTokens", filters=filters, pagination={"asc": True})
        assert [one.id for one in answer.result] == wanted
    page = await each_house.rpc(
        "ListPersonalAccessTokens",
        pagination={"offset": "1", "limit": 1, "asc": True},
        sortingColumn="PERSONAL_ACCESS_TOKEN_FIELD_NAME_ID",
    )
    assert [one.id for one in page.result] == [second]
    assert (page.pagination.total_result, page.pagination.applied_limit) == (3, 1)


@pytest.mark.parametrize(
    ("request_", "id_"),
    [
        ({"pagination": {"limit": 1001}}, "QUERY-4M0fs"),
        ({"filters": [{}]}, "user.token_filter_unnamed"),
        ({"filters": [{"tokenIdFilter": {}}] * 1000}, "filter.too_large"),
        ({"filters": [{"createdDateFilter": {}}]}, "user.token_time"),
    ],
)
async def test_list_refused(house: House, request_: dict[str, Any], id_: str) -> None:
    """What cannot be answered is refused."""
    with refused(InvalidArgument, id_):
        await house.rpc("ListPersonalAccessTokens", **request_)


async def test_no_token_shows(house: House) -> None:
    """What carries a token does not show it."""
    user_id = await house.machine()
    row_time = house.effects.now().replace(year=2030)
    minted = await house.users.tokens.add(ADMIN, user_id, row_time)
    assert minted.text not in repr(minted)
