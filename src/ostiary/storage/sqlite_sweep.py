"""What is over is forgotten, a bounded number of rows at a time."""

import sqlite3
from typing import Final

import msgspec

from ostiary.storage.port import Journal, Sweep, Swept
from ostiary.storage.statements import sql_value

# ids of the audit grow with time, so the first are the oldest; no index on its times is kept up for this
_AUDIT: Final = (
    "DELETE FROM audit WHERE id IN "
    "(SELECT id FROM (SELECT id, at FROM audit ORDER BY id LIMIT ?) WHERE at < ?)"
)
_COUNTERS: Final = "SELECT key, expires_at < ? FROM counter WHERE key > ? ORDER BY key LIMIT ?"
_UNCOUNT: Final = "DELETE FROM counter WHERE key IN (SELECT value FROM json_each(?))"


def swept(connection: sqlite3.Connection, sweep: Sweep) -> Swept:
    """What was removed, inside the transaction of the connection that writes."""
    before, limit = sql_value(sweep.before), sweep.limit
    match sweep.what:
        case Journal.AUDIT:
            removed = connection.execute(_AUDIT, (limit, before)).rowcount
        case Journal.COUNTERS:
            rows = connection.execute(_COUNTERS, (before, sweep.after, limit)).fetchall()
            over = [key for key, is_over in rows if is_over]
            connection.execute(_UNCOUNT, (msgspec.json.encode(over).decode(),))
            return Swept(len(over), rows[-1][0] if len(rows) == limit else None)
        case kind:
            oldest = (
                f'SELECT id FROM "{kind.name}" WHERE {sweep.column} < ? ORDER BY {sweep.column}, id LIMIT ?'
            )
            sql = f'DELETE FROM "{kind.name}" WHERE id IN ({oldest})'
            removed = connection.execute(sql, (before, limit)).rowcount
    return Swept(removed, "" if removed == limit else None)
