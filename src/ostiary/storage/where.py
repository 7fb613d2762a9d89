"""Conditions as SQL. Columns are named by code, values go as parameters."""

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
from ostiary.storage.statements import SqlValue, sql_value

Clause = tuple[str, tuple[SqlValue, ...]]
_encode = msgspec.json.Encoder().encode
_TRUE, _FALSE = "1 = 1", "1 = 0"


def clause_of(condition: Filter) -> Clause:
    """The condition and its parameters; ``fold`` is a function each database is given."""
    match condition:
        case Compare(column, order, value):
            return f"{column} {order.value} ?", (sql_value(value),)
        case Absent(column):
            return f"{column} IS NULL", ()
        case OneOf(column, values):
            return f"{column} IN (SELECT value FROM json_each(?))", (_encode(values).decode(),)
        case Text():
            return _text(condition)
        case Every(of):
            return _joined(of, " AND ", _TRUE)
        case Some(of):
            return _joined(of, " OR ", _FALSE)
        case Not(of):
            sql, parameters = clause_of(of)
            # shorter for the parser, whose stack is small, than NOT coalesce((…), 0), and as true for NULL
            return f"({sql}) IS NOT TRUE", parameters
        case Owns(kind, of):
            sql, parameters = clause_of(of)
            return f'id IN (SELECT {kind.owner} FROM "{kind.name}" WHERE {sql})', parameters
        case Names(column, kind, of):
            sql, parameters = clause_of(of)
            return f'{column} IN (SELECT id FROM "{kind.name}" WHERE {sql})', parameters
        case _:
            assert_never(condition)


def owner_in(listing: Listing[Any]) -> str | None:
    """The owner whose rows alone are asked for, in order of ids; None for any other question."""
    where = listing.where
    if isinstance(where, Every) and len(where.of) == 1:
        where = where.of[0]
    if not isinstance(where, Compare) or where.order is not Order.EQUAL or listing.order != "id":
        return None
    return where.value if where.column == listing.kind.owner and isinstance(where.value, str) else None


def _joined(parts: tuple[Filter, ...], word: str, empty: str) -> Clause:
    clauses = [clause_of(part) for part in parts]
    sql = word.join(f"({sql})" for sql, _ in clauses) or empty
    return sql, tuple(value for _, parameters in clauses for value in parameters)


def _text(condition: Text) -> Clause:
    have = f"fold({condition.column})" if condition.ignore_case else condition.column
    pattern = condition.pattern.casefold() if condition.ignore_case else condition.pattern
    match condition.match:
        case Match.EQUALS:
            return f"{have} = ?", (pattern,)
        case Match.STARTS_WITH:
            return f"substr({have}, 1, ?) = ?", (len(pattern), pattern)
        case Match.CONTAINS:
            return f"instr({have}, ?) > 0", (pattern,)
        case Match.ENDS_WITH if pattern:
            return f"substr({have}, ?) = ?", (-len(pattern), pattern)
        case Match.ENDS_WITH:
            return f"{condition.column} IS NOT NULL", ()
        case _:
            assert_never(condition.match)
