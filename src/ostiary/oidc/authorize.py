"""The authorization endpoint: a request comes in, and somebody is to be logged in for it.

Until client and redirect URI are trusted, an error is answered here; afterwards it is sent to the client.
Source: RFC 6749 4.1.1 and 4.1.2.1, OpenID Connect Core 3.1.2, RFC 9126 4; ZITADEL's wire contract, part 3.3.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import msgspec

from ostiary.access.peer_limit import PeerLimit
from ostiary.core.client import Application, OidcSettings
from ostiary.core.login_request import (
    LOGIN_REQUEST,
    PUSHED_REQUEST,
    LoginRequest,
    OidcParameters,
    PushedRequest,
    Stage,
)
from ostiary.core.permission import Caller
from ostiary.core.redirect_uri import allowed
from ostiary.core.secret import SESSION_TOKEN, parse_token
from ostiary.errors import FailedPrecondition, PermissionDenied
from ostiary.http.message import Request, Response
from ostiary.oidc.clients import active_client
from ostiary.oidc.errors import OAuthError
from ostiary.oidc.parameters import Parameters, form_of, query_of
from ostiary.oidc.request_rules import CODE_ALONE, MAX_TEXT, checked, response_mode_of
from ostiary.oidc.request_uri import PREFIX, opened, pushed_id
from ostiary.oidc.requests import AuthorizationRequests, request_id
from ostiary.oidc.response import callback_url, error_values, login_url
from ostiary.signin.requests import NOT_OF_THE_PROJECT, Proof, SignIn
from ostiary.storage.port import Changes, Conflict, Put, Remove

REQUEST_LIFETIME = timedelta(hours=1)
LOGIN_CLIENT_HEADER = b"x-zitadel-login-client"
_NO_STORE = ((b"cache-control", b"no-store"), (b"pragma", b"no-cache"), (b"referrer-policy", b"no-referrer"))


class IdTokenHints(Protocol):
    """Reads ID tokens that we issued, expired ones too."""

    async def subject_of(self, id_token: str) -> str | None:
        """Its ``sub``; None if it is none of ours."""
        ...


@dataclass(frozen=True, slots=True)
class Trusted:
    """A known client and a redirect URI that is registered for it: errors may go there."""

    client: Application
    oidc: OidcSettings
    redirect_uri: str
    parameters: Parameters


class Authorize:
    """``GET`` and ``POST /oauth/v2/authorize``."""

    def __init__(
        self,
        signin: SignIn,
        requests: AuthorizationRequests,
        hints: IdTokenHints,
        issuer: str,
        login_base: str,
        begun: PeerLimit,
        response_types: Sequence[str] = CODE_ALONE,
    ) -> None:
        """``login_base`` is the instance's login UI (empty: our own pages), ``response_types`` what is on offer.

        ``begun`` bounds the requests that somebody is still to be logged in for.
        """
        self._signin = signin
        self.cache = signin.cache
        self._requests = requests
        self._hints = hints
        self._issuer = issuer
        self._login_base = login_base
        self._begun = begun
        self._response_types = response_types

    async def __call__(self, request: Request) -> Response:
        """A redirect to the login UI, or to the client with an answer; raises OAuthError before the client is known."""
        await self._signin.cache.fresh()
        self._begun.require(request.peer_ip)  # before a pushed request is spent
        parameters = form_of(request) if request.method == "POST" else query_of(request)
        parameters = await self._pushed(parameters)
        trusted = await self.trusted(parameters)
        try:
            return await self._opened(request, trusted, self.checked(trusted))
        except OAuthError as error:
            return await self._error(request, trusted, error)

    def checked(self, trusted: Trusted) -> OidcParameters:
        """The request's parameters, all as they must be; raises OAuthError, which may be redirected."""
        offered = self._response_types
        return checked(trusted.parameters, trusted.client, trusted.oidc, trusted.redirect_uri, offered)

    async def trusted(self, parameters: Parameters) -> Trusted:
        """The client and its redirect URI; raises OAuthError, which must not be redirected."""
        client_id = parameters.require("client_id")
        client = await active_client(self._signin.cache, client_id)
        if client is None or client.oidc is None:
            raise OAuthError("invalid_request", "the client_id is unknown, or not active")
        redirect_uri = parameters.require("redirect_uri")
        if not allowed(client.oidc.redirect_uris, redirect_uri, client.type):
            raise OAuthError(
                "invalid_request", "the redirect_uri is not registered for this client, to the letter"
            )
        return Trusted(client, client.oidc, redirect_uri, parameters)

    async def _opened(self, http: Request, trusted: Trusted, oidc: OidcParameters) -> Response:
        hint = trusted.parameters.get("id_token_hint")
        token = parse_token(hint)
        is_session_hint = token is not None and token.kind == SESSION_TOKEN
        if hint and not is_session_hint:
            oidc = msgspec.structs.replace(oidc, hint_user_id=await self._hinted(hint))
        request = await self._saved(http, trusted, oidc)
        # every other prompt wants to be seen
        if token is not None and is_session_hint and set(oidc.prompt) <= {"none"}:
            return await self._by_session(http, request, Proof(token.id, hint), trusted)
        self._begun.count(http.peer_ip)
        return _redirect(login_url(request, trusted.oidc.login_base_uri or self._login_base))

    async def _hinted(self, hint: str) -> str:
        subject = await self._hints.subject_of(hint)
        if subject is None:
            raise OAuthError(
                "invalid_request", "id_token_hint is neither an ID token nor a session token of ours"
            )
        return subject

    async def _saved(
        self, http: Request | None, trusted: Trusted, oidc: OidcParameters, stage: Stage = Stage.OPEN
    ) -> LoginRequest:
        now = self._signin.effects.now()
        request = LoginRequest(
            id=request_id(self._signin.effects),
            client_id=trusted.client.client_id,
            created_at=now,
            expires_at=now + REQUEST_LIFETIME,
            oidc=oidc,
            login_client_id=http.header(LOGIN_CLIENT_HEADER)[:200] if http else "",
            stage=stage,
        )
        # no audit: nobody has been authenticated, and whoever comes could fill it
        await self._signin.store.save(Changes(puts=(Put(LOGIN_REQUEST, request),)))
        return request

    async def _by_session(
        self, http: Request, request: LoginRequest, proof: Proof, trusted: Trusted
    ) -> Response:
        """Finish at once with the session whose token was sent; where it does not satisfy, log in after all."""
        try:
            finished = await self._requests.finish(Caller("", ""), request.id, proof, by_token=True)
        except (FailedPrecondition, PermissionDenied) as refusal:
            self._begun.count(http.peer_ip)
            if "none" in request.oidc.prompt:
                code = "access_denied" if refusal.id == NOT_OF_THE_PROJECT else "login_required"
                raise OAuthError(code, refusal.hint or refusal.message) from refusal
            return _redirect(login_url(request, trusted.oidc.login_base_uri or self._login_base))
        return _redirect(finished.callback_url)

    async def _pushed(self, parameters: Parameters) -> Parameters:
        """The parameters that a ``request_uri`` of ours stands for, used once; or the given ones."""
        request_uri = parameters.get("request_uri")
        if not request_uri.startswith(PREFIX):
            return parameters
        kept: PushedRequest | None = await self._signin.store.get(PUSHED_REQUEST, pushed_id(request_uri))
        now = self._signin.effects.now()
        if kept is None or kept.expires_at <= now or kept.client_id != parameters.get("client_id"):
            raise OAuthError(
                "invalid_request_uri", "the request_uri is unknown, used, expired or another client's"
            )
        try:
            await self._signin.store.save(Changes(removes=(Remove(PUSHED_REQUEST, kept.id, kept.version),)))
        except Conflict:
            raise OAuthError("invalid_request_uri", "the request_uri was used already") from None
        return opened(request_uri, kept.sealed)

    async def _error(self, http: Request, trusted: Trusted, error: OAuthError) -> Response:
        state = trusted.parameters.get("state")
        oidc = OidcParameters(
            trusted.redirect_uri,
            (),
            response_mode=response_mode_of(trusted.parameters),
            state=state or None,
        )
        values = error_values(oidc, error.code, error.message, self._issuer)
        if oidc.response_mode != "form_post":
            return _redirect(callback_url("", oidc, values, self._issuer))
        self._begun.count(http.peer_ip)
        # the page that posts it believes what is stored
        kept = oidc if len(state) <= MAX_TEXT else msgspec.structs.replace(oidc, state=None)
        request = await self._saved(None, trusted, kept, Stage.FAILED)
        return _redirect(callback_url(request.id, kept, values, self._issuer))


def _redirect(location: str) -> Response:
    return Response(302, ((b"location", location.encode()), *_NO_STORE))
