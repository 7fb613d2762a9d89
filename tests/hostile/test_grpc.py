"""Bad input in binary messages, over gRPC: a client's error at once, and nothing changed."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.grpc.reflected import Answer
from tests.grpc.rpcs import SESSION, USER
from tests.hostile.conftest import Victim

LONGEST_S = 3.0
NOT_QUERY = 13  # of a query of users
THEIRS = {
    "INVALID_ARGUMENT", "NOT_FOUND", "PERMISSION_DENIED", "FAILED_PRECONDITION", "RESOURCE_EXHAUSTED",
    "UNAUTHENTICATED", "OUT_OF_RANGE",
}  # fmt: skip


def attacked(victim: Victim, rpc: str, body: bytes) -> Answer:
    """The answer to bytes, which came soon and changed nothing."""
    before = victim.count()
    began = time.monotonic()
    answer = victim.client.send(rpc, body)
    assert time.monotonic() - began < LONGEST_S
    assert victim.count() == before
    return answer


def text(number: int, value: bytes) -> bytes:
    """A field with a length, on the wire."""
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def nested(levels: int) -> bytes:
    """ListUsers with so many notQuery within each other."""
    query = text(1, text(1, b"a"))
    for _ in range(levels):
        query = text(NOT_QUERY, text(1, query))
    return text(3, query)


RAW = {
    "cut off": b"\x0a",
    "a length beyond the end": b"\x0a\x7f",
    "an endless varint": b"\xff" * 12,
    "a group": b"\x0b\x0c",
    "field number 0": b"\x00\x00",
    "invalid UTF-8": text(1, b"\xff\xfe"),
    "an encoded surrogate": text(1, b"\xed\xa0\x80"),
    "overlong UTF-8": text(1, b"\xc0\x80"),
    "NUL": text(1, b"a\0b"),
    "201 characters": text(1, b"9" * 201),
    "201 characters of four bytes": text(1, "\U0001f600".encode() * 201),
    "one megabyte": text(1, b"9" * 2**20),
    "twice": text(1, b"1") + text(1, b"2"),
    "a number for a text": b"\x08\x01",
    "nothing": b"",
}


@pytest.mark.parametrize(
    "rpc", [f"{SESSION}/GetSession", f"{SESSION}/SetSession", f"{SESSION}/DeleteSession"]
)
@pytest.mark.parametrize("name", RAW)
def test_bytes(victim: Victim, rpc: str, name: str) -> None:
    """What is no message, or whose session id is none."""
    assert attacked(victim, rpc, RAW[name]).code in THEIRS


@pytest.mark.parametrize("levels", [21, 100, 1000, 10_000])
def test_nested_queries(victim: Victim, levels: int) -> None:
    """Queries within queries, deeper than is allowed."""
    assert attacked(victim, f"{USER}/ListUsers", nested(levels)).code == "INVALID_ARGUMENT"


@pytest.mark.parametrize("seconds", [0, -1, 315_576_000_000, 315_576_000_001, 2**63 - 1, -(2**63)])
@pytest.mark.parametrize("nanos", [-1, -1_000_000_000, 2**31 - 1, -(2**31)])
def test_lifetimes(victim: Victim, seconds: int, nanos: int) -> None:
    """Durations that are none, or that no session can have."""
    for rpc, type_name in (("CreateSession", "CreateSessionRequest"), ("SetSession", "SetSessionRequest")):
        message = victim.client.new(f"zitadel.session.v2.{type_name}")
        message.lifetime.seconds, message.lifetime.nanos = seconds, nanos
        if rpc == "SetSession":
            message.session_id = victim.session
        answer = attacked(victim, f"{SESSION}/{rpc}", message.SerializeToString())
        assert answer.code == "INVALID_ARGUMENT"


def session_list(change: Callable[[Any], object]) -> Callable[[Victim], tuple[str, Any]]:
    """A list of sessions, made wrong."""
    return lambda victim: (
        f"{SESSION}/ListSessions",
        _changed(victim, "session.v2.ListSessionsRequest", change),
    )


def user_list(change: Callable[[Any], object]) -> Callable[[Victim], tuple[str, Any]]:
    """A list of users, made wrong."""
    return lambda victim: (f"{USER}/ListUsers", _changed(victim, "user.v2.ListUsersRequest", change))


def _changed(victim: Victim, name: str, change: Callable[[Any], object]) -> Any:
    message = victim.client.new(f"zitadel.{name}")
    change(message)
    return message


def dated(seconds: int, nanos: int, method: int = 1) -> Callable[[Any], object]:
    """A query by a date."""

    def change(message: Any) -> None:
        query = message.queries.add().creation_date_query
        query.creation_date.seconds, query.creation_date.nanos, query.method = seconds, nanos, method

    return change


def paged(**fields: int) -> Callable[[Any], object]:
    """A page."""

    def change(message: Any) -> None:
        for name, value in fields.items():
            setattr(message.query, name, value)

    return change


def many(count: int) -> Callable[[Any], object]:
    """A query for many ids."""
    return lambda message: message.queries.add().ids_query.ids.extend(str(10**18 + n) for n in range(count))


FIRST_S, LAST_S, MOST_NANOS = -62_135_596_800, 253_402_300_799, 999_999_999
LISTS = {
    "the first moment": (session_list(dated(FIRST_S, 0)), {"OK"}),
    "the last moment": (session_list(dated(LAST_S, MOST_NANOS)), {"OK"}),
    "before the first": (session_list(dated(FIRST_S - 1, 0)), THEIRS),
    "after the last": (session_list(dated(LAST_S + 1, 0)), THEIRS),
    "the least seconds": (session_list(dated(-(2**63), 0)), THEIRS),
    "the most seconds": (session_list(dated(2**63 - 1, 0)), THEIRS),
    "negative nanos": (session_list(dated(0, -1)), THEIRS),
    "too many nanos": (session_list(dated(0, MOST_NANOS + 1)), THEIRS),
    "an unknown method": (session_list(dated(0, 0, 99)), THEIRS),
    "a negative method": (session_list(dated(0, 0, -1)), THEIRS),
    "the most offset": (session_list(paged(offset=2**64 - 1)), {"OK"}),
    "the most offset of users": (user_list(paged(offset=2**64 - 1)), {"OK"}),
    "limit 1001": (session_list(paged(limit=1001)), THEIRS),
    "the most limit": (user_list(paged(limit=2**32 - 1)), THEIRS),
    "10 000 ids": (session_list(many(10_000)), {"OK", *THEIRS}),
    "50 000 ids": (session_list(many(50_000)), THEIRS),
    "an unknown state": (user_list(lambda m: setattr(m.queries.add().state_query, "state", 99)), THEIRS),
    "no condition": (user_list(lambda message: message.queries.add()), THEIRS),
}


@pytest.mark.parametrize("name", LISTS)
def test_lists(victim: Victim, name: str) -> None:
    """What lists cannot ask for; at the very ends they can be asked."""
    made, right = LISTS[name]
    rpc, message = made(victim)
    assert attacked(victim, rpc, message.SerializeToString()).code in right


@pytest.mark.parametrize(
    "token", ["x", "ostp_1", "osts_1_" + "A" * 43, "ostp_" + "9" * 20 + "_" + "A" * 43, "x" * 7000]
)
def test_tokens(victim: Victim, token: str) -> None:
    """Tokens that are none."""
    assert victim.client.call(f"{SESSION}/ListSessions", {}, token=token).code == "UNAUTHENTICATED"


def test_alive(victim: Victim) -> None:
    """After all that the session is there with its token, and no call failed from inside."""
    own = {"sessionId": victim.session, "sessionToken": victim.token}
    assert victim.client.call(f"{SESSION}/GetSession", own).code == "OK"
    assert "Traceback" not in victim.server.said()
