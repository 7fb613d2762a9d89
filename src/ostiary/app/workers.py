"""Several serving processes on one port, and the one that keeps them: it starts each anew that ends unasked.

Every worker listens for itself (SO_REUSEPORT), so the system spreads connections over them. Who keeps them only waits:
it is the process that is told to leave, and the data folder's lock is its.
"""

import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Final, NoReturn

from ostiary.effects import SystemEffects, stopwatch
from ostiary.logs import open_log

_PAUSE_S: Final = 1.0
_SHORT_S: Final = 10.0  # a worker that ends sooner than this has not served
_SHORT_LIVES: Final = 3  # before any worker has served, and we give up
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_IN_ORDER: Final = (0, -signal.SIGTERM, -signal.SIGINT)  # the signals: one that was told before it served
Serve = Callable[[int], int]  # the work of the worker with this number; its exit status


class Workers:
    """So many children; 0 and up are their numbers."""

    def __init__(self, count: int, serve: Serve, level: str, *, console: bool) -> None:
        """None is started yet."""
        self._count = count
        self._serve = serve
        self._log = open_log(sys.stderr, console=console, level=level, now=SystemEffects().now)
        self._numbers: dict[int, int] = {}  # by process
        self._started_s: dict[int, float] = {}
        self._short_lives = 0
        self._has_served = False
        self._is_leaving = False
        self._held, self._watched = os.pipe()

    def run(self) -> int:
        """Keep them until told to leave; 0 if all left in good order."""
        for name in _SIGNALS:
            signal.signal(name, self._leave)
        for number in range(self._count):
            self._start(number)
        failed = False
        while self._numbers:
            process, status = os.waitpid(-1, 0)
            if process not in self._numbers:  # in a container everybody's orphans are ours
                continue
            number = self._numbers.pop(process)
            code = os.waitstatus_to_exitcode(status)
            if self._is_leaving:
                failed = failed or code not in _IN_ORDER
            elif not self._replaced(number, code):
                failed = True
        return int(failed)

    def _replaced(self, number: int, code: int) -> bool:
        """Whether the worker was started anew; if none ever got to serve, all leave."""
        self._log.error("worker.ended", worker=number, status=code)
        now_s = stopwatch()
        self._has_served = self._has_served or any(
            now_s - self._started_s[one] >= _SHORT_S for one in (number, *self._numbers.values())
        )
        self._short_lives += 1
        if not self._has_served and self._short_lives >= _SHORT_LIVES:
            self._leave(signal.SIGTERM, None)
            return False
        time.sleep(_PAUSE_S)
        self._start(number)
        return True

    def _start(self, number: int) -> None:
        """Signals wait meanwhile: each child is either not made any more, or known when we are told to leave."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        process = 0 if self._is_leaving else os.fork()
        if process == 0 and not self._is_leaving:
            self._be_worker(number)
        if process:
            self._numbers[process] = number
            self._started_s[number] = stopwatch()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)

    def _be_worker(self, number: int) -> NoReturn:
        status = 1
        try:
            os.setpgid(0, 0)  # a terminal's ^C reaches only the one that keeps us, who tells us
            for name in _SIGNALS:
                signal.signal(name, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            os.close(self._watched)
            status = self._serve(number)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)  # what belongs to the one that keeps us is not ours to end

    def _leave(self, how: int, _: FrameType | None) -> None:
        """A second signal hurries them."""
        self._is_leaving = True
        for process in self._numbers:
            with suppress(ProcessLookupError):
                os.kill(process, how)

    @property
    def held(self) -> int:
        """A pipe that ends, for workers, when the one that keeps them is no more."""
        return self._held


def shared_port(host: str, port: int) -> tuple[socket.socket, int]:
    """A socket that keeps the port for us, and its number; raises OSError if somebody else has it."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with socket.socket(family, kind, protocol) as probe:  # refused where another program listens, ours too
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
    keeper = socket.socket(family, kind, protocol)
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    keeper.bind(address)
    return keeper, keeper.getsockname()[1]
