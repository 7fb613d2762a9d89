"""Rows that evidence rests on beside its user's authenticators: read before the decision, guarded by its save."""

from collections.abc import Mapping
from typing import Any

import msgspec

from ostiary.core.factor import NO_ROWS, Named, Rows
from ostiary.sessions.change import SessionChange
from ostiary.sessions.decide import Decision, View
from ostiary.storage.port import Expect, Put, Store


async def read_rows(store: Store, change: SessionChange) -> Rows:
    """The rows that the checks name, and those that these rows name in turn."""
    if not any(factor.reads for factor, _ in change.checks):
        return NO_ROWS
    rows: dict[Named, Any] = {}
    for factor, check in change.checks:
        while factor.reads and (new := [one for one in factor.reads(check, rows) if one not in rows]):
            for named in new:
                rows[named] = await store.get(named.kind, named.id)
    return rows


def puts_of(decision: Decision) -> list[Put]:
    """The rows that were consumed: each is written over the version that was judged."""
    return [
        Put(named.kind, msgspec.structs.replace(value, version=value.version + 1), value.version)
        for named, value in decision.consumed
    ]


def expects_of(decision: Decision, view: View) -> list[Expect]:
    """The rows that were relied on alone: each is still as it was, also if it was not there."""
    spent: Mapping[Named, Any] = dict(decision.consumed)
    return [
        Expect(named.kind, named.id, row.version if row is not None else 0)
        for named, row in view.rows.items()
        if named not in spent
    ]
