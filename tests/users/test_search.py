"""Users read and listed."""

from typing import Any

import pytest

from ostiary.core.user import USER, UserState
from ostiary.errors import InvalidArgument, NotFound, OstiaryError
from tests.users.conftest import ACME, OTHER, STRANGER, House, caller, human, refused


async def furnished(house: House) -> None:
    """Alice and Bob of Acme, Carol of the other organisation, a robot."""
    people: list[tuple[str, dict[str, Any]]] = [
        (
            "Alice",
            {
                "metadata": [{"key": "team", "value": "YQ=="}, {"key": "floor", "value": "Yg=="}],
                "phone": {"phone": "+41791234567", "isVerified": True},
            },
        ),
        ("bob", {"metadata": [{"key": "team", "value": "Yg=="}, {"key": "floor", "value": "YQ=="}]}),
        ("carol", {"organization": {"orgId": OTHER}}),
    ]
    for name, more in people:
        house.effects.later(minutes=1)
        await house.rpc("AddHumanUser", **{**human(name), **more}, userId=name.lower())
    house.effects.later(minutes=1)
    await house.machine("robot")
    await house.edit(USER, "carol", state=UserState.LOCKED)


def text(kind: str, field: str, pattern: str, method: str = "EQUALS") -> dict[str, Any]:
    """A query on a text."""
    return {f"{kind}Query": {field: pattern, "method": f"TEXT_QUERY_METHOD_{method}"}}


NICK = text("nickName", "nickName", "x")
TEAM_A = [{"metadataKeyFilter": {"key": "team"}}, {"metadataValueFilter": {"value": "YQ=="}}]
QUERIES: list[tuple[list[dict[str, Any]], str]] = [
    ([], "Alice bob carol robot"),
    ([text("userName", "userName", "alice")], ""),
    ([text("userName", "userName", "alice", "EQUALS_IGNORE_CASE")], "Alice"),
    ([text("userName", "userName", "o", "CONTAINS")], "bob carol robot"),
    ([text("userName", "userName", "B", "ENDS_WITH_IGNORE_CASE")], "bob"),
    ([text("loginName", "loginName", "bob@acme.test")], "bob"),
    ([text("loginName", "loginName", "BOB", "EQUALS_IGNORE_CASE")], "bob"),
    ([text("loginName", "loginName", "@other.test", "ENDS_WITH")], "carol"),
    ([text("firstName", "firstName", "Bo", "STARTS_WITH")], "bob"),
    ([text("lastName", "lastName", "Doe")], "Alice bob carol"),
    ([NICK], ""),
    ([text("displayName", "displayName", "Carol Doe")], "carol"),
    ([text("email", "emailAddress", "ALICE@EXAMPLE.COM", "EQUALS_IGNORE_CASE")], "Alice"),
    ([text("phone", "number", "+4179", "STARTS_WITH")], "Alice"),
    ([{"stateQuery": {"state": "USER_STATE_LOCKED"}}], "carol"),
    ([{"stateQuery": {"state": "USER_STATE_DELETED"}}], ""),
    ([{"typeQuery": {"type": "TYPE_MACHINE"}}], "robot"),
    ([{"typeQuery": {}}], ""),
    ([{"inUserIdsQuery": {"userIds": ["alice", "carol", "404"]}}], "Alice carol"),
    ([{"inUserEmailsQuery": {"userEmails": ["bob@example.com"]}}], "bob"),
    ([{"organizationIdQuery": {"organizationId": ACME}}], "Alice bob robot"),
    ([{"metadataKeyFilter": {"key": "team"}}], "Alice bob"),
    ([{"metadataValueFilter": {"value": "YQ=="}}], "Alice bob"),
    (TEAM_A, "Alice"),
    ([{"andQuery": {"queries": TEAM_A}}], "Alice"),
    ([{"notQuery": {"query": {"andQuery": {"queries": TEAM_A}}}}], "bob carol robot"),
    ([{"metadataKeyFilter": {"key": "team"}}, {"typeQuery": {"type": "TYPE_MACHINE"}}], ""),
    (
        [
            {"metadataKeyFilter": {"key": "TEAM", "method": "TEXT_FILTER_METHOD_EQUALS_IGNORE_CASE"}},
            {"metadataValueFilter": {"value": "YQ==", "method": "BYTE_FILTER_METHOD_NOT_EQUALS"}},
        ],
        "bob",
    ),
    ([{"orQuery": {"queries": [*TEAM_A, {"typeQuery": {"type": "TYPE_MACHINE"}}]}}], "Alice bob robot"),
    ([{"orQuery": {}}], ""),
    ([{"andQuery": {}}], "Alice bob carol robot"),
    (
        [
            {"notQuery": {"query": NICK}},
            {"orQuery": {"queries": [text("userName", "userName", "bob"), {"stateQuery": {"state": 4}}]}},
        ],
        "bob carol",
    ),
]


async def test_queries(each_house: House) -> None:
    """Each query finds those it names, on every store."""
    await furnished(each_house)
    for queries, wanted in QUERIES:
        answer = await each_house.rpc(
            "ListUsers", queries=queries, query={"asc": True}, sortingColumn="USER_FIELD_NAME_USER_NAME"
        )
        assert " ".join(user.username for user in answer.result) == wanted, queries
        assert answer.details.total_result == len(answer.result)


SORTED = {
    "UNSPECIFIED": "Alice bob carol robot",
    "USER_NAME": "Alice bob carol robot",
    "FIRST_NAME": "robot Alice bob carol",
    "EMAIL": "robot Alice bob carol",
    "CREATION_DATE": "Alice bob carol robot",
    "TYPE": "Alice bob carol robot",
}


async def test_sorting_and_paging(each_house: House) -> None:
    """Lists are sorted by their column, downwards unless said otherwise, and paged."""
    await furnished(each_house)
    for column, upwards in SORTED.items():
        name = f"USER_FIELD_NAME_{column}"
        answer = await each_house.rpc("ListUsers", sortingColumn=name, query={"asc": True})
        assert answer.sorting_column.name == column
        found = [user.username for user in answer.result]
        assert sorted(found) == sorted(upwards.split())
        if column != "TYPE":
            assert " ".join(found) == upwards, column
    answer = await each_house.rpc("ListUsers", query={"offset": "1", "limit": 2})
    assert [user.username for user in answer.result] == ["carol", "bob"]
    assert answer.details.total_result == 4
    far = await each_house.rpc("ListUsers", query={"offset": str(2**64 - 1)})
    assert list(far.result) == []


async def test_visible(each_house: House) -> None:
    """Everybody sees themselves and those they may read, and the total counts no others: it would answer any question."""
    await furnished(each_house)
    of_other = caller("alice", "ORG_OWNER", resource=f"organization:{OTHER}")
    for who, wanted in ((STRANGER, []), (caller("alice"), ["Alice"]), (of_other, ["carol", "Alice"])):
        answer = await each_house.rpc("ListUsers", who)
        assert [user.username for user in answer.result] == wanted
        assert answer.details.total_result == len(wanted)
    hers = [{"userNameQuery": {"userName": "car", "method": "TEXT_QUERY_METHOD_STARTS_WITH"}}]
    assert (await each_house.rpc("ListUsers", queries=hers)).details.total_result == 1
    assert (await each_house.rpc("ListUsers", STRANGER, queries=hers)).details.total_result == 0


async def test_get(house: House) -> None:
    """A user is read by themselves, and by those who may; strangers do not learn who exists."""
    await furnished(house)
    assert (await house.rpc("GetUserByID", caller("alice"), userId="alice")).user.user_id == "alice"
    for wanted in ("alice", "404"):
        with refused(NotFound, "AUTHZ-cdgFk"):
            await house.rpc("GetUserByID", STRANGER, userId=wanted)
    of_other = caller("x", "ORG_OWNER", resource=f"organization:{OTHER}")
    with refused(OstiaryError, "AUTH-AWfge"):
        await house.rpc("GetUserByID", of_other, userId="alice")
    with refused(NotFound, "QUERY-Dfbg2"):
        await house.rpc("GetUserByID", userId="404")


def nested(depth: int) -> dict[str, Any]:
    """A query inside so many others."""
    query = NICK
    for _ in range(depth):
        query = {"notQuery": {"query": query}}
    return query


async def test_nesting(house: House) -> None:
    """Twenty levels are answered, one more is not."""
    await house.rpc("ListUsers", queries=[nested(19)])
    with refused(InvalidArgument, "USER-zsQ97"):
        await house.rpc("ListUsers", queries=[nested(20)])
    deep: dict[str, Any] = {"andQuery": {"queries": [NICK]}}
    for _ in range(20):
        deep = {"andQuery": {"queries": [deep]}}
    with refused(InvalidArgument, "USER-zsQ97"):
        await house.rpc("ListUsers", queries=[deep])


@pytest.mark.parametrize(
    ("request_", "id_"),
    [
        ({"query": {"limit": 1001}}, "QUERY-4M0fs"),
        ({"queries": [{}]}, "GRPC-vR9nC"),
        ({"queries": [{"notQuery": {}}]}, "GRPC-vR9nC"),
        ({"queries": [NICK] * 1000}, "filter.too_large"),
    ],
)
async def test_refused(house: House, request_: dict[str, Any], id_: str) -> None:
    """What cannot be answered is refused."""
    with refused(InvalidArgument, id_):
        await house.rpc("ListUsers", **request_)


async def test_many_ids(each_house: House) -> None:
    """Every store answers for as many ids as fit into a request."""
    await furnished(each_house)
    ids = [*(str(number) for number in range(40_000)), "alice"]
    answer = await each_house.rpc("ListUsers", queries=[{"inUserIdsQuery": {"userIds": ids}}])
    assert [user.user_id for user in answer.result] == ["alice"]
