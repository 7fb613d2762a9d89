"""Where passwords are hashed: few threads at the lowest priority, and a door that says no before it is too late.

A login storm must not stop session checks: hashing leaves the interpreter's lock, runs at nice 19, and who would wait
longer than a second is told so at once, or, where hashing became slower meanwhile, after that second (reliability
requirements E.6).
"""

import asyncio
import os
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from ostiary.errors import Unavailable

LONGEST_WAIT_S = 1.0
_FIRST_GUESS_S = 0.05
_SMOOTHING = 0.2
_LOWEST_PRIORITY = 19

ResultT = TypeVar("ResultT")


class HashPool:
    """A bounded pool for slow evidence. A place is taken first, work is done in it, and it is given back."""

    def __init__(self, workers: int = 0, longest_wait_s: float = LONGEST_WAIT_S) -> None:
        """``workers``: threads; 0 takes as many as there are processors for this process."""
        self._workers = workers or processors()
        self._longest_wait_s = longest_wait_s
        self._executor = ThreadPoolExecutor(self._workers, "hash", initializer=_be_nice)
        # one more than there are threads: its guess is counted while others are hashed
        self.places = self._workers + 1
        self._free = self.places
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._asking = 0
        self._usual_s = _FIRST_GUESS_S

    @property
    def asking(self) -> int:
        """Those that have a place, and those that wait for one."""
        return self._asking

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """A place, after ``longest_wait_s`` at most; raises Unavailable when the wait would be, or became, longer."""
        if not self._free and self._asking / self._workers * self._usual_s > self._longest_wait_s:
            raise self._full()
        self._asking += 1
        try:
            await self._take()
            try:
                yield
            finally:
                self._give()
        finally:
            self._asking -= 1

    async def _take(self) -> None:
        """By a timer of the loop: a request's first steps are outside of any task, where ``asyncio.timeout`` is not."""
        if self._free:
            self._free -= 1
            return
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        timer = loop.call_later(self._longest_wait_s, self._refuse, turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled() and turn.exception() is None:  # it was given a place at the same moment
                self._give()
            raise
        finally:
            timer.cancel()

    def _give(self) -> None:
        """To whoever waits longest."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    def _refuse(self, turn: "asyncio.Future[None]") -> None:
        if not turn.done():
            turn.set_exception(self._full())

    def _full(self) -> Unavailable:
        return Unavailable(
            "hash_pool.full",
            "Too many password checks right now",
            hint="ask again after the time in Retry-After; nothing was counted",
            retry_after_s=1 + self._asking % 3,
        )

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


def processors() -> int:
    """Those that this process may use, where the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _be_nice() -> None:
    with suppress(OSError):  # where the system does not let us, the pool is bounded all the same
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOWEST_PRIORITY)
