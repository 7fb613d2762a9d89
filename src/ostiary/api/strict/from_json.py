"""JSON into a message, by proto3 JSON's rules to the letter.

The document is decoded once, walked along the shape of the message, and only then handed to the message library.
A key that was sent twice is gone from what was decoded, so keys are counted: those that are left, and those sent.
"""

import re
from typing import Any, Final, TypeVar

import msgspec
from protobuf import DescEnum, DescMessage, Message, ScalarType, message_from_json_value

from ostiary.api.strict.shape import (
    FREE_FORM,
    MAX_DEPTH,
    MAX_FREE_DEPTH,
    MAX_MEMBERS,
    WRITTEN_AS_TEXT,
    FieldShape,
    Judge,
    Shape,
    refused,
    rivalling,
    twice,
    without_nul,
)

MessageT = TypeVar("MessageT", bound=Message)

_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?\Z")
_DURATION: Final = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,9})?s\Z")
_STRINGS: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"[ \t\r\n]*(:?)', re.DOTALL)
_SPACED: Final = (b" :", b"\t:", b"\n:", b"\r:")
_INTEGERS: Final = frozenset(ScalarType) - {
    ScalarType.STRING, ScalarType.BYTES, ScalarType.BOOL, ScalarType.DOUBLE, ScalarType.FLOAT,
}  # fmt: skip
_MANY: Final = 64 << 10  # bytes from which on members are counted before anything is decoded
_decode = msgspec.json.Decoder().decode


def from_json(shape: Shape, message_type: type[MessageT], document: bytes) -> MessageT:
    """The message; an empty document counts as ``{}``.

    Raises: InvalidArgument, whatever is wrong.
    """
    if not document:
        return message_type()
    if len(document) > _MANY and document.count(b",") > 2 * MAX_MEMBERS:
        raise refused("too many fields")
    try:
        value = _decode(document)
    except RecursionError:
        raise refused(f"JSON is nested deeper than {MAX_DEPTH}") from None
    except UnicodeDecodeError:
        raise refused("invalid UTF-8") from None
    except ValueError as error:
        raise refused(f"syntax error: {error}") from None
    keys = walk(value, shape)
    if document.count(b":") != keys and _keys_sent(document, keys) != keys:
        raise refused("duplicate key")
    if b"\\u0000" in document:
        _no_nul(value)
    return from_value(message_type, value)


def walk(value: Any, shape: Shape) -> int:
    """How many keys a decoded document has. What the message does not know is taken out of it.

    Raises: InvalidArgument.
    """
    keys = _message(value, shape, 1)
    if keys > MAX_MEMBERS:
        raise refused("too many fields")
    return keys


def from_value(message_type: type[MessageT], value: Any) -> MessageT:
    """The message of a document that was walked.

    Raises: InvalidArgument.
    """
    try:
        return message_from_json_value(message_type, value)
    except (ValueError, TypeError, ArithmeticError, LookupError) as error:
        # the library ends with the value, which may be a secret
        raise refused(str(error).partition(" from JSON: ")[0][:200]) from None


def judge_of(part: FieldShape) -> Judge | None:
    """What looks into the JSON values of a field."""
    one = _judge_of_element(part)
    if part.repeated:
        return None if one is None else _each(one)
    return _entries(one) if part.is_map else one


def _judge_of_element(part: FieldShape) -> Judge | None:
    element, where = part.element, f"{part.desc.parent.name}.{part.desc.name}"
    if isinstance(element, DescEnum):
        return _name_of(element, where)
    if isinstance(element, DescMessage):
        child = part.child
        if element.type_name == "google.protobuf.Duration":
            return _text(_DURATION, where)
        if element.type_name in WRITTEN_AS_TEXT or child is None:
            return None
        if element.type_name in FREE_FORM:
            return lambda value, depth: _count(value, depth + 1)
        return lambda value, depth: _message(value, child, depth + 1)  # of a list or map
    return _text(_NUMBER, where) if element in _INTEGERS else None


def _message(value: Any, shape: Shape, depth: int) -> int:
    """Keys in a JSON object that stands for a message, those inside it too."""
    if type(value) is not dict:
        raise refused(f"{shape.name} must be an object")
    if depth > MAX_DEPTH:
        raise refused(f"JSON is nested deeper than {MAX_DEPTH}")
    keys = len(value)
    plan = shape.plan
    named = given = 0
    unknown: list[str] = []
    for key, item in value.items():
        step = plan.get(key)
        if step is None:
            unknown.append(key)
            keys += _count(item, depth + 1)
            continue
        bit, rivals, inner, judge = step
        if named & bit:
            raise twice(shape, key)
        named |= bit
        if item is None:
            continue
        if rivals & given:
            raise rivalling(shape, key)
        given |= bit
        if inner is not None:
            keys += _message(item, inner, depth + 1)
        elif judge is not None:
            keys += judge(item, depth)
    for key in unknown:
        del value[key]
    return keys


def _count(value: Any, depth: int) -> int:
    """Keys of JSON that has no shape."""
    if type(value) is dict:
        if depth > MAX_FREE_DEPTH:
            raise refused(f"JSON is nested deeper than {MAX_FREE_DEPTH}")
        return len(value) + sum(_count(item, depth + 1) for item in value.values())
    if type(value) is list:
        if depth > MAX_FREE_DEPTH:
            raise refused(f"JSON is nested deeper than {MAX_FREE_DEPTH}")
        return sum(_count(item, depth + 1) for item in value)
    return 0


def _each(judge: Judge) -> Judge:
    def judge_list(value: Any, depth: int) -> int:
        # what is no list, and null in a list, is refused by the library
        return sum(judge(item, depth) for item in value if item is not None) if type(value) is list else 0

    return judge_list


def _entries(judge: Judge | None) -> Judge:
    def judge_map(value: Any, depth: int) -> int:
        if type(value) is not dict:
            return 0
        if judge is None:
            return len(value)
        return len(value) + sum(judge(item, depth + 1) for item in value.values() if item is not None)

    return judge_map


def _text(form: re.Pattern[str], where: str) -> Judge:
    def judge_text(value: Any, depth: int) -> int:  # noqa: ARG001
        if type(value) is str and not form.match(value):
            raise refused(f"invalid value for {where}")
        return 0

    return judge_text


def _name_of(enum: DescEnum, where: str) -> Judge:
    names = frozenset(value.name for value in enum.values)

    def judge_name(value: Any, depth: int) -> int:  # noqa: ARG001
        if type(value) is str and value not in names:
            raise refused(f"invalid value for {where}: {enum.name} has no such name")
        return 0

    return judge_name


def _keys_sent(document: bytes, keys: int) -> int:
    """Keys in the text, each as often as it was sent."""
    # The quick count can be too low only where a colon has space before it, and too high only by strings that begin
    # with a colon; so without such space it is right if it agrees.
    if document.count(b'":') == keys and not any(spaced in document for spaced in _SPACED):
        return keys
    return sum(1 for colon in _STRINGS.findall(document) if colon)


def _no_nul(value: Any) -> None:
    if type(value) is str:
        without_nul(value, "a string")
    elif type(value) is dict:
        for key, item in value.items():
            without_nul(key, "a key")
            _no_nul(item)
    elif type(value) is list:
        for item in value:
            _no_nul(item)
