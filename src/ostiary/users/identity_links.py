"""Accounts at upstream providers that are a user's: linked, listed, unlinked."""

from typing import Final

from ostiary.core.identity_link import (
    IDENTITY_LINK,
    ExternalAccount,
    account_hash,
    decode_account,
    encode_account,
    linked,
)
from ostiary.core.identity_provider import IDENTITY_PROVIDER
from ostiary.core.permission import Caller
from ostiary.core.user import AUTHENTICATOR, User
from ostiary.errors import AlreadyExists, FailedPrecondition, NotFound
from ostiary.storage.port import OWNED_LIMIT, Changes, Expect, Put, Remove
from ostiary.users.context import Context, Draft
from ostiary.users.credential_change import credential_changed
from ostiary.users.enrolment_rules import require_enrollable
from ostiary.users.rules import permitted, require_step_up, trusted

MOST_LINKS: Final = 100  # of one user; their authenticators are read at once
_FACTOR: Final = "intent"
_PERMISSION: Final = "user.write"


class UserIdentityLinks:
    """A user's links: their own, or with ``user.write``; made with that alone."""

    def __init__(self, context: Context) -> None:
        """Written with the user's row, so that nothing is linked to a user who is being deleted."""
        self._context = context

    async def add(self, caller: Caller, user_id: str, account: ExternalAccount) -> User:
        """Link an account that is nobody's yet: for who has ``user.write``, as a login UI that saw the account proved.

        Who links an account is who its owner signs in as, so that nobody says of one by themselves that it is theirs.
        Raises FailedPrecondition (no such user or provider; COMMAND-Sfee2: it allows no linking) and AlreadyExists
        V3-DKcYh.
        """
        nobody = FailedPrecondition("user.link_user_unknown", "User could not be found")
        found = account_hash(account.idp_id, account.user_id)

        async def attempt(generation: int) -> tuple[Changes, User]:
            store = self._context.store
            user = await permitted(store, caller, user_id, _PERMISSION, own=False, unknown=nobody)
            await require_step_up(self._context, caller, user)
            draft = Draft(user, user.version, self._context.effects.now())
            draft.expects.append(await self._linkable(account.idp_id))
            await require_enrollable(self._context.cache, user, _FACTOR)
            if await store.find(AUTHENTICATOR, "lookup_hash", found) is not None:
                raise AlreadyExists("V3-DKcYh", "External IDP already taken")
            owned = await store.owned(AUTHENTICATOR, user_id)
            links = [one for one in owned if one.kind == IDENTITY_LINK]
            if len(links) >= MOST_LINKS or len(owned) >= OWNED_LIMIT:
                hint = f"a user has at most {MOST_LINKS} links"
                raise FailedPrecondition("user.links_too_many", "Too many links", hint=hint)
            factor, tools = self._context.factors[_FACTOR], self._context.tools
            link = factor.enrol(user_id, encode_account(account), draft.now, tools)
            draft.puts.append(Put(AUTHENTICATOR, link))
            await credential_changed(self._context, caller, draft, user, "idp_linked")
            changes = draft.changes(
                caller.user_id, "user.idp_linked", generation=generation, idp_id=account.idp_id
            )
            return changes, draft.user

        return await self._context.carry_out(attempt)

    async def of_user(self, caller: Caller, user_id: str) -> tuple[ExternalAccount, ...]:
        """The linked accounts; one's own, or with ``user.read``."""
        await permitted(self._context.store, caller, user_id, "user.read")
        owned = await self._context.store.owned(AUTHENTICATOR, user_id)
        unseal = self._context.tools.unseal
        return tuple(decode_account(unseal(one)) for one in owned if one.kind == IDENTITY_LINK)

    async def remove(self, caller: Caller, user_id: str, idp_id: str, external_user_id: str) -> User:
        """The account is nobody's any more; intents of it are good for nobody. Raises NotFound COMMAND-1M9xR."""

        async def attempt(_: int) -> tuple[Changes, User]:
            user = await trusted(self._context, caller, user_id, _PERMISSION)
            draft = Draft(user, user.version, self._context.effects.now())
            link = linked(await self._context.store.owned(AUTHENTICATOR, user_id), idp_id, external_user_id)
            if link is None:
                raise NotFound("COMMAND-1M9xR", "The link could not be found")
            draft.removes.append(Remove(AUTHENTICATOR, link.id, link.version))
            await credential_changed(self._context, caller, draft, user, "idp_unlinked", is_lost=True)
            return draft.changes(caller.user_id, "user.idp_unlinked", idp_id=idp_id), draft.user

        return await self._context.carry_out(attempt)

    async def _linkable(self, idp_id: str) -> Expect:
        provider = await self._context.store.get(IDENTITY_PROVIDER, idp_id)
        if provider is None or not provider.is_active:
            raise FailedPrecondition("COMMAND-39nfs", "IDP does not exist")
        if not provider.is_linking_allowed:
            raise FailedPrecondition("COMMAND-Sfee2", "Linking is not allowed for this IDP")
        return Expect(IDENTITY_PROVIDER, idp_id, provider.version)
