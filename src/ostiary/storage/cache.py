"""Rarely changing rows (settings, credentials of service users, roles), kept until the generation moves on.

Every request asks the store for its generation first; what was kept under another is forgotten. So a change made by any
process counts from the first request after its commit.
"""

from typing import Any, Generic, TypeVar

from ostiary.core.policy import INSTANCE_OWNER, POLICY, PolicyT, effective, policy_id
from ostiary.core.record import Kind, RecordT
from ostiary.storage.port import Store

ROWS_KEPT = 10_000
REMEMBERED = 10_000
LONGEST_KEPT = 500  # characters of what a row is asked for by
ValueT = TypeVar("ValueT")


class Cache:
    """Reads through to a store. Only kinds that raise the generation may be read here."""

    def __init__(self, store: Store) -> None:
        """Empty."""
        self._store = store
        self._rows: dict[tuple[str, str, str], Any] = {}
        self.generation = 0

    async def fresh(self) -> int:
        """The generation now; what is older is forgotten."""
        generation = await self._store.generation()
        if generation != self.generation:
            self._rows.clear()
            self.generation = generation
        return generation

    async def get(self, kind: Kind[RecordT], id: str) -> RecordT | None:  # noqa: A002
        """One row by its key."""
        key = (kind.name, "id", id)
        if key in self._rows:
            kept: RecordT | None = self._rows[key]
            return kept
        generation = self.generation
        row = await self._store.get(self._checked(kind), id)
        self._keep(key, generation, row)
        return row

    async def find(self, kind: Kind[RecordT], column: str, value: str) -> RecordT | None:
        """The row with that value in a unique column."""
        key = (kind.name, column, value)
        if key in self._rows:
            kept: RecordT | None = self._rows[key]
            return kept
        generation = self.generation
        row = await self._store.find(self._checked(kind), column, value)
        self._keep(key, generation, row)
        return row

    async def owned(self, kind: Kind[RecordT], owner_id: str) -> tuple[RecordT, ...]:
        """The rows of an owner."""
        key = (kind.name, "owner", owner_id)
        if key in self._rows:
            kept: tuple[RecordT, ...] = self._rows[key]
            return kept
        generation = self.generation
        rows = await self._store.owned(self._checked(kind), owner_id)
        self._keep(key, generation, rows)
        return rows

    async def policy(self, wanted: type[PolicyT], organization_id: str = "") -> PolicyT:
        """A group of settings as it holds for an organisation (empty: for the instance)."""
        key = (wanted.__name__, "effective", organization_id)
        if key in self._rows:
            kept: PolicyT = self._rows[key]
            return kept
        generation = self.generation
        rows = [await self.get(POLICY, policy_id(INSTANCE_OWNER, wanted))]
        if organization_id:
            rows.append(await self.get(POLICY, policy_id(organization_id, wanted)))
        found = effective(wanted, [row for row in rows if row is not None])
        self._keep(key, generation, found)
        return found

    def _keep(self, key: tuple[str, str, str], generation: int, row: object) -> None:
        """Keep it, unless it was asked for by more than an id or a domain can be: anybody may ask for such."""
        if len(key[2]) > LONGEST_KEPT:
            return
        if len(self._rows) >= ROWS_KEPT:
            self._rows.clear()
        if generation == self.generation:
            self._rows[key] = row

    @staticmethod
    def _checked(kind: Kind[RecordT]) -> Kind[RecordT]:
        if not kind.raises_generation:
            raise ValueError(f"{kind} may not be kept")
        return kind


class Remembered(Generic[ValueT]):
    """What was found good at a generation, by a digest of what was shown: it need not be judged again at the same one.

    Only judgements that rest on cached rows alone may be remembered. Its caller has made the cache fresh.
    """

    def __init__(self, cache: Cache) -> None:
        """Nothing is remembered."""
        self._cache = cache
        self._generation = 0
        self._known: dict[bytes, ValueT] = {}

    def get(self, digest: bytes) -> ValueT | None:
        """What it stood for; None if that is not known now."""
        return self._known.get(digest) if self._generation == self._cache.generation else None

    def keep(self, digest: bytes, generation: int, value: ValueT) -> None:
        """Remember what was judged at that generation, which may be over meanwhile."""
        if self._generation != generation or len(self._known) >= REMEMBERED:
            self._known.clear()
            self._generation = generation
        self._known[digest] = value
