"""An error as OAuth tells it, and the answers of its endpoints.

Source: RFC 6749 5.1 (no store) and 5.2 (form of errors).
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from ostiary.errors import OstiaryError, Unauthenticated
from ostiary.http.application import Unexpected
from ostiary.http.guard import API_HEADERS
from ostiary.http.message import Endpoint, Header, Request, Response
from ostiary.http.router import Route
from ostiary.oidc.errors import OAuthError, printable

JSON_HEADERS: Final[tuple[Header, ...]] = ((b"content-type", b"application/json"), *API_HEADERS)


def json_answer(body: Any, status: int = 200, headers: Sequence[Header] = ()) -> Response:
    """JSON for its caller alone."""
    return Response(status, (*JSON_HEADERS, *headers), msgspec.json.encode(body))


def oauth_problem(error: OstiaryError) -> Response:
    """The error's code, and a description: its message, its id, and what to change."""
    headers: list[Header] = []
    if error.retry_after_s is not None:
        headers.append((b"retry-after", b"%d" % error.retry_after_s))
    if isinstance(error, OAuthError):
        return _told(error.code, error.message, error.status, (*headers, *error.headers))
    if isinstance(error, Unexpected):
        headers.append((b"x-request-id", error.request_id.encode()))
        return _told(
            error.oauth_error, f"{error.message} (request {error.request_id})", error.http_status, headers
        )
    if isinstance(error, Unauthenticated):
        headers.append((b"www-authenticate", b'Bearer error="invalid_token"'))
    text = f"{error.message} ({error.id})" if error.id else error.message
    return _told(
        error.oauth_error, f"{text}: {error.hint}" if error.hint else text, error.http_status, headers
    )


def oauth_route(endpoint: Endpoint, *, takes_body: bool = True, cross_origin: bool = True) -> Route:
    """A route whose errors are told as OAuth tells them, and that scripts of other origins may call."""

    def refuse(_: Request, error: OstiaryError) -> Response:
        return oauth_problem(error)

    return Route(endpoint, refuse, takes_body=takes_body, cross_origin=cross_origin, at_once=True)


def _told(code: str, description: str, status: int, headers: Sequence[Header]) -> Response:
    return json_answer({"error": code, "error_description": printable(description)}, status, headers)
