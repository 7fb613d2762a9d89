"""Users read and listed, for those who may."""

from ostiary.core.filter import Filter, narrowed
from ostiary.core.permission import Caller
from ostiary.core.user import AUTHENTICATOR, USER, Authenticator, User
from ostiary.storage.port import Listing, Page, Store
from ostiary.users.rules import permitted, readable


class UserQueries:
    """What callers may know of users."""

    def __init__(self, store: Store) -> None:
        """There is no cache of users: what was changed is seen."""
        self._store = store

    async def get(self, caller: Caller, user_id: str) -> User:
        """One user; raises NotFound QUERY-Dfbg2, or the caller's refusal."""
        return await permitted(self._store, caller, user_id, "user.read")

    async def search(
        self,
        caller: Caller,
        where: Filter | None,
        *,
        order: str,
        descending: bool,
        offset: int,
        limit: int,
    ) -> Page[User]:
        """A page of the users that the caller may read; its total counts no others, for it would tell who they are."""
        asked = narrowed(where, readable(caller))
        return await self._store.page(Listing(USER, asked, order, descending, offset, limit))

    async def authenticators(self, caller: Caller, user_id: str) -> tuple[Authenticator, ...]:
        """What the user owns to prove themselves, ready or not."""
        await permitted(self._store, caller, user_id, "user.read")
        return await self._store.owned(AUTHENTICATOR, user_id)

    async def second_factors(self, caller: Caller, user_id: str) -> tuple[Authenticator, ...]:
        """As :meth:`authenticators`; a user who is not there owns nothing."""
        if caller.holds_anywhere("user.read") and await self._store.get(USER, user_id) is None:
            return ()
        return await self.authenticators(caller, user_id)
