"""What is over is forgotten, a bounded number of rows at a time.

Rows that somebody is writing are left for the next time, so a sweep waits for nobody; and each row's time is looked at
again once it is locked, so who has just been given more stays.
"""

from typing import Final

from ostiary.storage.port import Journal, Sweep, Swept
from ostiary.storage.postgres.lists import Lists
from ostiary.storage.statements import sql_value

# ids of the audit grow with time, so the first are the oldest; no index on its times is kept up for this
_AUDIT: Final = (
    "WITH gone AS (DELETE FROM audit WHERE id IN"
    " (SELECT id FROM (SELECT id, at FROM audit ORDER BY id LIMIT $2) oldest WHERE at < $1) RETURNING 1)"
    " SELECT count(*), '' FROM gone"
)
_COUNTERS: Final = (
    "WITH looked AS (SELECT key FROM counter WHERE key > $3 ORDER BY key LIMIT $2),"
    " gone AS (DELETE FROM counter WHERE key IN (SELECT key FROM counter WHERE key IN (SELECT key FROM looked)"
    " AND expires_at < $1 FOR UPDATE SKIP LOCKED) RETURNING 1)"
    " SELECT (SELECT count(*) FROM gone), CASE WHEN count(*) = $2 THEN max(key) END FROM looked"
)


async def swept(lists: Lists, sweep: Sweep) -> Swept:
    """What was removed. It may be done twice when a connection is lost, which removes nothing that is not over."""
    before, limit = sql_value(sweep.before), sweep.limit
    match sweep.what:
        case Journal.AUDIT:
            ((removed, _),) = await lists.fetch(_AUDIT, (before, limit))
        case Journal.COUNTERS:
            ((removed, after),) = await lists.fetch(_COUNTERS, (before, limit, sweep.after))
            return Swept(removed, after)
        case kind:
            over = (
                f'SELECT id FROM "{kind.name}" WHERE {sweep.column} < $1'
                f" ORDER BY {sweep.column}, id LIMIT $2 FOR UPDATE SKIP LOCKED"
            )
            gone = f'DELETE FROM "{kind.name}" WHERE id IN ({over}) RETURNING 1'
            sql = f"WITH gone AS ({gone}) SELECT count(*), '' FROM gone"
            ((removed, _),) = await lists.fetch(sql, (before, limit))
    return Swept(removed, "" if removed == limit else None)
