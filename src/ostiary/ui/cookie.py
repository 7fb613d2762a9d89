"""The one cookie: sealed, the sessions that this browser holds with their tokens. Source: RFC 6265bis 4.1.3 and 5.

Over TLS its name begins with ``__Host-``, so that no neighbour under the domain can set it; browsers take that prefix
on TLS only, so over plain HTTP (localhost) it goes without.
"""

import base64
import binascii
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

import msgspec

from ostiary.errors import InvalidArgument
from ostiary.http.message import Header, Request
from ostiary.signin.requests import Proof

MAX_SESSIONS: Final = 10
MAX_BYTES: Final = 4096  # name and value; browsers drop what is longer
_CONTEXT: Final = "login cookie"
_KEPT_S: Final = 400 * 86_400  # the longest that browsers keep one; the sessions in it end earlier


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """A session of this browser; ``created_s`` since the epoch."""

    session_id: str
    session_token: str
    created_s: int

    @property
    def proof(self) -> Proof:
        """As services take it."""
        return Proof(self.session_id, self.session_token)


class Seals(Protocol):
    """Authenticated encryption under keys that overlap when they are rotated."""

    def seal(self, plain: bytes, context: str) -> bytes:
        """What only we can open, and only here."""
        ...

    def open(self, sealed: bytes, context: str) -> bytes:
        """The plain value; raises what ``broken`` says."""
        ...


class LoginCookie:
    """Reads and writes the cookie."""

    def __init__(self, seals: Seals, broken: type[Exception], *, is_secure: bool) -> None:
        """``broken`` is raised by ``seals`` for what it did not seal; ``is_secure``: browsers reach us over TLS."""
        self._seals = seals
        self._broken = broken
        self.name = "__Host-ostiary" if is_secure else "ostiary"
        self._attributes = "; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if is_secure else "")

    def read(self, request: Request) -> tuple[Kept, ...]:
        """The sessions, oldest first; none from a cookie that was changed or is of other keys.

        Raises: InvalidArgument when the cookie came twice with different values.
        """
        values = set(values_of(request.header(b"cookie"), self.name))
        if len(values) > 1:
            hint = "delete this site's cookies and sign in again"
            raise InvalidArgument("ui.cookie_twice", "The login cookie was sent twice", hint=hint)
        try:
            sealed = base64.urlsafe_b64decode("".join(values))
            return msgspec.json.decode(self._seals.open(sealed, _CONTEXT), type=tuple[Kept, ...])
        except (self._broken, binascii.Error, ValueError):
            return ()

    def write(self, kept: Sequence[Kept]) -> Header:
        """The header that keeps the newest of them, and as many as fit; without any the cookie goes."""
        newest = tuple(kept[-MAX_SESSIONS:])
        while newest:
            value = self._sealed(newest)
            if len(self.name) + 1 + len(value) <= MAX_BYTES:
                text = f"{self.name}={value}{self._attributes}; Max-Age={_KEPT_S}"
                return (b"set-cookie", text.encode())
            newest = newest[1:]
        return (b"set-cookie", f"{self.name}={self._attributes}; Max-Age=0".encode())

    def _sealed(self, kept: Sequence[Kept]) -> str:
        return base64.urlsafe_b64encode(self._seals.seal(msgspec.json.encode(kept), _CONTEXT)).decode()


def with_session(kept: Iterable[Kept], added: Kept) -> tuple[Kept, ...]:
    """The list with a session in it, as the newest."""
    return (*(one for one in kept if one.session_id != added.session_id), added)


def values_of(header: str, name: str) -> list[str]:
    """The values of one cookie, as they are: no quotes, no escapes are understood."""
    pairs = (pair.strip().partition("=") for pair in header.split(";"))
    return [value for key, _, value in pairs if key == name]
