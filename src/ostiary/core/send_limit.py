"""How often a user is sent something: counted in the save that writes the message, so nothing sends more.

Windows begin at full hours and days of UTC, so that it is known when the next message may go.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Final

from ostiary.errors import OstiaryError, ResourceExhausted

_PREFIX: Final = "send:"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# each with its name, its length and how many messages it takes
_WINDOWS: Final = (("hour", timedelta(hours=1), 5), ("day", timedelta(days=1), 10))


@dataclass(frozen=True, slots=True)
class SendLimit:
    """One counter: so many messages until it ends."""

    key: str
    ends_at: datetime
    limit: int


def send_limits(user_id: str, channel: str, now: datetime) -> tuple[SendLimit, ...]:
    """The counters of a user's messages by one channel."""
    limits = []
    for name, length, messages in _WINDOWS:
        number = (now - _EPOCH) // length
        key = f"{_PREFIX}{user_id}:{channel}:{name}:{number}"
        limits.append(SendLimit(key, _EPOCH + (number + 1) * length, messages))
    return tuple(limits)


def is_send_limit(key: str) -> bool:
    """Whether a counter is one of these."""
    return key.startswith(_PREFIX)


def too_many(key: str, now: datetime) -> OstiaryError:
    """The answer once a counter is at its limit."""
    _, name, number = key.rsplit(":", 2)
    length = next(length for known, length, _ in _WINDOWS if known == name)
    wait_s = ceil((_EPOCH + (int(number) + 1) * length - now).total_seconds())
    hint = "a user is sent at most 5 messages an hour and 10 a day by mail, and as many by phone"
    return ResourceExhausted(
        "send.too_many", "Too many messages were sent", hint=hint, retry_after_s=max(1, wait_s)
    )
