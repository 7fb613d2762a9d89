"""Where a user is and was signed in, for the user themselves."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from ostiary.core.assurance import alive, is_expired, weakened
from ostiary.core.filter import Compare, Order
from ostiary.core.known_device import KNOWN_DEVICE, KnownDevice
from ostiary.core.organization import INSTANCE, INSTANCE_KEY
from ostiary.core.participant import PARTICIPANT, Participant
from ostiary.core.permission import Caller
from ostiary.core.session import ENDED_SESSION, SESSION, EndedSession, Session
from ostiary.core.user import USER
from ostiary.effects import Effects
from ostiary.sessions.expiry import as_ended
from ostiary.storage.cache import Cache
from ostiary.storage.port import Listing, Store

MOST_LIVE: Final = 100
MOST_OVER: Final = 30


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A live session as it counts now, and who was signed in through it."""

    session: Session
    participants: tuple[Participant, ...]

    @property
    def used_at(self) -> datetime:
        """When it last left a trace: a change of it, or a sign-in to an application."""
        return max([self.session.changed_at, *(one.joined_at for one in self.participants)])


@dataclass(frozen=True, slots=True)
class Timeline:
    """Live sessions and those that are over, each newest first."""

    live: tuple[SignedIn, ...]
    over: tuple[EndedSession, ...]


class SessionTimelines:
    """What users may know of their own sessions."""

    def __init__(self, store: Store, cache: Cache, effects: Effects) -> None:
        """Reads go to the store, as all reads of sessions."""
        self._store = store
        self._cache = cache
        self._effects = effects

    async def of_user(self, caller: Caller, user_id: str) -> Timeline:
        """The newest ``MOST_LIVE`` and ``MOST_OVER``: one's own, or with ``session.read``.

        A session whose time has passed, or that was revoked with all others, is over, though its row is still there.
        """
        _require_reader(caller, user_id)
        user = await self._store.get(USER, user_id)
        instance = await self._cache.get(INSTANCE, INSTANCE_KEY)
        if user is None or instance is None:
            return Timeline((), ())
        mine, now = Compare("user_id", Order.EQUAL, user_id), self._effects.now()
        rows = await self._store.page(Listing(SESSION, mine, "id", descending=True, limit=MOST_LIVE))
        ended = await self._store.page(
            Listing(ENDED_SESSION, mine, "ended_at", descending=True, limit=MOST_OVER)
        )
        live = [row for row in rows.items if alive(row, user, instance, now)]
        over = [*ended.items, *(_over(row, now) for row in rows.items if row not in live)]
        newest = sorted(over, key=lambda one: one.ended_at, reverse=True)[:MOST_OVER]
        signed_in = [
            SignedIn(weakened(row, user), await self._store.owned(PARTICIPANT, row.id)) for row in live
        ]
        return Timeline(tuple(signed_in), tuple(newest))

    async def devices(self, caller: Caller, user_id: str) -> tuple[KnownDevice, ...]:
        """The devices that are known, from the first one on: one's own, or with ``session.read``."""
        _require_reader(caller, user_id)
        known = await self._store.owned(KNOWN_DEVICE, user_id)
        return tuple(sorted(known, key=lambda device: device.seen_at))


def _require_reader(caller: Caller, user_id: str) -> None:
    if caller.user_id != user_id:
        caller.require("session.read")


def _over(session: Session, now: datetime) -> EndedSession:
    """A session whose row is still there, though nothing can be done with it."""
    if is_expired(session, now):
        return as_ended(session)
    return msgspec.structs.replace(as_ended(session), reason="revoked", ended_at=session.changed_at)
