"""How fast wrong guesses may follow each other, beside how many there may be in a row.

After some wrong guesses at a slow factor (a password) nothing is judged for a while, twice as long each time. A fast one has
windows. Whoever is known to guess from one network has windows there too, whichever users are guessed at. All are
judged by the save that counts. Source: OWASP ASVS 5.0, 6.3.1; NIST SP 800-63B-4, 3.2.2.
"""

from datetime import datetime, timedelta
from typing import Final

from ostiary.core.factor import Factor, guess_key
from ostiary.core.rate_limit import RateLimit, Window, rate_limits

FREE_GUESSES: Final = 5
LONGEST_PAUSE: Final = timedelta(minutes=15)
_FAST: Final = (Window("5min", 5), Window("hour", 20), Window("day", 50))
_OF_NETWORK: Final = (Window("5min", 10), Window("hour", 50))
_OF_LOGIN_UI: Final = (Window("5min", 1_000),)  # all its people's together: a code of 34 bits bears that


def pause_after(failed: int) -> timedelta:
    """How long no guess is judged after so many wrong ones in a row: 1 s after the fifth, doubling."""
    if failed < FREE_GUESSES:
        return timedelta(0)
    return min(timedelta(seconds=2 ** min(failed - FREE_GUESSES, 30)), LONGEST_PAUSE)


def pause_key(user_id: str, kind: str) -> str:
    """The counter that is there while nothing is judged; its value is when that ends, in seconds since 1970."""
    return f"pause:{user_id}:{kind}"


def fast_limits(user_id: str, factor: Factor, now: datetime) -> tuple[RateLimit, ...]:
    """The windows of a user's wrong guesses at a factor; none for a slow one, which has pauses."""
    return () if factor.slow else rate_limits(f"guess:{user_id}:{factor.kind}", _FAST, now)


def network_limits(network: str, factor: Factor, now: datetime) -> tuple[RateLimit, ...]:
    """The windows of a network's wrong guesses at passwords, or at codes of any kind; none for an unknown one."""
    if not network:
        return ()
    return rate_limits(f"guess:from:{network}:{'slow' if factor.slow else 'fast'}", _OF_NETWORK, now)


def user_code_limits(guesser: str, now: datetime, *, is_login_ui: bool) -> tuple[RateLimit, ...]:
    """The windows of wrong user codes of devices: of a network or an account, or of a login UI where many people type.

    Source: RFC 8628 5.1.
    """
    return rate_limits(f"guess:code:{guesser}", _OF_LOGIN_UI if is_login_ui else _OF_NETWORK, now)


def guess_counters(user_id: str, factor: Factor, now: datetime) -> tuple[str, ...]:
    """All counters of a user's guesses at a factor, to be cleared once it is verified, set anew, or taken away."""
    fast = tuple(limit.key for limit in fast_limits(user_id, factor, now))
    return (guess_key(user_id, factor.kind), pause_key(user_id, factor.kind), *fast)
