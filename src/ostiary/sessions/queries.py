"""Reading sessions."""

from datetime import datetime

import msgspec

from ostiary.core.assurance import weakened
from ostiary.core.filter import Every, Filter, OneOf, narrowed
from ostiary.core.permission import Caller
from ostiary.core.session import SESSION, Session
from ostiary.core.user import USER, User
from ostiary.effects import Effects
from ostiary.errors import NotFound
from ostiary.sessions.rules import may_read, readable, require_read
from ostiary.storage.port import Listing, Store


class SessionView(msgspec.Struct, frozen=True):
    """A session as it counts now, and its user as they are now (None: none checked, or deleted)."""

    session: Session
    user: User | None


class SessionPage(msgspec.Struct, frozen=True):
    """Those of a page that the caller may see; ``total`` is how many there are. ``at``: when."""

    items: tuple[SessionView, ...]
    total: int
    at: datetime


class SessionQueries:
    """What callers may know of sessions."""

    def __init__(self, store: Store, effects: Effects) -> None:
        """Reads go to the store: there is no cache of sessions, so what was revoked is revoked."""
        self._store = store
        self._effects = effects

    async def get(self, caller: Caller, session_id: str, token: str) -> SessionView:
        """One session; raises NotFound QUERY-SFeaa, or PermissionDenied."""
        session, user = await self._store.get_with_owner(SESSION, session_id, USER)
        if session is None:
            raise NotFound("QUERY-SFeaa", "Session does not exist")
        require_read(caller, session, token)
        return _viewed(session, user)

    async def search(
        self, caller: Caller, where: Filter | None, *, descending: bool, offset: int, limit: int
    ) -> SessionPage:
        """A page of sessions in order of creation.

        The total counts no others than the caller may see, for it would tell about them; but of mere ids all that are
        there, as ZITADEL's clients expect.
        """
        asked = where if _names_ids(where) else narrowed(where, readable(caller))
        page = await self._store.page(Listing(SESSION, asked, "id", descending, offset, limit))
        seen = page.items
        if not caller.holds("session.read"):
            seen = tuple(session for session in seen if may_read(caller, session))
        users: dict[str, User | None] = {"": None}
        for session in seen:
            if session.user_id not in users:
                users[session.user_id] = await self._store.get(USER, session.user_id)
        items = tuple([_viewed(session, users[session.user_id]) for session in seen])
        return SessionPage(items, page.total, self._effects.now())


def _names_ids(where: Filter | None) -> bool:
    """Whether ids are all that is asked for."""
    match where:
        case Every((OneOf("id"),)):
            return True
        case _:
            return False


def _viewed(session: Session, user: User | None) -> SessionView:
    return SessionView(weakened(session, user), user)
