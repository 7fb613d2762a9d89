"""The limits that the interface definition puts on fields, compiled once for each message type.

The sentences are those of ZITADEL's wire: ``invalid SetSessionRequest.SessionId: value length must be between 1 and
200 runes, inclusive``. Such an error has no id and no detail.
"""

import operator
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from protobuf import (
    DescEnum,
    DescField,
    DescFieldValueList,
    DescFieldValueMap,
    DescFieldValueScalar,
    DescMessage,
    DescOneof,
    Message,
    ScalarType,
)
from protobuf.wkt import Duration, Timestamp

from ostiary._pb.ostiary.v1.options_pb import Limits, ext_limits, ext_required
from ostiary.errors import InvalidArgument

Check = Callable[[Any], None]
Rule = Callable[[Any], str | None]  # why a value is refused

_EMAIL: Final = re.compile(r"[^\s@\x00-\x1f\x7f]{1,64}@[^\s@\x00-\x1f\x7f]{1,255}\Z")
_URI: Final = re.compile(r"[^\s\x00-\x1f\x7f\\^`|\"<>]*\Z")
_FIRST_S: Final = -62_135_596_800  # 0001-01-01
_LAST_S: Final = 253_402_300_799  # 9999-12-31
_LONGEST_S: Final = 315_576_000_000
_NANOS: Final = 1_000_000_000
_WELL_FORMED: Final = "google.protobuf."
_EXPLICIT: Final = 1  # descriptor.proto, FeatureSet.FieldPresence: the wire tells unset from empty


class Violation(InvalidArgument):
    """A value outside its limits. ``sentence`` begins with the field."""

    def __init__(self, message: str, field: str, why: str) -> None:
        """Compose the sentence."""
        self.sentence = f"invalid {message}.{field}: {why}"
        super().__init__("", self.sentence)

    def within(self, message: str, field: str) -> "Violation":
        """The same, seen from the message around it."""
        return Violation(message, field, f"embedded message failed validation | caused by: {self.sentence}")


class LimitChecks:
    """The checks of all message types that were asked for."""

    def __init__(self) -> None:
        """None yet."""
        self._known: dict[str, list[Check]] = {}
        self._open: set[str] = set()  # being compiled right now

    def of(self, desc: DescMessage) -> Sequence[Check]:
        """Checks of one message type, each raising Violation; a type may contain itself."""
        known = self._known.get(desc.type_name)
        if known is None:
            known = self._known[desc.type_name] = []
            if not desc.type_name.startswith(_WELL_FORMED):
                self._open.add(desc.type_name)
                known.extend(self._compile(desc))
                self._open.discard(desc.type_name)
        return known

    def _compile(self, desc: DescMessage) -> Iterator[Check]:
        for oneof in desc.oneofs:
            if oneof.proto.options is not None and oneof.proto.options[ext_required]:
                yield _required_oneof(oneof)
        for part in desc.fields:
            limits = part.proto.options[ext_limits] if part.proto.options is not None else Limits()
            if isinstance(part.value, DescFieldValueMap):
                continue
            if isinstance(part.value, DescFieldValueList):
                yield from self._list(part, part.value, limits)
            else:
                yield from self._singular(part, limits)

    def _list(self, part: DescField, value: DescFieldValueList, limits: Limits) -> Iterator[Check]:
        name, field, get = part.parent.name, _camel(part.name), part.local_name
        items = limits.items or Limits()
        rules = _rules(value.element, items)
        inner = self.of(value.element) if isinstance(value.element, DescMessage) else ()
        shortest, longest, unique = limits.min_items, limits.max_items, limits.unique

        def check(message: Message) -> None:
            values = getattr(message, get)
            if len(values) < shortest:
                raise Violation(name, field, f"value must contain at least {shortest} item(s)")
            if longest and len(values) > longest:
                raise Violation(name, field, f"value must contain no more than {longest} item(s)")
            if unique and len(set(values)) != len(values):
                raise Violation(name, field, "repeated value must contain unique items")
            for place, one in enumerate(values):
                for rule in rules:
                    why = rule(one)
                    if why is not None:
                        raise Violation(name, f"{field}[{place}]", why)
                for judge in inner:
                    _inside(judge, one, name, f"{field}[{place}]")

        if rules or inner or shortest or longest or unique or isinstance(value.element, DescMessage):
            yield check

    def _singular(self, part: DescField, limits: Limits) -> Iterator[Check]:
        element = _element(part)
        if (
            isinstance(element, DescMessage)
            and _oneof(part) is None
            and not element.type_name.startswith(_WELL_FORMED)
        ):
            yield from self._message(part, element, required=limits.required)
            return
        name, field, get = part.parent.name, _camel(part.name), _reader(part)
        rules = _rules(element, limits)
        required = limits.required and isinstance(element, DescMessage)
        inner = self.of(element) if isinstance(element, DescMessage) else ()

        def check(message: Message) -> None:
            value = get(message)
            if value is None:
                if required:
                    raise Violation(name, field, "value is required")
                return
            for rule in rules:
                why = rule(value)
                if why is not None:
                    raise Violation(name, field, why)
            for judge in inner:
                _inside(judge, value, name, field)

        if rules or required or isinstance(element, DescMessage):
            yield check

    def _message(self, part: DescField, element: DescMessage, *, required: bool) -> Iterator[Check]:
        name, field, get = part.parent.name, _camel(part.name), part.local_name
        open_before = element.type_name in self._open
        inner = self.of(element)

        def check(message: Message) -> None:
            value = getattr(message, get)
            if value is None:
                if required:
                    raise Violation(name, field, "value is required")
                return
            try:
                for judge in inner:
                    judge(value)
            except Violation as cause:
                raise cause.within(name, field) from None

        if inner or required or open_before:
            yield check


def _inside(judge: Check, value: Any, name: str, field: str) -> None:
    try:
        judge(value)
    except Violation as cause:
        raise cause.within(name, field) from None


def _element(part: DescField) -> ScalarType | DescEnum | DescMessage:
    value = part.value
    if isinstance(value, DescFieldValueScalar):
        return value.scalar
    return value.enum if hasattr(value, "enum") else value.message  # type: ignore[union-attr]


def _oneof(part: DescField) -> DescOneof | None:
    oneof: DescOneof | None = getattr(part.value, "oneof", None)
    return oneof


def _reader(part: DescField) -> Callable[[Any], Any]:
    """What reads the field: None where it is not set, if the wire can tell."""
    get = part.local_name
    oneof = _oneof(part)
    if oneof is not None:
        group, name = oneof.local_name, part.name

        def member(message: Any) -> Any:
            chosen = getattr(message, group)
            return chosen.value if chosen is not None and chosen.field == name else None

        return member
    if part.presence == _EXPLICIT and not isinstance(_element(part), DescMessage):
        # what is not empty is set; asking the message takes longer
        return lambda message: getattr(message, get) or (getattr(message, get) if part in message else None)
    return operator.attrgetter(get)


def _required_oneof(oneof: DescOneof) -> Check:
    name, field, get = oneof.parent.name, _camel(oneof.name), oneof.local_name

    def check(message: Message) -> None:
        if getattr(message, get) is None:
            raise Violation(name, field, "value is required")

    return check


def _rules(element: ScalarType | DescEnum | DescMessage, limits: Limits) -> tuple[Rule, ...]:
    if isinstance(element, DescMessage):
        return tuple(_time_rules(element, limits))
    if isinstance(element, DescEnum):
        return tuple(_enum_rules(element, limits))
    if element is ScalarType.BOOL and limits.const_true:
        return (lambda value: None if value else "value must equal true",)
    if element not in (ScalarType.STRING, ScalarType.BYTES):
        return ()
    rules = tuple(_text_rules(limits, "runes" if element is ScalarType.STRING else "bytes"))
    if not limits.ignore_empty:
        return rules
    return tuple((lambda value, rule=rule: rule(value) if value else None) for rule in rules)


def _text_rules(limits: Limits, unit: str) -> Iterator[Rule]:
    least, most = limits.min_len, limits.max_len
    if least or most:
        if least == most:
            why = f"value length must be {least} {unit}"
        elif least and most:
            why = f"value length must be between {least} and {most} {unit}, inclusive"
        else:
            why = f"value length must be at {'least' if least else 'most'} {least or most} {unit}"
        limit = most or (1 << 31)
        yield lambda value: None if least <= len(value) <= limit else why
    if limits.required and not least:
        yield lambda value: None if value else "value is required"
    if limits.email:
        yield lambda value: None if _EMAIL.match(value) else "value must be a valid email address"
    if limits.uri_ref:
        yield lambda value: None if _URI.match(value) else "value must be a valid URI"


def _enum_rules(enum: DescEnum, limits: Limits) -> Iterator[Rule]:
    numbers = frozenset(value.number for value in enum.values)
    if limits.defined_only:
        yield lambda value: None if int(value) in numbers else "value must be one of the defined enum values"
    if limits.not_zero:
        yield lambda value: None if value else "value must not be in list [0]"


def _time_rules(element: DescMessage, limits: Limits) -> Iterator[Rule]:
    if element.type_name == "google.protobuf.Timestamp":
        yield _timestamp
    elif element.type_name == "google.protobuf.Duration":
        yield _duration
        if limits.positive:
            yield _positive


def _positive(value: Duration) -> str | None:
    return None if value.seconds > 0 or value.nanos > 0 else "value must be greater than 0s"


def _duration(value: Duration) -> str | None:
    seconds, nanos = value.seconds, value.nanos
    one_sign = seconds == 0 or nanos == 0 or (seconds > 0) == (nanos > 0)
    return (
        None
        if -_LONGEST_S <= seconds <= _LONGEST_S and -_NANOS < nanos < _NANOS and one_sign
        else "not a duration"
    )


def _timestamp(value: Timestamp) -> str | None:
    return None if _FIRST_S <= value.seconds <= _LAST_S and 0 <= value.nanos < _NANOS else "not a timestamp"


def _camel(name: str) -> str:
    """``session_id`` as the wire's sentences write it: ``SessionId``."""
    return "".join(word[:1].upper() + word[1:] for word in name.split("_"))
