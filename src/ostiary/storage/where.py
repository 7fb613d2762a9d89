"""Conditions as SQL. Columns are named by code, values go as parameters; what the databases call otherwise is named."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, assert_never

import msgspec

from ostiary.core.filter import (
    Absent,
    Compare,
    Every,
    Filter,
    Match,
    Names,
    Not,
    OneOf,
    Order,
    Owns,
    Some,
    Text,
)
from ostiary.storage.port import Listing
from ostiary.storage.statements import FEW, SqlValue, sql_value

Parameter = SqlValue | list[str]
Clause = tuple[str, tuple[Parameter, ...]]
_encode = msgspec.json.Encoder().encode
_TRUE, _FALSE = "1 = 1", "1 = 0"


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a database calls otherwise than others. ``fold`` is a function that each is given."""

    one_of: str
    listed: Callable[[tuple[str, ...]], Parameter]
    text: Callable[[str], str]
    contains: str
    ends_with: str
    ending: Callable[[str], int]


SQLITE = Dialect(
    one_of="{} IN (SELECT value FROM json_each(?))",
    listed=lambda values: _encode(values).decode(),
    text=lambda value: value,
    contains="instr({}, ?) > 0",
    ends_with="substr({}, ?) = ?",
    ending=lambda pattern: -len(pattern),
)


def storable(text: str) -> str:
    """The text as PostgreSQL keeps it in a column: without NUL, which it does not take."""
    return text.replace("\0", "\ufffd")


POSTGRES = Dialect(
    one_of="{} = ANY (?::text[])",
    listed=lambda values: [storable(value) for value in values],
    text=storable,
    contains="strpos({}, ?) > 0",
    ends_with="right({}, ?) = ?",
    ending=len,
)


def clause_of(condition: Filter, dialect: Dialect = SQLITE) -> Clause:
    """The condition and its parameters."""
    match condition:
        case Compare(column, order, value):
            known = dialect.text(value) if isinstance(value, str) else sql_value(value)
            return f"{column} {order.value} ?", (known,)
        case Absent(column):
            return f"{column} IS NULL", ()
        case OneOf(column, values):
            return dialect.one_of.format(column), (dialect.listed(values),)
        case Text():
            return _text(condition, dialect)
        case Every(of):
            return _joined(of, " AND ", _TRUE, dialect)
        case Some(of):
            return _joined(of, " OR ", _FALSE, dialect)
        case Not(of):
            sql, parameters = clause_of(of, dialect)
            # shorter for the parser, whose stack is small, than NOT coalesce((…), 0), and as true for NULL
            return f"({sql}) IS NOT TRUE", parameters
        case Owns(kind, of):
            sql, parameters = clause_of(of, dialect)
            return f'id IN (SELECT {kind.owner} FROM "{kind.name}" WHERE {sql})', parameters
        case Names(column, kind, of):
            sql, parameters = clause_of(of, dialect)
            return f'{column} IN (SELECT id FROM "{kind.name}" WHERE {sql})', parameters
        case _:
            assert_never(condition)


def owner_in(listing: Listing[Any]) -> str | None:
    """The owner whose rows alone are asked for, in order of ids; None for any other question."""
    where = _alone(listing.where)
    if not isinstance(where, Compare) or where.order is not Order.EQUAL or listing.order != "id":
        return None
    return where.value if where.column == listing.kind.owner and isinstance(where.value, str) else None


def ids_in(listing: Listing[Any]) -> Sequence[str] | None:
    """The few ids that alone are asked for, in the asked-for order; None for any other question."""
    where = _alone(listing.where)
    if not isinstance(where, OneOf) or where.column != "id" or listing.order != "id":
        return None
    return sorted(set(where.values), reverse=listing.descending) if len(where.values) <= FEW else None


def _alone(where: Filter | None) -> Filter | None:
    return where.of[0] if isinstance(where, Every) and len(where.of) == 1 else where


def _joined(parts: tuple[Filter, ...], word: str, empty: str, dialect: Dialect) -> Clause:
    clauses = [clause_of(part, dialect) for part in parts]
    sql = word.join(f"({sql})" for sql, _ in clauses) or empty
    return sql, tuple(value for _, parameters in clauses for value in parameters)


def _text(condition: Text, dialect: Dialect) -> Clause:
    have = f"fold({condition.column})" if condition.ignore_case else condition.column
    pattern = dialect.text(condition.pattern.casefold() if condition.ignore_case else condition.pattern)
    match condition.match:
        case Match.EQUALS:
            return f"{have} = ?", (pattern,)
        case Match.STARTS_WITH:
            return f"substr({have}, 1, ?) = ?", (len(pattern), pattern)
        case Match.CONTAINS:
            return f"{dialect.contains.format(have)}", (pattern,)
        case Match.ENDS_WITH if pattern:
            return dialect.ends_with.format(have), (dialect.ending(pattern), pattern)
        case Match.ENDS_WITH:
            return f"{condition.column} IS NOT NULL", ()
        case _:
            assert_never(condition.match)
