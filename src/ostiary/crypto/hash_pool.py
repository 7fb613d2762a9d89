"""Where passwords are hashed: few threads at the lowest priority, and a door that says no before it is too late.

A login storm must not stop session checks: hashing leaves the interpreter's lock, runs at nice 19, and who would wait
longer than a second is told so at once (reliability requirements E.6).
"""

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TypeVar

from ostiary.errors import Unavailable

LONGEST_WAIT_S = 1.0
_FIRST_GUESS_S = 0.05
_SMOOTHING = 0.2
_LOWEST_PRIORITY = 19

ResultT = TypeVar("ResultT")


class HashPool:
    """A bounded pool for slow evidence. A place is taken first, work is done in it, and it is given back."""

    def __init__(self, workers: int = 0) -> None:
        """``workers``: threads; 0 takes one less than the machine has processors, at least one."""
        self._workers = workers or max(1, (os.cpu_count() or 1) - 1)
        self._executor = ThreadPoolExecutor(self._workers, "hash", initializer=_be_nice)
        self._taken = 0
        self._usual_s = _FIRST_GUESS_S

    @property
    def taken(self) -> int:
        """Places taken now, those that wait included."""
        return self._taken

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place in the queue; raises Unavailable when the wait would be longer than a second."""
        if self._taken >= self._workers and (self._taken / self._workers) * self._usual_s > LONGEST_WAIT_S:
            raise Unavailable(
                "hash_pool.full",
                "Too many password checks right now",
                hint="ask again after the time in Retry-After; nothing was counted",
                retry_after_s=1 + self._taken % 3,
            )
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1

    async def run(self, work: Callable[[], ResultT]) -> ResultT:
        """Do the work in a thread of the pool; call it inside a place."""
        loop = asyncio.get_running_loop()

        def timed() -> tuple[ResultT, float]:
            began = loop.time()
            return work(), loop.time() - began

        result, took = await loop.run_in_executor(self._executor, timed)
        self._usual_s += (took - self._usual_s) * _SMOOTHING
        return result

    def close(self) -> None:
        """Let the threads end."""
        self._executor.shutdown(wait=False, cancel_futures=True)


def _be_nice() -> None:
    with suppress(OSError):  # where the system does not let us, the pool is bounded all the same
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOWEST_PRIORITY)
