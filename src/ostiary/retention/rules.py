"""How long what is over is still kept. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ostiary.core.delivery import DELIVERY
from ostiary.core.grant import GRANT
from ostiary.core.idempotency import IDEMPOTENT_ANSWER
from ostiary.core.intent import INTENT
from ostiary.core.login_request import DEVICE_AUTHORIZATION, LOGIN_REQUEST, PUSHED_REQUEST, USED_ASSERTION
from ostiary.core.record import AnyKind
from ostiary.core.session import ENDED_SESSION
from ostiary.core.user import VERIFICATION_CODE
from ostiary.storage.port import Journal, Sweep

# What can do nothing any more stays for a day: late answers say "expired" rather than "unknown", and no clock is so wrong.
GRACE: Final = timedelta(days=1)
_EXPIRING: Final[tuple[tuple[AnyKind, str], ...]] = (
    (PUSHED_REQUEST, "expires_at"),
    (LOGIN_REQUEST, "expires_at"),
    (DEVICE_AUTHORIZATION, "expires_at"),
    (INTENT, "expires_at"),
    (USED_ASSERTION, "expires_at"),
    (IDEMPOTENT_ANSWER, "expires_at"),
    (VERIFICATION_CODE, "expires_at"),
    (GRANT, "over_at"),
)


@dataclass(frozen=True, slots=True)
class Kept:
    """For how long; None: for ever."""

    expired_sessions: timedelta | None
    ended_sessions: timedelta | None
    deliveries: timedelta | None
    audit: timedelta | None


def kept_of_days(expired_sessions: int, ended_sessions: int, deliveries: int, audit: int) -> Kept:
    """The same in days, where 0 is for ever."""
    days = (expired_sessions, ended_sessions, deliveries, audit)
    return Kept(*(timedelta(days=count) if count else None for count in days))


def sweeps(kept: Kept, now: datetime) -> Iterator[tuple[str, Sweep]]:
    """What goes, by the names of what it is; expired sessions do not just go (:mod:`ostiary.sessions.expiry`)."""
    for kind, column in _EXPIRING:
        yield kind.name, Sweep(kind, now - GRACE, column)
    yield "counter", Sweep(Journal.COUNTERS, now - GRACE)
    if kept.ended_sessions is not None:
        yield ENDED_SESSION.name, Sweep(ENDED_SESSION, now - kept.ended_sessions, "ended_at")
    if kept.deliveries is not None:
        yield DELIVERY.name, Sweep(DELIVERY, now - kept.deliveries, "at")
    if kept.audit is not None:
        yield "audit", Sweep(Journal.AUDIT, now - kept.audit)
