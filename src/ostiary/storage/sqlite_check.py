"""A look at a database that changes nothing in it."""

import sqlite3
from contextlib import closing
from pathlib import Path

from ostiary.core.organization import INSTANCE, INSTANCE_KEY
from ostiary.storage.look import Look
from ostiary.storage.migrate import SchemaError, pending
from ostiary.storage.sqlite import connect
from ostiary.storage.statements import from_sql, statements_of

CHECKED_WHOLE_BYTES = 256 << 20


def look(path: Path) -> Look:
    """Schema, instance, time of the newest change; a small file's structure is checked whole."""
    try:
        with closing(connect(path, read_only=True)) as connection:
            if path.stat().st_size <= CHECKED_WHOLE_BYTES:
                (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
                if verdict != "ok":
                    return Look(f"The database is damaged: {verdict}.")
            return _seen(connection)
    except SchemaError as error:
        return Look(str(error))
    except sqlite3.Error as error:
        return Look(f"The database cannot be read: {error}.")


def _seen(connection: sqlite3.Connection) -> Look:
    behind = len(pending(connection))
    sql = statements_of(INSTANCE)
    row = connection.execute(sql.get, (INSTANCE_KEY,)).fetchone()
    newest = connection.execute("SELECT at FROM audit ORDER BY id DESC LIMIT 1").fetchone()
    return Look(
        behind=behind,
        instance=sql.decode(row[0]) if row else None,
        changed_at=from_sql(newest[0]) if newest else None,
    )
