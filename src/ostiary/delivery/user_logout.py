"""A user is out altogether: word to every client of each of their sessions, in saves of their own."""

from datetime import datetime
from typing import Final

import msgspec

from ostiary.core.delivery import Outcome
from ostiary.core.filter import Compare, Order
from ostiary.core.logout import BACKCHANNEL_LOGOUT, UserLogout, sealed_logouts
from ostiary.core.participant import PARTICIPANT
from ostiary.core.session import SESSION
from ostiary.crypto.seal import Sealer
from ostiary.delivery.outbox import Sent
from ostiary.effects import Effects
from ostiary.storage.port import Changes, Conflict, Listing, Message, Remove, Store

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
        is_done, seen = True, 0
        mine = Listing(SESSION, Compare("user_id", Order.EQUAL, word.user_id), limit=_AT_ONCE)
        while sessions := (await self._store.page(msgspec.structs.replace(mine, offset=seen))).items:
            seen += len(sessions)
            for session in sessions:
                is_done = await self._told(session.id, word.ended_at) and is_done
        return Sent(Outcome.DELIVERED if is_done else Outcome.WAITING, since=word.ended_at)

    async def _told(self, session_id: str, ended_at: datetime) -> bool:
        """Whether the session's participants are told; not if somebody else was at it."""
        joined = await self._store.owned(PARTICIPANT, session_id)
        leaving = [one for one in joined if one.joined_at <= ended_at]
        if not leaving:
            return True
        sealed = sealed_logouts(leaving, ended_at, self._effects.new_id, self._sealer.seal)
        now = self._effects.now()
        try:
            await self._store.save(
                Changes(
                    removes=tuple(Remove(PARTICIPANT, one.id, one.version) for one in leaving),
                    outbox=tuple(Message(id_, BACKCHANNEL_LOGOUT, now, content) for id_, content in sealed),
                )
            )
        except Conflict:
            return False
        return True
