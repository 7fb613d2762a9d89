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
        sources, _ = await self._sources(caller.user_id)
        for grant in await self._grants(sources):
            by_client.setdefault(grant.client_id, []).append(grant)
        return tuple(_holding(client_id, grants) for client_id, grants in sorted(by_client.items()))

    async def take_back(self, caller: Caller, client_id: str) -> None:
        """All that the client holds in the caller's name is good no more. It may ask for more at a next sign-in."""
        sources, last = await self._sources(caller.user_id)
        lost = 0
        while lost < TRIES:
            grants = await self._grants(sources, client_id)
            if not grants and not last:
                return
            if not grants:
                sources, last = await self._sources(caller.user_id, before=last)
                continue
            audit = Audit(
                self._effects.now(), caller.user_id, "tokens.taken_back", client_id, detail(count=len(grants))
            )
            removes = tuple(Remove(GRANT, one.id, one.version) for one in grants)
            try:
                await self._store.save(Changes(removes=removes, audit=audit))
            except Conflict:
                lost += 1
        raise Aborted("oidc.take_back_busy", "The tokens are being used by others", retry_after_s=1)

    async def _sources(self, user_id: str, before: str = "") -> tuple[tuple[str, ...], str]:
        """What a user's grants are found by, the newest first, and the last session if there may be older ones."""
        theirs = Compare("user_id", Order.EQUAL, user_id)
        where = Every((theirs, Compare("id", Order.LESS, before))) if before else theirs
        found = await self._store.page(Listing(SESSION, where, "id", descending=True, limit=MOST))
        ids = [session.id for session in found.items]
        return (without_session(user_id), *ids), ids[-1] if len(ids) == MOST else ""

    async def _grants(self, sources: tuple[str, ...], client_id: str = "") -> list[Grant]:
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
