"""A factor is a way to verify a user: a record of pure functions, one factor a file.

``verify`` is given the client's evidence (the wire's check message, whatever its transport) and an Attempt, and says
Verified or Rejected; it waits for nothing and changes nothing. What one-time evidence spends, it spends by returning
the changed authenticator: the save that takes it is guarded by the authenticator's version. Evidence that rests on
other rows names them (``reads``); they are in the Attempt, and guarded and consumed in the same way.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import msgspec

from ostiary.core.notification import Notification
from ostiary.core.policy import HARD_ATTEMPT_LIMIT, LockoutPolicy, LoginPolicy
from ostiary.core.record import AnyKind
from ostiary.core.session import Challenge, VerifiedFactor
from ostiary.core.user import Authenticator, User
from ostiary.errors import OstiaryError


@dataclass(frozen=True, slots=True)
class Tools:
    """What factors need of the world.

    ``unseal`` opens an authenticator's data, ``seal`` closes new data for it; ``open`` and ``close`` do so with other
    bytes, bound to a context.
    """

    unseal: Callable[[Authenticator], bytes]
    seal: Callable[[Authenticator, bytes], Authenticator]
    random_bytes: Callable[[int], bytes]
    open: Callable[[bytes, str], bytes]
    close: Callable[[bytes, str], bytes]


class Named(NamedTuple):
    """A row that evidence rests on, by its kind and key."""

    kind: AnyKind
    id: str


Rows = Mapping[Named, Any]  # what was read of them; None where there is no such row
NO_ROWS: Rows = MappingProxyType({})


class Attempt(msgspec.Struct, frozen=True):
    """What evidence is judged against.

    ``user`` is None when none is known yet; ``authenticators`` are this user's that the factor works with.
    ``challenges`` are the session's open ones of the kind, oldest first. ``rows`` are those its ``reads`` named.
    ``policy`` is the login policy of the user's organisation.
    """

    now: datetime
    session_id: str
    user: User | None
    authenticators: tuple[Authenticator, ...]
    challenges: tuple[Challenge, ...]
    tools: Tools
    rows: Rows = msgspec.field(default_factory=lambda: NO_ROWS)
    policy: LoginPolicy = LoginPolicy()


class Verified(msgspec.Struct, frozen=True):
    """The evidence is good. ``spends`` are the authenticators as they are after it (same id and version as read).

    ``consumed`` are so of the named rows (each with the version that was read).
    """

    factor: VerifiedFactor
    spends: tuple[Authenticator, ...] = ()
    consumed: tuple[tuple[Named, Any], ...] = ()


class Rejected(msgspec.Struct, frozen=True):
    """The evidence is not good.

    ``guessed``: it was judged, so it counts against the user's budget and leaves a trace in the audit; ``traced``: it leaves
    one without counting, for it cannot be guessed.
    """

    error: OstiaryError
    guessed: bool = False
    traced: bool = False


class Begun(msgspec.Struct, frozen=True):
    """A challenge was made: what is kept of it, what the caller is told (JSON values), what is sent to the user."""

    challenge: Challenge
    answer: Any = None
    notification: Notification | None = None
    channel: str = ""


Evidence = Verified | Rejected
LimitName = Literal["max_password_attempts", "max_otp_attempts"]
GUESSES_KEPT = timedelta(days=3650)


def guess_key(user_id: str, kind: str) -> str:
    """The counter of a user's wrong guesses at one factor since its last success."""
    return f"guess:{user_id}:{kind}"


def challenge_key(session_id: str, kind: str, challenge_id: str) -> str:
    """The counter of wrong answers to one challenge."""
    return f"answer:{session_id}:{kind}:{challenge_id}"


def guess_limit(policy: LockoutPolicy, limit: LimitName) -> int:
    """The number of wrong guesses after which none is judged any more."""
    return policy.limit(getattr(policy, limit))


def locks_user(policy: LockoutPolicy, limit: LimitName, failed_attempts: int) -> bool:
    """Whether a policy stricter than the hard limit wants the whole user locked by now."""
    wanted: int = getattr(policy, limit)
    return 0 < wanted < HARD_ATTEMPT_LIMIT and failed_attempts >= wanted


@dataclass(frozen=True, slots=True)
class Factor:
    """One way to verify a user.

    ``kind`` names it in sessions, as they are kept and told, and authenticators; ``wire`` among checks and challenges.
    ``amr`` is its RFC 8176 value, if it has one.
    Evidence of one that is not ``guessable`` has no budget.
    ``limit`` names the lockout setting its guesses count against, ``blocked`` makes the error once that is spent.
    A ``slow`` factor is verified in the hash pool, its guess counted before; ``pretend`` costs the same for a user who
    does not exist. ``enrol`` makes a user's authenticator, as version 1, of the plain secret it is to keep.
    ``begin`` makes a challenge; each takes ``challenge_tries`` wrong answers, then it is ``exhausted`` (0: as many as the
    user's budget).
    ``identify`` names the ``lookup_hash`` of the authenticator in evidence that may come without a user.
    ``authenticators`` are the kinds it works with, by default its own.
    ``reads`` names rows that evidence rests on, given those read so far; it is asked until it names no new one.
    """

    kind: str
    wire: str
    amr: str
    verify: Callable[[Any, Attempt], Evidence]
    limit: LimitName
    blocked: Callable[[int], OstiaryError]
    enrol: Callable[[str, bytes, datetime, Tools], Authenticator]
    slow: bool = False
    guessable: bool = True
    pretend: Callable[[Any], None] | None = None
    begin: Callable[[Any, Attempt], Begun | Rejected] | None = None
    identify: Callable[[Any], str | None] | None = None
    challenge_tries: int = 0
    exhausted: Callable[[], OstiaryError] | None = None
    authenticators: tuple[str, ...] = ()
    reads: Callable[[Any, Rows], Iterable[Named]] | None = None

    def uses(self, authenticator: Authenticator) -> bool:
        """Whether it works with an authenticator."""
        return authenticator.kind in (self.authenticators or (self.kind,))
