"""Calls, counted by RPC and code, and how long they took: a few additions to lists, under a microsecond a call."""

from bisect import bisect_left
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from ostiary.errors import Internal, OstiaryError

BOUNDS_S: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_OK: Final = 0
CODES: Final = (
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
    "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
    "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
)  # fmt: skip

AnswerT = TypeVar("AnswerT")
Rpc = Callable[[Any, Any], Awaitable[AnswerT]]
Observe = Callable[[str, str, float], None]


class Series:
    """The calls of one RPC."""

    __slots__ = ("buckets", "by_code", "sum_s")

    def __init__(self) -> None:
        """None yet."""
        self.by_code = [0] * len(CODES)
        self.buckets = [0] * (len(BOUNDS_S) + 1)
        self.sum_s = 0.0

    def add(self, code: int, took_s: float) -> None:
        """One more."""
        self.by_code[code] += 1
        self.buckets[bisect_left(BOUNDS_S, took_s)] += 1
        self.sum_s += took_s


class Calls:
    """The series of all RPCs, by name."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Nothing was counted yet. ``clock`` gives seconds that only grow."""
        self._clock = clock
        self.series: dict[str, Series] = {}

    def measured(self, rpc: str, handler: Rpc[AnswerT], observe: Observe | None = None) -> Rpc[AnswerT]:
        """The handler, its calls counted; ``observe`` is told RPC, code and seconds of each as well."""
        series = self.series.setdefault(rpc, Series())
        clock = self._clock

        def note(code: int, began: float) -> None:
            took_s = clock() - began
            series.add(code, took_s)
            if observe is not None:
                observe(rpc, CODES[code], took_s)

        async def handle(call: Any, message: Any) -> AnswerT:
            began = clock()
            try:
                answer = await handler(call, message)
            except OstiaryError as error:
                note(error.grpc_code, began)
                raise
            except Exception:
                note(Internal.grpc_code, began)
                raise
            note(_OK, began)
            return answer

        return handle
