"""Requests that may be repeated."""

import pytest

from ostiary.core.idempotency import (
    IDEMPOTENT_ANSWER,
    KEY_MAX_LENGTH,
    IdempotentAnswer,
    Once,
    check_same_request,
    once_of,
)
from ostiary.errors import InvalidArgument
from tests.doubles.effects import START


def once(caller_id: str = "1", rpc: str = "CreateSession", key: str = "k", request: bytes = b"r") -> Once:
    """A request with a key."""
    made = once_of(caller_id, rpc, key, request)
    assert made is not None
    return made


def test_without_key() -> None:
    """A request without a key is a request like any other."""
    assert once_of("1", "CreateSession", "", b"r") is None


def test_same_place_for_the_same_request() -> None:
    """Caller, RPC and key make the place; the request does not."""
    assert once() == once()
    assert once(request=b"other").id == once().id
    assert len({once().id, once("2").id, once(rpc="SetSession").id, once(key="l").id}) == 4


def test_long_keys() -> None:
    """A key is bounded."""
    once(key="x" * KEY_MAX_LENGTH)
    with pytest.raises(InvalidArgument):
        once(key="x" * (KEY_MAX_LENGTH + 1))


def test_other_request() -> None:
    """A key that was used for another request is refused."""
    kept = IdempotentAnswer(once().id, once().request_hash, b"sealed", START)
    check_same_request(kept, once().request_hash)
    with pytest.raises(InvalidArgument):
        check_same_request(kept, once(request=b"other").request_hash)
    assert IDEMPOTENT_ANSWER.columns["expires_at"](kept) == START
