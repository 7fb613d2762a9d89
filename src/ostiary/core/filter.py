"""A small algebra of conditions on a record's columns: lists are asked in it, every store answers it alike."""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import assert_never

from ostiary.core.record import AnyKind, Column
from ostiary.errors import InvalidArgument

MAX_PARTS = 500  # beside each other; SQLite takes expressions of depth 1000
MAX_DEPTH = 30  # within each other; SQLite's parser takes some hundred open brackets


class Order(Enum):
    """How a column is compared with a value."""

    EQUAL = "="
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="


class Match(Enum):
    """How a text is compared with a pattern."""

    EQUALS = 0
    STARTS_WITH = 2
    CONTAINS = 4
    ENDS_WITH = 6


@dataclass(frozen=True, slots=True)
class Compare:
    """An ordered column against a value; an absent column (None) never matches."""

    column: str
    order: Order
    value: str | int | datetime


@dataclass(frozen=True, slots=True)
class Absent:
    """The column is None."""

    column: str


@dataclass(frozen=True, slots=True)
class OneOf:
    """The column is one of the values."""

    column: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """A text column against a pattern, with or without regard to case (Unicode case folding).

    An absent column (None) never matches.
    """

    column: str
    match: Match
    pattern: str
    ignore_case: bool = False


@dataclass(frozen=True, slots=True)
class Every:
    """All of them; true of none."""

    of: "tuple[Filter, ...]"


@dataclass(frozen=True, slots=True)
class Some:
    """At least one of them; false of none."""

    of: "tuple[Filter, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    of: "Filter"


@dataclass(frozen=True, slots=True)
class Owns:
    """The record is the owner of at least one row of a kind that fulfils a condition on that row."""

    kind: AnyKind
    of: "Filter"


@dataclass(frozen=True, slots=True)
class Names:
    """The column holds the id of a record of a kind that fulfils a condition (the other direction of Owns)."""

    column: str
    kind: AnyKind
    of: "Filter"


Filter = Compare | Absent | OneOf | Text | Every | Some | Not | Owns | Names
Owners = Callable[[Owns | Names], Container[str]]


def _nobody(_: Owns | Names) -> Container[str]:
    return ()


def matches(condition: Filter, columns: Mapping[str, Column], owners: Owners = _nobody) -> bool:
    """Whether a record with these columns fulfils the condition.

    ``owners`` answers the ids of those that own such a row, or that are such a row themselves.
    """
    match condition:
        case Compare(column, order, value):
            return _compare(columns[column], order, value)
        case Absent(column):
            return columns[column] is None
        case OneOf(column, values):
            return columns[column] in values
        case Text(column, kind, pattern, ignore_case):
            text = columns[column]
            return text is not None and _match(str(text), kind, pattern, ignore_case=ignore_case)
        case Every(of):
            return all(matches(part, columns, owners) for part in of)
        case Some(of):
            return any(matches(part, columns, owners) for part in of)
        case Not(of):
            return not matches(of, columns, owners)
        case Owns():
            return columns["id"] in owners(condition)
        case Names(column):
            return columns[column] in owners(condition)
        case _:
            assert_never(condition)


def narrowed(asked: Filter | None, to: Filter | None) -> Filter | None:
    """What is asked, of those alone that fulfil ``to``; None is no condition."""
    if asked is None or to is None:
        return asked or to
    return Every((to, asked))


def check_size(condition: Filter) -> None:
    """Raise InvalidArgument for a condition of more parts, or deeper, than any store should be asked to judge."""
    _count(condition, MAX_DEPTH, MAX_PARTS)


def _count(condition: Filter, depth: int, parts: int) -> int:
    """How many parts are left to be used."""
    if not depth or not parts:
        raise InvalidArgument(
            "filter.too_large",
            "The query has too many conditions",
            hint=f"at most {MAX_PARTS} of them, nested at most {MAX_DEPTH} deep",
        )
    parts -= 1
    match condition:
        case Every(of) | Some(of):
            for part in of:
                parts = _count(part, depth - 1, parts)
        case Not(of) | Owns(_, of) | Names(_, _, of):
            parts = _count(of, depth - 1, parts)
        case _:
            pass
    return parts


def _compare(have: Column, order: Order, value: str | int | datetime) -> bool:
    if have is None:
        return False
    low, equal = _less(have, value), have == value
    match order:
        case Order.EQUAL:
            return equal
        case Order.LESS:
            return low
        case Order.LESS_OR_EQUAL:
            return low or equal
        case Order.GREATER:
            return not (low or equal)
        case Order.GREATER_OR_EQUAL:
            return not low
        case _:
            assert_never(order)


def _less(have: str | int | datetime, value: str | int | datetime) -> bool:
    """Compare two values of one column, which are of one type."""
    return bool(have < value)  # type: ignore[operator]


def _match(text: str, kind: Match, pattern: str, *, ignore_case: bool) -> bool:
    if ignore_case:
        text, pattern = text.casefold(), pattern.casefold()
    match kind:
        case Match.EQUALS:
            return text == pattern
        case Match.STARTS_WITH:
            return text.startswith(pattern)
        case Match.CONTAINS:
            return pattern in text
        case Match.ENDS_WITH:
            return text.endswith(pattern)
        case _:
            assert_never(kind)
