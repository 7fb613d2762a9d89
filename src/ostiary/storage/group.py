"""The saves of one commit, each judged against what the database has and what those before it leave. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from ostiary.core.record import AnyKind
from ostiary.storage.port import (
    Audit,
    Budget,
    BudgetSpent,
    Changes,
    Conflict,
    Message,
    Postpone,
    Put,
    Remove,
    Saved,
)
from ostiary.storage.statements import SqlValue, microseconds

Row = tuple[AnyKind, str]
_UNKNOWN: Final = -1
Counter = tuple[int, int]  # its value, and when it expires, in microseconds since 1970


class NotTogether(Exception):
    """The save builds on a row that one before it in the group writes: a unique value might clash only in between."""


@dataclass(slots=True)
class Found:
    """What the database has. An absent row has no version.

    Of rows that are to be written: ``columns``, if the store wants to know which of them change, and ``owners``, if the
    kind's owners are counted.
    """

    versions: dict[Row, int] = field(default_factory=dict)
    columns: dict[Row, list[SqlValue]] = field(default_factory=dict)
    owners: dict[Row, SqlValue] = field(default_factory=dict)
    owned: dict[Row, int] = field(default_factory=dict)  # by kind and owner, how many, at most OWNED_LIMIT
    counters: dict[str, Counter] = field(default_factory=dict)
    generation: int = 0


@dataclass(slots=True)
class Wanted:
    """What must be looked up before a group is judged."""

    relied_on: dict[AnyKind, set[str]] = field(default_factory=dict)
    written: dict[AnyKind, set[str]] = field(default_factory=dict)
    owners: dict[AnyKind, set[str]] = field(default_factory=dict)
    counters: set[str] = field(default_factory=set)


def wanted_by(group: Iterable[Changes]) -> Wanted:
    """Each row and counter that any of them guards or writes."""
    wanted = Wanted()
    for changes in group:
        for expect in changes.expects:
            wanted.relied_on.setdefault(expect.kind, set()).add(expect.id)
        for owned in changes.expects_owned:
            wanted.owners.setdefault(owned.kind, set()).add(owned.owner_id)
        for put in changes.puts:
            wanted.written.setdefault(put.kind, set()).add(put.value.id)
        for remove in changes.removes:
            wanted.written.setdefault(remove.kind, set()).add(remove.id)
        wanted.counters.update([budget.key for budget in changes.budgets], changes.clears)
    return wanted


class Group:
    """What becomes of the database. Each row is written once; of a counter only the last value is."""

    def __init__(self, found: Found) -> None:
        """Nothing was judged yet."""
        self.found = found
        self.generation = found.generation
        self.writes: dict[Row, Put | Remove] = {}
        self.counters: dict[str, Counter | None] = {}  # those that were changed; None: cleared
        self.audits: list[Audit] = []
        self.outbox: list[Message] = []
        self.sent: list[str] = []
        self.postponed: list[Postpone] = []
        self._counts = dict(found.owned)
        self._counted_kinds = {kind for kind, _ in found.owned}
        self._versions = dict(found.versions)

    def judge(self, changes: Changes) -> Saved:
        """Take the save, if all that guards it holds; else nothing was changed.

        Raises: Conflict; BudgetSpent; NotTogether.
        """
        if changes.generation not in (None, self.generation):
            raise Conflict
        for expect in changes.expects:
            if self._versions.get((expect.kind, expect.id), 0) != expect.version:
                raise Conflict
        for owned in changes.expects_owned:
            if self._counts[owned.kind, owned.owner_id] != owned.count:
                raise Conflict
        counted = {budget.key: self._counted(budget) for budget in changes.budgets}
        rows = self._judged_rows(changes)
        self._take_rows(rows, changes)
        added = {budget.key: counted[budget.key] for budget in changes.budgets if budget.add}
        self.counters |= added
        for key in changes.clears:
            if key in self.counters or key in self.found.counters:  # mostly there is nothing to clear
                self.counters[key] = None
        if changes.audit is not None:
            self.audits.append(changes.audit)
        self.outbox += changes.outbox
        self.sent += changes.sent
        self.postponed += changes.postponed
        return Saved({key: value for key, (value, _) in added.items()})

    def _judged_rows(self, changes: Changes) -> dict[Row, Put | Remove]:
        rows: dict[Row, Put | Remove] = {}
        writes: tuple[Put | Remove, ...] = (*changes.puts, *changes.removes)
        for write in writes:
            row = (write.kind, write.value.id if isinstance(write, Put) else write.id)
            if row in rows or self._versions.get(row, 0) != write.was:
                raise Conflict
            if row in self.writes:
                raise NotTogether
            rows[row] = write
        return rows

    def _take_rows(self, rows: dict[Row, Put | Remove], changes: Changes) -> None:
        for row, write in rows.items():
            self._versions[row] = write.value.version if isinstance(write, Put) else 0
            if row[0] in self._counted_kinds:
                self._recount(row, write)
        self.writes |= rows
        if changes.raises_generation or any(kind.raises_generation for kind, _ in rows):
            self.generation += 1

    def _recount(self, row: Row, write: Put | Remove) -> None:
        """Who has a row more or less than was counted has no known count in this group: a Conflict, to be tried again."""
        kind = row[0]
        owner_of = kind.columns[kind.owner]
        before: object = self.found.owners.get(row)
        after: object = None
        if isinstance(write, Put):
            after = owner_of(write.value)
        for owner in {before, after} if before != after else ():
            if (kind, str(owner)) in self._counts:
                self._counts[kind, str(owner)] = _UNKNOWN

    def _counted(self, budget: Budget) -> Counter:
        """The counter with the addition."""
        key = budget.key
        counter = self.counters[key] if key in self.counters else self.found.counters.get(key)
        if counter is None or counter[1] <= microseconds(budget.at):
            counter = (0, microseconds(budget.expires_at))
        value, expires_at = counter
        if budget.limit and value >= budget.limit:
            raise BudgetSpent(key)
        return value + budget.add, expires_at
