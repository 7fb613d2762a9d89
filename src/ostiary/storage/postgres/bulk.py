"""Filling an empty installation fast: for measurements."""

from collections.abc import Iterable

from ostiary.core.record import AnyKind, Record
from ostiary.storage.postgres.connecting import connect_first
from ostiary.storage.statements import statements_of


async def load(url: str, rows: Iterable[tuple[AnyKind, Iterable[Record]]]) -> None:
    """Insert new rows of each kind in one transaction, and let the planner know of them. Raises SchemaError."""
    connection = await connect_first(url, {})
    try:
        async with connection.transaction():
            for kind, records in rows:
                sql = statements_of(kind)
                await connection.copy_records_to_table(
                    kind.name,
                    columns=("id", "version", *kind.columns, "data"),
                    records=(sql.row(record, sql.columns(record)) for record in records),
                    timeout=None,
                )
        await connection.execute("VACUUM ANALYZE")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
