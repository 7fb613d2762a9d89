"""A user is out altogether: word to every client of each of their sessions, in saves of their own."""

from datetime import datetime
from typing import Final

import msgspec

from ostiary.core.delivery import Outcome
from ostiary.core.filter import Compare, Order
from ostiary.core.logout import BACKCHANNEL_LOGOUT, UserLogout, farewells, sealed_logouts
from ostiary.core.participant import PARTICIPANT
from ostiary.core.session import ENDED_SESSION, SESSION, Session, ended_of
from ostiary.core.user import USER
from ostiary.crypto.seal import Sealer
from ostiary.delivery.outbox import Sent
from ostiary.effects import Effects
from ostiary.storage.port import Changes, Conflict, ExpectOwned, Listing, Message, Put, Remove, Store

_AT_ONCE: Final = 500


class UserLogouts:
    """Turns word of a user into messages to clients. Repeated after a crash, it goes on with those that are left."""

    def __init__(self, store: Store, effects: Effects, sealer: Sealer) -> None:
        """``sealer`` closes the messages."""
        self._store = store
        self._effects = effects
        self._sealer = sealer

    async def deliver(self, _: Message, plain: bytes) -> Sent:
        """All who joined before; who joins once the user is in again is not meant."""
        word = msgspec.json.decode(plain, type=UserLogout)
        user = await self._store.get(USER, word.user_id)
        is_done, passed = True, 0
        mine = Listing(SESSION, Compare("user_id", Order.EQUAL, word.user_id), limit=_AT_ONCE)
        while sessions := (await self._store.page(msgspec.structs.replace(mine, offset=passed))).items:
            for session in sessions:
                is_over = user is None or (
                    user.valid_after is not None and session.created_at < user.valid_after
                )
                is_told = await self._told(session, word.ended_at, is_over=is_over)
                is_done = is_done and is_told
                passed += not (is_over and is_told)
        return Sent(Outcome.DELIVERED if is_done else Outcome.WAITING, since=word.ended_at)

    async def _told(self, session: Session, ended_at: datetime, *, is_over: bool) -> bool:
        """Whether the session's participants are told; not if somebody else was at it.

        A session that is over for good, as its user is gone, goes with them: it may have no time at which it expires.
        """
        joined = await self._store.owned(PARTICIPANT, session.id)
        leaving = [one for one in joined if is_over or one.joined_at <= ended_at]
        if not (leaving or is_over):
            return True
        sealed = sealed_logouts(leaving, ended_at, self._effects.new_id, self._sealer.seal)
        now, words = self._effects.now(), farewells(leaving, sealed)
        removes = [Remove(PARTICIPANT, one.id, one.version) for one in leaving]
        if is_over:
            removes.append(Remove(SESSION, session.id, session.version))
        try:
            await self._store.save(
                Changes(
                    puts=(Put(ENDED_SESSION, ended_of(session, "revoked", ended_at, words)),)
                    if is_over
                    else (),
                    removes=tuple(removes),
                    expects_owned=(ExpectOwned(PARTICIPANT, session.id, len(joined)),),
                    outbox=tuple(Message(id_, BACKCHANNEL_LOGOUT, now, content) for id_, content in sealed),
                )
            )
        except Conflict:
            return False
        return True
