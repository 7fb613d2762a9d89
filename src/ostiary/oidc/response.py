"""Where the answer to an authorization request goes, and how.

Source: OAuth 2.0 Multiple Response Types 2.1, Form Post Response Mode, RFC 9207 (``iss``).
"""

from collections.abc import Sequence
from urllib.parse import quote, urlencode, urlsplit

from ostiary.core.login_request import LoginRequest, OidcParameters
from ostiary.oidc.errors import printable

Values = Sequence[tuple[str, str]]
FORM_POST_PATH = "/oauth/v2/form_post"
LONGEST_DESCRIPTION = 500  # longer ones the page that posts answers does not take


def success_values(oidc: OidcParameters, code: str, id_token: str, issuer: str) -> Values:
    """The parameters of a success; empty ones are left out."""
    told = [("code", code), ("id_token", id_token)]
    return [*((name, value) for name, value in told if value), *_state(oidc), ("iss", issuer)]


def error_values(
    oidc: OidcParameters, error: str, description: str, issuer: str, error_uri: str = ""
) -> Values:
    """The parameters of an error, in the order of ZITADEL's wire."""
    described = printable(description)[:LONGEST_DESCRIPTION]
    told = [("error", error), ("error_description", described), ("error_uri", error_uri)]
    return [*((name, value) for name, value in told if value), *_state(oidc), ("iss", issuer)]


def callback_url(request_id: str, oidc: OidcParameters, values: Values, issuer: str) -> str:
    """The URL that brings the values to the client: its own, or our page that posts them there."""
    if oidc.response_mode == "form_post":
        encoded = urlencode([("request", request_id), *values], quote_via=quote)
        return f"{issuer}{FORM_POST_PATH}?{encoded}"
    return redirect_url(oidc.redirect_uri, oidc.response_mode, values)


def redirect_url(redirect_uri: str, response_mode: str, values: Values) -> str:
    """The redirect URI with the values in its query (what it has is kept) or in its fragment."""
    encoded = urlencode(values, quote_via=quote)
    if response_mode == "fragment":
        return f"{redirect_uri}#{encoded}"
    joint = "&" if urlsplit(redirect_uri).query else "?"
    return f"{redirect_uri}{joint}{encoded}"


def login_url(request: LoginRequest, base: str) -> str:
    """Where the browser is sent to log in.

    Without a base it is our own page, relative to the host that the browser used, so that a proxying login UI gets it.
    """
    root = base.rstrip("/") or "/ui/v2/login"
    return f"{root}/login?authRequest={quote(request.id)}"


def _state(oidc: OidcParameters) -> list[tuple[str, str]]:
    return [("state", oidc.state)] if oidc.state is not None else []
