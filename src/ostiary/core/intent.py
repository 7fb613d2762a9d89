"""Intents: one login at an upstream provider each, from its start to the one session that it is spent on.

Source: ZITADEL's wire contract, parts 2.4 and 5.9.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from ostiary.core.record import Kind
from ostiary.core.secret import is_base64url, parse_token, same_hash
from ostiary.errors import OstiaryError, PermissionDenied

INTENT_TOKEN: Final = "ostn"
INTENT_LIVES: Final = timedelta(hours=1)


class IntentState(StrEnum):
    """Only what succeeded may be consumed, once."""

    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CONSUMED = "consumed"


class Intent(msgspec.Struct, frozen=True, omit_defaults=True):
    """One login at a provider.

    ``user_id`` is who was linked to the external account when it succeeded. ``information`` is what the provider said,
    sealed, and gone with the use. Of its token the hash is kept.
    """

    id: str
    idp_id: str
    created_at: datetime
    changed_at: datetime
    expires_at: datetime
    success_url: str = ""
    failure_url: str = ""
    state: IntentState = IntentState.STARTED
    external_user_id: str = ""
    external_user_name: str = ""
    information: bytes = b""
    user_id: str = ""
    token_hash: bytes = b""
    succeeded_at: datetime | None = None
    version: int = 1


INTENT = Kind("intent", Intent, columns={"idp_id": lambda i: i.idp_id, "expires_at": lambda i: i.expires_at})


class Information(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a provider said of an account. ``raw`` is its own JSON object; the tokens are its own too."""

    raw: msgspec.Raw = msgspec.Raw(b"{}")
    access_token: str = ""
    id_token: str = ""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Information).decode


def encode_information(information: Information) -> bytes:
    """The plain form of an intent's information."""
    return _encode(information)


def decode_information(plain: bytes) -> Information:
    """The information of an intent, unsealed."""
    return _decode(plain)


def information_context(intent_id: str) -> str:
    """What the information is sealed for."""
    return f"intent|{intent_id}"


def consumed(intent: Intent, now: datetime) -> Intent:
    """The intent after its one use: what the provider said is no longer kept."""
    return msgspec.structs.replace(intent, state=IntentState.CONSUMED, information=b"", changed_at=now)


def token_refusal(intent: Intent | None, intent_id: str, token: str) -> OstiaryError | None:
    """Why a token is not the one of this intent; None if it is. The hashes are compared in constant time.

    An intent that is not there, or has no token yet, is answered as one whose token is another.
    """
    if not token:
        return _invalid("CRYPTO-Sfefs")
    if not is_base64url(token):
        return _invalid("CRYPTO-Swg31")
    parts = parse_token(token)
    if parts is None or parts.kind != INTENT_TOKEN:
        return _invalid("CRYPTO-Sf4gt")
    expected = intent.token_hash if intent is not None else b""
    if parts.id != intent_id or not same_hash(parts.secret_hash, expected):
        return _invalid("CRYPTO-CRYPTO")
    return None


def _invalid(id: str) -> OstiaryError:  # noqa: A002
    hint = "send the token that came with this intent's id to the success URL"
    return PermissionDenied(id, "Intent Token is invalid", hint=hint)
