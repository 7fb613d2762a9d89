"""The questions for few rows: by key, by owner, by a unique column; counters; the generation; the time."""

from functools import cache
from typing import Final

from ostiary.core.record import AnyKind
from ostiary.storage.port import OWNED_LIMIT
from ostiary.storage.postgres.questions import Question
from ostiary.storage.statements import FEW

GENERATION: Final = Question(
    "SELECT '', value, NULL::bigint, NULL::bytea FROM generation WHERE cardinality({keys}) > 0"
)
CLOCK: Final = Question(
    "SELECT '', (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, NULL::bigint, NULL::bytea"
    " WHERE cardinality({keys}) > 0"
)
COUNTERS: Final = Question("SELECT key, value, expires_at, NULL::bytea FROM counter WHERE key = ANY ({keys})")


@cache
def by_key(kind: AnyKind) -> Question:
    """Values by id."""
    return Question(
        f'SELECT id, NULL::bigint, NULL::bigint, data FROM "{kind.name}" WHERE id = ANY ({{keys}})'
    )


@cache
def with_owner(kind: AnyKind, owner: AnyKind) -> Question:
    """Values by id, each with its owner's behind it; the number says where that begins."""
    owners = f'SELECT o.data FROM "{owner.name}" o WHERE o.id = r.{kind.owner}'
    return Question(
        f"SELECT r.id, length(r.data)::bigint, NULL::bigint, r.data || coalesce(({owners}), '')"
        f' FROM "{kind.name}" r WHERE r.id = ANY ({{keys}})'
    )


@cache
def by_column(kind: AnyKind, column: str) -> Question:
    """Values by a unique column."""
    return Question(
        f'SELECT {column}, NULL::bigint, NULL::bigint, data FROM "{kind.name}" WHERE {column} = ANY ({{keys}})'
    )


@cache
def owned(kind: AnyKind) -> Question:
    """Values by owner, as many as may be read at once: one row for an owner who has any; data is their JSON array."""
    return _of_owners(kind, "ASC", OWNED_LIMIT, OWNED_LIMIT)


@cache
def few(kind: AnyKind, *, newest: bool) -> Question:
    """Likewise; no data if there are more than a few."""
    return _of_owners(kind, "DESC" if newest else "ASC", FEW + 1, FEW)


@cache
def versions(kind: AnyKind, *, with_owner: bool) -> Question:
    """Versions by id, and, if wanted, the owner as data."""
    owner = f"convert_to({kind.owner}, 'UTF8')" if with_owner else "NULL::bytea"
    return Question(f'SELECT id, version, NULL::bigint, {owner} FROM "{kind.name}" WHERE id = ANY ({{keys}})')


@cache
def counts(kind: AnyKind) -> Question:
    """How many rows an owner has, at most ``OWNED_LIMIT``."""
    rows = f'SELECT 1 FROM "{kind.name}" r WHERE r.{kind.owner} = o.owner LIMIT {OWNED_LIMIT}'
    return Question(
        f"SELECT o.owner, (SELECT count(*) FROM ({rows}) c), NULL::bigint, NULL::bytea"
        " FROM unnest({keys}) o (owner)"
    )


def _of_owners(kind: AnyKind, way: str, limit: int, told: int) -> Question:
    if not kind.owner:  # nobody owns a row of a kind without owners
        return Question("SELECT '', NULL::bigint, NULL::bigint, NULL::bytea WHERE cardinality({keys}) < 0")
    rows = (
        f'SELECT r.data FROM "{kind.name}" r WHERE r.{kind.owner} = o.owner ORDER BY r.id {way} LIMIT {limit}'
    )
    # One row for all of them: so each is not sent, received and unpacked by itself. The array has the order of the rows.
    array = (
        f"SELECT CASE WHEN count(*) <= {told}"
        " THEN '['::bytea || string_agg(v.data, ','::bytea) || ']'::bytea END AS data"
        f" FROM ({rows}) v HAVING count(*) > 0"
    )
    return Question(
        "SELECT o.owner, NULL::bigint, NULL::bigint, a.data"
        f" FROM unnest({{keys}}) o (owner) CROSS JOIN LATERAL ({array}) a"
    )
