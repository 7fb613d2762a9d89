"""The locks of a group of saves: one for each thing that any of them guards or writes, in one order on every node.

They are PostgreSQL's advisory locks, held until the transaction ends. Unlike locks of rows they also hold what is not
there yet: a row that must stay absent, the number of an owner's rows, a counter before its first addition. Whoever
writes a thing holds its lock alone, whoever relies on it shares it; so what was read after the locks stands until the
commit, and as everybody takes them in the order of their numbers nobody waits in a circle.
"""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

from ostiary.storage.port import Changes

_GENERATION: Final = "generation"


def locks_of(group: Iterable[Changes]) -> dict[int, bool]:
    """The number of each lock, in order, and whether it is held alone."""
    found: dict[str, bool] = {}
    for changes in group:
        for expect in changes.expects:
            found.setdefault(f"{expect.kind.name}/{expect.id}", False)
        for owned in changes.expects_owned:
            found[f"{owned.kind.name}//{owned.owner_id}"] = True
        for put in changes.puts:
            kind = put.kind
            found[f"{kind.name}/{put.value.id}"] = True
            if kind.owner and not put.was:  # one more row of that owner
                found.setdefault(f"{kind.name}//{kind.columns[kind.owner](put.value)}", False)
        for remove in changes.removes:
            found[f"{remove.kind.name}/{remove.id}"] = True
        for budget in changes.budgets:
            found[f"counter/{budget.key}"] = True
        for key in changes.clears:
            found[f"counter/{key}"] = True
        if _raises(changes):
            found[_GENERATION] = True
        elif changes.generation is not None:
            found.setdefault(_GENERATION, False)
    return dict(sorted((_number(name), alone) for name, alone in found.items()))


def statement(locks: dict[int, bool]) -> str:
    """Begin a transaction and take the locks: in one text of numbers, and so one round trip."""
    if not locks:
        return "BEGIN"
    pairs = ",".join(f"({number},{alone})" for number, alone in locks.items())
    return (
        "BEGIN; SELECT CASE WHEN alone THEN pg_advisory_xact_lock(number)"
        f" ELSE pg_advisory_xact_lock_shared(number) END FROM (VALUES {pairs}) l (number, alone)"
    )


def _raises(changes: Changes) -> bool:
    written = [*(put.kind for put in changes.puts), *(remove.kind for remove in changes.removes)]
    return changes.raises_generation or any(kind.raises_generation for kind in written)


def _number(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)
