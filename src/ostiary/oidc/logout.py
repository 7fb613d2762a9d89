"""``GET|POST /oidc/v1/end_session``: a client asks that its user be logged out.

Source: OpenID Connect RP-Initiated Logout 1.0, 2 to 4; wire contract, part 3.6.
"""

from collections.abc import Callable
from typing import Any, Final, Protocol
from urllib.parse import quote, urlencode

from ostiary.core.client import APPLICATION, Application
from ostiary.core.redirect_uri import allowed
from ostiary.errors import OstiaryError
from ostiary.http.message import Header, Request, Response
from ostiary.http.router import Route
from ostiary.oidc.clients import active_client
from ostiary.oidc.errors import invalid_request
from ostiary.oidc.logout_token import LogoutTokens
from ostiary.oidc.parameters import Parameters, form_of, query_of
from ostiary.oidc.problem import oauth_problem
from ostiary.oidc.response import redirect_url
from ostiary.sessions.commands import SessionCommands
from ostiary.storage.cache import Cache

LOGIN_PAGES: Final = "/ui/v2/login"
MAX_STATE: Final = 2048
_HEADERS: Final[tuple[Header, ...]] = (
    (b"cache-control", b"no-store"),
    (b"pragma", b"no-cache"),
    (b"referrer-policy", b"no-referrer"),  # the address holds an ID token
)


class IdTokenHints(Protocol):
    """Reads ID tokens that we issued."""

    async def old_identity(self, text: str) -> dict[str, Any] | None:
        """The claims of an ID token that we signed, with whatever key and however long ago; None for another text."""
        ...


class PostLogout:
    """Where a browser may go after a logout."""

    def __init__(self, cache: Cache) -> None:
        """Its caller has made the cache fresh in this request."""
        self._cache = cache

    async def client(self, client_id: str) -> Application:
        """An active client; raises invalid_request."""
        client = await active_client(self._cache, client_id)
        if client is None or client.oidc is None:
            raise invalid_request("the client_id is unknown")
        return client

    async def check(self, client_id: str, uri: str, state: str = "") -> str:
        """The URL to go to, with the state; raises invalid_request unless the URI is registered for the client."""
        if not client_id:
            raise invalid_request("post_logout_redirect_uri needs an id_token_hint or a client_id beside it")
        client = await self.client(client_id)
        registered = client.oidc.post_logout_redirect_uris if client.oidc else ()
        if not allowed(registered, uri, client.type):
            raise invalid_request(
                "the post_logout_redirect_uri is not registered for this client, to the letter"
            )
        if len(state) > MAX_STATE:
            raise invalid_request(f"state is longer than {MAX_STATE} characters")
        return redirect_url(uri, "query", [("state", state)]) if state else uri

    async def check_url(self, client_id: str, url: str, state: str = "") -> str:
        """The URL again, as :meth:`check` made it and a login page was given it; raises invalid_request for another."""
        suffix = urlencode([("state", state)], quote_via=quote) if state else ""
        uri = url.removesuffix(suffix)[:-1] if suffix and url.endswith(suffix) else url
        if await self.check(client_id, uri, state) != url:
            raise invalid_request("the post_logout_redirect is not the one of the logout request")
        return url


class EndSession:
    """Ends the session of an ID token at once; without one the login UI asks the user first.

    So a page that merely links here logs nobody out.
    """

    def __init__(
        self,
        cache: Cache,
        hints: IdTokenHints,
        sessions: SessionCommands,
        issuer: str,
        login_base: str,
        tokens: LogoutTokens,
        report: Callable[[str], str] | None = None,
    ) -> None:
        """``login_base`` is the instance's login UI; empty: our own pages, which have a ``report`` of a session's end."""
        self._report = report
        self._cache = cache
        self._post_logout = PostLogout(cache)
        self._hints = hints
        self._sessions = sessions
        self._issuer = issuer
        self._login_base = login_base
        self._tokens = tokens

    async def __call__(self, request: Request) -> Response:
        """A redirect; raises invalid_request before anything has ended."""
        await self._cache.fresh()
        parameters = form_of(request) if request.method == "POST" else query_of(request)
        claims = await self._claims(parameters)
        client_id = _client_id(parameters, claims)
        uri = parameters.get("post_logout_redirect_uri")
        target = await self._post_logout.check(client_id, uri, parameters.get("state")) if uri else ""
        base = await self._base(parameters, client_id)
        session_id = claims.get("sid")
        if isinstance(session_id, str) and await self._sessions.log_out(str(claims["sub"]), session_id):
            return _redirect(target or self._done(base, session_id))
        token = await self._tokens.token(target, parameters.get("logout_hint"))
        return _redirect(_confirmation(base, parameters, client_id, target, token))

    def _done(self, base: str, session_id: str) -> str:
        return self._report(session_id) if self._report and base == LOGIN_PAGES else f"{base}/logout/done"

    async def _claims(self, parameters: Parameters) -> dict[str, Any]:
        hint = parameters.get("id_token_hint")
        if not hint:
            return {}
        claims = await self._hints.old_identity(hint)
        if claims is None or claims.get("iss") != self._issuer:
            raise invalid_request("the id_token_hint is no ID token of ours; without one the user is asked")
        return claims

    async def _base(self, parameters: Parameters, client_id: str) -> str:
        client = await self._cache.find(APPLICATION, "client_id", client_id) if client_id else None
        if client is None and "client_id" in parameters:
            raise invalid_request("the client_id is unknown")
        own = client.oidc.login_base_uri if client is not None and client.oidc else ""
        # without a base relative to the host that the browser used, so that a proxying login UI gets it
        return (own or self._login_base).rstrip("/") or LOGIN_PAGES


def end_session_route(endpoint: EndSession, *, takes_body: bool) -> Route:
    """A route for browsers; scripts of other origins have no business here."""

    def refuse(_: Request, error: OstiaryError) -> Response:
        return oauth_problem(error)

    return Route(endpoint, refuse, takes_body=takes_body)


def _client_id(parameters: Parameters, claims: dict[str, Any]) -> str:
    """The client that asks: the one that the ID token was issued to; raises invalid_request where it says another."""
    named = parameters.get("client_id")
    if not claims:
        return named
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    issued_to = claims.get("azp") or audiences[0]
    if issued_to not in audiences or (named and named != issued_to):
        raise invalid_request("the client_id is not the one that the id_token_hint was issued to")
    return str(issued_to)


def _confirmation(base: str, parameters: Parameters, client_id: str, target: str, token: str) -> str:
    """The login UI's page that asks. Beside the wire's parameters it gets what lets it check the target again."""
    told = [("post_logout_redirect", target)]
    if target:
        told += [("client_id", client_id), ("state", parameters.get("state"))]
    told += [(name, parameters.get(name)) for name in ("logout_hint", "ui_locales")]
    told.append(("logout_token", token))
    encoded = urlencode([(name, value) for name, value in told if value], quote_via=quote)
    return f"{base}/logout?{encoded}" if encoded else f"{base}/logout"


def _redirect(location: str) -> Response:
    return Response(302, ((b"location", location.encode()), *_HEADERS))
