"""What one address may do, counted in memory."""

from datetime import timedelta

import pytest

from ostiary.access.peer_limit import PeerLimit
from ostiary.errors import ResourceExhausted
from tests.doubles.effects import SettableEffects

MINUTE = timedelta(minutes=1)


def is_full(limit: PeerLimit, peer_ip: str) -> bool:
    """Whether there is no room for one more, which is taken otherwise."""
    try:
        limit.take(peer_ip)
    except ResourceExhausted:
        return True
    return False


@pytest.mark.parametrize(
    ("first", "same", "other"),
    [
        ("203.0.113.9", "::ffff:203.0.113.9", "203.0.113.10"),
        ("2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1"),
    ],
)
def test_counts_households(first: str, same: str, other: str) -> None:
    """An address however it is written, and of IPv6 the /64; the next one has its own room."""
    limit = PeerLimit(2, MINUTE, SettableEffects().now, shared=0)
    assert [is_full(limit, one) for one in (first, same, first, same)] == [False, False, True, True]
    assert not is_full(limit, other)


def test_for_a_while() -> None:
    """The window begins with the first time; the refusal says how long it lasts."""
    effects = SettableEffects()
    limit = PeerLimit(1, MINUTE, effects.now, shared=0)
    limit.take("203.0.113.9")
    effects.later(seconds=20)
    with pytest.raises(ResourceExhausted) as refused:
        limit.require("203.0.113.9")
    assert refused.value.retry_after_s == 41
    effects.later(seconds=41)
    limit.take("203.0.113.9")


def test_uncounted() -> None:
    """Zero is no limit, and whoever shares a private address is not counted where public ones are."""
    off = PeerLimit(0, MINUTE, SettableEffects().now, shared=0)
    public = PeerLimit(1, MINUTE, SettableEffects().now, shared=0)
    for _ in range(3):
        off.take("203.0.113.9")
        for private in ("127.0.0.1", "10.1.2.3", "fd00::1", "", "no address"):
            public.take(private)


def test_shared() -> None:
    """Whoever is behind one private address may do together some times as much as one person; so may all behind a proxy."""
    private = PeerLimit(1, MINUTE, SettableEffects().now, shared=3)
    assert [is_full(private, "10.1.2.3") for _ in range(4)] == [False, False, False, True]
    assert not is_full(private, "10.1.2.4")
    assert [is_full(private, "203.0.113.9") for _ in range(2)] == [False, True]
    behind = PeerLimit(1, MINUTE, SettableEffects().now, shared=3, are_apart=False)
    assert [is_full(behind, "203.0.113.9") for _ in range(4)] == [False, False, False, True]
    uncounted = PeerLimit(1, MINUTE, SettableEffects().now, shared=0, are_apart=False)
    assert not any(is_full(uncounted, "203.0.113.9") for _ in range(4))


def test_many_addresses() -> None:
    """More addresses than are remembered make it forget, and take no more memory."""
    limit = PeerLimit(1, MINUTE, SettableEffects().now, shared=0)
    addresses = [f"203.{number >> 16}.{number >> 8 & 255}.{number & 255}" for number in range(10_001)]
    for address in addresses:
        limit.take(address)
    assert not is_full(limit, addresses[0])
    assert is_full(limit, addresses[-1])
