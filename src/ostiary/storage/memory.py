"""A store without a disk: the shortest statement of what a store does, and the one that tests of services use."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from ostiary.core.filter import Compare, Names, Order, Owns, check_size, matches
from ostiary.core.record import AnyKind, Kind, OwnerT, Record, RecordT
from ostiary.storage.port import (
    OWNED_LIMIT,
    Audit,
    Audited,
    Budget,
    BudgetSpent,
    Changes,
    Conflict,
    Journal,
    Lease,
    Listing,
    Message,
    Page,
    Postpone,
    Put,
    Remove,
    Saved,
    Sweep,
    Swept,
)
from ostiary.storage.statements import sql_value


class MemoryStore:
    """A :class:`ostiary.storage.port.Store` in dictionaries. ``audits`` and ``outbox`` can be looked at."""

    def __init__(self) -> None:
        """Empty."""
        self._rows: dict[str, dict[str, Any]] = {}
        self._counters: dict[str, tuple[int, datetime]] = {}
        self._generation = 1
        self.audits: list[Audit] = []
        self._forgotten = 0  # audit records
        self.outbox: list[Message] = []
        self._leased_until: dict[str, datetime] = {}

    async def generation(self) -> int:
        """Its number now."""
        return self._generation

    async def get(self, kind: Kind[RecordT], id: str) -> RecordT | None:  # noqa: A002
        """By key."""
        found: RecordT | None = self._of(kind).get(id)
        return found

    async def get_with_owner(
        self,
        kind: Kind[RecordT],
        id: str,  # noqa: A002
        owner: Kind[OwnerT],
    ) -> tuple[RecordT | None, OwnerT | None]:
        """One after the other."""
        row = await self.get(kind, id)
        owner_id = kind.owner_of(row) if row else ""
        return row, await self.get(owner, owner_id) if owner_id else None

    async def owned(self, kind: Kind[RecordT], owner_id: str) -> tuple[RecordT, ...]:
        """By the kind's owner column, in order of ids."""
        column = kind.columns[kind.owner]
        rows = self._of(kind)
        return tuple(rows[key] for key in sorted(rows) if column(rows[key]) == owner_id)[:OWNED_LIMIT]

    async def find(self, kind: Kind[RecordT], column: str, value: str) -> RecordT | None:
        """By a unique column."""
        value_of = kind.columns[column]
        return next((row for row in self._of(kind).values() if value_of(row) == value), None)

    async def counter(self, key: str, now: datetime) -> int:
        """Its value if it has not expired."""
        value, expires_at = self._counters.get(key, (0, now))
        return value if expires_at > now else 0

    async def clock(self) -> datetime | None:
        """None: it is on this machine."""
        return None

    async def page(self, listing: Listing[RecordT]) -> Page[RecordT]:
        """Every row is looked at."""
        if listing.where is not None:
            check_size(listing.where)
        seen = [(self._columns(listing.kind, row), row) for row in self._of(listing.kind).values()]
        found = [
            (columns, row)
            for columns, row in seen
            if listing.where is None or matches(listing.where, columns, self._owners)
        ]
        found.sort(key=lambda pair: _rank(pair[0][listing.order], pair[1].id), reverse=listing.descending)
        return listing.part([row for _, row in found])

    async def audited(self, before: int | None, limit: int) -> tuple[Audited, ...]:
        """Their numbers are their places since the beginning."""
        numbered = [Audited(number, audit) for number, audit in enumerate(self.audits, self._forgotten + 1)]
        older = [one for one in numbered if before is None or one.number < before]
        return tuple(reversed(older[-limit:]))

    async def save(self, changes: Changes) -> Saved:
        """Judge everything, then write everything; nothing waits in between."""
        self._judge_relied_on(changes)
        counters = {budget.key: self._counted(budget) for budget in changes.budgets}
        self._judge_written(changes)
        self._counters |= {budget.key: counters[budget.key] for budget in changes.budgets if budget.add}
        self._write(changes)
        added = {budget.key: counters[budget.key][0] for budget in changes.budgets if budget.add}
        return Saved(added, self._leased(changes.lease) if changes.lease else ())

    async def sweep(self, sweep: Sweep) -> Swept:
        """Look at as many as may be."""
        match sweep.what:
            case Journal.AUDIT:
                oldest = self.audits[: sweep.limit]
                young = [audit for audit in oldest if audit.at >= sweep.before]
                self.audits[: sweep.limit] = young
                self._forgotten += len(oldest) - len(young)
                return _swept(len(oldest) - len(young), sweep)
            case Journal.COUNTERS:
                keys = sorted(key for key in self._counters if key > sweep.after)[: sweep.limit]
                old = [key for key in keys if self._counters[key][1] < sweep.before]
                self._counters = {k: counter for k, counter in self._counters.items() if k not in old}
                return Swept(len(old), keys[-1] if len(keys) == sweep.limit else None)
            case kind:
                over = Compare(sweep.column, Order.LESS, sweep.before)
                listing = Listing(kind, over, sweep.column, limit=sweep.limit)
                rows = (await self.page(listing)).items
                for row in rows:
                    del self._of(kind)[row.id]
                return _swept(len(rows), sweep)

    async def close(self) -> None:
        """Nothing to let go of."""

    def _of(self, kind: AnyKind) -> dict[str, Any]:
        return self._rows.setdefault(kind.name, {})

    def _owners(self, condition: Owns | Names) -> set[str]:
        kind = condition.kind
        name = kind.owner if isinstance(condition, Owns) else "id"
        rows = [self._columns(kind, row) for row in self._of(kind).values()]
        return {row[name] for row in rows if matches(condition.of, row, self._owners)}

    def _columns(self, kind: AnyKind, row: Record) -> dict[str, Any]:
        return {"id": row.id, **{name: column(row) for name, column in kind.columns.items()}}

    def _judge_relied_on(self, changes: Changes) -> None:
        if changes.generation not in {None, self._generation}:
            raise Conflict
        for expect in changes.expects:
            self._judge_version(expect.kind, expect.id, expect.version)
        for owned in changes.expects_owned:
            owner_of = owned.kind.columns[owned.kind.owner]
            count = sum(owner_of(row) == owned.owner_id for row in self._of(owned.kind).values())
            if min(count, OWNED_LIMIT) != owned.count:
                raise Conflict

    def _counted(self, budget: Budget) -> tuple[int, datetime]:
        value, expires_at = self._counters.get(budget.key, (0, budget.at))
        if expires_at <= budget.at:
            value, expires_at = 0, budget.expires_at
        if budget.limit and value >= budget.limit:
            raise BudgetSpent(budget.key)
        return value + budget.add, expires_at

    def _judge_written(self, changes: Changes) -> None:
        for put in changes.puts:
            self._judge_version(put.kind, put.value.id, put.was)
        for remove in changes.removes:
            self._judge_version(remove.kind, remove.id, remove.was)
        for number, put in enumerate(changes.puts):
            self._judge_unique(put, changes.puts[:number])

    def _judge_version(self, kind: AnyKind, key: str, version: int) -> None:
        row = self._of(kind).get(key)
        if (row.version if row else 0) != version:
            raise Conflict

    def _judge_unique(self, put: Put, before: tuple[Put, ...]) -> None:
        """No other row has its values, as the rows are after the puts before it."""
        rows = self._of(put.kind) | {
            other.value.id: other.value for other in before if other.kind is put.kind
        }
        for name in UNIQUE.get(put.kind.name, ()):
            value_of = put.kind.columns[name]
            value = value_of(put.value)
            for row in rows.values():
                if value is not None and row.id != put.value.id and value_of(row) == value:
                    raise Conflict

    def _write(self, changes: Changes) -> None:
        for put in changes.puts:
            self._of(put.kind)[put.value.id] = put.value
        for remove in changes.removes:
            del self._of(remove.kind)[remove.id]
        for key in changes.clears:
            self._counters.pop(key, None)
        if changes.audit is not None:
            self.audits.append(changes.audit)
        self.outbox.extend(changes.outbox)
        self.outbox = [message for message in self.outbox if message.id not in changes.sent]
        for postpone in changes.postponed:
            self.outbox = [_postponed(message, postpone) for message in self.outbox]
            self._leased_until.pop(postpone.id, None)
        writes: list[Put | Remove] = [*changes.puts, *changes.removes]
        if changes.raises_generation or any(write.kind.raises_generation for write in writes):
            self._generation += 1

    def _leased(self, lease: Lease) -> tuple[Message, ...]:
        due = sorted(self.outbox, key=lambda message: message.due_at)
        free = [
            message
            for message in due
            if message.due_at <= lease.now and self._leased_until.get(message.id, lease.now) <= lease.now
        ]
        if lease.kinds:
            free = [message for kind in lease.kinds for message in free if message.kind == kind]
        taken = {
            message.id: replace(message, attempts=message.attempts + 1) for message in free[: lease.limit]
        }
        self._leased_until.update(dict.fromkeys(taken, lease.until))
        self.outbox = [taken.get(message.id, message) for message in self.outbox]
        return tuple(taken.values())


# The unique columns of the migrations.
UNIQUE = {"organization": ("primary_domain",), "authenticator": ("lookup_hash",)}


def _swept(removed: int, sweep: Sweep) -> Swept:
    """Whoever found less than might be had has found all."""
    return Swept(removed, "" if removed == sweep.limit else None)


def _postponed(message: Message, postpone: Postpone) -> Message:
    return replace(message, due_at=postpone.due_at) if message.id == postpone.id else message


def _rank(value: Any, key: str) -> tuple[bool, Any, str]:
    return (value is not None, sql_value(value) if value is not None else 0, key)
