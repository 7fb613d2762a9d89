"""Passkeys and U2F keys: listed, removed, and links by which their user makes one. Source: ZITADEL's wire contract, part 5.7."""

from dataclasses import dataclass
from typing import Final

import msgspec

from ostiary.core.passkey import PASSKEY, U2F
from ostiary.core.permission import Caller
from ostiary.core.url_template import require_template
from ostiary.core.user import AUTHENTICATOR, Authenticator, User
from ostiary.crypto.web_authn import Credential
from ostiary.errors import FailedPrecondition, InvalidArgument, NotFound, OstiaryError
from ostiary.storage.port import Changes, Put, Remove
from ostiary.users.codes import EMAIL, PASSKEY_LINK, Codes, Sending, code_id
from ostiary.users.context import Context, Draft
from ostiary.users.credential_change import credential_changed
from ostiary.users.rules import not_human, permitted, require_step_up, trusted

MAX_NAME: Final = 200
_decode_credential = msgspec.json.Decoder(Credential).decode


@dataclass(frozen=True, slots=True)
class LinkCode:
    """A registration link's code, as it was handed out or sent."""

    id: str
    code: str

    def __repr__(self) -> str:
        """Never the code."""
        return f"LinkCode({self.id!r})"


@dataclass(frozen=True, slots=True)
class Key:
    """A key that is ready, with its credential opened."""

    owned: Authenticator
    credential: Credential


def ready_keys(context: Context, owned: tuple[Authenticator, ...]) -> list[Key]:
    """The keys among a user's authenticators."""
    rows = [row for row in owned if _is_key(row)]
    return [Key(row, _decode_credential(context.tools.unseal(row))) for row in rows]


class UserPasskeys:
    """A user's keys: their own, or with a permission."""

    def __init__(self, context: Context, codes: Codes) -> None:
        """``codes`` makes those of links."""
        self._context = context
        self._codes = codes

    async def ready(self, caller: Caller, user_id: str) -> list[Key]:
        """All keys that are ready, oldest first: one's own, or with ``user.read``."""
        await permitted(self._context.store, caller, user_id, "user.read")
        keys = ready_keys(self._context, await self._context.store.owned(AUTHENTICATOR, user_id))
        return sorted(keys, key=lambda key: key.owned.created_at)

    async def remove(self, caller: Caller, user_id: str, kind: str, key_id: str) -> User:
        """Remove a key, ready or not; raises NotFound COMMAND-DAfb2."""

        async def attempt(_: int) -> tuple[Changes, User]:
            store = self._context.store
            user = await trusted(self._context, caller, user_id, "user.credential.write")
            rows = await store.owned(AUTHENTICATOR, user_id)
            row = next((row for row in rows if (row.id, row.kind) == (key_id, kind)), None)
            if row is None:
                raise _unknown()
            draft = Draft(user, user.version, self._context.effects.now())
            draft.removes.append(Remove(AUTHENTICATOR, row.id, row.version))
            if row.is_ready:
                await credential_changed(self._context, caller, draft, user, f"{kind}_removed", is_lost=True)
            return draft.changes(caller.user_id, "user.key_removed", kind=kind), draft.user

        return await self._context.carry_out(attempt)

    async def rename(self, caller: Caller, user_id: str, key_id: str, name: str) -> User:
        """Call a ready key otherwise; raises InvalidArgument user.key_name, NotFound COMMAND-DAfb2."""
        if not 1 <= len(name) <= MAX_NAME:
            hint = f"1 to {MAX_NAME} characters"
            raise InvalidArgument("user.key_name", "The name is empty or too long", hint=hint)

        async def attempt(_: int) -> tuple[Changes, User]:
            user = await trusted(self._context, caller, user_id, "user.credential.write")
            rows = await self._context.store.owned(AUTHENTICATOR, user_id)
            row = next((row for row in rows if row.id == key_id and _is_key(row)), None)
            if row is None:
                raise _unknown()
            draft = Draft(user, user.version, self._context.effects.now())
            renamed = msgspec.structs.replace(row, name=name, version=row.version + 1)
            draft.puts.append(Put(AUTHENTICATOR, renamed, row.version))
            return draft.changes(caller.user_id, "user.key_renamed", kind=row.kind), draft.user

        return await self._context.carry_out(attempt)

    async def link(
        self, caller: Caller, user_id: str, url_template: str, *, sends: bool
    ) -> tuple[User, LinkCode]:
        """A code by which whoever has it registers one passkey for the user: mailed (``sends``), or to be told.

        It takes ``user.passkey.write``, for oneself too; an earlier code is dead.
        """
        if url_template:
            require_template(url_template)

        async def attempt(_: int) -> tuple[Changes, tuple[User, LinkCode]]:
            permission = "user.passkey.write"
            user = await permitted(self._context.store, caller, user_id, permission, own=False)
            await require_step_up(self._context, caller, user)
            if user.profile is None:
                raise not_human("user.passkey_link_of_machine")
            draft = Draft(user, user.version, self._context.effects.now())
            sending = _mail(user, url_template) if sends else None
            code = await self._codes.issue(draft, PASSKEY_LINK, sending)
            changes = draft.changes(caller.user_id, "user.passkey_link_made", is_sent=sends)
            return changes, (draft.user, LinkCode(code_id(user_id, PASSKEY_LINK), code))

        return await self._context.carry_out(attempt)


def _is_key(row: Authenticator) -> bool:
    return row.kind in {PASSKEY, U2F} and row.is_ready


def _unknown() -> OstiaryError:
    return NotFound("COMMAND-DAfb2", "WebAuthN token not found")


def _mail(user: User, url_template: str) -> Sending:
    if user.email is None:
        raise FailedPrecondition("user.passkey_link_without_email", "User has no email address")
    return Sending(EMAIL, user.email.value, url_template)
