"""Passkeys and U2F keys registered: a challenge for the browser, then what the authenticator attests, verified.

Source: WebAuthn Level 3, 7.1; ZITADEL's wire contract, part 5.7.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from ostiary.core.audit import detail
from ostiary.core.passkey import (
    CEREMONY_LASTS,
    PASSKEY,
    U2F,
    WEB_AUTHN_KIND,
    Enrolment,
    PendingCredential,
    encode_enrolment,
)
from ostiary.core.permission import Caller
from ostiary.core.user import AUTHENTICATOR, USER, Authenticator, User, VerificationCode
from ostiary.crypto.attestation import read_registration, verify_registration
from ostiary.crypto.web_authn import (
    CHALLENGE_BYTES,
    Credential,
    Expected,
    Refused,
    Unreadable,
    lookup_hash,
)
from ostiary.errors import CredentialRefused, FailedPrecondition, InvalidArgument, OstiaryError
from ostiary.storage.port import Audit, Changes, Put, Remove
from ostiary.users.codes import PASSKEY_LINK, Codes, code_id
from ostiary.users.context import Context, Draft
from ostiary.users.creation_options import Creation, creation_options, require_relying_party
from ostiary.users.credential_change import credential_changed
from ostiary.users.enrolment_rules import require_enrollable
from ostiary.users.invites import accept, judge_invitation, require_unequipped
from ostiary.users.passkeys import LinkCode, ready_keys
from ostiary.users.rules import not_human, trusted, unknown_user

KEYS_KEPT: Final = 50
PENDING_KEPT: Final = 5
_decode_pending = msgspec.json.Decoder(PendingCredential).decode
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class NewKey:
    """What is to be registered: a passkey or a U2F key, for which relying party (empty: our own host's).

    ``attachment`` is ``platform``, ``cross-platform`` or empty. ``link`` stands for a permission, and so does the code of
    an ``invitation``, which is spent only when the key is verified, so that who cancels may try again.
    """

    kind: str
    domain: str = ""
    attachment: str = ""
    link: LinkCode | None = None
    invitation: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Registered:
    """A key that waits for its attestation: its id, and the options for the browser."""

    user: User
    key_id: str
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Attested:
    """The browser's JSON for a registered key, how the user calls it, and the invitation it was registered by."""

    key_id: str
    sent: Mapping[str, Any]
    name: str
    invitation: str = field(default="", repr=False)


class KeyRegistration:
    """Keys of a user: their own, or with a permission, or with the code of a link."""

    def __init__(self, context: Context, codes: Codes) -> None:
        """``codes`` judges those of links."""
        self._context = context
        self._codes = codes

    async def register(self, caller: Caller, user_id: str, new: NewKey) -> Registered:
        """A key that is not ready; its challenge is good for five minutes. A link's code is spent.

        Raises InvalidArgument user.key_domain or COMMAND-Eeb2a (the code), FailedPrecondition CODE-QvUQ4P or what the
        login policy forbids.
        """
        rp_id = require_relying_party(new.domain or self._context.domain)
        code = await self._judged(caller, user_id, new)
        challenge = self._context.effects.random_bytes(CHALLENGE_BYTES)
        key_id = self._context.effects.new_id()

        async def attempt(generation: int) -> tuple[Changes, Registered]:
            user = await self._user(caller, user_id, new.kind, code)
            await require_enrollable(self._context.cache, user, new.kind)
            draft = Draft(user, user.version, self._context.effects.now())
            if code is not None and code.purpose == PASSKEY_LINK:
                self._codes.spend(draft, code)
            excluded = await self._excluded(draft, new.kind, rp_id)
            is_passkey = new.kind == PASSKEY
            ends_at = draft.now + CEREMONY_LASTS
            pending = PendingCredential(
                challenge,
                rp_id,
                is_passkey,
                ends_at,
                caller.user_id,
                caller.session_id,
                invited=bool(new.invitation),
            )
            row = Authenticator(key_id, user_id, new.kind, draft.now, draft.now, is_ready=False)
            draft.puts.append(Put(AUTHENTICATOR, self._context.tools.seal(row, _encode(pending))))
            creation = Creation(user, challenge, rp_id, self._context.issuer, new.attachment, excluded)
            options = creation_options(creation, is_passkey=is_passkey)
            changes = draft.changes(
                caller.user_id, "user.key_registered", generation=generation, kind=new.kind
            )
            return changes, Registered(draft.user, key_id, options)

        return await self._context.carry_out(attempt)

    async def verify(self, caller: Caller, user_id: str, kind: str, attested: Attested) -> User:
        """Make a registered key ready by what its authenticator attests. Who registered it may, in the same session.

        Raises FailedPrecondition COMMAND-3b7zs (unknown, or too late), CredentialRefused WEBAU-sEr8c (unreadable) or WEBAU-3Vb9s
        (refused).
        """
        judged: VerificationCode | None = None

        async def attempt(_: int) -> tuple[Changes, User]:
            nonlocal judged
            row, pending = await self._waiting(user_id, kind, attested.key_id)
            if pending is None or not pending.is_of(caller.user_id, caller.session_id):
                await trusted(self._context, caller, user_id, _permission(caller, kind))
            user = await self._human(user_id)
            draft = Draft(user, user.version, self._context.effects.now())
            if row is None or pending is None or pending.expires_at <= draft.now:
                hint = "register it first; the browser has five minutes to answer"
                raise FailedPrecondition("COMMAND-3b7zs", "WebAuthN token not found", hint=hint)
            if pending.invited:
                if judged is None or not await self._codes.is_same(judged):
                    judged = await self._invited(caller, user_id, attested.invitation)
                await accept(self._codes, draft, judged)
            ready = await self._ready(draft, row, pending, attested)
            draft.puts.append(Put(AUTHENTICATOR, ready, row.version))
            await credential_changed(self._context, caller, draft, user, f"{kind}_added")
            return draft.changes(caller.user_id, "user.key_verified", kind=kind), draft.user

        try:
            return await self._context.carry_out(attempt)
        except CredentialRefused as refusal:
            facts = detail(factor=kind, id=refusal.id)
            audit = Audit(self._context.effects.now(), caller.user_id, "user.proof_refused", user_id, facts)
            await self._context.store.save(Changes(audit=audit))
            raise

    async def _ready(
        self, draft: Draft, row: Authenticator, pending: PendingCredential, attested: Attested
    ) -> Authenticator:
        """The key as the factor takes it; raises the refusal."""
        credential = _verified(attested.sent, pending)
        hashed = lookup_hash(credential.id)
        if await self._context.store.find(AUTHENTICATOR, "lookup_hash", hashed) is not None:  # 7.1, step 26
            raise _refused("the credential is registered already")
        made = Enrolment(row.id, row.kind, attested.name, hashed, _encode(credential))
        factor = self._context.factors[WEB_AUTHN_KIND]
        ready = factor.enrol(row.user_id, encode_enrolment(made), draft.now, self._context.tools)
        return msgspec.structs.replace(ready, created_at=row.created_at, version=row.version + 1)

    async def _judged(self, caller: Caller, user_id: str, new: NewKey) -> VerificationCode | None:
        """The code that stands for a permission, if it is right; whoever a link is for, a wrong one has one answer."""
        if new.invitation:
            return await self._invited(caller, user_id, new.invitation)
        if new.link is None:
            return None
        link, bad = new.link, _bad_code()
        if link.id != code_id(user_id, PASSKEY_LINK):
            raise bad
        return await self._codes.judge(caller.user_id, user_id, PASSKEY_LINK, link.code, none=bad, wrong=bad)

    async def _invited(self, caller: Caller, user_id: str, typed: str) -> VerificationCode:
        """The invitation's code, for who has nothing to log in with yet."""
        code = await judge_invitation(self._codes, caller, user_id, typed)
        require_unequipped(await self._context.store.owned(AUTHENTICATOR, user_id))
        return code

    async def _user(self, caller: Caller, user_id: str, kind: str, code: VerificationCode | None) -> User:
        if code is None:
            await trusted(self._context, caller, user_id, _permission(caller, kind))
        elif not await self._codes.is_same(code):
            raise _bad_code()
        return await self._human(user_id)

    async def _human(self, user_id: str) -> User:
        user = await self._context.store.get(USER, user_id)
        if user is None:
            raise unknown_user()
        if user.profile is None:
            raise not_human("user.key_of_machine")
        return user

    async def _excluded(self, draft: Draft, kind: str, rp_id: str) -> list[Credential]:
        """The user's other keys of the kind there. Makes room for one more that waits; raises if there is none."""
        owned = await self._context.store.owned(AUTHENTICATOR, draft.user.id)
        ready = ready_keys(self._context, owned)
        if len(ready) >= KEYS_KEPT:
            text = f"A user has at most {KEYS_KEPT} keys"
            raise FailedPrecondition("user.too_many_keys", text, hint="remove one first")
        waiting = [row for row in owned if row.kind in {PASSKEY, U2F} and not row.is_ready]
        draft.removes += [Remove(AUTHENTICATOR, row.id, row.version) for row in _forgotten(waiting, draft)]
        return [key.credential for key in ready if (key.owned.kind, key.credential.rp_id) == (kind, rp_id)]

    async def _waiting(
        self, user_id: str, kind: str, key_id: str
    ) -> tuple[Authenticator | None, PendingCredential | None]:
        row = await self._context.store.get(AUTHENTICATOR, key_id)
        if row is None or (row.user_id, row.kind, row.is_ready) != (user_id, kind, False):
            return None, None
        return row, _decode_pending(self._context.tools.unseal(row))


def _forgotten(waiting: Sequence[Authenticator], draft: Draft) -> list[Authenticator]:
    """Registrations that nobody answered: those too old, and all but the newest few."""
    newest = sorted(waiting, key=lambda row: row.created_at)[-(PENDING_KEPT - 1) :]
    return [row for row in waiting if row not in newest or row.created_at + CEREMONY_LASTS <= draft.now]


def _permission(caller: Caller, kind: str) -> str:
    """What others need: for passkeys there are two, and one that is held on the whole instance goes first."""
    wanted = (
        ("user.credential.write", "user.passkey.write") if kind == PASSKEY else ("user.credential.write",)
    )
    of_instance = next((one for one in wanted if caller.holds(one)), "")
    return of_instance or next((one for one in wanted if caller.holds_anywhere(one)), wanted[0])


def _verified(sent: Mapping[str, Any], pending: PendingCredential) -> Credential:
    expected = Expected(pending.challenge, pending.rp_id, pending.user_verification)
    try:
        return verify_registration(read_registration(sent), expected)
    except Unreadable as unreadable:
        hint = f"unreadable: {unreadable}"
        raise CredentialRefused("WEBAU-sEr8c", "Error on validate credential", hint=hint) from None
    except Refused as refused:
        raise _refused(str(refused)) from None


def _refused(why: str) -> OstiaryError:
    return CredentialRefused("WEBAU-3Vb9s", "Error on create credential", hint=f"refused: {why}")


def _bad_code() -> OstiaryError:
    return InvalidArgument("COMMAND-Eeb2a", "Code is invalid", hint="each link's code is good once")
