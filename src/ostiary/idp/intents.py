"""Intents kept: begun, succeeded or failed by a provider, told to the login UI that shows its token."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import msgspec

from ostiary.core.audit import detail
from ostiary.core.identity_link import account_hash
from ostiary.core.identity_provider import IDENTITY_PROVIDER, IdentityProvider
from ostiary.core.intent import (
    INTENT,
    INTENT_LIVES,
    INTENT_TOKEN,
    Information,
    Intent,
    IntentState,
    decode_information,
    encode_information,
    information_context,
    token_refusal,
)
from ostiary.core.secret import SECRET_BYTES, secret_hash, token_text
from ostiary.core.user import AUTHENTICATOR
from ostiary.crypto.seal import Sealer
from ostiary.effects import Effects
from ostiary.errors import FailedPrecondition, NotFound
from ostiary.storage.port import Audit, Changes, Conflict, Expect, Put, Store

_LONGEST_ID: Final = 200  # what a link's id may have on the wire


@dataclass(frozen=True, slots=True)
class Login:
    """What a provider found: whose account it is there, and what it said. ``expires_at``: it said until when."""

    user_id: str
    user_name: str = ""
    information: Information = Information()  # noqa: RUF009  a frozen value
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Succeeded:
    """The intent, and its token, which is told once: to the success URL."""

    intent: Intent
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Retrieved:
    """An intent with what the provider said; ``user_id`` is who is linked to the account now, empty for nobody."""

    intent: Intent
    information: Information = field(repr=False)
    user_id: str


class Intents:
    """What providers do to intents, and what is known of them."""

    def __init__(self, store: Store, effects: Effects, sealer: Sealer) -> None:
        """``sealer`` closes what the providers say."""
        self._store = store
        self._effects = effects
        self._sealer = sealer

    async def provider(self, idp_id: str) -> IdentityProvider:
        """An active provider; raises FailedPrecondition COMMAND-39n221fs."""
        found = await self._store.get(IDENTITY_PROVIDER, idp_id)
        if found is None or not found.is_active:
            raise FailedPrecondition("COMMAND-39n221fs", "IDP does not exist")
        return found

    async def find_provider(self, idp_id: str) -> IdentityProvider:
        """A provider, active or not; raises NotFound IDP-gy3ctgkqe7."""
        found = await self._store.get(IDENTITY_PROVIDER, idp_id)
        if found is None:
            raise NotFound("IDP-gy3ctgkqe7", "IDP does not exist")
        return found

    async def start(self, idp_id: str, success_url: str, failure_url: str) -> Intent:
        """A new intent, good for an hour of login; its id is the provider's ``state``."""
        provider = await self.provider(idp_id)
        now = self._effects.now()
        intent_id = self._effects.new_id()
        intent = Intent(intent_id, idp_id, now, now, now + INTENT_LIVES, success_url, failure_url)
        guard = Expect(IDENTITY_PROVIDER, idp_id, provider.version)
        await self._save(intent, 0, "intent.started", guard)
        return intent

    async def succeed(self, intent_id: str, login: Login) -> Succeeded:
        """The login was good, so the intent has a token now. Only a started one succeeds, once.

        Raises FailedPrecondition for an intent that is not open, or whose provider is no longer active.
        """
        if not 0 < len(login.user_id) <= _LONGEST_ID:
            hint = f"a provider's user has an id of 1 to {_LONGEST_ID} characters"
            raise FailedPrecondition("intent.external_user", "The provider named no user", hint=hint)
        intent = await self._open(intent_id)
        provider = await self.provider(intent.idp_id)
        now = self._effects.now()
        token = token_text(INTENT_TOKEN, intent.id, self._effects.random_bytes(SECRET_BYTES))
        sealed = self._sealer.seal(encode_information(login.information), information_context(intent.id))
        done = msgspec.structs.replace(
            intent,
            state=IntentState.SUCCEEDED,
            external_user_id=login.user_id,
            external_user_name=login.user_name,
            information=sealed,
            user_id=await self._linked(intent.idp_id, login.user_id),
            token_hash=secret_hash(token),
            succeeded_at=now,
            changed_at=now,
            expires_at=login.expires_at or now + INTENT_LIVES,
            version=intent.version + 1,
        )
        guard = Expect(IDENTITY_PROVIDER, provider.id, provider.version)
        await self._save(done, intent.version, "intent.succeeded", guard)
        return Succeeded(done, token)

    async def fail(self, intent_id: str) -> Intent:
        """The login was not good; nothing comes of the intent any more."""
        intent = await self._open(intent_id)
        failed = msgspec.structs.replace(
            intent, state=IntentState.FAILED, changed_at=self._effects.now(), version=intent.version + 1
        )
        await self._save(failed, intent.version, "intent.failed")
        return failed

    async def retrieve(self, intent_id: str, token: str) -> Retrieved:
        """What the provider said, for who has the token; it stays good for its one use.

        Raises PermissionDenied CRYPTO-*, FailedPrecondition IDP-nme4gszsvx (not succeeded, or used), IDP-SAf42 (expired).
        """
        intent = await self._store.get(INTENT, intent_id)
        refusal = token_refusal(intent, intent_id, token)
        if refusal is not None:
            raise refusal
        if intent is None or intent.state is not IntentState.SUCCEEDED:
            hint = "an intent is good until it was used in one session"
            raise FailedPrecondition("IDP-nme4gszsvx", "Intent has not succeeded", hint=hint)
        if intent.expires_at <= self._effects.now():
            raise FailedPrecondition("IDP-SAf42", "Intent has expired")
        plain = self._sealer.open(intent.information, information_context(intent.id))
        user_id = await self._linked(intent.idp_id, intent.external_user_id)
        return Retrieved(intent, decode_information(plain), user_id)

    async def _open(self, intent_id: str) -> Intent:
        intent = await self._store.get(INTENT, intent_id)
        is_open = intent is not None and intent.state is IntentState.STARTED
        if intent is None or not is_open or intent.expires_at <= self._effects.now():
            raise _not_open()
        return intent

    async def _linked(self, idp_id: str, external_user_id: str) -> str:
        link = await self._store.find(AUTHENTICATOR, "lookup_hash", account_hash(idp_id, external_user_id))
        return link.user_id if link is not None and link.is_ready else ""

    async def _save(self, intent: Intent, was: int, action: str, *guards: Expect) -> None:
        """Raises FailedPrecondition when somebody else was faster: an answer of a provider is good once."""
        facts = detail(idp_id=intent.idp_id)
        audit = Audit(intent.changed_at, intent.user_id, action, intent.id, facts)
        try:
            await self._store.save(
                Changes(puts=(Put(INTENT, intent, was),), expects=tuple(guards), audit=audit)
            )
        except Conflict:
            raise _not_open() from None


def _not_open() -> FailedPrecondition:
    hint = "start again: a login at a provider is answered once, within an hour"
    return FailedPrecondition("intent.not_open", "Intent is not open", hint=hint)
