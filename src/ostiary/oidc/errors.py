"""Errors of OAuth: a code of an RFC, and a sentence that says what to change."""

import re
from collections.abc import Sequence
from typing import Final

from ostiary.errors import OstiaryError
from ostiary.http.message import Header

# %x20-21 / %x23-5B / %x5D-7E
_NOT_IN_DESCRIPTION: Final = re.compile(r'[^\x20-\x7E]|["\\]')


class OAuthError(OstiaryError):
    """An error that is told as ``{"error": code, "error_description": description}`` with a status and headers."""

    grpc_code, http_status, oauth_error = 3, 400, "invalid_request"

    def __init__(
        self,
        code: str,
        description: str,
        status: int = 400,
        headers: Sequence[Header] = (),
        *,
        debug: str = "",
    ) -> None:
        """``description`` keeps to the characters of RFC 6749 5.2: printable ASCII without quotes and backslashes."""
        super().__init__("", description, debug=debug)
        self.code = code
        self.status = status
        self.headers = tuple(headers)

    def __repr__(self) -> str:
        """The code; never a value that came from a request."""
        return f"OAuthError({self.code!r})"


def printable(description: str) -> str:
    """A description with the characters that it may have. Source: RFC 6749 4.1.2.1 and 5.2."""
    return _NOT_IN_DESCRIPTION.sub("'", description)


def invalid_request(description: str) -> OAuthError:
    """The request lacks a parameter, repeats one, or has one of a wrong form. Source: RFC 6749 5.2."""
    return OAuthError("invalid_request", description)


def invalid_token(description: str) -> OAuthError:
    """The bearer token is missing, malformed, expired or revoked. Source: RFC 6750 3.1."""
    challenge = f'Bearer error="invalid_token", error_description="{description}"'
    return OAuthError("invalid_token", description, 401, ((b"www-authenticate", challenge.encode()),))
