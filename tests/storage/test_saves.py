"""Saves: any sequence of them has the same outcome on every store."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ostiary.core.organization import ORGANIZATION
from ostiary.core.session import SESSION
from ostiary.core.user import AUTHENTICATOR
from ostiary.storage.memory import MemoryStore
from ostiary.storage.port import (
    Budget,
    BudgetSpent,
    Changes,
    Conflict,
    Expect,
    ExpectOwned,
    Lease,
    Message,
    Postpone,
    Put,
    Remove,
    Store,
)
from ostiary.storage.postgres.store import PostgresStore
from ostiary.storage.sqlite import SqliteStore
from tests.doubles.effects import START
from tests.postgres import Postgres
from tests.storage.rows import KIND_OF, authenticator, organization, session

IDS = st.sampled_from(["1", "2", "3"])
OWNERS = st.sampled_from(["", "1", "2"])
VERSIONS = st.integers(0, 3)
ROWS = st.one_of(
    st.builds(session, IDS, OWNERS),
    st.builds(lambda id, domain: organization(id, f"{domain}.example"), IDS, IDS),  # noqa: A006
    st.builds(lambda id, seen: authenticator(id, "1", seen), IDS, st.sampled_from(["", "h", "i"])),  # noqa: A006
)
KEYS = st.sampled_from(["a", "b"])


def put(row: Any, was: int) -> Put:
    """The row as the next version of what it was decided on."""
    row = type(row)(**{name: getattr(row, name) for name in row.__struct_fields__} | {"version": was + 1})
    return Put(KIND_OF[type(row)], row, was)


@st.composite
def saves(draw: st.DrawFn) -> Changes:
    """Any save that names each row and each counter once."""
    writes = draw(
        st.lists(
            st.one_of(
                st.builds(put, ROWS, VERSIONS),
                st.builds(
                    Remove, st.sampled_from([SESSION, ORGANIZATION, AUTHENTICATOR]), IDS, st.integers(1, 3)
                ),
            ),
            max_size=3,
            unique_by=lambda one: (one.kind.name, one.value.id if isinstance(one, Put) else one.id),
        )
    )
    now = START + timedelta(seconds=draw(st.integers(0, 20)))
    window = now + timedelta(seconds=draw(st.integers(1, 10)))
    one_budget = st.builds(Budget, KEYS, st.just(now), st.just(window), st.integers(0, 3), st.integers(0, 1))
    sent = draw(st.one_of(st.just(()), st.tuples(IDS)))
    owned = st.builds(ExpectOwned, st.sampled_from([SESSION, AUTHENTICATOR]), OWNERS, st.integers(0, 2))
    later = st.builds(Postpone, IDS, st.integers(0, 5).map(lambda second: now + timedelta(seconds=second)))
    lease = Lease(now, window, 1)
    return Changes(
        puts=tuple(one for one in writes if isinstance(one, Put)),
        removes=tuple(one for one in writes if isinstance(one, Remove)),
        expects=draw(st.one_of(st.just(()), st.tuples(st.builds(Expect, st.just(SESSION), IDS, VERSIONS)))),
        expects_owned=draw(st.one_of(st.just(()), st.just(()), st.tuples(owned))),
        budgets=tuple(draw(st.lists(one_budget, max_size=2, unique_by=lambda one: one.key))),
        clears=draw(st.one_of(st.just(()), st.just(()), st.tuples(KEYS))),
        sent=sent,
        postponed=draw(st.one_of(st.just(()), st.just(()), st.tuples(later))),
        lease=draw(st.one_of(st.none(), st.just(lease))),
        generation=draw(st.one_of(st.none(), st.none(), st.integers(1, 4))),
        raises_generation=draw(st.booleans()),
    )


async def outcome(store: Store, changes: Changes) -> object:
    """What the save answers, or the name of its refusal."""
    try:
        return await store.save(changes)
    except (Conflict, BudgetSpent) as refusal:
        return f"{type(refusal).__name__}({refusal})"


async def state(store: Store) -> list[object]:
    """Everything that can be read."""
    rows = [await store.get(kind, id_) for kind in KIND_OF.values() for id_ in ("1", "2", "3")]
    counters = [
        await store.counter(key, START + timedelta(seconds=n)) for key in ("a", "b") for n in range(0, 32, 3)
    ]
    return [*rows, *counters, await store.generation()]


@pytest.fixture
async def postgres_store(postgres: Postgres) -> AsyncIterator[PostgresStore]:
    """A store that all examples of a test use, each emptying it first."""
    opened = await postgres.empty_store()
    yield opened
    await opened.close()


@asynccontextmanager
async def stores(postgres: Postgres, shared: PostgresStore) -> AsyncIterator[tuple[Store, ...]]:
    """Every store, empty; the memory store is the first."""
    await postgres.clear()
    with tempfile.TemporaryDirectory() as folder:
        sqlite = SqliteStore(Path(folder) / "saves.db")
        sqlite._written.execute("PRAGMA synchronous = OFF")  # a judgement does not depend on the disk
        yield MemoryStore(), sqlite, shared
        await sqlite.close()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(saves(), max_size=10))
async def test_stores_judge_alike(
    postgres: Postgres, postgres_store: PostgresStore, steps: list[Changes]
) -> None:
    """Outcome and state are those of the memory store after every save."""
    due = tuple(Message(id_, "mail", START, b"") for id_ in ("1", "2"))
    async with stores(postgres, postgres_store) as (memory, *others):
        for changes in (Changes(outbox=due), *steps):
            wanted = await outcome(memory, changes)
            for store in others:
                assert await outcome(store, changes) == wanted
                assert await state(store) == await state(memory)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(saves(), min_size=2, max_size=12))
async def test_a_group_is_judged_as_its_saves_one_after_another(
    postgres: Postgres, postgres_store: PostgresStore, steps: list[Changes]
) -> None:
    """Saves that make one commit have the outcomes and leave the state of a row of them."""
    # in a group, who counts an owner's rows that a neighbour changes is refused, and comes again
    steps = [msgspec.structs.replace(changes, lease=None, expects_owned=()) for changes in steps]
    first = Changes(puts=tuple(put(session(key), 0) for key in ("1", "2")))
    async with stores(postgres, postgres_store) as (memory, *others):
        await memory.save(first)
        wanted = [await outcome(memory, changes) for changes in steps]
        for store in others:
            await store.save(first)
            assert await asyncio.gather(*(outcome(store, changes) for changes in steps)) == wanted
            assert await state(store) == await state(memory)
