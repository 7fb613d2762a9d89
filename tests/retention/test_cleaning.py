"""The cleaner removes what is over, after the time the settings say, step by step and in one process at a time."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from ostiary.core.delivery import DELIVERY, Delivery, Outcome
from ostiary.core.grant import GRANT, Grant, Refresh
from ostiary.core.login_request import (
    PUSHED_REQUEST,
    USED_ASSERTION,
    Authentication,
    PushedRequest,
    UsedAssertion,
)
from ostiary.core.participant import PARTICIPANT, Participant
from ostiary.core.record import AnyKind, Record, RecordT
from ostiary.core.session import ENDED_SESSION, SESSION, EndedSession, Session, UserAgent
from ostiary.errors import Unavailable
from ostiary.retention.cleaning import Cleaner
from ostiary.retention.rules import kept_of_days
from ostiary.sessions.expiry import Expiry
from ostiary.storage.memory import MemoryStore
from ostiary.storage.port import (
    Audit,
    Budget,
    Changes,
    Conflict,
    Listing,
    Page,
    Put,
    Saved,
    Store,
    Sweep,
    Swept,
)
from tests.doubles.effects import START, SettableEffects

DAY = timedelta(days=1)
AGENT = UserAgent("fp", "198.51.100.7")


@dataclass
class Cleaning:
    """A store, its cleaner, and how often that rested."""

    store: Store
    effects: SettableEffects = field(default_factory=SettableEffects)
    rests: list[float] = field(default_factory=list)

    async def rest(self, seconds: float) -> None:
        """Note it."""
        self.rests.append(seconds)
        await asyncio.sleep(0)

    async def put(self, kind: AnyKind, *rows: Record) -> None:
        """New rows."""
        await self.store.save(Changes(puts=tuple(Put(kind, row) for row in rows)))

    async def ids(self, kind: AnyKind) -> list[str]:
        """Of all rows that are left."""
        return [row.id for row in (await self.store.page(Listing(kind, limit=1000))).items]

    def cleaner(self, expired: int = 7, ended: int = 30, deliveries: int = 30, audit: int = 365) -> Cleaner:
        """With so many days for each."""
        return Cleaner(self.store, self.effects, kept_of_days(expired, ended, deliveries, audit), self.rest)


@pytest.fixture
def of(store: Store) -> Cleaning:
    """On every store."""
    return Cleaning(store)


def session(id_: str, expires_at: datetime | None) -> Session:
    """A session of user 100."""
    return Session(
        id_, START, START, "900", user_id="100", user_agent=AGENT, expires_at=expires_at, version=3
    )


def grant(session_id: str, *, ends_at: datetime | None) -> Grant:
    """Tokens from a session; with offline access until then."""
    refresh = Refresh(b"hash", ends_at, ends_at) if ends_at else None
    authentication = Authentication(session_id, "100", "1", START)
    return Grant(
        f"g{session_id}", "c", "100", "1", (), (), START, authentication=authentication, refresh=refresh
    )


async def test_expired_sessions(of: Cleaning) -> None:
    """After their days they are lines of the timeline, without participants; the others are as they were."""
    await of.put(SESSION, session("1", START), session("2", START + DAY), session("3", None))
    await of.put(
        PARTICIPANT, Participant("1:c", "1", "c", "100", START), Participant("2:c", "2", "c", "100", START)
    )
    of.effects.later(days=7, seconds=1)
    assert await of.cleaner().clean() == {"session": 1}
    assert (await of.ids(SESSION), await of.ids(PARTICIPANT)) == (["2", "3"], ["2:c"])
    assert await of.store.get(ENDED_SESSION, "1") == EndedSession("1", "100", "expired", START, START, AGENT)


async def test_a_session_that_gives_offline_access(of: Cleaning) -> None:
    """It stays as long as somebody may refresh, so that ending it ends that; many of them hold nobody up."""
    names = [f"{number:03}" for number in range(120)]
    await of.put(SESSION, *(session(name, START + DAY * (int(name) // 60)) for name in names))
    keeping = [name for name in names if name[-1] in "1357"]
    await of.put(
        GRANT, *(grant(name, ends_at=START + 20 * DAY) for name in keeping), grant("000", ends_at=None)
    )
    of.effects.later(days=9)
    assert await of.cleaner().clean() == {"session": 72, "token_grant": 1}
    assert await of.ids(SESSION) == keeping
    of.effects.later(days=13)
    assert await of.cleaner().clean() == {"session": 48, "token_grant": 48}


async def test_everything_has_its_time(of: Cleaning) -> None:
    """Ended sessions, deliveries and the audit by their settings; what expired after a day."""
    await of.put(ENDED_SESSION, EndedSession("1", "100", "deleted", START, START))
    await of.put(DELIVERY, Delivery("1", "mail", "a", Outcome.DELIVERED, 1, START))
    await of.put(PUSHED_REQUEST, PushedRequest("1", "c", b"", START))
    await of.put(USED_ASSERTION, UsedAssertion("1", START), UsedAssertion("2", START + 90 * DAY))
    counted = Budget("k", START - DAY, START, add=1)
    await of.store.save(Changes(budgets=(counted,), audit=Audit(START, "1", "a", "2")))
    cleaner = of.cleaner(ended=3, deliveries=2, audit=4)
    gone = []
    for _ in range(5):
        of.effects.later(days=1, seconds=1)
        gone.append(set(await cleaner.clean()))
    assert gone == [
        {"pushed_request", "used_assertion", "counter"},
        {"delivery"},
        {"ended_session"},
        {"audit"},
        set(),
    ]
    assert await of.ids(USED_ASSERTION) == ["2"]


async def test_for_ever(of: Cleaning) -> None:
    """With 0 days nothing goes."""
    await of.put(SESSION, session("1", START))
    await of.put(ENDED_SESSION, EndedSession("2", "100", "deleted", START, START))
    await of.put(DELIVERY, Delivery("1", "mail", "a", Outcome.DELIVERED, 1, START))
    await of.store.save(Changes(audit=Audit(START, "1", "a", "2")))
    of.effects.later(days=36500)
    assert await of.cleaner(0, 0, 0, 0).clean() == {}


async def test_it_rests(of: Cleaning) -> None:
    """Between two steps others have their turn."""
    await of.put(USED_ASSERTION, *(UsedAssertion(f"{n:04}", START) for n in range(401)))
    of.effects.later(days=2)
    assert await of.cleaner().clean() == {"used_assertion": 401}
    assert len(of.rests) == 3  # one after the step over sessions, two between the three steps over these
    assert min(of.rests) >= 0.02


class _Over(Exception):
    """The turn is over."""


async def turn(of: Cleaning, store: Store | None = None) -> None:
    """What a process does in one turn of a quarter of an hour."""
    every = timedelta(minutes=15)

    async def rest(seconds: float) -> None:
        if seconds == every.total_seconds():
            raise _Over

    with pytest.raises(_Over):
        await Cleaner(store or of.store, of.effects, of.cleaner().kept, rest).run(every)


async def test_one_of_several_processes(of: Cleaning) -> None:
    """Whoever comes first in a turn cleans."""
    await turn(of)
    await of.put(USED_ASSERTION, UsedAssertion("1", START - 9 * DAY))
    await turn(of)
    assert await of.ids(USED_ASSERTION) == ["1"]
    of.effects.later(minutes=15)
    await turn(of)
    assert await of.ids(USED_ASSERTION) == []


async def test_a_database_that_fails(of: Cleaning) -> None:
    """Costs one turn."""

    class Failing(MemoryStore):
        async def sweep(self, sweep: Sweep) -> Swept:
            raise Unavailable("storage.write_failed", "The database cannot be written", debug=str(sweep))

    await turn(of, Failing())


async def test_a_session_that_is_ended_meanwhile(of: Cleaning) -> None:
    """What somebody else was faster with is left to them, and the walk comes to its end."""
    await of.put(SESSION, session("1", START - DAY))

    class Overtaken(MemoryStore):
        """Where every save loses its race."""

        async def save(self, changes: Changes) -> Saved:  # noqa: ARG002
            raise Conflict

        async def page(self, listing: Listing[RecordT]) -> Page[RecordT]:
            return await of.store.page(listing)

    expiry = Expiry(Overtaken(), START, START)
    await expiry.step()
    assert (expiry.moved, expiry.is_done) == (0, True)
    assert await of.ids(SESSION) == ["1"]
