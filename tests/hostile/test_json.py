"""Bad input in JSON, over REST and Connect: 4xx at once, and nothing changed (what is merely odd may be answered)."""

import json
import time
from collections.abc import Mapping
from typing import Any, Final

import pytest
import requests

from tests.hostile.conftest import Victim
from tests.served import SERVICES

LONGEST_S = 3.0
REST: Final[Mapping[str, tuple[str, str]]] = {
    "CreateSession": ("POST", "/v2/sessions"),
    "SetSession": ("PATCH", "/v2/sessions/<session>"),
    "DeleteSession": ("DELETE", "/v2/sessions/<session>"),
    "ListSessions": ("POST", "/v2/sessions/search"),
    "AddHumanUser": ("POST", "/v2/users/human"),
    "ListUsers": ("POST", "/v2/users"),
    "SetPassword": ("POST", "/v2/users/<user>/password"),
    "ListPersonalAccessTokens": ("POST", "/v2/users/pats/search"),
}
SESSION_RPCS = ("CreateSession", "SetSession", "DeleteSession", "ListSessions")
OWN: Final = {"SetSession": {"sessionId": "<session>"}, "DeleteSession": {"sessionId": "<session>"}}


def case(rpc: str, message: Any, *statuses: int) -> Any:
    """One attack: a message, or the body itself; without statuses any 4xx is right."""
    return pytest.param(rpc, message, statuses, id=f"{rpc}-{json.dumps(message)[:60]}")


def person(**fields: Any) -> dict[str, Any]:
    """A person with something wrong."""
    profile = {"givenName": "a", "familyName": "b"}
    return {"profile": profile, "email": {"email": "a@example.com"}, **fields}


def nested(levels: int, name: str = "notQuery") -> dict[str, Any]:
    """Queries within queries."""
    query: dict[str, Any] = {"userNameQuery": {"userName": "a"}}
    for _ in range(levels):
        query = {name: {"query": query} if name == "notQuery" else {"queries": [query]}}
    return {"queries": [query]}


def dated(name: str, date: str, method: object = 1) -> dict[str, Any]:
    """A query by date."""
    return {"queries": [{f"{name}DateQuery": {f"{name}Date": date, "method": method}}]}


MANY = [str(10**18 + number) for number in range(10_001)]
FIRST, LAST = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z"
LONG = "9" * 201
HIGHEST = str(2**64 - 1)
ATTACKS = [
    *(case("SetSession", {"sessionToken": token, "lifetime": "9s"}) for token in (
        LONG, "?", "osts_1_", "osts_<session>_" + "A" * 43, "<token>A", "ostp_1_" + "A" * 43, "\u0000", "ä" * 50,
    )),
    case("DeleteSession", {"sessionToken": "<token>x"}),
    case("DeleteSession", {"sessionToken": LONG}),
    *(case("CreateSession", {"checks": {"user": {name: LONG}}}) for name in ("userId", "loginName")),
    case("CreateSession", {"checks": {"user": {"loginName": "a\u0000b"}}}),
    case("CreateSession", '{"checks":{"user":{"loginName":"\\ud800"}}}'),
    case("CreateSession", {"metadata": {"a\u0000": "AA=="}}),
    case("CreateSession", '{"metadata":{"\\udfff":"AA=="}}'),
    case("CreateSession", '{"userAgent":{"description":"\\ud83d"}}'),
    case("CreateSession", {"metadata": {str(number): "AA==" for number in range(65)}}),
    case("CreateSession", {"metadata": {"k" * 201: "AA=="}}),
    case("CreateSession", {"metadata": {"k": "A" * 8000}}),
    *(case(rpc, {"lifetime": text}) for rpc in ("CreateSession", "SetSession") for text in (
        "-1s", "0s", "-0.000000001s", "0.000000001s", "315576000000s", "-315576000000s", "315576000001s",
        "253402300799s", "9223372036854775807s", "9223372036854775808s", "1e9s", "infs", "NaNs", "5",
    )),
    *(case(rpc, "[" * 1_000_000) for rpc in SESSION_RPCS),
    *(case(rpc, '{"a":' * 180_000) for rpc in SESSION_RPCS),
    *(case(rpc, " " * (2**20 + 1), 413) for rpc in (*SESSION_RPCS, "ListUsers")),
    case("ListSessions", {"queries": [{"idsQuery": {"ids": MANY * 4}}]}, 400),
    case("ListSessions", {"queries": [{"idsQuery": {"ids": MANY[1:]}}]}, 200, 400),
    case("ListUsers", {"queries": [{"inUserIdsQuery": {"userIds": MANY}}]}, 200, 400),
    case("ListUsers", {"queries": [{"inUserEmailsQuery": {"userEmails": MANY}}]}, 200, 400),
    case("ListSessions", {"queries": [{"userIdQuery": {"id": "1"}}] * 2000}, 400),
    case("ListUsers", {"queries": [{"userNameQuery": {"userName": "a"}}] * 2000}, 400),
    case("ListUsers", {"queries": [{"orQuery": {"queries": [{"userNameQuery": {"userName": "a"}}] * 2000}}]}, 400),
    *(case("ListUsers", nested(levels, name), 400)
      for levels in (21, 100) for name in ("notQuery", "andQuery", "orQuery")),
    case("ListUsers", '{"queries":[' + '{"notQuery":{"query":' * 10_000 + "{}" + "}}" * 10_000 + "]}", 400),
    *(case("ListSessions", dated(name, date, method), 200)
      for name in ("creation", "expiration") for date in (FIRST, LAST) for method in range(5)),
    *(case("ListSessions", dated(name, date)) for name in ("creation", "expiration") for date in (
        "0000-12-31T23:59:59Z", "10000-01-01T00:00:00Z", "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59.999999999-00:01", "2020-02-30T00:00:00Z", "2020-01-01", "now", "",
    )),
    *(case("ListSessions", dated(name, FIRST, method), 400) for name in ("creation", "expiration")
      for method in ("NOPE", 99, -1, 2**31)),
    *(case(rpc, {"query": {"offset": HIGHEST}}, 200) for rpc in ("ListSessions", "ListUsers")),
    *(case(rpc, {"query": {"offset": str(2**64)}}) for rpc in ("ListSessions", "ListUsers")),
    *(case(rpc, {"query": {"limit": limit}})
      for rpc in ("ListSessions", "ListUsers") for limit in (1001, 2**32 - 1, 2**32, -1, 1.5)),
    case("ListPersonalAccessTokens", {"pagination": {"offset": HIGHEST}}, 200),
    case("ListPersonalAccessTokens", {"pagination": {"limit": 1001}}),
    case("ListSessions", {"sortingColumn": "NOPE"}),
    case("ListUsers", {"sortingColumn": "NOPE"}),
    case("ListUsers", {"queries": [{"stateQuery": {"state": "USER_STATE_NOPE"}}]}),
    case("ListUsers", {"queries": [{"stateQuery": {"state": 99}}]}),
    case("ListUsers", {"queries": [{"userNameQuery": {"userName": "a", "method": "NOPE"}}]}),
    case("ListUsers", {"queries": [{"userNameQuery": {"userName": LONG}}]}),
    case("ListUsers", {"queries": [{"userNameQuery": {"userName": "%_*?[a]\\'\";--", "method": 4}}]}, 200),
    case("AddHumanUser", person(username="a\u0000")),
    case("AddHumanUser", person(username=LONG)),
    case("AddHumanUser", person(userId=LONG)),
    case("AddHumanUser", person(email={"email": "a" * 300 + "@example.com"})),
    case("AddHumanUser", person(password={"password": "Aa1!" + "x" * 300})),
    case("AddHumanUser", person(hashedPassword={"hash": "$argon2id$v=19$m=4194304,t=99999,p=99$c2FsdHNhbHQ$AAAA"})),
    case("AddHumanUser", person(hashedPassword={"hash": "$2b$31$" + "A" * 53})),
    case("AddHumanUser", person(hashedPassword={"hash": "$6$rounds=999999999$a$b"})),
    case("AddHumanUser", person(totpSecret="1")),
    case("AddHumanUser", person(phone={"phone": "9" * 300})),
    case("AddHumanUser", person(email={"email": "a@example.com", "sendCode": {"urlTemplate": "{{" * 90}})),
    case("SetPassword", {"newPassword": {"password": "Aa1!" + "x" * 300}}),
    case("SetPassword", {"newPassword": {"password": "Good-Secret-1!"}, "verificationCode": "9" * 300}),
]  # fmt: skip


@pytest.mark.parametrize(("rpc", "message", "statuses"), ATTACKS)
def test_attack(victim: Victim, rpc: str, message: Any, statuses: tuple[int, ...]) -> None:
    """Both transports answer what is right, soon, and change nothing."""
    before = victim.count()
    verb, path = REST[rpc]
    text = message if isinstance(message, str) else json.dumps(message)
    by_connect = text if isinstance(message, str) else json.dumps({**_own(rpc), **message})
    for how, where, body in (
        (verb, path, text),
        ("POST", f"/{SERVICES[_service(rpc)]}/{rpc}", by_connect),
    ):
        began = time.monotonic()
        response = requests.request(
            how,
            victim.server.base + victim.filled(where),
            data=victim.filled(body).encode(),
            headers={**victim.server.headers(), "Content-Type": "application/json"},
            timeout=30,
        )
        assert time.monotonic() - began < LONGEST_S
        assert response.status_code in (statuses or range(400, 500)), response.text[:500]
        assert len(response.text) < 1000 or response.ok
        assert response.json() is not None
    assert victim.count() == before


def _service(rpc: str) -> str:
    return "session" if "Session" in rpc else "user"


def _own(rpc: str) -> dict[str, str]:
    if rpc == "SetPassword":
        return {"userId": "<user>"}
    return OWN.get(rpc, {})


PATHS = [
    ("GET", "/v2/sessions/" + LONG, {}),
    ("GET", "/v2/sessions/%00", {}),
    ("GET", "/v2/sessions/a%00b", {}),
    ("GET", "/v2/sessions/%ED%A0%80", {}),
    ("GET", "/v2/sessions/%FF%FE", {}),
    ("GET", "/v2/sessions/..%2F..%2Fetc%2Fpasswd", {}),
    ("GET", "/v2/sessions/<session>?sessionToken=%00", {}),
    ("GET", "/v2/sessions/<session>?sessionToken=%FF", {}),
    ("GET", "/v2/sessions/<session>?sessionToken=" + LONG, {}),
    ("GET", "/v2/sessions/<session>?sessionToken=a&session_token=b", {}),
    ("GET", "/v2/sessions/" + "9" * 60_000, {}),
    ("GET", "/v2/users/" + LONG, {}),
    ("GET", "/v2/users/%00", {}),
    ("DELETE", "/v2/sessions/" + LONG, {}),
    ("DELETE", "/v2/users/" + LONG, {}),
    ("GET", "/v2/sessions/<session>", {"Authorization": "Bearer " + "x" * 10_000}),
    ("GET", "/v2/sessions/<session>", {"Authorization": "Bearer"}),
    ("GET", "/v2/sessions/<session>", {"Authorization": "Bearer osts_<session>_" + "A" * 43}),
    ("GET", "/v2/sessions/<session>", {"Authorization": "Bearer ostp_99999999999999999999_" + "A" * 43}),
    ("GET", "/v2/sessions/<session>", {"Authorization": "Bearer \u00e4\u00f6\u00fc"}),
    ("GET", "/v2/sessions/<session>", {"x-zitadel-orgid": LONG}),
    ("GET", "/v2/sessions/<session>", {"x-zitadel-orgid": "\u00ff"}),
    ("POST", "/v2/sessions", {"Idempotency-Key": "k" * 201}),
    ("POST", "/v2/sessions", {"Idempotency-Key": "\u00e4"}),
    ("TRACE", "/v2/sessions", {}),
    ("PUT", "/v2/sessions", {}),
]  # fmt: skip


@pytest.mark.parametrize(("verb", "path", "headers"), PATHS)
def test_path_and_headers(victim: Victim, verb: str, path: str, headers: dict[str, str]) -> None:
    """What is wrong in the address or the headers gets a 4xx, soon."""
    before = victim.count()
    own = {name: victim.filled(value).encode("latin-1") for name, value in headers.items()}
    began = time.monotonic()
    response = requests.request(
        verb,
        victim.server.base + victim.filled(path),
        data=b"{}",
        headers={**victim.server.headers(), "Content-Type": "application/json", **own},
        timeout=30,
    )
    assert time.monotonic() - began < LONGEST_S
    assert 400 <= response.status_code < 500, response.text[:500]
    assert victim.count() == before
