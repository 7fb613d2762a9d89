"""Messages in front of the library: whatever comes, a message or InvalidArgument; what was sent twice is never missed."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protobuf import Message

from ostiary._pb.zitadel.session.v2 import session_service_pb
from ostiary._pb.zitadel.settings.v2 import settings_service_pb
from ostiary._pb.zitadel.user.v2 import user_service_pb
from ostiary.api.limits import LimitChecks
from ostiary.api.strict.from_binary import from_binary
from ostiary.api.strict.from_json import from_json, judge_of
from ostiary.api.strict.shape import Shapes
from ostiary.errors import InvalidArgument

SHAPES = Shapes(judge_of)
LIMITS = LimitChecks()
TYPES: list[type[Message]] = [
    method.input.type
    for module in (session_service_pb, settings_service_pb, user_service_pb)
    for method in module.desc().services[0].methods
]
CREATE = session_service_pb.CreateSessionRequest
STRUCT = '{"checks":{"webAuthN":{"credentialAssertionData":%s}}}'
NAMES = sorted({name for each in TYPES for name in SHAPES.of(each.desc()).by_name} | {"a", ":", '"', "\\"})

text = st.text(max_size=5) | st.sampled_from(
    [":", '":', "\\", '\\":', " :", "\x00", "1s", "AA==", "2020-01-01T00:00:00Z"]
)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | text,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | text, inner, max_size=4)
    ),
    max_leaves=12,
)


def judge(message: Message) -> None:
    """Look at its limits."""
    for check in LIMITS.of(message.desc()):
        check(message)


@given(st.sampled_from(TYPES), values)
def test_any_json(message_type: type[Message], value: Any) -> None:
    """Any JSON gives a message, or InvalidArgument and nothing else."""
    with suppress(InvalidArgument):
        message = from_json(SHAPES.of(message_type.desc()), message_type, json.dumps(value).encode())
        judge(message)
        assert from_binary(SHAPES.of(message_type.desc()), message_type, message.to_binary()) == message


@given(st.sampled_from(TYPES), st.binary(max_size=60))
def test_any_bytes(message_type: type[Message], data: bytes) -> None:
    """Any bytes give a message, or InvalidArgument and nothing else, as JSON and as binary."""
    shape = SHAPES.of(message_type.desc())
    for read in (from_json, from_binary):
        with suppress(InvalidArgument):
            judge(read(shape, message_type, data))


def written(value: Any, spaces: list[str], escapes: list[bool]) -> str:
    """JSON with these spaces around its colons, and some characters of keys escaped."""
    space = spaces.pop() if spaces else ""
    if isinstance(value, dict):
        pairs = []
        for key, item in value.items():
            name = json.dumps(key)
            if escapes and escapes.pop() and key.isascii() and key.isalnum():
                name = '"' + "".join(f"\\u{ord(letter):04x}" for letter in key) + '"'
            pairs.append(f"{name}{space}:{space}{written(item, spaces, escapes)}")
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(written(item, spaces, escapes) for item in value) + "]"
    return json.dumps(value)


objects = st.dictionaries(
    text.filter(lambda key: "\x00" not in key), st.text(':"\\ a', max_size=4), min_size=1
)


@given(objects, st.data())
def test_keys_sent_twice(value: dict[str, str], data: st.DataObject) -> None:
    """A document is taken; with any one of its keys sent again, however it is written, it is refused."""
    spaces = data.draw(st.lists(st.sampled_from(["", " ", "\n\t"]), max_size=8))
    escapes = data.draw(st.lists(st.booleans(), max_size=8))
    shape = SHAPES.of(CREATE.desc())
    once = written(value, list(spaces), list(escapes))
    from_json(shape, CREATE, (STRUCT % once).encode())
    key = data.draw(st.sampled_from(sorted(value)))
    again = written(
        {key: data.draw(st.text(':"a', max_size=3))}, list(reversed(spaces)), [data.draw(st.booleans())]
    )
    twice = f"{once[:-1]},{again[1:]}"
    with pytest.raises(InvalidArgument):
        from_json(shape, CREATE, (STRUCT % twice).encode())


def test_the_secret_is_not_repeated() -> None:
    """What is wrong is named, the value is not said again."""
    with pytest.raises(InvalidArgument) as refused:
        from_json(SHAPES.of(CREATE.desc()), CREATE, b'{"lifetime":"my secret"}')
    assert "secret" not in refused.value.message
    with pytest.raises(InvalidArgument) as refused:
        from_json(SHAPES.of(CREATE.desc()), CREATE, b'{"checks":{"password":{"password":["my secret"]}}}')
    assert "secret" not in refused.value.message


def test_a_type_that_contains_itself() -> None:
    """Limits reach into searches inside searches."""
    users = user_service_pb.ListUsersRequest
    query: dict[str, Any] = {"userNameQuery": {"userName": "x" * 201}}
    for _ in range(5):
        query = {"andQuery": {"queries": [query]}}
    message = from_json(SHAPES.of(users.desc()), users, json.dumps({"queries": [query]}).encode())
    with pytest.raises(InvalidArgument, match=r"value length must be"):
        judge(message)
