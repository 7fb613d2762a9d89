"""The hash pool: few threads at the lowest priority, and a door that says no in time."""

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from ostiary.crypto.hash_pool import HashPool
from ostiary.errors import Unavailable


def priority() -> int:
    """Of the thread that asks."""
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


@asynccontextmanager
async def crowd(pool: HashPool, count: int) -> AsyncIterator[list["asyncio.Task[None]"]]:
    """So many ask for a place and keep it for as long as this lasts; those that were refused are given."""
    leave = asyncio.Event()

    async def ask() -> None:
        async with pool.place():
            await leave.wait()

    tasks = [asyncio.create_task(ask()) for _ in range(count)]
    await asyncio.sleep(0)
    yield [task for task in tasks if task.done()]
    leave.set()
    await asyncio.wait(tasks)
    for task in tasks:
        task.exception()


async def test_lowest_priority() -> None:
    """Work runs in a thread of its own at nice 19, and the event loop stays as it was."""
    pool, before = HashPool(1), priority()
    async with pool.place():
        assert await pool.run(priority) == 19
    assert priority() == before
    pool.close()


async def test_door() -> None:
    """Whoever would wait longer than a second is refused with a time to ask again; a place given back is free."""
    pool = HashPool(2)
    async with crowd(pool, 50) as refused:
        errors = [task.exception() for task in refused]
        assert pool.asking == 41
    assert len(errors) == 9
    for error in errors:
        assert isinstance(error, Unavailable)
        assert (error.id, error.retry_after_s in {1, 2, 3}) == ("hash_pool.full", True)
    assert pool.asking == 0
    async with pool.place():
        pass
    pool.close()


async def test_nobody_waits_longer_than_a_second() -> None:
    """When work becomes slower while somebody waits, they are told after that second."""
    pool = HashPool(1)
    began = time.monotonic()
    async with crowd(pool, 4):
        await asyncio.sleep(1.2)
        assert pool.asking == 2  # as many as have a place: one beside the thread's
    assert time.monotonic() - began < 2
    pool.close()


async def test_door_learns_the_usual_time() -> None:
    """When work is slow fewer wait, but never fewer than there are places."""
    pool = HashPool(1)
    async with pool.place():
        await pool.run(lambda: threading.Event().wait(0.6))
    async with crowd(pool, 20):
        assert 2 <= pool.asking < 20
    pool.close()


async def test_place_is_given_back() -> None:
    """Work that fails, or whose asker goes away, gives its place back."""
    pool = HashPool(1)

    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        async with pool.place():
            await pool.run(fail)
    gate = threading.Event()

    async def waits() -> None:
        async with pool.place():
            await pool.run(gate.wait)

    task = asyncio.ensure_future(waits())
    await asyncio.sleep(0)
    assert pool.asking == 1
    task.cancel()
    await asyncio.wait([task])
    gate.set()
    assert pool.asking == 0
    pool.close()


@pytest.mark.parametrize("news", ["a place", "a refusal", ""])
async def test_whoever_goes_away_while_waiting(news: str) -> None:
    """A place that was given to them at the same moment is given on; what was not given is not."""
    pool = HashPool(1)

    async def ask() -> None:
        async with pool.place():
            pass

    pool._free = 0  # all are taken
    waiting = asyncio.create_task(ask())
    await asyncio.sleep(0)
    if news == "a place":
        pool._give()
    elif news:
        pool._refuse(pool._waiting[0])
    waiting.cancel()
    await asyncio.wait([waiting])
    assert (pool.asking, pool._free) == (0, int(news == "a place"))
    pool._give()
    assert pool._free == 1 + int(news == "a place")
    pool.close()


async def test_refusal_that_comes_too_late() -> None:
    """Who was given a place in the same moment in which their second was over keeps it."""
    pool = HashPool(1)
    pool._free = 0  # all are taken

    async def ask() -> bool:
        async with pool.place():
            return True

    waiting = asyncio.create_task(ask())
    await asyncio.sleep(0)
    turn = pool._waiting[0]
    pool._give()
    pool._refuse(turn)
    assert await waiting
    pool.close()


async def test_bounded_threads() -> None:
    """No more work runs at once than there are threads."""
    pool, running, most = HashPool(2), 0, 0
    lock = threading.Lock()

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.01)
        with lock:
            running -= 1

    await asyncio.gather(*(pool.run(work) for _ in range(10)))
    assert most == 2
    pool.close()
    HashPool().close()
