"""Filling an empty installation fast: for measurements, with nobody else at the file."""

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from ostiary.core.record import AnyKind, Record
from ostiary.storage.sqlite import connect
from ostiary.storage.statements import statements_of


def load(path: Path, rows: Iterable[tuple[AnyKind, Iterable[Record]]]) -> None:
    """Insert new rows of each kind in one transaction; on the disk when this returns."""
    with closing(connect(path)) as connection:
        connection.execute("PRAGMA cache_size = -262144")
        connection.execute("BEGIN IMMEDIATE")
        for kind, records in rows:
            sql = statements_of(kind)
            connection.executemany(
                sql.put(1, ()), (sql.row(record, sql.columns(record)) for record in records)
            )
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
