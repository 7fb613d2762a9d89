"""Bringing a database to this version's schema: numbered files, each once, in order, checked for later edits."""

import hashlib
import re
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files

_NAME = re.compile(r"(\d{4})_(\w+)\.(sqlite|postgres)\.sql", re.ASCII)
Applied = tuple[int, str, str]  # number, name and checksum, as the database's own ledger has them
_LEDGER = (
    "CREATE TABLE IF NOT EXISTS schema_migration ("
    "number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL) STRICT"
)


class SchemaError(Exception):
    """The database cannot be used by this version; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file. ``checksum`` is the SHA-256 of its text."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """Of the text as it stands in the package."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations(database: str = "sqlite") -> list[Migration]:
    """All of this version for a database, in order."""
    folder = files("ostiary.storage") / "migrations"
    found = [(_NAME.fullmatch(item.name), item) for item in folder.iterdir()]
    made = [
        Migration(int(name[1]), name[2], item.read_text("utf-8"))
        for name, item in found
        if name and name[3] == database
    ]
    return sorted(made, key=lambda migration: migration.number)


def left(applied: Iterable[Applied], all_of_them: Iterable[Migration]) -> list[Migration]:
    """What is still to be done; raises SchemaError for a newer schema or an edited migration."""
    known = {migration.number: migration for migration in all_of_them}
    for number, name, checksum in applied:
        ours = known.pop(number, None)
        if ours is None:
            raise SchemaError(
                f"The database has schema {number} ({name}), which this version of Ostiary does not know. "
                "Start the version that made it, or a newer one."
            )
        if ours.checksum != checksum:
            raise SchemaError(
                f"Migration {number} ({name}) was changed after it was applied to this database."
            )
    return sorted(known.values(), key=lambda migration: migration.number)


def pending(connection: sqlite3.Connection) -> list[Migration]:
    """What is still to be done to a file; raises SchemaError."""
    connection.execute(_LEDGER)
    rows = connection.execute("SELECT number, name, checksum FROM schema_migration ORDER BY number")
    return left(rows.fetchall(), migrations())


def migrate(connection: sqlite3.Connection) -> int:
    """Apply what is pending, each in a transaction of its own; the number of migrations applied."""
    todo = pending(connection)
    for migration in todo:
        connection.executescript(
            f"BEGIN IMMEDIATE;\n{migration.sql}\n"
            "INSERT INTO schema_migration (number, name, checksum) VALUES "
            f"({migration.number}, '{migration.name}', '{migration.checksum}');\nCOMMIT;"
        )
    return len(todo)
