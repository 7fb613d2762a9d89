"""The statements of one kind's table, and its values as rows.

Every table has the same shape: ``id``, ``version``, the kind's columns, and ``data``, the value as JSON in the format
numbered ``format``. Times in columns are microseconds since 1970.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic

import msgspec

from ostiary.core.record import AnyKind, Column, Kind, Record, RecordT
from ostiary.storage.port import OWNED_LIMIT

FORMAT = 1
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
    """SQL for one kind. ``insert`` and ``update`` take :meth:`row`; ``update`` then the id and the old version."""

    kind: Kind[RecordT]
    get: str
    owned: str
    count_owned: str
    version: str
    insert: str
    update: str
    remove: str
    decode: Callable[[bytes], RecordT]

    def row(self, value: Record) -> tuple[SqlValue, ...]:
        """Version, columns, data."""
        columns = [sql_value(column(value)) for column in self.kind.columns.values()]  # type: ignore[arg-type]
        return (value.version, *columns, _encode(value))


def statements_of(kind: Kind[RecordT]) -> Statements[RecordT]:
    """The SQL of a kind; names come from code, values only as parameters."""
    table = f'"{kind.name}"'
    names = ["version", *kind.columns, "data"]
    places = ", ".join("?" * len(names))
    sets = ", ".join(f"{name} = ?" for name in names)
    by_owner = f"{kind.owner or 'NULL'} = ?"  # nobody owns a row of a kind without owners
    return Statements(
        kind=kind,
        get=f"SELECT data FROM {table} WHERE id = ?",
        owned=f"SELECT data FROM {table} WHERE {by_owner} ORDER BY id LIMIT {OWNED_LIMIT}",
        count_owned=(f"SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {by_owner} LIMIT {OWNED_LIMIT})"),
        version=f"SELECT version FROM {table} WHERE id = ?",
        insert=f"INSERT INTO {table} ({', '.join(names)}, id) VALUES ({places}, ?)",
        update=f"UPDATE {table} SET {sets} WHERE id = ? AND version = ?",
        remove=f"DELETE FROM {table} WHERE id = ? AND version = ?",
        decode=msgspec.json.Decoder(kind.type).decode,
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
