"""Personal access tokens: how machines are known without a login."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ostiary.core.filter import Every, Filter, OneOf, Some
from ostiary.core.permission import Caller
from ostiary.core.secret import PERSONAL_ACCESS_TOKEN as TOKEN_KIND
from ostiary.core.secret import SECRET_BYTES, secret_hash, token_text
from ostiary.core.user import PERSONAL_ACCESS_TOKEN, PersonalAccessToken
from ostiary.errors import FailedPrecondition, InvalidArgument, NotFound
from ostiary.storage.port import OWNED_LIMIT, Changes, Listing, Page, Put, Remove
from ostiary.users.context import Context, Draft
from ostiary.users.rules import permitted

_PERMISSION = "user.write"
_ON_ORGANIZATION = "organization:"


@dataclass(frozen=True, slots=True)
class Minted:
    """A token; its text is shown this once."""

    token: PersonalAccessToken
    text: str

    def __repr__(self) -> str:
        """Never the text."""
        return f"Minted({self.token.id!r})"


class PersonalAccessTokens:
    """What callers with ``user.write`` may do to the tokens of machines."""

    def __init__(self, context: Context) -> None:
        """Only hashes are stored; each change counts for callers' caches at once."""
        self._context = context

    async def add(self, caller: Caller, user_id: str, expires_at: datetime) -> Minted:
        """A new token of a machine; raises FailedPrecondition COMMAND-Df2f1 for a person."""
        token_id = self._context.effects.new_id()
        text = token_text(TOKEN_KIND, token_id, self._context.effects.random_bytes(SECRET_BYTES))

        async def attempt(_: int) -> tuple[Changes, Minted]:
            store, now = self._context.store, self._context.effects.now()
            user = await permitted(store, caller, user_id, _PERMISSION, own=False)
            if user.machine is None:
                raise FailedPrecondition("COMMAND-Df2f1", "Only machines have personal access tokens")
            if expires_at <= now:
                raise InvalidArgument("user.token_expiry_past", "The expiration date is not in the future")
            if len(await store.owned(PERSONAL_ACCESS_TOKEN, user_id)) >= OWNED_LIMIT:
                hint = f"a machine has at most {OWNED_LIMIT}; remove those that are not used"
                raise FailedPrecondition("user.tokens_full", "Too many personal access tokens", hint=hint)
            token = PersonalAccessToken(
                token_id, user.id, user.organization_id, secret_hash(text), now, expires_at
            )
            draft = Draft(user, user.version, now, puts=[Put(PERSONAL_ACCESS_TOKEN, token)])
            changes = draft.changes(caller.user_id, "user.token_added", token=token.id)
            return changes, Minted(token, text)

        return await self._context.carry_out(attempt)

    async def remove(self, caller: Caller, user_id: str, token_id: str) -> datetime:
        """The token opens nothing any more; the time of it. Raises NotFound COMMAND-4m77G."""

        async def attempt(_: int) -> tuple[Changes, datetime]:
            store, now = self._context.store, self._context.effects.now()
            user = await permitted(store, caller, user_id, _PERMISSION, own=False)
            token = await store.get(PERSONAL_ACCESS_TOKEN, token_id)
            if token is None or token.user_id != user_id:
                raise NotFound("COMMAND-4m77G", "Personal access token could not be found")
            removes = [Remove(PERSONAL_ACCESS_TOKEN, token.id, token.version)]
            draft = Draft(user, user.version, now, removes=removes)
            return draft.changes(caller.user_id, "user.token_removed", token=token.id), now

        return await self._context.carry_out(attempt)

    async def search(
        self,
        caller: Caller,
        conditions: Sequence[Filter],
        *,
        order: str,
        descending: bool,
        offset: int,
        limit: int,
    ) -> Page[PersonalAccessToken]:
        """A page of the tokens the caller may know of: their own, and those where they hold ``user.read``."""
        where = Every((*_visible(caller), *conditions))
        listing = Listing(PERSONAL_ACCESS_TOKEN, where, order, descending, offset, limit)
        return await self._context.store.page(listing)


def _visible(caller: Caller) -> tuple[Filter, ...]:
    if caller.holds("user.read"):
        return ()
    resources = [membership.resource for membership in caller.memberships]
    organizations = [
        resource.removeprefix(_ON_ORGANIZATION)
        for resource in resources
        if resource.startswith(_ON_ORGANIZATION)
    ]
    readable = tuple(one for one in organizations if caller.holds("user.read", one))
    return (Some((OneOf("user_id", (caller.user_id,)), OneOf("organization_id", readable))),)
