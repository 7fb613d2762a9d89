"""The audit read back, newest first."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from ostiary.storage.port import Audit, Audited
from ostiary.storage.statements import from_sql

_NEWEST: Final = 2**63 - 1  # no record has a greater number


def audit_sql(before: str, limit: str) -> str:
    """The statement, with these places for the two values."""
    columns = "id, at, actor_id, action, object_id, detail"
    return f"SELECT {columns} FROM audit WHERE id < {before} ORDER BY id DESC LIMIT {limit}"


def audit_values(before: int | None, limit: int) -> tuple[int, int]:
    """What stands in these places."""
    return _NEWEST if before is None else before, limit


def audit_records(rows: Iterable[Sequence[Any]]) -> tuple[Audited, ...]:
    """The records of the rows."""
    return tuple(Audited(number, Audit(from_sql(at), *others)) for number, at, *others in rows)
