"""Errors as OAuth tells them (RFC 6749 5.2, RFC 6750 3)."""

from typing import Any

import msgspec

from ostiary.errors import FailedPrecondition, OstiaryError, Unauthenticated, Unavailable
from ostiary.http.application import Unexpected
from ostiary.http.message import Request, Response
from ostiary.oidc.errors import OAuthError, invalid_request, invalid_token
from ostiary.oidc.problem import oauth_problem, oauth_route


def told(error: OstiaryError) -> tuple[int, dict[str, Any], dict[bytes, bytes]]:
    """Status, body and headers."""
    answer = oauth_problem(error)
    return answer.status, msgspec.json.decode(answer.body), dict(answer.headers)


def test_oauth_error() -> None:
    """Code, description, status and headers are the error's; nobody stores the answer."""
    status, body, headers = told(
        OAuthError("invalid_client", "unknown", 401, ((b"www-authenticate", b"Basic"),))
    )
    assert (status, body) == (401, {"error": "invalid_client", "error_description": "unknown"})
    assert headers[b"cache-control"] == b"no-store"
    assert headers[b"pragma"] == b"no-cache"
    assert headers[b"content-type"] == b"application/json"
    assert headers[b"www-authenticate"] == b"Basic"


def test_invalid_request() -> None:
    """A bad request is told with 400."""
    status, body, _ = told(invalid_request("the parameter token is missing"))
    assert (status, body["error"]) == (400, "invalid_request")


def test_invalid_token() -> None:
    """A bad bearer token is told in the challenge too."""
    status, body, headers = told(invalid_token("expired"))
    assert (status, body["error"]) == (401, "invalid_token")
    assert headers[b"www-authenticate"] == b'Bearer error="invalid_token", error_description="expired"'


def test_error_of_the_house() -> None:
    """An error of a service is told by its class, with its id and what to change."""
    status, body, _ = told(
        FailedPrecondition("COMMAND-Hkl3d", "Session has expired", hint="create a new one")
    )
    assert (status, body["error"]) == (400, "invalid_request")
    assert body["error_description"] == "Session has expired (COMMAND-Hkl3d): create a new one"


def test_error_without_id() -> None:
    """An error without id and hint is its message."""
    status, body, headers = told(Unauthenticated("", "auth header missing"))
    assert (status, body["error_description"]) == (401, "auth header missing")
    assert headers[b"www-authenticate"] == b'Bearer error="invalid_token"'


def test_retry_after() -> None:
    """Who should come again is told when."""
    status, body, headers = told(Unavailable("x.busy", "busy", retry_after_s=2))
    assert (status, body["error"], headers[b"retry-after"]) == (503, "temporarily_unavailable", b"2")


def test_fault_of_ours() -> None:
    """A fault of ours is a server_error with the id that the log has, and nothing of its cause."""
    status, body, headers = told(Unexpected("r7"))
    assert (status, body["error"], headers[b"x-request-id"]) == (500, "server_error", b"r7")
    assert "r7" in body["error_description"]


def test_description_is_printable() -> None:
    """A description keeps to the characters that RFC 6749 allows."""
    _, body, _ = told(OAuthError("invalid_scope", 'no "x" \\ ü\n'))
    assert body["error_description"] == "no 'x' ' ''"


def test_repr() -> None:
    """The debugger's line shows the code alone."""
    assert repr(OAuthError("invalid_grant", "secret")) == "OAuthError('invalid_grant')"


def test_route() -> None:
    """A route tells its errors so, and scripts of any origin may call it."""

    async def endpoint(_: Request) -> Response:
        raise AssertionError

    route = oauth_route(endpoint, takes_body=False)
    assert route.cross_origin
    assert not route.takes_body
    assert route.refuse(Request("GET", "/", {}), invalid_request("no")).status == 400
