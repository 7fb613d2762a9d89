"""Keys and values that callers attach to users."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

import msgspec

from ostiary.core.filter import Compare, Every, Filter, Order
from ostiary.core.permission import Caller
from ostiary.core.user import USER_METADATA, UserMetadata, metadata_id
from ostiary.errors import FailedPrecondition, InvalidArgument, NotFound
from ostiary.storage.port import Changes, Listing, Page, Put, Remove
from ostiary.users.context import Context, Draft
from ostiary.users.rules import permitted

MOST_KEYS = 500  # a user is removed in one save with all of them
MOST_BYTES = 1 << 20  # people write their own, and tokens carry all of it


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
            have = await self._all(user_id)
            require_room(wanted, have)
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
            have = await self._all(user_id)
            if not wanted.keys() <= have.keys():
                raise NotFound("user.metadata_unknown", "Metadata key could not be found")
            draft.removes += [Remove(USER_METADATA, have[key].id, have[key].version) for key in wanted]
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

    async def _all(self, user_id: str) -> dict[str, UserMetadata]:
        return {row.key: row for row in await self._context.store.owned(USER_METADATA, user_id)}


def require_room(
    wanted: Mapping[str, bytes], have: Mapping[str, UserMetadata] = MappingProxyType({})
) -> None:
    """Raise FailedPrecondition for keys or values that are too much for one user, with those that stay."""
    if len(wanted.keys() | have.keys()) > MOST_KEYS:
        hint = f"a user has at most {MOST_KEYS} keys"
        raise FailedPrecondition("user.metadata_full", "Too many metadata keys", hint=hint)
    grows = sum(map(len, wanted.values())) - sum(len(have[key].value) for key in wanted if key in have)
    if grows > 0 and grows + sum(len(row.value) for row in have.values()) > MOST_BYTES:
        hint = f"the values of a user's keys have at most {MOST_BYTES} bytes together"
        raise FailedPrecondition("user.metadata_too_large", "Metadata is too large", hint=hint)


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
