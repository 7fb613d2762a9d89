"""What a service may ask of a store.

Reads give values with their versions. A save is atomic, in the store's current group commit, and answers only after
the commit is durable. Everything it was decided on is guarded: each changed or relied-on row by its version, counters
by limits that the store judges in commit order, cached settings by the generation.

What is made for every save is a msgspec struct: as frozen as a dataclass, and made in a tenth of the time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from types import MappingProxyType
from typing import Generic, Protocol

import msgspec

from ostiary.core.filter import Filter
from ostiary.core.record import AnyKind, Kind, OwnerT, Record, RecordT


class Conflict(Exception):
    """A guarded row was changed, made or removed by someone else; nothing was saved."""


class BudgetSpent(Exception):
    """A counter has reached its limit; nothing was saved. ``key`` names the counter."""

    def __init__(self, key: str) -> None:
        """Name the counter."""
        super().__init__(key)
        self.key = key


class Put(msgspec.Struct, frozen=True):
    """Write a value. ``was`` is the version it was decided on; 0 means that it must not exist yet."""

    kind: AnyKind
    value: Record
    was: int = 0


class Remove(msgspec.Struct, frozen=True):
    """Remove a row that still has this version."""

    kind: AnyKind
    id: str
    was: int


class Expect(msgspec.Struct, frozen=True):
    """A row that was relied on still has this version; 0 means that it still does not exist."""

    kind: AnyKind
    id: str
    version: int


class ExpectOwned(msgspec.Struct, frozen=True):
    """An owner still has so many rows of a kind (at most ``OWNED_LIMIT`` are counted): nobody added one unseen.

    Only for kinds whose rows keep their owner: one that changes hands is not kept from doing so meanwhile.
    """

    kind: AnyKind
    owner_id: str
    count: int


class Budget(msgspec.Struct, frozen=True):
    """A counter that must be below a limit (0: no limit) at the time ``at`` and then grows by ``add``.

    ``expires_at``: from then on the counter counts as zero; the first addition after that sets it anew.
    """

    key: str
    at: datetime
    expires_at: datetime
    limit: int = 0
    add: int = 0


class Audit(msgspec.Struct, frozen=True):
    """One packed, redacted record of what a save means: no hash, challenge or metadata value is in ``detail``."""

    at: datetime
    actor_id: str
    action: str
    object_id: str
    detail: bytes = b""


class Audited(msgspec.Struct, frozen=True):
    """An audit record as it was kept; ``number`` grows with time."""

    number: int
    record: Audit


@dataclass(frozen=True, slots=True)
class Message:
    """Something to be sent after the commit; ``sealed`` is what only the sender may read.

    ``attempts`` says how often it was leased, this time included; a new one has none.
    """

    id: str
    kind: str
    due_at: datetime
    sealed: bytes
    attempts: int = field(default=0, compare=False)


class Lease(msgspec.Struct, frozen=True):
    """Take messages that are due, oldest first, for oneself until ``until``; a crash gives them back by itself.

    ``kinds``: only of these, kind by kind; none named: of every kind.
    """

    now: datetime
    until: datetime
    limit: int
    kinds: tuple[str, ...] = ()


class Postpone(msgspec.Struct, frozen=True):
    """Give a leased message back, to be due again at a time."""

    id: str
    due_at: datetime


class Changes(msgspec.Struct, frozen=True):
    """One atomic save. ``generation``: still the one the caches were read at; ``clears``: counters set to zero.

    ``outbox`` are messages to be sent after the commit, ``sent`` the ids of those that were and are erased,
    ``postponed`` those that could not be sent now.
    """

    puts: tuple[Put, ...] = ()
    removes: tuple[Remove, ...] = ()
    expects: tuple[Expect, ...] = ()
    expects_owned: tuple[ExpectOwned, ...] = ()
    budgets: tuple[Budget, ...] = ()
    clears: tuple[str, ...] = ()
    audit: Audit | None = None
    outbox: tuple[Message, ...] = ()
    sent: tuple[str, ...] = ()
    postponed: tuple[Postpone, ...] = ()
    lease: Lease | None = None
    generation: int | None = None
    raises_generation: bool = False


class Saved(msgspec.Struct, frozen=True):
    """What a save answers: the new value of every counter it added to, and the messages it leased."""

    counters: Mapping[str, int] = msgspec.field(default_factory=lambda: MappingProxyType({}))
    leased: tuple[Message, ...] = ()


class Listing(msgspec.Struct, Generic[RecordT], frozen=True):
    """A question for many rows. ``order`` is a column; the id breaks ties, so pages are stable.

    Not ``is_counted``: only the asked-for part is looked at, and counted.
    """

    kind: Kind[RecordT]
    where: Filter | None = None
    order: str = "id"
    descending: bool = False
    offset: int = 0
    limit: int = 100
    is_counted: bool = True

    def part(self, rows: Sequence[RecordT]) -> "Page[RecordT]":
        """The asked-for part of all rows that match, in order."""
        items = tuple(rows[self.offset : self.offset + self.limit])
        return Page(items, len(rows if self.is_counted else items))


class Page(msgspec.Struct, Generic[RecordT], frozen=True):
    """The asked-for part, and how many rows match in all."""

    items: tuple[RecordT, ...]
    total: int


class Journal(Enum):
    """What a store keeps beside records."""

    AUDIT = "audit"
    COUNTERS = "counter"


class Sweep(msgspec.Struct, frozen=True):
    """Remove rows whose time has come: that in ``column``, which has an index; for journals it is understood.

    At most ``limit`` rows are looked at: the oldest ones, and of counters, which have no order in time, those whose keys
    come after ``after``.
    """

    what: AnyKind | Journal
    before: datetime
    column: str = ""
    after: str = ""
    limit: int = 200


class Swept(msgspec.Struct, frozen=True):
    """How many rows went, and the ``after`` to go on with; None: no more are to be looked at."""

    removed: int
    after: str | None = None


class Store(Protocol):
    """A store. Point reads and bounded ranges may answer without suspending; lists never hold others up."""

    async def generation(self) -> int:
        """The number that grows with every change of a rarely changing row, by whichever process."""
        ...

    async def get(self, kind: Kind[RecordT], id: str) -> RecordT | None:  # noqa: A002
        """One row by its key."""
        ...

    async def get_with_owner(
        self,
        kind: Kind[RecordT],
        id: str,  # noqa: A002
        owner: Kind[OwnerT],
    ) -> tuple[RecordT | None, OwnerT | None]:
        """One row by its key and the row that owns it, if there is one, of one state: one round trip for both."""
        ...

    async def owned(self, kind: Kind[RecordT], owner_id: str) -> tuple[RecordT, ...]:
        """The bounded few rows of an owner (at most ``OWNED_LIMIT``), by id."""
        ...

    async def find(self, kind: Kind[RecordT], column: str, value: str) -> RecordT | None:
        """The row with that value in a unique column."""
        ...

    async def page(self, listing: Listing[RecordT]) -> Page[RecordT]:
        """Many rows; raises Unavailable when it takes longer than the store allows."""
        ...

    async def audited(self, before: int | None, limit: int) -> tuple[Audited, ...]:
        """The newest audit records, or the next older ones before that number."""
        ...

    async def counter(self, key: str, now: datetime) -> int:
        """A counter's value now, for showing; judge with a Budget instead."""
        ...

    async def clock(self) -> datetime | None:
        """The time of the database's machine; None where that is ours."""
        ...

    async def save(self, changes: Changes) -> Saved:
        """All or nothing, durable when it returns; raises Conflict or BudgetSpent."""
        ...

    async def sweep(self, sweep: Sweep) -> Swept:
        """Forget what is over, as the rows are when it is done: who has just been given more time stays."""
        ...

    async def close(self) -> None:
        """Finish what is queued and let go."""
        ...


OWNED_LIMIT = 1000
