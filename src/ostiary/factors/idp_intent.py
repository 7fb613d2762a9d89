"""A login at an upstream provider: a succeeded intent, spent once, by the user whom its account is linked to.

Source: ZITADEL's wire contract, part 2.4 (its refusals in order); CVE-2025-46815 (an intent was good again and again).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Protocol

from ostiary.core.factor import Attempt, Evidence, Factor, Named, Rejected, Rows, Tools, Verified
from ostiary.core.identity_link import IDENTITY_LINK, account_hash, decode_account, linked
from ostiary.core.identity_provider import IDENTITY_PROVIDER, IdentityProvider
from ostiary.core.intent import INTENT, Intent, IntentState, consumed, token_refusal
from ostiary.core.session import VerifiedFactor
from ostiary.core.user import Authenticator
from ostiary.errors import FailedPrecondition, OstiaryError

KIND: Final = "intent"


class IntentCheck(Protocol):
    """The wire's CheckIDPIntent."""

    @property
    def idp_intent_id(self) -> str:
        """Which login."""
        ...

    @property
    def idp_intent_token(self) -> str:
        """What came back with it."""
        ...


def reads(check: IntentCheck, have: Rows) -> Iterable[Named]:
    """The intent; then the provider that it came from, which must still be trusted."""
    named = Named(INTENT, check.idp_intent_id)
    intent: Intent | None = have.get(named)
    return (named,) if intent is None else (named, Named(IDENTITY_PROVIDER, intent.idp_id))


def verify(check: IntentCheck, attempt: Attempt) -> Evidence:
    """Token, state, time, provider, policy, user; the intent is consumed with the check."""
    if attempt.user is None:
        return Rejected(FailedPrecondition("COMMAND-Sfw3r", "User ID missing", hint="check a user first"))
    named = Named(INTENT, check.idp_intent_id)
    intent: Intent | None = attempt.rows.get(named)
    refusal = token_refusal(intent, check.idp_intent_id, check.idp_intent_token)
    if intent is None or refusal is not None:
        return Rejected(refusal or _not_succeeded(), traced=True)
    if intent.state is not IntentState.SUCCEEDED:
        return Rejected(_not_succeeded(), traced=True)
    if intent.expires_at <= attempt.now:
        return Rejected(FailedPrecondition("COMMAND-SAf42", "Intent has expired"), traced=True)
    provider: IdentityProvider | None = attempt.rows.get(Named(IDENTITY_PROVIDER, intent.idp_id))
    if provider is None or not provider.is_active:
        hint = "the provider was removed or deactivated"
        error = FailedPrecondition("intent.provider_inactive", "Intent has not succeeded", hint=hint)
        return Rejected(error, traced=True)
    if not attempt.policy.allow_external_idp:
        hint = "the login policy's allow_external_idp is off"
        error = FailedPrecondition(
            "intent.not_allowed", "Logins at upstream providers are not allowed", hint=hint
        )
        return Rejected(error, traced=True)
    if intent.user_id not in {"", attempt.user.id} or not _is_linked(intent, attempt):
        return Rejected(FailedPrecondition("COMMAND-O8xk3w", "Intent meant for another user"), traced=True)
    spent = consumed(intent, attempt.now)
    return Verified(VerifiedFactor(attempt.now), consumed=((named, spent),))


def _is_linked(intent: Intent, attempt: Attempt) -> bool:
    """Whether the account is this user's now, also when it was at the login: a link may have gone since."""
    ready = (one for one in attempt.authenticators if one.is_ready)
    link = linked(ready, intent.idp_id, intent.external_user_id)
    if link is None:
        return False
    account = decode_account(attempt.tools.unseal(link))
    return (account.idp_id, account.user_id) == (intent.idp_id, intent.external_user_id)


def _not_succeeded() -> OstiaryError:
    hint = "an intent is good once, after the login at the provider succeeded"
    return FailedPrecondition("COMMAND-Df4bw", "Intent has not succeeded", hint=hint)


def enrol(user_id: str, account: bytes, now: datetime, tools: Tools) -> Authenticator:
    """A user's link, of the encoded ExternalAccount."""
    of = decode_account(account)
    found = account_hash(of.idp_id, of.user_id)
    link = Authenticator(f"{user_id}:{found}", user_id, IDENTITY_LINK, now, now, lookup_hash=found)
    return tools.seal(link, account)


def blocked(_: int) -> OstiaryError:
    """Nobody's intents are guessed; this is for a user who may not be verified at all."""
    return FailedPrecondition("intent.user_locked", "Errors.User.NotActive", hint="the user is locked")


IDP_INTENT = Factor(
    kind=KIND,
    wire="idp_intent",
    amr="",
    verify=verify,
    limit="max_otp_attempts",
    guessable=False,
    blocked=blocked,
    enrol=enrol,
    reads=reads,
    authenticators=(IDENTITY_LINK,),
)
