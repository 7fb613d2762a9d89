"""Whether a login with an unknown name takes as long as one with a known name, measured from outside.

Source: OWASP ASVS 5.0, 6.3.8: nobody learns who is known here, not from the time either.
"""

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import uvloop

from ostiary.app.load import raw_request, timed
from ostiary.app.measuring import serving
from ostiary.app.seeding import username, users_of
from ostiary.config.settings import Settings, Trouble

TOLERATED_MS: Final = 1.0
_WARM_UP: Final = 10  # pairs
_WRONG: Final = "Wrong-Password-1!"
_GUESSES_LEFT: Final = 90  # of a user, before the lockout answers instead of the hash


@dataclass(frozen=True, slots=True)
class Comparison:
    """Medians of both kinds, and of the differences of neighbours, in milliseconds.

    ``chance`` is that of such samples if both kinds take equally long (Mann-Whitney, two-sided).
    """

    samples: int
    known_ms: float
    unknown_ms: float
    effect_ms: float
    chance: float

    @property
    def is_even(self) -> bool:
        """Whether the difference is too small to be of use."""
        return abs(self.effect_ms) < TOLERATED_MS


def compare(settings: Settings, sessions: int, samples: int) -> Comparison:
    """Serve the seeded folder and send wrong passwords for known and unknown names in turn."""
    users = users_of(sessions)
    if users * _GUESSES_LEFT < samples + _WARM_UP:
        raise Trouble(f"{users} users have not guesses enough for {samples} samples: seed more sessions.")
    with serving(settings) as (_, port):
        token = (settings.data / "admin.pat").read_text().strip()
        took = uvloop.run(timed(port, list(_pairs(token, users, samples + _WARM_UP)), b"HTTP/1.1 4"))
    took = [one * 1000 for one in took[2 * _WARM_UP :]]
    known, unknown = took[::2], took[1::2]
    effects = [late - early for early, late in zip(known, unknown, strict=True)]
    return Comparison(
        samples,
        statistics.median(known),
        statistics.median(unknown),
        statistics.median(effects),
        mann_whitney(known, unknown),
    )


def mann_whitney(one: Sequence[float], other: Sequence[float]) -> float:
    """The two-sided probability that the samples are of one distribution, by the normal approximation."""
    values = sorted([*((value, True) for value in one), *((value, False) for value in other)])
    ranks = sum(rank for rank, (_, is_one) in enumerate(values, 1) if is_one)
    size, others = len(one), len(other)
    deviation = ranks - size * (size + others + 1) / 2
    return math.erfc(abs(deviation) / math.sqrt(size * others * (size + others + 1) / 6))


def _pairs(token: str, users: int, count: int) -> Iterator[bytes]:
    """A known name, then an unknown one of the same form."""
    for number in range(count):
        yield _login(token, username(number % users))
        yield _login(token, f"x{username(number % users)}"[:-1])


def _login(token: str, name: str) -> bytes:
    checks = {"user": {"loginName": name}, "password": {"password": _WRONG}}
    return raw_request("POST", "/v2/sessions", token, msgspec.json.encode({"checks": checks}))
