"""The only module that reads the clock or chance.

Everything else is given an :class:`Effects`, so that a test moves time by one call and a seed replays a run.
"""

import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

_EPOCH_MS = 1_420_070_400_000  # 2015-01-01T00:00:00Z: ids have 19 digits until 2084, so they sort as text
_NODE_BITS = 10
_SEQUENCE_BITS = 12
_BATCH_BYTES = 4096

stopwatch: Final = (
    time.perf_counter
)  # seconds that only grow: to measure how long something takes, never to decide


class Effects(Protocol):
    """Clock, randomness and ids."""

    def now(self) -> datetime:
        """Now, aware, UTC, microseconds; never before an earlier answer."""
        ...

    def random_bytes(self, count: int) -> bytes:
        """So many bytes of the operating system's randomness."""
        ...

    def new_id(self) -> str:
        """A fresh id: a decimal number that grows with time (19 digits). An id is never a secret."""
        ...


class SystemEffects:
    """The real ones. ``node`` (0 to 1023) keeps ids of several processes apart."""

    def __init__(self, node: int = 0) -> None:
        """Begin at the machine's wall clock."""
        self._node = node
        self._offset = timedelta(0)
        self._offset_ms = 0
        self._latest = datetime.min.replace(tzinfo=UTC)
        self._id_ms = 0
        self._sequence = 0
        self._pool = b""
        self._used = 0

    def now(self) -> datetime:
        """Wall clock plus what a test clock was advanced by; steps of the machine's clock backwards are held."""
        now = datetime.now(UTC)
        if self._offset:
            now += self._offset
        self._latest = max(self._latest, now)
        return self._latest

    def advance(self, step: timedelta) -> None:
        """Move the clock forward (the test clock)."""
        if step < timedelta(0):
            raise ValueError("time only moves forward")
        self._offset += step
        self._offset_ms = self._offset // timedelta(milliseconds=1)

    def random_bytes(self, count: int) -> bytes:
        """Bytes of a block that was drawn from the operating system; each byte is handed out once."""
        if self._used + count > len(self._pool):
            self._pool, self._used = secrets.token_bytes(max(count, _BATCH_BYTES)), 0
        taken = self._pool[self._used : self._used + count]
        self._used += count
        return taken

    def new_id(self) -> str:
        """Milliseconds since 2015, node, sequence: 41, 10 and 12 bits."""
        ms = max(time.time_ns() // 1_000_000 + self._offset_ms, self._id_ms)
        if ms > self._id_ms:
            self._id_ms, self._sequence = ms, 0
        else:
            self._sequence += 1
            if self._sequence >> _SEQUENCE_BITS:
                self._id_ms, self._sequence = ms + 1, 0
        stamp = self._id_ms - _EPOCH_MS
        return str((stamp << (_NODE_BITS + _SEQUENCE_BITS)) | (self._node << _SEQUENCE_BITS) | self._sequence)
