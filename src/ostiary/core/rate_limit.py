"""How often something may happen: counters of windows, taken by the very save that does it.

Windows begin at full minutes, hours and days of UTC, so that it is known when the next attempt may come.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from math import ceil
from types import MappingProxyType
from typing import Final, NamedTuple

from ostiary.errors import OstiaryError, ResourceExhausted

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LENGTHS: Final = MappingProxyType(
    {"5min": timedelta(minutes=5), "hour": timedelta(hours=1), "day": timedelta(days=1)}
)
_PREFIX: Final = "rate:"
_GUESS: Final = f"{_PREFIX}guess:"


class Window(NamedTuple):
    """So many times in a ``5min``, an ``hour`` or a ``day``."""

    name: str
    limit: int


class RateLimit(NamedTuple):
    """One counter: so many times until it ends."""

    key: str
    ends_at: datetime
    limit: int


def rate_limits(what: str, windows: Iterable[Window], now: datetime) -> tuple[RateLimit, ...]:
    """The counters of something (``guess:…`` or ``send:…``) at a time."""
    limits = []
    for name, limit in windows:
        length = _LENGTHS[name]
        number = (now - _EPOCH) // length
        limits.append(RateLimit(f"{_PREFIX}{what}:{name}:{number}", _EPOCH + (number + 1) * length, limit))
    return tuple(limits)


def is_rate_limit(key: str) -> bool:
    """Whether a counter is one of these."""
    return key.startswith(_PREFIX)


def too_often(key: str, now: datetime) -> OstiaryError:
    """The answer once such a counter is at its limit."""
    _, name, number = key.rsplit(":", 2)
    ends_at = _EPOCH + (int(number) + 1) * _LENGTHS[name]
    if key.startswith(_GUESS):
        return too_soon(ends_at, now)
    hint = "messages are limited for each user, each address they go to, and each address they are asked for from"
    return ResourceExhausted(
        "send.too_many", "Too many messages were sent", hint=hint, retry_after_s=_wait_s(ends_at, now)
    )


def too_soon(until: datetime, now: datetime) -> OstiaryError:
    """The answer to a guess that is not judged, right or wrong, for too many wrong ones came before."""
    return ResourceExhausted(
        "guess.too_soon",
        "Too many attempts",
        hint="nothing was judged or counted; wait as long as Retry-After says, then try again",
        retry_after_s=_wait_s(until, now),
    )


def _wait_s(until: datetime, now: datetime) -> int:
    return max(1, ceil((until - now).total_seconds()))
