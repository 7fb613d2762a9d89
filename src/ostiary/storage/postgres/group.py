"""A group of saves against the transaction that holds their locks: what they are judged by, and what they leave.

The judgement itself is :mod:`ostiary.storage.group`, which is SQLite's too.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from ostiary.core.record import AnyKind
from ostiary.storage.group import Found, Group, Wanted
from ostiary.storage.port import Lease, Message, Put
from ostiary.storage.postgres import points
from ostiary.storage.postgres.connecting import Connection
from ostiary.storage.postgres.questions import Question, Questions
from ostiary.storage.statements import Catalogue, SqlValue, from_sql, sql_value

Types = Mapping[str, Mapping[str, str]]  # of each table, of each column
_DUE: Final = (
    "SELECT id, due_at FROM outbox WHERE {}due_at <= $1 AND leased_until <= $1"
    " ORDER BY due_at, id LIMIT $3 FOR UPDATE SKIP LOCKED"
)
_TAKE: Final = (
    "UPDATE outbox o SET leased_until = $2, attempts = attempts + 1 FROM ({}) d WHERE o.id = d.id"
    " RETURNING d.place, o.due_at, o.id, o.kind, o.sealed, o.attempts"
)
_LEASE: Final = _TAKE.format(f"SELECT 0 AS place, due.id FROM ({_DUE.format('')}) due")
_LEASE_KINDS: Final = _TAKE.format(
    "SELECT k.place, due.id FROM unnest($4::text[]) WITH ORDINALITY k (kind, place)"
    f" CROSS JOIN LATERAL ({_DUE.format('kind = k.kind AND ')}) due ORDER BY k.place, due.due_at, due.id LIMIT $3"
)


async def find(connection: Connection, questions: Questions, wanted: Wanted) -> Found:
    """What the database has of all that is wanted, as one statement sees it; the locks are held."""
    asked: dict[Question, list[str]] = {points.GENERATION: [""]}
    of: dict[Question, AnyKind] = {}

    def ask(question: Question, keys: Iterable[str], kind: AnyKind) -> None:
        asked[question] = [*asked.get(question, ()), *keys]
        of[question] = kind

    for kind, ids in wanted.relied_on.items():
        ask(points.versions(kind, with_owner=False), ids, kind)
    for kind, ids in wanted.written.items():
        ask(points.versions(kind, with_owner=kind in wanted.owners), ids, kind)
    for kind, owners in wanted.owners.items():
        ask(points.counts(kind), owners, kind)
    if wanted.counters:
        asked[points.COUNTERS] = list(wanted.counters)
    answers = await questions.ask(connection, asked)
    found = Found(generation=answers.pop(points.GENERATION)[0].number or 0)
    for row in answers.pop(points.COUNTERS, ()):
        found.counters[row.key] = (row.number or 0, row.other or 0)
    for question, rows in answers.items():
        kind = of[question]
        if question is points.counts(kind):
            found.owned.update({(kind, row.key): row.number or 0 for row in rows})
            continue
        for row in rows:
            found.versions[kind, row.key] = row.number or 0
            if row.data is not None:
                found.owners[kind, row.key] = row.data.decode()
    return found


class Statement:
    """Parts that write, to be one statement: so they are one round trip, and one plan for each set of parts."""

    def __init__(self) -> None:
        """Empty."""
        self._parts: list[str] = []
        self._values: list[Any] = []

    def add(self, sql: str, *values: Any) -> None:
        """A part; ``{}`` in it are the places of the values."""
        first = len(self._values) + 1
        self._parts.append(sql.format(*(f"${first + n}" for n in range(len(values)))))
        self._values += values

    def insert(
        self, table: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]], then: str = ""
    ) -> None:
        """Rows with columns of these types."""
        names = ", ".join(columns)
        places = ", ".join(f"{{}}::{kind}[]" for kind in columns.values())
        sql = f'INSERT INTO "{table}" ({names}) SELECT * FROM unnest({places}) {then}'
        self.add(sql, *(list(column) for column in zip(*rows, strict=True)))

    async def run(self, connection: Connection, last: str, *values: Any) -> Any:
        """Do all parts and answer what the last gives."""
        self.add(last, *values)
        *parts, end = self._parts
        with_parts = ", ".join(f"p{n} AS ({part})" for n, part in enumerate(parts))
        return await connection.fetch(f"WITH {with_parts} {end}" if parts else end, *self._values)


def write(group: Group, catalogue: Catalogue, types: Types) -> tuple[Statement, Statement]:
    """What puts rows and what removes some. They are apart, and in this order, where one kind has both.

    A unique value that a save moves from one row to another is a Conflict on every store alike.
    """
    puts: dict[AnyKind, list[tuple[SqlValue, ...]]] = {}
    removes: dict[AnyKind, list[str]] = {}
    for (kind, key), change in sorted(group.writes.items(), key=lambda item: (item[0][0].name, item[0][1])):
        if isinstance(change, Put):
            sql = catalogue[kind]
            puts.setdefault(kind, []).append(sql.row(change.value, sql.columns(change.value)))
        else:
            removes.setdefault(kind, []).append(key)
    first = Statement()
    then = Statement() if puts.keys() & removes.keys() else first
    for kind, rows in puts.items():
        names = ("id", "version", *kind.columns, "data")
        sets = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
        columns = {name: types[kind.name][name] for name in names}
        first.insert(kind.name, columns, rows, f"ON CONFLICT (id) DO UPDATE SET {sets}")
    for kind, ids in removes.items():
        then.add(f'DELETE FROM "{kind.name}" WHERE id = ANY ({{}}::text[])', ids)
    _write_others(first, group)
    return first, then


def is_empty(group: Group) -> bool:
    """Whether nothing is to be written."""
    parts = (group.writes, group.counters, group.audits, group.outbox, group.sent, group.postponed)
    return not any(parts) and group.generation == group.found.generation


def _write_others(into: Statement, group: Group) -> None:
    counters = [(key, *counter) for key, counter in sorted(group.counters.items()) if counter is not None]
    cleared = sorted(key for key, counter in group.counters.items() if counter is None)
    if counters:
        then = "ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at"
        into.insert("counter", {"key": "text", "value": "bigint", "expires_at": "bigint"}, counters, then)
    if cleared:
        into.add("DELETE FROM counter WHERE key = ANY ({}::text[])", cleared)
    if group.audits:
        columns = dict.fromkeys(("at", "actor_id", "action", "object_id", "detail"), "text")
        rows = [(sql_value(a.at), a.actor_id, a.action, a.object_id, a.detail) for a in group.audits]
        into.insert("audit", columns | {"at": "bigint", "detail": "bytea"}, rows)
    if group.outbox:
        messages = [(one.id, one.kind, sql_value(one.due_at), one.sealed) for one in group.outbox]
        into.insert("outbox", {"id": "text", "kind": "text", "due_at": "bigint", "sealed": "bytea"}, messages)
    if group.sent:
        into.add("DELETE FROM outbox WHERE id = ANY ({}::text[])", sorted(group.sent))
    if group.postponed:
        later = {one.id: sql_value(one.due_at) for one in group.postponed if one.id not in group.sent}
        into.add(
            "UPDATE outbox o SET due_at = n.due_at, leased_until = 0"
            " FROM unnest({}::text[], {}::bigint[]) n (id, due_at) WHERE o.id = n.id",
            list(later),
            list(later.values()),
        )
    if group.generation != group.found.generation:
        into.add("UPDATE generation SET value = {}", group.generation)


async def leased(connection: Connection, lease: Lease) -> tuple[Message, ...]:
    """Take the messages that are due and that nobody else is taking."""
    bounds = (sql_value(lease.now), sql_value(lease.until), lease.limit)
    if lease.kinds:
        rows = await connection.fetch(_LEASE_KINDS, *bounds, list(lease.kinds))
    else:
        rows = await connection.fetch(_LEASE, *bounds)
    return tuple(
        Message(id_, kind, from_sql(due_at), sealed, attempts)
        for _, due_at, id_, kind, sealed, attempts in sorted(tuple(row) for row in rows)
    )
