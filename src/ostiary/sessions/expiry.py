"""Expired sessions become lines of their users' timelines, a bounded number at a time.

Those that still give offline access stay: who ends such a session, or all of its user's, ends that access with it.
"""

import asyncio
from datetime import datetime
from typing import Final

from ostiary.core.audit import detail
from ostiary.core.filter import Compare, Every, Order
from ostiary.core.grant import GRANT
from ostiary.core.participant import PARTICIPANT
from ostiary.core.session import ENDED_SESSION, SESSION, EndedSession, Session, ended_of
from ostiary.storage.port import Audit, Changes, Conflict, ExpectOwned, Listing, Put, Remove, Store

EXPIRED: Final = "expired"
_AT_ONCE: Final = 100


class Expiry:
    """One walk over the sessions that expired before a time, oldest first."""

    def __init__(self, store: Store, before: datetime, now: datetime) -> None:
        """Nothing was looked at."""
        self._store = store
        self._before = before
        self._now = now
        self._from: datetime | None = None  # sessions that expired earlier were looked at,
        self._passed = 0  # and so many that stay and expired at this very time
        self.moved = 0
        self.is_done = False

    async def step(self) -> None:
        """Look at the next few."""
        sessions = await self._next()
        self.is_done = len(sessions) < _AT_ONCE
        giving = await asyncio.gather(*map(self._gives_access, sessions))  # reads of one turn go together
        going = [session for session, gives in zip(sessions, giving, strict=True) if not gives]
        if going:
            try:
                await self._store.save(await self._moving(going))
            except Conflict:  # one of them was just ended; the next walk takes the others
                going = []
        self.moved += len(going)
        self._pass([session for session in sessions if session not in going])

    async def _next(self) -> tuple[Session, ...]:
        over = Compare("expires_at", Order.LESS, self._before)
        left = (
            Every((Compare("expires_at", Order.GREATER_OR_EQUAL, self._from), over)) if self._from else over
        )
        listing = Listing(SESSION, left, "expires_at", offset=self._passed, limit=_AT_ONCE, is_counted=False)
        return (await self._store.page(listing)).items

    def _pass(self, staying: list[Session]) -> None:
        """Go on behind those that stay."""
        for session in staying:
            self._passed = self._passed + 1 if session.expires_at == self._from else 1
            self._from = session.expires_at

    async def _gives_access(self, session: Session) -> bool:
        grants = await self._store.owned(GRANT, session.id)
        return any(grant.refresh is not None and grant.over_at > self._now for grant in grants)

    async def _moving(self, sessions: list[Session]) -> Changes:
        """One save for all of them. They give nothing since they expired, so nobody joins meanwhile."""
        puts, removes, expects = [], [], []
        joined = await asyncio.gather(*(self._store.owned(PARTICIPANT, one.id) for one in sessions))
        for session, participants in zip(sessions, joined, strict=True):
            puts.append(Put(ENDED_SESSION, as_ended(session)))
            removes.append(Remove(SESSION, session.id, session.version))
            removes += [Remove(PARTICIPANT, one.id, one.version) for one in participants]
            expects.append(ExpectOwned(PARTICIPANT, session.id, len(participants)))
        facts = detail(count=len(sessions), first=sessions[0].id, last=sessions[-1].id)
        audit = Audit(self._now, "", "sessions.expired", sessions[0].id, facts)
        return Changes(puts=tuple(puts), removes=tuple(removes), expects_owned=tuple(expects), audit=audit)


def as_ended(session: Session) -> EndedSession:
    """What stays of a session whose time has passed."""
    ended_at = session.expires_at or session.changed_at
    return ended_of(session, EXPIRED, ended_at)
