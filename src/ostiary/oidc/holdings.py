"""What applications hold in a user's name: seen and taken back by that user."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ostiary.core.audit import detail
from ostiary.core.filter import Compare, Every, OneOf, Order
from ostiary.core.grant import GRANT, Grant, without_session
from ostiary.core.permission import Caller
from ostiary.core.session import SESSION
from ostiary.effects import Effects
from ostiary.errors import Aborted
from ostiary.storage.port import Audit, Changes, Conflict, Listing, Remove, Store

MOST: Final = 500
TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class Holding:
    """What one client holds: the scopes of all its tokens, and since when."""

    client_id: str
    scope: tuple[str, ...]
    since: datetime


class Holdings:
    """Tokens by client, for the user whose they are."""

    def __init__(self, store: Store, effects: Effects) -> None:
        """A grant that was removed gives no token any more, and its tokens are good no more where they are asked about."""
        self._store = store
        self._effects = effects

    async def of(self, caller: Caller) -> tuple[Holding, ...]:
        """What is held in the caller's name now, by client id."""
        by_client: dict[str, list[Grant]] = {}
        for grant in await self._grants(caller.user_id):
            by_client.setdefault(grant.client_id, []).append(grant)
        return tuple(_holding(client_id, grants) for client_id, grants in sorted(by_client.items()))

    async def take_back(self, caller: Caller, client_id: str) -> None:
        """All that the client holds in the caller's name is good no more. It may ask for more at a next sign-in."""
        lost = 0
        while lost < TRIES:
            grants = await self._grants(caller.user_id, client_id)
            if not grants:
                return
            audit = Audit(
                self._effects.now(), caller.user_id, "tokens.taken_back", client_id, detail(count=len(grants))
            )
            removes = tuple(Remove(GRANT, one.id, one.version) for one in grants)
            try:
                await self._store.save(Changes(removes=removes, audit=audit))
            except Conflict:
                lost += 1
        raise Aborted("oidc.take_back_busy", "The tokens are being used by others", retry_after_s=1)

    async def _grants(self, user_id: str, client_id: str = "") -> list[Grant]:
        sessions = Listing(
            SESSION, Compare("user_id", Order.EQUAL, user_id), "id", descending=True, limit=MOST
        )
        found = await self._store.page(sessions)
        sources = (without_session(user_id), *(session.id for session in found.items))
        mine = OneOf("session_id", sources)
        where = Every((mine, Compare("client_id", Order.EQUAL, client_id))) if client_id else mine
        page = await self._store.page(Listing(GRANT, where, "id", descending=True, limit=MOST))
        now = self._effects.now()
        return [one for one in page.items if one.over_at > now or client_id]


def _holding(client_id: str, grants: list[Grant]) -> Holding:
    return Holding(
        client_id,
        tuple(sorted({scope for one in grants for scope in one.scope})),
        min(one.created_at for one in grants),
    )
