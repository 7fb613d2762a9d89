"""``GET|POST /oidc/v1/userinfo``: who the bearer of an access token is.

Source: OpenID Connect Core 5.3, RFC 6750 2 and 3; wire contract, part 4.6.
"""

from typing import Final

from ostiary.access.access_token import AccessTokens
from ostiary.access.personal_access_token import PERSONAL_SCOPE, find_personal
from ostiary.core.client import APPLICATION
from ostiary.core.grant import Grant
from ostiary.core.scope import OPENID
from ostiary.core.secret import parse_token
from ostiary.core.user import User
from ostiary.effects import Effects
from ostiary.http.message import Request, Response
from ostiary.oidc.claim_rows import Asked, ClaimRows
from ostiary.oidc.claims import Claims, user_claims
from ostiary.oidc.errors import OAuthError, invalid_request, invalid_token
from ostiary.oidc.parameters import form_of
from ostiary.oidc.problem import json_answer
from ostiary.storage.cache import Cache
from ostiary.storage.port import Store

_NO_CREDENTIALS: Final = ((b"www-authenticate", b'Bearer realm="ostiary"'),)
_NO_OPENID: Final = ((b"www-authenticate", b'Bearer error="insufficient_scope", scope="openid"'),)


class UserInfo:
    """Answers to access tokens with the scope openid, and to personal access tokens."""

    def __init__(self, store: Store, cache: Cache, effects: Effects, tokens: AccessTokens) -> None:
        """``tokens`` judges access tokens."""
        self._store = store
        self._cache = cache
        self._effects = effects
        self._tokens = tokens
        self._rows = ClaimRows(store, cache)

    async def __call__(self, request: Request) -> Response:
        """The claims, or an OAuthError with a challenge."""
        await self._cache.fresh()
        text = _presented(request)
        valid = await self._tokens.find(text)
        if valid is not None:
            if OPENID not in valid.grant.scope:
                text = "the access token was not granted the scope openid"
                raise OAuthError("insufficient_scope", text, 403, _NO_OPENID)
            return json_answer(await self._of_grant(valid.grant, valid.user))
        personal = await find_personal(self._store, parse_token(text), self._effects.now())
        user = await self._tokens.usable(personal.user.id) if personal else None
        if user is None:
            raise invalid_token("the access token is unknown, expired or revoked")
        asked = Asked(user.id, user.organization_id, PERSONAL_SCOPE, ())
        return json_answer(await self._claims(asked, user))

    async def _of_grant(self, grant: Grant, user: User) -> Claims:
        client = await self._cache.find(APPLICATION, "client_id", grant.client_id)
        project_id = client.project_id if client else ""
        return await self._claims(
            Asked(user.id, user.organization_id, grant.scope, grant.audience, project_id), user
        )

    async def _claims(self, asked: Asked, user: User) -> Claims:
        reserved = await self._rows.reserved(asked)
        return {**reserved, **user_claims(user, asked.scope), "sub": user.id}


def _presented(request: Request) -> str:
    """The token of the header or of a form; one in the URL is ignored. Raises a challenge, or invalid_request."""
    header = request.header(b"authorization")
    in_form = ""
    if request.method == "POST" and request.body:
        in_form = form_of(request).get("access_token")
    if header and in_form:
        raise invalid_request("send the access token once: in the header or in the form")
    if in_form:
        return in_form
    scheme, _, text = header.partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise OAuthError("invalid_token", "send: Authorization: Bearer TOKEN", 401, _NO_CREDENTIALS)
    return text.strip()
