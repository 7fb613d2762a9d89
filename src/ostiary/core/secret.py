"""Secrets that leave the server as text, and how they are recognised when they come back.

A token is ``kind_id_secret``: the kind for scanners and for routing, the id for one lookup by key, and 256 random bits.
Only the SHA-256 of the secret's text is stored. The text is hashed, not the bytes it decodes to, so that no second
spelling of a token is accepted.
"""

import base64
import hashlib
import hmac
import re
from typing import NamedTuple

SECRET_BYTES = 32
SESSION_TOKEN = "osts"
PERSONAL_ACCESS_TOKEN = "ostp"

_TOKEN = re.compile(r"([a-z]{4})_([0-9]{1,40})_([A-Za-z0-9_-]{43})", re.ASCII)
_PASSWORD = re.compile(r"(?<=//)([^/@:]*):[^/]*@|(?<=[?&]password=)[^&]*")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)


class Secret:
    """A text that no log, error or debugger line may show."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Keep the text."""
        self._text = text

    def reveal(self) -> str:
        """The text itself; call it where it is compared, hashed or sent."""
        return self._text

    def __repr__(self) -> str:
        """Never the text."""
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        """Equal texts, compared in constant time."""
        return isinstance(other, Secret) and hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        """Not for dictionaries of strangers: only so that values holding one can be hashed."""
        return hash(hashlib.sha256(self._text.encode()).digest())


class Token(NamedTuple):
    """A token's parts as they came in; ``secret_hash`` is what a store keeps."""

    kind: str
    id: str
    secret_hash: bytes


def token_text(kind: str, id: str, secret: bytes) -> str:  # noqa: A002
    """The text of a token, about 68 characters of the base64url alphabet."""
    return f"{kind}_{id}_{base64.urlsafe_b64encode(secret).rstrip(b'=').decode()}"


def new_token(kind: str, id: str, secret: bytes) -> tuple[str, bytes]:  # noqa: A002
    """The text of a token that is made, and the stored form of it."""
    secret_text = base64.urlsafe_b64encode(secret).rstrip(b"=")
    return f"{kind}_{id}_{secret_text.decode()}", hashlib.sha256(secret_text).digest()


def parse_token(text: str) -> Token | None:
    """Its parts, or None if it is no token of ours in its one spelling."""
    found = _TOKEN.fullmatch(text)
    if found is None:
        return None
    return Token(found[1], found[2], hashlib.sha256(found[3].encode()).digest())


def secret_hash(token: str) -> bytes:
    """The stored form of a token that was just made."""
    parts = parse_token(token)
    if parts is None:
        raise ValueError("not a token")
    return parts.secret_hash


def is_base64url(text: str) -> bool:
    """Whether the text uses the alphabet that every token is written in."""
    return _BASE64URL.fullmatch(text) is not None


def same_hash(left: bytes, right: bytes) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(left, right)


def without_password(url: str) -> str:
    """A URL for people: the same without the password of its user."""
    return _PASSWORD.sub(lambda found: f"{found[1]}@" if found[1] is not None else "***", url)
