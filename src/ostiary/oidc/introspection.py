"""``POST /oauth/v2/introspect``: whether a token is good now, for those it was meant for.

Source: RFC 7662; wire contract, part 4.6; session tokens 5.3 (A-22).
"""

from datetime import datetime

from ostiary.access.access_token import AccessTokens, ValidAccess
from ostiary.access.personal_access_token import PERSONAL_SCOPE, ValidPersonal, find_personal
from ostiary.access.session_token import ValidSession, find_session
from ostiary.core.client import Application
from ostiary.core.login_request import Authentication
from ostiary.core.secret import parse_token
from ostiary.effects import Effects
from ostiary.http.message import Request, Response
from ostiary.oidc.audience import told
from ostiary.oidc.claim_rows import Asked, ClaimRows
from ostiary.oidc.claims import Claims, user_claims
from ostiary.oidc.client_authentication import ClientAuthenticator
from ostiary.oidc.errors import OAuthError
from ostiary.oidc.parameters import form_of
from ostiary.oidc.problem import json_answer
from ostiary.storage.cache import Cache
from ostiary.storage.port import Store


class Introspection:
    """Answers clients that prove themselves. To them every token that is not for them is inactive, as any other text."""

    def __init__(
        self,
        store: Store,
        cache: Cache,
        effects: Effects,
        tokens: AccessTokens,
        authenticator: ClientAuthenticator,
        issuer: str,
    ) -> None:
        """``tokens`` judges access tokens."""
        self._store = store
        self._cache = cache
        self._effects = effects
        self._tokens = tokens
        self._authenticator = authenticator
        self._issuer = issuer
        self._rows = ClaimRows(store, cache)

    async def __call__(self, request: Request) -> Response:
        """What the token stands for, or ``{"active":false}`` and nothing else; raises OAuthError."""
        form = form_of(request)
        await self._cache.fresh()
        client = await self._authenticator.application(request, form, is_read=True)
        if not client.has_credentials:
            text = "a client without credentials may not introspect: anybody could scan for tokens"
            raise OAuthError("invalid_client", text, 401)
        claims = await self._claims(form.require("token"), client)
        return json_answer({"active": True, **claims} if claims else {"active": False})

    async def _claims(self, text: str, client: Application) -> Claims:
        valid = await self._tokens.find(text)
        if valid is not None:
            return await self._of_access(valid, client)
        token, now = parse_token(text), self._effects.now()
        personal = await find_personal(self._store, token, now)
        if personal is not None:
            return await self._of_personal(personal, client)
        session = await find_session(self._store, self._cache, token, now)
        if session is not None and await self._tokens.usable(session.user.id) is not None:
            return self._of_session(session)
        return {}

    async def _of_access(self, valid: ValidAccess, client: Application) -> Claims:
        grant, user = valid.grant, valid.user
        if client.client_id not in grant.audience and client.project_id not in grant.audience:
            return {}
        asked = Asked(user.id, user.organization_id, grant.scope, (), client.project_id)
        claims: Claims = {
            **await self._rows.reserved(asked),
            **user_claims(user, grant.scope),
            "scope": " ".join(grant.scope),
            "client_id": grant.client_id,
            "token_type": "Bearer",
            "exp": _seconds(grant.access_expires_at),
            "iat": _seconds(grant.access_issued_at),
            "nbf": _seconds(grant.access_issued_at),
            "aud": told(grant, valid.instance),
            "jti": grant.access_token_id,
            "username": user.login_names[0],
            "iss": self._issuer,
            "sub": user.id,
        }
        if grant.authentication is not None:
            claims |= _authenticated(grant.authentication)
        if grant.actor_id:
            claims["act"] = {"iss": self._issuer, "sub": grant.actor_id}
        return claims

    async def _of_personal(self, valid: ValidPersonal, client: Application) -> Claims:
        """A personal access token is for every API, without audience."""
        user = await self._tokens.usable(valid.user.id)
        if user is None:
            return {}
        asked = Asked(user.id, user.organization_id, PERSONAL_SCOPE, (), client.project_id)
        return {
            **await self._rows.reserved(asked),
            **user_claims(user, PERSONAL_SCOPE),
            "scope": " ".join(PERSONAL_SCOPE),
            "token_type": "Bearer",
            "exp": _seconds(valid.token.expires_at),
            "iat": _seconds(valid.token.created_at),
            "jti": valid.token.id,
            "username": user.login_names[0],
            "iss": self._issuer,
            "sub": user.id,
        }

    def _of_session(self, valid: ValidSession) -> Claims:
        """A session token is for whoever is given it; it says who was authenticated, and how."""
        session, user = valid.session, valid.user
        claims: Claims = {
            **_authenticated(valid.authentication),
            "token_type": "session",
            "iat": _seconds(session.created_at),
            "username": user.login_names[0],
            "iss": self._issuer,
            "sub": user.id,
        }
        if session.expires_at is not None:
            claims["exp"] = _seconds(session.expires_at)
        return claims


def _authenticated(authentication: Authentication) -> Claims:
    claims: Claims = {
        "sid": authentication.session_id,
        "auth_time": _seconds(authentication.auth_time),
        "amr": [*authentication.amr],
    }
    if authentication.acr:
        claims["acr"] = authentication.acr
    return claims


def _seconds(at: datetime | None) -> int:
    return int(at.timestamp()) if at else 0
