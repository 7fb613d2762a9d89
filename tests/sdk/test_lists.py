"""Every query of both lists, asked by the SDK."""

import base64
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from tests.sdk.zitadel import asked, client_of, error_id, refusal, sdk
from tests.served import Served

METHODS = {
    "TIMESTAMP_QUERY_METHOD_EQUALS": ("same",),
    "TIMESTAMP_QUERY_METHOD_GREATER": ("after",),
    "TIMESTAMP_QUERY_METHOD_GREATER_OR_EQUALS": ("after", "same"),
    "TIMESTAMP_QUERY_METHOD_LESS": ("before",),
    "TIMESTAMP_QUERY_METHOD_LESS_OR_EQUALS": ("before", "same"),
}


@pytest.fixture
def sessions(zitadel: sdk.Zitadel, user: str, name: str) -> Iterator[list[Any]]:
    """Three sessions of one person, in order of creation: the first never ends, the others end in hours."""
    made = []
    for hours in (0, 1, 2):
        fields: dict[str, Any] = {
            "checks": {"user": {"userId": user}},
            "userAgent": {"fingerprintId": f"{name}-{hours}"},
        }
        if hours:
            fields["lifetime"] = f"{hours * 3600}s"
        made.append(zitadel.sessions.create_session(asked("SessionServiceCreateSessionRequest", fields)))
    ids = [one.session_id for one in made]
    yield [
        zitadel.sessions.get_session(sdk.SessionServiceGetSessionRequest(session_id=one)).session
        for one in ids
    ]
    for one in ids:
        zitadel.sessions.delete_session(sdk.SessionServiceDeleteSessionRequest(session_id=one))


def listed(zitadel: sdk.Zitadel, *queries: object, **fields: Any) -> list[str]:
    """The ids of a list of sessions."""
    request = asked("SessionServiceListSessionsRequest", {"queries": list(queries), **fields})
    return [one.id for one in zitadel.sessions.list_sessions(request).sessions or ()]


@pytest.mark.parametrize(("method", "which"), METHODS.items(), ids=[*METHODS])
def test_by_creation(zitadel: sdk.Zitadel, sessions: list[Any], method: str, which: tuple[str, ...]) -> None:
    """Creation dates compare by every method."""
    names = dict(zip((one.id for one in sessions), ("before", "same", "after"), strict=True))
    date = sessions[1].creation_date.isoformat()
    found = listed(
        zitadel,
        {"idsQuery": {"ids": list(names)}},
        {"creationDateQuery": {"creationDate": date, "method": method}},
    )
    assert sorted(names[one] for one in found) == sorted(which)


@pytest.mark.parametrize(("method", "which"), METHODS.items(), ids=[*METHODS])
def test_by_expiration(
    zitadel: sdk.Zitadel, sessions: list[Any], method: str, which: tuple[str, ...]
) -> None:
    """Expiration dates compare by every method; what never ends comes after all dates."""
    never, soon, later = (one.id for one in sessions)
    date = sessions[1].expiration_date.isoformat()
    found = listed(
        zitadel,
        {"idsQuery": {"ids": [never, soon, later]}},
        {"expirationDateQuery": {"expirationDate": date, "method": method}},
    )
    wanted = {"same": {soon}, "before": set[str](), "after": {later, never}}
    assert set(found) == set().union(*(wanted[one] for one in which))


def test_by_names(zitadel: sdk.Zitadel, sessions: list[Any], user: str, name: str) -> None:
    """Sessions are found by ids, user, creator and user agent; all queries must hold."""
    ids = [one.id for one in sessions]
    assert sorted(listed(zitadel, {"idsQuery": {"ids": ids}})) == sorted(ids)
    assert sorted(listed(zitadel, {"userIdQuery": {"id": user}})) == sorted(ids)
    assert set(ids) <= set(listed(zitadel, {"creatorQuery": {}}))
    assert listed(zitadel, {"creatorQuery": {"id": user}}) == []
    assert listed(zitadel, {"userAgentQuery": {"fingerprintId": f"{name}-1"}}) == [ids[1]]
    both = ({"userAgentQuery": {"fingerprintId": f"{name}-1"}}, {"idsQuery": {"ids": [ids[0]]}})
    assert listed(zitadel, *both) == []


def test_pages(zitadel: sdk.Zitadel, sessions: list[Any]) -> None:
    """Sessions are sorted by creation, both ways, and paged; the total counts them all."""
    ids = [one.id for one in sessions]
    query = {"idsQuery": {"ids": ids}}
    column = "SESSION_FIELD_NAME_CREATION_DATE"
    assert listed(zitadel, query, query={"asc": True}, sortingColumn=column) == ids
    assert listed(zitadel, query, sortingColumn=column) == ids[::-1]
    page = {"asc": True, "offset": "1", "limit": 1}
    request = {"queries": [query], "query": page, "sortingColumn": column}
    answer = zitadel.sessions.list_sessions(asked("SessionServiceListSessionsRequest", request))
    assert [one.id for one in answer.sessions] == ids[1:2]
    assert int(answer.details.total_result) == 3


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({}, "GRPC-Sfefs"),
        ({"creatorQuery": {"id": ""}}, "GRPC-x8n24uh"),
        ({"userAgentQuery": {"fingerprintId": ""}}, "GRPC-x8n23uh"),
        ({"userAgentQuery": {}}, "GRPC-x8n23uh"),
        ({"creationDateQuery": {}}, "GRPC-Dwigt"),
        ({"expirationDateQuery": {}}, "GRPC-Dwigt"),
    ],
)
def test_queries_that_ask_nothing(zitadel: sdk.Zitadel, query: dict[str, Any], wanted: str) -> None:
    """A query that names nothing is refused with its own id."""
    error = refusal(lambda: listed(zitadel, query))
    assert (error.code, error_id(error)) == (400, wanted)


def test_limit(zitadel: sdk.Zitadel) -> None:
    """A limit above 1000 is refused by each list."""
    page = {"query": {"limit": 1001}}
    for list_of, model in (
        (zitadel.sessions.list_sessions, "SessionServiceListSessionsRequest"),
        (zitadel.users.list_users, "UserServiceListUsersRequest"),
    ):
        error = refusal(partial(list_of, asked(model, page)))
        assert (error.code, error_id(error)) == (400, "QUERY-4M0fs")


def named(**query: object) -> Callable[[str, str], dict[str, Any]]:
    """A query whose texts hold NAME and ID where the user's own go."""

    def filled(value: Any, name: str, user: str) -> Any:
        if isinstance(value, dict):
            return {key: filled(one, name, user) for key, one in value.items()}
        if isinstance(value, list):
            return [filled(one, name, user) for one in value]
        return value.replace("NAME", name).replace("ID", user) if isinstance(value, str) else value

    return lambda name, user: filled(query, name, user)


VALUE = base64.b64encode(b"blue").decode()
BY_NAME = {"userNameQuery": {"userName": "NAME"}}
BY_NOTHING = {"userNameQuery": {"userName": "nobody-has-this"}}
FOUND = {
    "user name": named(**BY_NAME),
    "user name, another case": named(
        userNameQuery={"userName": "pERSON", "method": "TEXT_QUERY_METHOD_STARTS_WITH_IGNORE_CASE"}
    ),
    "login name": named(loginNameQuery={"loginName": "NAME"}),
    "first name": named(firstNameQuery={"firstName": "Mini"}),
    "last name": named(lastNameQuery={"lastName": "ous", "method": "TEXT_QUERY_METHOD_CONTAINS"}),
    "display name": named(
        displayNameQuery={"displayName": "I mOUSE", "method": "TEXT_QUERY_METHOD_ENDS_WITH_IGNORE_CASE"}
    ),
    "email": named(emailQuery={"emailAddress": "NAME@example.com"}),
    "email, any case": named(
        emailQuery={"emailAddress": "NAME@EXAMPLE.com", "method": "TEXT_QUERY_METHOD_EQUALS_IGNORE_CASE"}
    ),
    "phone": named(phoneQuery={"number": "+4179", "method": "TEXT_QUERY_METHOD_STARTS_WITH"}),
    "nick name": named(nickNameQuery={"nickName": "Mickey"}),
    "state": named(stateQuery={"state": "USER_STATE_ACTIVE"}),
    "type": named(typeQuery={"type": "TYPE_HUMAN"}),
    "ids": named(inUserIdsQuery={"userIds": ["ID", "1"]}),
    "emails": named(inUserEmailsQuery={"userEmails": ["NAME@example.com"]}),
    "metadata key": named(metadataKeyFilter={"key": "colour"}),
    "metadata value": named(metadataValueFilter={"value": VALUE}),
    "or": named(orQuery={"queries": [BY_NOTHING, BY_NAME]}),
    "and": named(andQuery={"queries": [BY_NAME, {"typeQuery": {"type": "TYPE_HUMAN"}}]}),
    "not": named(notQuery={"query": BY_NOTHING}),
    "not not": named(notQuery={"query": {"notQuery": {"query": BY_NAME}}}),
}
NOT_FOUND = {
    "another name": named(**BY_NOTHING),
    "another state": named(stateQuery={"state": "USER_STATE_LOCKED"}),
    "machines": named(typeQuery={"type": "TYPE_MACHINE"}),
    "another organisation": named(organizationIdQuery={"organizationId": "1"}),
    "another value": named(metadataValueFilter={"value": base64.b64encode(b"red").decode()}),
    "not": named(notQuery={"query": BY_NAME}),
    "and": named(andQuery={"queries": [BY_NAME, BY_NOTHING]}),
    "or": named(orQuery={"queries": [BY_NOTHING, BY_NOTHING]}),
    "no ids": named(inUserIdsQuery={"userIds": ["1"]}),
}


@pytest.fixture
def person(zitadel: sdk.Zitadel, user: str) -> str:
    """The person with everything that lists look at."""
    change = {
        "userId": user,
        "profile": {"givenName": "Mini", "familyName": "Mouse", "nickName": "Mickey"},
        "phone": {"phone": "+41791234567", "isVerified": True},
    }
    zitadel.users.update_human_user(asked("UserServiceUpdateHumanUserRequest", change))
    entries = {"userId": user, "metadata": [{"key": "colour", "value": VALUE}]}
    zitadel.users.set_user_metadata(asked("UserServiceSetUserMetadataRequest", entries))
    return user


def found(zitadel: sdk.Zitadel, *queries: object) -> set[str]:
    """The ids of a list of users."""
    request = asked("UserServiceListUsersRequest", {"queries": list(queries)})
    return {one.user_id for one in zitadel.users.list_users(request).result or ()}


def test_users(zitadel: sdk.Zitadel, person: str, name: str) -> None:
    """Every query of ListUsers finds whom it describes, and nobody else."""
    home = zitadel.settings.get_general_settings({}).default_organization_id
    assert person in found(zitadel, {"organizationIdQuery": {"organizationId": home}})
    missing = [what for what, query in FOUND.items() if person not in found(zitadel, query(name, person))]
    wrong = [what for what, query in NOT_FOUND.items() if person in found(zitadel, query(name, person))]
    assert (missing, wrong) == ([], [])


@pytest.mark.parametrize(
    "column",
    [
        "USER_NAME",
        "FIRST_NAME",
        "LAST_NAME",
        "NICK_NAME",
        "DISPLAY_NAME",
        "EMAIL",
        "STATE",
        "TYPE",
        "CREATION_DATE",
    ],
)
def test_users_sorted(zitadel: sdk.Zitadel, person: str, column: str) -> None:
    """Users are sorted by every column."""
    request = {"sortingColumn": f"USER_FIELD_NAME_{column}"}
    up, down = (
        zitadel.users.list_users(
            asked("UserServiceListUsersRequest", {**request, "query": {"asc": asc, "limit": 1000}})
        )
        for asc in (True, False)
    )
    assert [one.user_id for one in up.result] == [one.user_id for one in down.result][::-1]
    assert up.sorting_column == f"USER_FIELD_NAME_{column}"


def test_dates(zitadel: sdk.Zitadel, sessions: list[Any]) -> None:
    """A creation date is exact to the microsecond: one earlier or later is another."""
    one = sessions[0]
    for step, wanted in ((-1, []), (0, [one.id]), (1, [])):
        date = (one.creation_date + timedelta(microseconds=step)).isoformat()
        query = {"creationDateQuery": {"creationDate": date, "method": "TIMESTAMP_QUERY_METHOD_EQUALS"}}
        assert listed(zitadel, {"idsQuery": {"ids": [one.id]}}, query) == wanted


def test_nothing_is_seen_without_rights(served: Served, zitadel: sdk.Zitadel, sessions: list[Any]) -> None:
    """A machine without roles lists nobody's sessions."""
    home = zitadel.settings.get_general_settings({}).default_organization_id
    fields = {"organizationId": home, "username": "nobody", "machine": {"name": "Nobody"}}
    machine = zitadel.users.create_user(asked("UserServiceCreateUserRequest", fields)).id
    until = sessions[0].creation_date + timedelta(days=1)
    made = zitadel.users.add_personal_access_token(
        sdk.UserServiceAddPersonalAccessTokenRequest(user_id=machine, expiration_date=until)
    )
    with client_of(served, made.token) as nobody:
        assert listed(nobody, {"idsQuery": {"ids": [one.id for one in sessions]}}) == []
        assert found(nobody) == {machine}
    zitadel.users.delete_user(sdk.UserServiceDeleteUserRequest(user_id=machine))
