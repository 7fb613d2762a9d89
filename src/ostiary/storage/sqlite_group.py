"""A group of saves against the connection that writes: what they are judged by is read, what they leave is written.

Each takes few statements, however many saves there are, and each statement gives one row at most: a step of SQLite lets
the interpreter go and takes it again, and with an event loop beside it that costs more than most steps do.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Final

import msgspec

from ostiary.core.record import AnyKind
from ostiary.storage.group import Found, Group, Wanted
from ostiary.storage.port import Lease, Message, Put
from ostiary.storage.statements import Catalogue, SqlValue, from_sql, rows_of, sql_value

_COUNTERS: Final = (
    "SELECT json_group_object(key, json_array(value, expires_at)) FROM counter "
    "WHERE key IN (SELECT value FROM json_each(?))"
)
_UNCOUNT: Final = "DELETE FROM counter WHERE key IN (SELECT value FROM json_each(?))"
_SENT: Final = "DELETE FROM outbox WHERE id IN (SELECT value FROM json_each(?))"
_OUTBOX_ROW: Final = "SELECT id, kind, due_at, sealed, attempts + 1 FROM outbox WHERE "
_DUE: Final = f"{_OUTBOX_ROW}due_at <= ? AND leased_until <= ? ORDER BY due_at LIMIT ?"
_DUE_OF_KIND: Final = f"{_OUTBOX_ROW}kind = ? AND due_at <= ? AND leased_until <= ? ORDER BY due_at LIMIT ?"
_LEASE: Final = "UPDATE outbox SET leased_until = ?, attempts = attempts + 1 WHERE id = ?"
_POSTPONE: Final = "UPDATE outbox SET due_at = ?, leased_until = 0 WHERE id = ?"
_LARGEST: Final = 128
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def find(connection: sqlite3.Connection, catalogue: Catalogue, wanted: Wanted) -> Found:
    """What the database has of all that is wanted."""
    found = Found()
    for kind, ids in wanted.relied_on.items():
        for some in _padded(ids):
            for key, version in _object(connection, catalogue[kind].versions(len(some)), some).items():
                found.versions[kind, key] = version
    for kind, ids in wanted.written.items():
        for some in _padded(ids):
            for key, state in _object(connection, catalogue[kind].states(len(some)), some).items():
                found.versions[kind, key], *found.columns[kind, key] = state
                if kind in wanted.owners:
                    found.owners[kind, key] = state[1 + list(kind.columns).index(kind.owner)]
    for kind, owners in wanted.owners.items():
        for owner, count in _object(connection, catalogue[kind].counts, (_listed(owners),)).items():
            found.owned[kind, owner] = count
    if wanted.counters:
        counters = _object(connection, _COUNTERS, (_listed(wanted.counters),))
        found.counters = {key: (value, expires_at) for key, (value, expires_at) in counters.items()}
    (found.generation,) = connection.execute("SELECT value FROM generation").fetchone()
    return found


def write(connection: sqlite3.Connection, catalogue: Catalogue, group: Group) -> None:
    """Everything that the group has become; raises sqlite3.IntegrityError for a unique value that is taken."""
    runs, removes = _sorted(catalogue, group)
    for kind, changed, rows in runs:
        _insert(connection, partial(catalogue[kind].put, changed=changed), rows)
    for kind, ids in removes.items():
        for some in _padded(ids):
            connection.execute(catalogue[kind].remove(len(some)), some)
    _write_counters(connection, group)
    _insert(
        connection,
        _into("audit", "at", "actor_id", "action", "object_id", "detail"),
        [(sql_value(a.at), a.actor_id, a.action, a.object_id, a.detail) for a in group.audits],
    )
    _insert(
        connection,
        _into("outbox", "id", "kind", "due_at", "sealed"),
        [(message.id, message.kind, sql_value(message.due_at), message.sealed) for message in group.outbox],
    )
    if group.sent:
        connection.execute(_SENT, (_listed(group.sent),))
    if group.postponed:
        connection.executemany(_POSTPONE, [(sql_value(p.due_at), p.id) for p in group.postponed])
    if group.generation != group.found.generation:
        connection.execute("UPDATE generation SET value = ?", (group.generation,))


def leased(connection: sqlite3.Connection, lease: Lease) -> tuple[Message, ...]:
    """Take the messages that are due."""
    now, until = sql_value(lease.now), sql_value(lease.until)
    execute = connection.execute
    rows = [] if lease.kinds else execute(_DUE, (now, now, lease.limit)).fetchall()
    for kind in lease.kinds:
        rows += execute(_DUE_OF_KIND, (kind, now, now, lease.limit - len(rows))).fetchall()
    connection.executemany(_LEASE, [(until, row[0]) for row in rows])
    return tuple(
        Message(id_, kind, from_sql(due_at), sealed, attempts) for id_, kind, due_at, sealed, attempts in rows
    )


_Run = tuple[AnyKind, tuple[str, ...], list[tuple[SqlValue, ...]]]


def _sorted(catalogue: Catalogue, group: Group) -> tuple[list[_Run], dict[AnyKind, list[str]]]:
    """Rows to be put, those of one kind in their order and together while the same columns change; ids to be removed."""
    runs: list[_Run] = []
    latest: dict[AnyKind, _Run] = {}
    removes: dict[AnyKind, list[str]] = {}
    for (kind, key), change in group.writes.items():
        if not isinstance(change, Put):
            removes.setdefault(kind, []).append(key)
            continue
        sql = catalogue[kind]
        columns = sql.columns(change.value)
        changed = _changed(kind.columns, group.found.columns.get((kind, key)), columns)
        run = latest.get(kind)
        if run is None or run[1] != changed:
            run = latest[kind] = (kind, changed, [])
            runs.append(run)
        run[2].append(sql.row(change.value, columns))
    return runs, removes


def _changed(
    names: Iterable[str], before: Sequence[SqlValue] | None, after: Sequence[SqlValue]
) -> tuple[str, ...]:
    """The columns whose values are not what they were; of a new row none."""
    if before is None or before == after:
        return ()
    return tuple(name for name, old, new in zip(names, before, after, strict=True) if old != new)


def _write_counters(connection: sqlite3.Connection, group: Group) -> None:
    cleared = [key for key, counter in group.counters.items() if counter is None]
    if cleared:
        connection.execute(_UNCOUNT, (_listed(cleared),))
    insert = _into("counter", "key", "value", "expires_at")
    replaced = " ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at"
    rows = [(key, *counter) for key, counter in group.counters.items() if counter is not None]
    _insert(connection, lambda count: insert(count) + replaced, rows)


def _into(table: str, *names: str) -> Callable[[int], str]:
    def sql(count: int) -> str:
        return f"INSERT INTO {table} ({', '.join(names)}) VALUES {rows_of(len(names), count)}"

    return sql


def _insert(
    connection: sqlite3.Connection, sql: Callable[[int], str], rows: Sequence[tuple[SqlValue, ...]]
) -> None:
    """Insert rows in as few statements as there are ones in their number, for each text is compiled once and kept."""
    done = 0
    while left := len(rows) - done:
        count = min(1 << left.bit_length() - 1, _LARGEST)
        some = rows[done : done + count]
        connection.execute(sql(count), [value for row in some for value in row])
        done += count


def _padded(ids: Iterable[str]) -> Iterator[list[str]]:
    """The ids in lists whose lengths are powers of two: the last id is repeated, so that few texts are compiled."""
    all_ids = _checked(ids)
    for start in range(0, len(all_ids), _LARGEST):
        some = all_ids[start : start + _LARGEST]
        yield some + some[-1:] * ((1 << (len(some) - 1).bit_length()) - len(some))


def _object(connection: sqlite3.Connection, sql: str, parameters: Sequence[SqlValue]) -> dict[str, Any]:
    (text,) = connection.execute(sql, parameters).fetchone()
    found: dict[str, Any] = _decode(text)
    return found


def _listed(keys: Iterable[str]) -> str:
    return _encode(_checked(keys)).decode()


def _checked(keys: Iterable[str]) -> list[str]:
    """The keys; raises ValueError for NUL, at which SQLite's JSON would end one."""
    listed = list(keys)
    if any("\0" in key for key in listed):
        raise ValueError("a key holds NUL")
    return listed
