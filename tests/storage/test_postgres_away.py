"""A PostgreSQL that is away, stands still, or is cut off at the worst moment."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import timedelta

import pytest

from ostiary.core.session import SESSION
from ostiary.errors import Unavailable
from ostiary.storage.port import Budget, Changes, Expect
from ostiary.storage.postgres.link import Outage
from ostiary.storage.postgres.store import PostgresStore, open_store
from tests.doubles.effects import START
from tests.postgres import Postgres
from tests.storage.proxy import Proxy
from tests.storage.rows import changed, made, session

LATER = START + timedelta(hours=1)
ENDS_S = 10  # no answer takes longer, whatever happens


@pytest.fixture(scope="module")
def cluster() -> Iterator[Postgres]:
    """One that may be stopped."""
    with Postgres() as own:
        yield own


@pytest.fixture
async def store(cluster: Postgres) -> AsyncIterator[PostgresStore]:
    """A store on it, with one session and one counter."""
    opened = await open_store(cluster.new_database(), "me")
    await opened.save(made(session("1")))
    yield opened
    await opened.close()


async def outcome(store: PostgresStore, n: int) -> object:
    """What becomes of a read and a save."""
    try:
        await store.get(SESSION, "1")
        return await store.save(made(session(f"x{n}")))
    except Unavailable as error:
        return error.retry_after_s


async def recovered(store: PostgresStore) -> None:
    """It works again, without being opened anew."""
    async with asyncio.timeout(ENDS_S):
        while True:
            try:
                await store.save(Changes(budgets=(Budget("again", START, LATER, add=1),)))
            except Unavailable:
                await asyncio.sleep(0.1)
            else:
                break
    assert await store.get(SESSION, "1") == session("1")


async def test_stopped(cluster: Postgres, store: PostgresStore) -> None:
    """While it is down reads and saves are refused, at once after a second; when it is back they go on."""
    await asyncio.to_thread(cluster.stop)
    began = time.monotonic()
    answers = await asyncio.gather(*(outcome(store, n) for n in range(20)))
    assert answers == [1] * 20
    assert time.monotonic() - began < ENDS_S
    began = time.monotonic()
    assert await outcome(store, 99) == 1
    assert time.monotonic() - began < 1
    await asyncio.to_thread(cluster.start)
    await recovered(store)


def test_an_outage_that_nobody_noticed_the_end_of() -> None:
    """Of one connection that was not to be had once nothing is left when, much later, the next one is lost."""
    now_s = [0.0]
    outage = Outage(lambda: now_s[0])
    for now_s[0], is_long in (
        (0.0, False),
        (0.5, False),
        (1.0, True),
        (4.0, True),
        (60.0, False),
        (61.0, True),
    ):
        outage.began()
        assert outage.is_long is is_long
    outage.over()
    assert not outage.is_long


async def test_restarted(cluster: Postgres, store: PostgresStore) -> None:
    """A restart of less than a second is not noticed by those who wait."""
    waiting = [asyncio.ensure_future(outcome(store, n)) for n in range(50)]
    await asyncio.to_thread(cluster.stop)
    waiting += [asyncio.ensure_future(outcome(store, n)) for n in range(50, 60)]
    await asyncio.to_thread(cluster.start)
    answers = await asyncio.gather(*waiting)
    found = [await store.get(SESSION, f"x{n}") for n in range(60)]
    assert [row is not None for row in found] == [not isinstance(answer, int) for answer in answers]
    await recovered(store)


async def test_standing_still(cluster: Postgres, store: PostgresStore) -> None:
    """While it stands still every answer comes within a bounded time; later all goes on."""
    cluster.pause(on=True)
    try:
        began = time.monotonic()
        answers = await asyncio.gather(*(outcome(store, n) for n in range(5)))
        assert all(isinstance(answer, int) for answer in answers)
        assert time.monotonic() - began < ENDS_S
    finally:
        cluster.pause(on=False)
    await recovered(store)


async def test_standing_still_at_the_first_save(cluster: Postgres, store: PostgresStore) -> None:
    """A connection on which nothing was written yet is given up like any other."""
    async with Proxy(cluster.port) as proxy:
        url = cluster.new_database().replace(f":{cluster.port}/", f":{proxy.port}/")
        fresh = await open_store(url, "fresh")
        proxy.still_at = b"UPDATE writer SET looked"
        async with asyncio.timeout(ENDS_S):
            assert await outcome(fresh, 1) in {1, 2}
        proxy.still_at = b""
        proxy.cut()
        assert not isinstance(await outcome(fresh, 2), int)
        await fresh.close()


async def test_no_standby(cluster: Postgres, store: PostgresStore) -> None:
    """A COMMIT that waits for its standby is not answered, nor told as failed: it may still be done, and here it is."""
    cluster.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    cluster.sql("postgres", "SELECT pg_reload_conf()")
    await asyncio.sleep(0.2)
    with pytest.raises(Unavailable) as unknown:
        async with asyncio.timeout(ENDS_S):
            await store.save(made(session("2")))
    assert unknown.value.id == "storage.outcome_unknown"
    cluster.sql("postgres", "ALTER SYSTEM RESET synchronous_standby_names")
    cluster.sql("postgres", "SELECT pg_reload_conf()")
    await recovered(store)
    assert await store.get(SESSION, "2") == session("2")


async def test_no_more_locks(cluster: Postgres) -> None:
    """A save that the database has no places of locks for is refused for now, and the next one is done."""
    await asyncio.to_thread(cluster.stop)
    await asyncio.to_thread(cluster.start, max_locks_per_transaction="10", max_connections="12")
    try:
        store = await open_store(cluster.new_database(), "me")
        with pytest.raises(Unavailable) as refused:
            await store.save(Changes(expects=tuple(Expect(SESSION, str(n), 0) for n in range(3000))))
        assert refused.value.retry_after_s == 2
        await store.save(made(session("1")))
        await store.close()
    finally:
        await asyncio.to_thread(cluster.stop)
        await asyncio.to_thread(cluster.start)


@pytest.mark.parametrize("how", ["before", "after"])
async def test_cut_at_commit(postgres: Postgres, how: str) -> None:
    """A COMMIT whose answer is lost is found out about: each save is done once, and answered."""
    async with Proxy(postgres.port) as proxy:
        url = postgres.new_database().replace(f":{postgres.port}/", f":{proxy.port}/")
        store = await open_store(url, "me")
        row = session("1")
        await store.save(made(row))
        for _ in range(10):
            proxy.cut_at = "before" if how == "before" else "after"
            change = Changes(puts=changed(row).puts, budgets=(Budget("k", START, LATER, add=1),))
            await store.save(change)
            (put,) = changed(row).puts
            row = session("1", version=put.value.version)
            assert await store.get(SESSION, "1") == row
        assert proxy.cuts == 10
        assert await store.counter("k", START) == 10
        await store.close()


async def test_cut_in_between(postgres: Postgres) -> None:
    """Connections that are reset at any moment lose nothing that was answered, and do nothing twice."""
    async with Proxy(postgres.port) as proxy:
        url = postgres.new_database().replace(f":{postgres.port}/", f":{proxy.port}/")
        store = await open_store(url, "me")

        async def cut() -> None:
            for _ in range(30):
                await asyncio.sleep(0.02)
                proxy.cut()

        cutting = asyncio.ensure_future(cut())
        saved = 0
        for n in range(200):
            one = Changes(puts=made(session(str(n))).puts, budgets=(Budget("k", START, LATER, add=1),))
            with suppress(Unavailable):
                saved += (await store.save(one)).counters["k"] > 0
        await cutting
        rows = [await store.get(SESSION, str(n)) for n in range(200)]
        assert await store.counter("k", START) == sum(row is not None for row in rows)
        assert saved <= await store.counter("k", START)
        await store.close()
