"""The statements of one kind's table, and its values as rows.

Every table has the same shape: ``id``, ``version``, the kind's columns, and ``data``, the value as JSON in the format
numbered ``format``. Times in columns are microseconds since 1970.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Generic

import msgspec

from ostiary.core.record import AnyKind, Column, Kind, Record, RecordT
from ostiary.storage.port import OWNED_LIMIT

FORMAT = 1
FEW = 50  # rows of an owner, or of ids, that a list reads inline: some hundred microseconds at most
SqlValue = str | int | bytes | None
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_encode = msgspec.json.Encoder().encode


def sql_value(value: Column) -> SqlValue:
    """A column's value as both databases take it."""
    return microseconds(value) if isinstance(value, datetime) else value


def microseconds(at: datetime) -> int:
    """Since 1970, as times are kept in columns."""
    return (at - _EPOCH) // _MICROSECOND


def from_sql(value: int) -> datetime:
    """The time of a column."""
    return _EPOCH + value * _MICROSECOND


@dataclass(frozen=True, slots=True)
class Statements(Generic[RecordT]):
    """SQL for one kind. Those for many rows at once are made for a number of rows, and kept."""

    kind: Kind[RecordT]
    get: str
    owned: str
    few: str
    few_newest: str
    decode: Callable[[bytes], RecordT]
    decode_array: Callable[[bytes], tuple[RecordT, ...]]
    _kept: dict[tuple[object, ...], str] = field(default_factory=dict)

    def row(self, value: Record, columns: Sequence[SqlValue]) -> tuple[SqlValue, ...]:
        """What :meth:`put` takes for one row."""
        return (value.id, value.version, *columns, _encode(value))

    def columns(self, value: Record) -> list[SqlValue]:
        """The value's columns."""
        return [sql_value(column(value)) for column in self.kind.columns.values()]  # type: ignore[arg-type]

    def versions(self, count: int) -> str:
        """Of so many ids, the versions of those that are there: one JSON object."""
        return self._made(
            ("versions", count),
            lambda: (
                f"SELECT json_group_object(id, version) FROM {self._table} WHERE id IN ({_places(count)})"
            ),
        )

    def states(self, count: int) -> str:
        """Of so many ids, versions and columns of those that are there: one JSON object of arrays."""
        names = ", ".join(("version", *self.kind.columns))
        return self._made(
            ("states", count),
            lambda: (
                f"SELECT json_group_object(id, json_array({names})) FROM {self._table} WHERE id IN ({_places(count)})"
            ),
        )

    @property
    def counts(self) -> str:
        """Of a JSON array of owners, how many rows each has, at most ``OWNED_LIMIT``: one JSON object."""
        rows = f"SELECT 1 FROM {self._table} WHERE {self.kind.owner} = value LIMIT {OWNED_LIMIT}"
        return f"SELECT json_group_object(value, (SELECT count(*) FROM ({rows}))) FROM json_each(?)"

    def put(self, count: int, changed: tuple[str, ...]) -> str:
        """Insert so many rows, or, where they are there, set version, data and the columns that changed.

        An index is written only if a column of it is set.
        """
        names = ("id", "version", *self.kind.columns, "data")
        sets = ", ".join(f"{name} = excluded.{name}" for name in ("version", *changed, "data"))
        return self._made(
            ("put", count, changed),
            lambda: (
                f"INSERT INTO {self._table} ({', '.join(names)}) VALUES {rows_of(len(names), count)} "
                f"ON CONFLICT (id) DO UPDATE SET {sets}"
            ),
        )

    def remove(self, count: int) -> str:
        """Remove the rows of so many ids."""
        return self._made(
            ("remove", count), lambda: f"DELETE FROM {self._table} WHERE id IN ({_places(count)})"
        )

    @property
    def _table(self) -> str:
        return f'"{self.kind.name}"'

    def _made(self, key: tuple[object, ...], make: Callable[[], str]) -> str:
        sql = self._kept.get(key)
        if sql is None:
            sql = self._kept[key] = make()
        return sql


def rows_of(width: int, count: int) -> str:
    """So many rows of so many places, for VALUES."""
    return ", ".join([f"({_places(width)})"] * count)


def _places(count: int) -> str:
    return ", ".join("?" * count)


def statements_of(kind: Kind[RecordT]) -> Statements[RecordT]:
    """The SQL of a kind; names come from code, values only as parameters."""
    table = f'"{kind.name}"'
    by_owner = f"{kind.owner or 'NULL'} = ?"  # nobody owns a row of a kind without owners
    return Statements(
        kind=kind,
        get=f"SELECT data FROM {table} WHERE id = ?",
        owned=f"SELECT data FROM {table} WHERE {by_owner} ORDER BY id LIMIT {OWNED_LIMIT}",
        few=f"SELECT data FROM {table} WHERE {by_owner} ORDER BY id LIMIT {FEW + 1}",
        few_newest=f"SELECT data FROM {table} WHERE {by_owner} ORDER BY id DESC LIMIT {FEW + 1}",
        decode=msgspec.json.Decoder(kind.type).decode,
        decode_array=msgspec.json.Decoder(tuple[kind.type, ...]).decode,  # type: ignore[name-defined]
    )


AnyStatements = Statements[Any]


class Catalogue:
    """The statements of every kind, made at first use."""

    def __init__(self) -> None:
        """Empty."""
        self._made: dict[str, AnyStatements] = {}

    def __getitem__(self, kind: AnyKind) -> AnyStatements:
        """The statements of a kind."""
        found = self._made.get(kind.name)
        if found is None:
            found = self._made[kind.name] = statements_of(kind)
        return found
