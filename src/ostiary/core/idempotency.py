"""Answers kept for a caller who may ask again with the same Idempotency-Key.

Source: IETF httpapi draft "The Idempotency-Key HTTP Header Field"; reliability requirements E.5.
"""

import hashlib
from datetime import datetime, timedelta

import msgspec

from ostiary.core.record import Kind
from ostiary.errors import InvalidArgument

KEPT = timedelta(hours=24)
KEY_MAX_LENGTH = 255


class IdempotentAnswer(msgspec.Struct, frozen=True):
    """``id`` is a hash of caller, RPC and key; ``answer`` is sealed, for it may carry a token."""

    id: str
    request_hash: bytes
    answer: bytes
    expires_at: datetime
    version: int = 1


IDEMPOTENT_ANSWER = Kind(
    "idempotent_answer", IdempotentAnswer, columns={"expires_at": lambda a: a.expires_at}
)


class Once(msgspec.Struct, frozen=True):
    """A request that its caller may repeat: where its answer is kept, and what was asked."""

    id: str
    request_hash: bytes


def once_of(caller_id: str, rpc: str, key: str, request: bytes) -> Once | None:
    """What the caller's key stands for; None without a key. ``request`` is the message in binary."""
    if not key:
        return None
    if len(key) > KEY_MAX_LENGTH:
        raise InvalidArgument(
            "idempotency.key_too_long",
            "The Idempotency-Key is too long",
            hint=f"at most {KEY_MAX_LENGTH} characters",
        )
    place = hashlib.sha256(f"{caller_id}\n{rpc}\n{key}".encode()).hexdigest()
    return Once(place, hashlib.sha256(request).digest())


def check_same_request(kept: IdempotentAnswer, request_hash: bytes) -> None:
    """Raise InvalidArgument when the key was used for another request."""
    if kept.request_hash != request_hash:
        raise InvalidArgument(
            "idempotency.other_request",
            "The Idempotency-Key was used for another request",
            hint="use a fresh key for each request, and the same key only to repeat it",
        )
