"""How fast guesses may come, in tables."""

from datetime import UTC, datetime, timedelta

import pytest

from ostiary.core.guess_limit import fast_limits, guess_counters, network_limits, pause_after
from ostiary.core.rate_limit import is_rate_limit, too_often
from ostiary.core.send_limit import send_limits
from ostiary.factors.password import PASSWORD
from ostiary.factors.totp import TOTP

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("failed", "seconds"), [(0, 0), (4, 0), (5, 1), (6, 2), (7, 4), (14, 512), (15, 900), (99, 900)]
)
def test_pauses(failed: int, seconds: int) -> None:
    """The fifth wrong guess in a row begins a second's pause; each after it twice as long, up to a quarter of an hour."""
    assert pause_after(failed) == timedelta(seconds=seconds)


def test_windows() -> None:
    """Codes have windows, passwords pauses; networks have windows for both; an unknown network none."""
    assert [limit.limit for limit in fast_limits("1", TOTP, NOW)] == [5, 20, 50]
    assert fast_limits("1", PASSWORD, NOW) == ()
    assert [limit.limit for limit in network_limits("192.0.2.1", PASSWORD, NOW)] == [10, 50]
    assert network_limits("", PASSWORD, NOW) == ()
    kinds = [network_limits("192.0.2.1", factor, NOW)[0].key for factor in (PASSWORD, TOTP)]
    assert len(set(kinds)) == 2
    assert len(guess_counters("1", TOTP, NOW)) == 5


@pytest.mark.parametrize(("place", "wait_s"), [(0, 55), (1, 55 * 60 + 55), (2, 20 * 3600 + 55 * 60 + 55)])
def test_waiting(place: int, wait_s: int) -> None:
    """Who was too fast is told how long to wait: until the window ends."""
    limit = fast_limits("1", TOTP, NOW)[place]
    error = too_often(limit.key, NOW)
    assert is_rate_limit(limit.key)
    assert (error.id, error.retry_after_s, error.http_status) == ("guess.too_soon", wait_s, 429)
    assert limit.ends_at == NOW + timedelta(seconds=wait_s)


def test_messages() -> None:
    """Messages are counted for the user, for where they go without keeping the address, and for where they are asked for."""
    keys = [one.key for one in send_limits("1", "email", "Alice@example.com", NOW, "192.0.2.1")]
    assert len(keys) == 5
    assert not any("alice" in key.casefold() for key in keys)
    other_case = [one.key for one in send_limits("2", "email", "alice@EXAMPLE.com", NOW)]
    assert set(other_case) & set(keys) == {key for key in keys if ":to:" in key}
    assert too_often(keys[0], NOW).id == "send.too_many"
