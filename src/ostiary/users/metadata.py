"""Keys and values that callers attach to users."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from ostiary.core.filter import Compare, Every, Filter, OneOf, Order
from ostiary.core.permission import Caller
from ostiary.core.user import USER_METADATA, UserMetadata, metadata_id
from ostiary.errors import FailedPrecondition, InvalidArgument, NotFound
from ostiary.storage.port import Changes, Listing, Page, Put, Remove
from ostiary.users.context import Context, Draft
from ostiary.users.rules import permitted

MOST_KEYS = 500  # a user is removed in one save with all of them


class UserMetadataKeys:
    """What callers may attach to users, and read of it."""

    def __init__(self, context: Context) -> None:
        """Written with the user's row, so that nothing is attached to a user who is being deleted."""
        self._context = context

    async def set(self, caller: Caller, user_id: str, wanted: Mapping[str, bytes]) -> datetime:
        """Set these keys, leave the others; the time of it. One's own, or with ``user.write``."""
        if not wanted:
            raise InvalidArgument("user.metadata_empty", "Metadata is empty")

        async def attempt(_: int) -> tuple[Changes, datetime]:
            user = await permitted(self._context.store, caller, user_id, "user.write")
            draft = Draft(user, user.version, self._context.effects.now())
            have = await self._have(user_id, wanted)
            require_room(await self._count(user_id) + len(wanted) - len(have))
            for row in metadata_rows(user_id, wanted, draft.now):
                draft.puts.append(_over(have.get(row.key), row))
            keys = tuple(sorted(wanted))
            return draft.changes(caller.user_id, "user.metadata_set", keys=keys), draft.now

        return await self._context.carry_out(attempt)

    async def remove(self, caller: Caller, user_id: str, keys: Sequence[str]) -> datetime:
        """Remove these keys, or none if one is not there; the time of it. One's own, or with ``user.write``."""
        wanted = dict.fromkeys(keys, b"")
        if not wanted:
            raise InvalidArgument("user.metadata_keys_empty", "Name the keys to remove")

        async def attempt(_: int) -> tuple[Changes, datetime]:
            user = await permitted(self._context.store, caller, user_id, "user.write")
            draft = Draft(user, user.version, self._context.effects.now())
            have = await self._have(user_id, wanted)
            if len(have) < len(wanted):
                raise NotFound("user.metadata_unknown", "Metadata key could not be found")
            draft.removes += [Remove(USER_METADATA, row.id, row.version) for row in have.values()]
            names = tuple(sorted(wanted))
            return draft.changes(caller.user_id, "user.metadata_removed", keys=names), draft.now

        return await self._context.carry_out(attempt)

    async def search(
        self,
        caller: Caller,
        user_id: str,
        conditions: Sequence[Filter],
        *,
        descending: bool,
        offset: int,
        limit: int,
    ) -> Page[UserMetadata]:
        """A page of a user's keys in the order of their creation. One's own, or with ``user.read``."""
        await permitted(self._context.store, caller, user_id, "user.read")
        where = Every((Compare("user_id", Order.EQUAL, user_id), *conditions))
        listing = Listing(USER_METADATA, where, "created_at", descending, offset, limit)
        return await self._context.store.page(listing)

    async def _have(self, user_id: str, wanted: Mapping[str, bytes]) -> dict[str, UserMetadata]:
        places = [metadata_id(user_id, key) for key in wanted]
        rows = [await self._context.store.get(USER_METADATA, place) for place in places]
        return {row.key: row for row in rows if row is not None}

    async def _count(self, user_id: str) -> int:
        where = OneOf("user_id", (user_id,))
        return (await self._context.store.page(Listing(USER_METADATA, where, limit=1))).total


def require_room(keys: int) -> None:
    """Raise FailedPrecondition when that many keys are too many for one user."""
    if keys > MOST_KEYS:
        hint = f"a user has at most {MOST_KEYS} keys"
        raise FailedPrecondition("user.metadata_full", "Too many metadata keys", hint=hint)


def metadata_rows(user_id: str, metadata: Mapping[str, bytes], now: datetime) -> list[UserMetadata]:
    """The keys as new rows."""
    return [
        UserMetadata(metadata_id(user_id, key), user_id, key, value, now, now)
        for key, value in metadata.items()
    ]


def _over(old: UserMetadata | None, row: UserMetadata) -> Put:
    if old is None:
        return Put(USER_METADATA, row)
    changed = msgspec.structs.replace(
        old, value=row.value, changed_at=row.changed_at, version=old.version + 1
    )
    return Put(USER_METADATA, changed, old.version)
