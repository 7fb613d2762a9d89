"""What browsers and authenticators say in WebAuthn's two ceremonies, read strictly, and what both are judged by.

Source: WebAuthn Level 3, 5.8.1 (client data), 6.1 (authenticator data), 7.1 and 7.2 (the steps, by their numbers).
"""

import base64
import hashlib
import re
import struct
from collections.abc import Mapping
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import msgspec
from fido2 import cbor

CHALLENGE_BYTES = 32
LARGEST_ID = 1023
CREATE, GET = "webauthn.create", "webauthn.get"
_UP, _UV, _BE, _BS, _AT, _ED = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80
_HEAD_BYTES = 37
# more than any authenticator says; keeps the cost of reading bounded
_LARGEST_PART = 16_384
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]*\Z")
# what fido2's decoder raises
_BROKEN: Final = (ValueError, LookupError, TypeError, RecursionError, struct.error)
_StructT = TypeVar("_StructT", bound=msgspec.Struct)


class Unreadable(Exception):
    """What the browser sent is not of the form that it must have."""


class Refused(Exception):
    """It is readable and not good; the text says which step failed, for the log and the trace."""


class Expected(msgspec.Struct, frozen=True):
    """What was asked for. ``user_verification``: the authenticator must have verified its user."""

    challenge: bytes
    rp_id: str
    user_verification: bool


class Credential(msgspec.Struct, frozen=True, omit_defaults=True):
    """The credential record. ``public_key`` is in COSE's form. Source: WebAuthn Level 3, 4."""

    id: bytes
    public_key: bytes
    rp_id: str
    sign_count: int = 0
    aaguid: bytes = b""
    transports: tuple[str, ...] = ()
    backup_eligible: bool = False
    backed_up: bool = False
    uv_initialized: bool = False


class ClientData(msgspec.Struct, frozen=True, rename="camel"):
    """What the browser saw; keys that are not known yet are let be. Source: WebAuthn Level 3, 5.8.1."""

    type: str
    challenge: str
    origin: str
    cross_origin: bool = False
    top_origin: str | None = None


class AuthenticatorData(msgspec.Struct, frozen=True):
    """What the authenticator says. ``attested`` is what follows the head, if there is a new credential in it."""

    rp_id_hash: bytes
    flags: int
    sign_count: int
    rest: bytes

    @property
    def user_verified(self) -> bool:
        """The authenticator knew its user by PIN or body, beyond being touched."""
        return bool(self.flags & _UV)

    @property
    def backup_eligible(self) -> bool:
        """Its key may be synchronised; fixed for ever at registration."""
        return bool(self.flags & _BE)

    @property
    def backed_up(self) -> bool:
        """Its key is, at the moment."""
        return bool(self.flags & _BS)

    @property
    def is_attested(self) -> bool:
        """A new credential is in it."""
        return bool(self.flags & _AT)

    @property
    def has_extensions(self) -> bool:
        """Outputs of extensions are in it."""
        return bool(self.flags & _ED)


def base64url(content: bytes) -> str:
    """As WebAuthn writes bytes in JSON: no padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def from_base64url(text: str, largest: int = _LARGEST_PART) -> bytes:
    """The bytes; padding is let be. Raises Unreadable."""
    plain = text.rstrip("=")
    if len(plain) * 3 // 4 > largest:
        raise Unreadable("too long")
    if not _BASE64URL.match(plain) or len(plain) % 4 == 1:
        raise Unreadable("no base64url")
    return base64.urlsafe_b64decode(plain + "=" * (-len(plain) % 4))


def lookup_hash(credential_id: bytes) -> str:
    """By which a credential is found without its user."""
    return hashlib.sha256(credential_id).hexdigest()


def read_json(kind: type[_StructT], sent: Mapping[str, Any] | bytes) -> _StructT:
    """A browser's JSON, of the members that count; others are let be. Raises Unreadable."""
    try:
        if isinstance(sent, bytes):
            return msgspec.json.decode(sent, type=kind)
        return msgspec.convert(sent, kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Unreadable("JSON") from None


def read_credential_id(id: str, raw_id: str, type: str) -> bytes:  # noqa: A002
    """A credential's id, said twice; raises Unreadable unless both are the same."""
    credential_id = from_base64url(raw_id, LARGEST_ID)
    if type != "public-key" or not credential_id or id != base64url(credential_id):
        raise Unreadable("id, rawId or type")
    return credential_id


def read_authenticator_data(content: bytes) -> AuthenticatorData:
    """Hash, flags and counter, and what follows them; raises Unreadable."""
    if len(content) < _HEAD_BYTES:
        raise Unreadable("authenticator data")
    count = int.from_bytes(content[33:_HEAD_BYTES])
    return AuthenticatorData(content[:32], content[32], count, content[_HEAD_BYTES:])


def check_extensions(data: AuthenticatorData, rest: bytes) -> None:
    """Raise Unreadable unless what is left is one CBOR map of extensions, or nothing, as the flags say."""
    if data.has_extensions:
        decoded, rest = decode_cbor(rest)
        if not isinstance(decoded, dict):
            raise Unreadable("extensions")
    if rest:
        raise Unreadable("trailing bytes")


def decode_cbor(content: bytes) -> tuple[Any, bytes]:
    """One CBOR item, and what follows it; raises Unreadable.

    The item written again must be made of the same bytes, whatever the order of its keys: so nothing is cut short, said
    twice, or said at length.
    """
    try:
        decoded, rest = cbor.decode_from(content)
        is_whole = sorted(cbor.encode(decoded)) == sorted(content[: len(content) - len(rest)])
    except _BROKEN:
        raise Unreadable("CBOR") from None
    if not is_whole:
        raise Unreadable("CBOR")
    return decoded, rest


def check_client_data(client_data: ClientData, type: str, rp_id: str) -> None:  # noqa: A002
    """Type, origin, and not inside a page of somebody else (7.1: 7, 9 to 11; 7.2: 10, 12 to 14); raises Refused."""
    if client_data.type != type:
        raise Refused("type")
    if not is_origin_of(client_data.origin, rp_id):
        raise Refused("origin")
    if client_data.cross_origin or client_data.top_origin is not None:
        raise Refused("cross origin")


def check_flags(data: AuthenticatorData, expected: Expected) -> None:
    """Relying party, presence, verification, backup (7.1: 14 to 17; 7.2: 15 to 18); raises Refused."""
    if data.rp_id_hash != hashlib.sha256(expected.rp_id.encode()).digest():
        raise Refused("relying party")
    if not data.flags & _UP:
        raise Refused("user presence")
    if expected.user_verification and not data.user_verified:
        raise Refused("user verification")
    if data.backed_up and not data.backup_eligible:
        raise Refused("backed up and not eligible for it")


def is_origin_of(origin: str, rp_id: str) -> bool:
    """Whether pages of the origin may use the relying party's credentials: its host, or below; https, or localhost."""
    try:
        parts = urlsplit(origin)
        host = parts.hostname or ""
        has_port = parts.port is not None
    except ValueError:
        return False
    bare = f"{parts.scheme}://{host}" + (f":{parts.port}" if has_port else "")
    if origin != bare or not host:  # user, path and the like; an origin has none
        return False
    is_local = host == "localhost" or host.endswith(".localhost")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_local):
        return False
    has_below = "." in rp_id or rp_id == "localhost"
    return host == rp_id or (has_below and host.endswith(f".{rp_id}"))
