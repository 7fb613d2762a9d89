"""Effects for tests."""

import random
from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


class SettableEffects:
    """Time stands still until it is moved; ids count up; bytes repeat for a seed."""

    def __init__(self, seed: int = 1) -> None:
        self._now = START
        self._ids = 10**17
        self._random = random.Random(seed)

    def now(self) -> datetime:
        """The set time."""
        return self._now

    def later(self, **step: float) -> None:
        """Move time: ``later(minutes=5)``."""
        self._now += timedelta(**step)

    def random_bytes(self, count: int) -> bytes:
        """Bytes of the seeded generator."""
        return self._random.randbytes(count)

    def new_id(self) -> str:
        """The next number."""
        self._ids += 1
        return str(self._ids)
