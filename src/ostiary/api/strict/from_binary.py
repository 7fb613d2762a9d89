"""The binary form into a message, after one walk over its fields.

The binary rules let the last of two win. A sender who means one thing sends one; two are refused, as in JSON.
"""

from typing import Final, TypeVar

from protobuf import Message, ScalarType

from ostiary.api.strict.shape import (
    MAX_BINARY_DEPTH,
    MAX_MEMBERS,
    FieldShape,
    Shape,
    refused,
    rivalling,
    twice,
    without_nul,
)

MessageT = TypeVar("MessageT", bound=Message)

_VARINT: Final = 0
_FIXED64: Final = 1
_LENGTH: Final = 2
_FIXED32: Final = 5
_FIXED: Final = {_FIXED64: 8, _FIXED32: 4}
_MAX_SHIFT: Final = 63


def from_binary(shape: Shape, message_type: type[MessageT], data: bytes) -> MessageT:
    """The message.

    Raises: InvalidArgument, whatever is wrong.
    """
    _Walk(data).message(shape, 0, len(data), 1)
    try:
        return message_type.from_binary(data)
    except (ValueError, TypeError, ArithmeticError, LookupError, RecursionError) as error:
        raise refused(str(error)[:200]) from None


class _Walk:
    """One pass over the bytes; ``members`` counts fields, so that a flood of them ends early."""

    __slots__ = ("data", "members")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.members = 0

    def message(self, shape: Shape, at: int, end: int, depth: int) -> None:
        """Walk the fields of a message that lies between two places."""
        if depth > MAX_BINARY_DEPTH:
            raise refused(f"message is nested deeper than {MAX_BINARY_DEPTH}")
        seen = 0
        keys: set[tuple[int, bytes]] = set()
        while at < end:
            number, wire, at = self._tag(at, end)
            start, at = self._value(wire, at, end)
            part = shape.by_number.get(number)
            if part is None:
                continue
            if part.is_map:
                self._entry(part, start, at, depth, keys)
                continue
            if not part.repeated:
                if seen & part.bit:
                    raise twice(shape, part.desc.json_name)
                if seen & part.rivals:
                    raise rivalling(shape, part.desc.json_name)
                seen |= part.bit
            if wire == _LENGTH:
                self._content(part, start, at, depth)

    def _content(self, part: FieldShape, start: int, end: int, depth: int) -> None:
        if part.child is not None:
            self.message(part.child, start, end, depth + part.child.weight)
        elif part.element is ScalarType.STRING:
            self._text(part, start, end)

    def _text(self, part: FieldShape, start: int, end: int) -> None:
        try:
            text = self.data[start:end].decode()
        except UnicodeDecodeError:
            raise refused(f"field {part.desc.name!r} contains invalid UTF-8") from None
        without_nul(text, f"field {part.desc.name!r}")

    def _entry(self, part: FieldShape, at: int, end: int, depth: int, keys: set[tuple[int, bytes]]) -> None:
        """One entry of a map: field 1 is its key, field 2 its value."""
        key = b""
        while at < end:
            number, wire, at = self._tag(at, end)
            start, at = self._value(wire, at, end)
            if number == 1:
                key = self.data[start:at]
                if part.key is ScalarType.STRING and wire == _LENGTH:
                    self._text(part, start, at)
            elif number == 2 and wire == _LENGTH:
                self._content(part, start, at, depth)
        if (part.desc.number, key) in keys:
            raise refused(f"duplicate key in {part.desc.name!r}")
        keys.add((part.desc.number, key))

    def _tag(self, at: int, end: int) -> tuple[int, int, int]:
        self.members += 1
        if self.members > MAX_MEMBERS:
            raise refused("too many fields")
        tag, at = self._varint(at, end)
        return tag >> 3, tag & 7, at

    def _value(self, wire: int, at: int, end: int) -> tuple[int, int]:
        """Where a value begins and ends."""
        if wire == _LENGTH:
            size, at = self._varint(at, end)
        elif wire == _VARINT:
            return at, self._varint(at, end)[1]
        elif wire in _FIXED:
            size = _FIXED[wire]
        else:
            raise refused("groups are not taken")
        if size > end - at:
            raise refused("message is cut off")
        return at, at + size

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        value = shift = 0
        while at < end:
            byte = self.data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, at
            shift += 7
            if shift > _MAX_SHIFT:
                break
        raise refused("message is cut off or has a number that is too long")
