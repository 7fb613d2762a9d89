"""That an account at an upstream provider is a user's: an authenticator, found by provider and account.

Its unique ``lookup_hash`` is what makes an account one user's only, whoever races; it goes with its user.
"""

import hashlib
from collections.abc import Iterable
from typing import Final

import msgspec

from ostiary.core.user import Authenticator

IDENTITY_LINK: Final = "identity_link"


class ExternalAccount(msgspec.Struct, frozen=True):
    """What a link keeps, sealed: the provider, the account's id there (its subject) and its name."""

    idp_id: str
    user_id: str
    user_name: str = ""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(ExternalAccount).decode


def account_hash(idp_id: str, external_user_id: str) -> str:
    """By which a link is found; the id is taken as it is, for a subject is case sensitive (OIDC Core 2)."""
    return hashlib.sha256(_encode([IDENTITY_LINK, idp_id, external_user_id])).hexdigest()


def encode_account(account: ExternalAccount) -> bytes:
    """The plain form of a link's data."""
    return _encode(account)


def decode_account(plain: bytes) -> ExternalAccount:
    """The account of an unsealed link."""
    return _decode(plain)


def linked(owned: Iterable[Authenticator], idp_id: str, external_user_id: str) -> Authenticator | None:
    """The link to the account, if it is among these."""
    wanted = account_hash(idp_id, external_user_id)
    return next((one for one in owned if one.kind == IDENTITY_LINK and one.lookup_hash == wanted), None)
