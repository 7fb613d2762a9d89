"""The shape of a message type, compiled once from its descriptor, for the walks over JSON and over the binary form."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from protobuf import (
    DescEnum,
    DescField,
    DescFieldValueEnum,
    DescFieldValueList,
    DescFieldValueMap,
    DescFieldValueMessage,
    DescFieldValueScalar,
    DescMessage,
    ScalarType,
)

from ostiary.errors import InvalidArgument

MAX_DEPTH: Final = 80  # twenty nested user queries, which ZITADEL allows, are 72 deep in JSON
MAX_BINARY_DEPTH: Final = 48  # and 41 messages deep
MAX_FREE_DEPTH: Final = 32  # of JSON without a shape: Structs, unknown members
MAX_MEMBERS: Final = 10_000  # fields, keys and entries of one request

# messages whose JSON is not an object of their fields
FREE_FORM: Final = frozenset(("google.protobuf.Struct", "google.protobuf.Value", "google.protobuf.ListValue"))
WRITTEN_AS_TEXT: Final = frozenset(
    ("google.protobuf.Duration", "google.protobuf.Timestamp", "google.protobuf.FieldMask")
)

Element = ScalarType | DescEnum | DescMessage
Judge = Callable[[Any, int], int]


@dataclass(slots=True)
class FieldShape:
    """One field. ``bit`` is its own; ``rivals`` are the bits of the other members of its oneof.

    ``judge`` looks into a JSON value at a depth and counts the keys in it; None where there is nothing to look into.
    """

    desc: DescField
    bit: int
    rivals: int
    element: Element
    repeated: bool = False
    key: ScalarType | None = None  # of a map
    child: "Shape | None" = None
    judge: Judge | None = None

    @property
    def is_map(self) -> bool:
        """Whether it is a map."""
        return self.key is not None

    @property
    def object(self) -> "Shape | None":
        """The child, where JSON has one object of its fields."""
        if self.child is None or self.is_map or self.repeated:
            return None
        return None if self.child.desc.type_name in FREE_FORM | WRITTEN_AS_TEXT else self.child


@dataclass(slots=True)
class Shape:
    """One message type: its fields by JSON and proto name, and by number."""

    desc: DescMessage
    by_name: dict[str, FieldShape] = field(default_factory=dict)
    by_number: dict[int, FieldShape] = field(default_factory=dict)
    # what the walk over JSON needs, by JSON and proto name: bit, rivals, the child where JSON has an object, the judge
    plan: dict[str, tuple[int, int, "Shape | None", Judge | None]] = field(default_factory=dict)
    # depth as JSON counts it: a Value adds nothing to the Struct or list inside it
    weight: int = 1

    @property
    def name(self) -> str:
        """Its name without the package."""
        return self.desc.name


class Shapes:
    """All shapes that were asked for, and those they contain."""

    def __init__(self, judge: Callable[[FieldShape], Judge | None]) -> None:
        """``judge`` makes the judge of JSON values of a field."""
        self._judge = judge
        self._known: dict[str, Shape] = {}

    def of(self, desc: DescMessage) -> Shape:
        """The shape; a type may contain itself."""
        known = self._known.get(desc.type_name)
        if known is not None:
            return known
        shape = Shape(desc, weight=0 if desc.type_name == "google.protobuf.Value" else 1)
        self._known[desc.type_name] = shape
        bits = {part.number: 1 << place for place, part in enumerate(desc.fields)}
        for part in desc.fields:
            compiled = self._field(part, bits)
            shape.by_number[part.number] = compiled
            shape.by_name[part.name] = compiled
            shape.by_name[part.json_name] = compiled
            step = (compiled.bit, compiled.rivals, compiled.object, compiled.judge)
            shape.plan[part.name] = shape.plan[part.json_name] = step
        return shape

    def _field(self, part: DescField, bits: dict[int, int]) -> FieldShape:
        value = part.value
        element: Element
        rivals, repeated, key = 0, False, None
        match value:
            case DescFieldValueList():
                element, repeated = value.element, True
            case DescFieldValueMap():
                element, key = value.value, value.key
            case DescFieldValueScalar():
                element = value.scalar
            case DescFieldValueEnum():
                element = value.enum
            case DescFieldValueMessage():
                element = value.message
        oneof = None if isinstance(value, DescFieldValueList | DescFieldValueMap) else value.oneof
        if oneof is not None:
            rivals = sum(bits[rival.number] for rival in oneof.fields if rival.number != part.number)
        compiled = FieldShape(part, bits[part.number], rivals, element, repeated, key)
        if isinstance(element, DescMessage):
            compiled.child = self.of(element)
        compiled.judge = self._judge(compiled)
        return compiled


def refused(why: str) -> InvalidArgument:
    """The error for a message that is not in its form: a sentence, no id."""
    return InvalidArgument("", f"proto: {why}")


def twice(shape: Shape, name: str) -> InvalidArgument:
    """The error for a field that was sent more than once."""
    return refused(f"duplicate field {name!r} in {shape.name}")


def rivalling(shape: Shape, name: str) -> InvalidArgument:
    """The error for a second member of a oneof."""
    return refused(f"{name!r} in {shape.name}: another member of its oneof is set already")


def without_nul(text: str, where: str) -> str:
    """The text itself.

    Raises: InvalidArgument if it contains NUL, which no database and no header takes.
    """
    if "\x00" in text:
        raise refused(f"{where} must not contain NUL")
    return text
