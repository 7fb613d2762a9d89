"""The hash pool: few threads at the lowest priority, and a door that says no in time."""

import asyncio
import os
import threading
from contextlib import ExitStack

import pytest

from ostiary.crypto.hash_pool import HashPool
from ostiary.errors import Unavailable


def priority() -> int:
    """Of the thread that asks."""
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def crowd(pool: HashPool, places: ExitStack, count: int) -> None:
    """Take so many places."""
    for _ in range(count):
        places.enter_context(pool.place())


async def test_lowest_priority() -> None:
    """Work runs in a thread of its own at nice 19, and the event loop stays as it was."""
    pool, before = HashPool(1), priority()
    with pool.place():
        assert await pool.run(priority) == 19
    assert priority() == before
    pool.close()


async def test_door() -> None:
    """Whoever would wait longer than a second is refused with a time to ask again; a place given back is free."""
    pool = HashPool(2)
    with ExitStack() as places:
        crowd(pool, places, 41)
        with pytest.raises(Unavailable) as refused, pool.place():
            pass
        assert refused.value.id == "hash_pool.full"
        assert refused.value.retry_after_s in {1, 2, 3}
        assert pool.taken == 41
    assert pool.taken == 0
    with pool.place():
        pass
    pool.close()


async def test_door_learns_the_usual_time() -> None:
    """When work is slow fewer wait, but never fewer than there are threads."""
    pool = HashPool(1)
    with pool.place():
        await pool.run(lambda: threading.Event().wait(0.6))
    with ExitStack() as places:
        with pytest.raises(Unavailable):
            crowd(pool, places, 20)
        assert 1 <= pool.taken < 20
    pool.close()


async def test_place_is_given_back() -> None:
    """Work that fails, or whose asker goes away, gives its place back."""
    pool = HashPool(1)

    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"), pool.place():
        await pool.run(fail)
    gate = threading.Event()

    async def waits() -> None:
        with pool.place():
            await pool.run(gate.wait)

    task = asyncio.ensure_future(waits())
    await asyncio.sleep(0)
    assert pool.taken == 1
    task.cancel()
    await asyncio.wait([task])
    gate.set()
    assert pool.taken == 0
    pool.close()


async def test_bounded_threads() -> None:
    """No more work runs at once than there are threads; by default one processor is left free."""
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
