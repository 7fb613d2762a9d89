"""``POST /oauth/v2/revoke``: a client gives a token back. Source: RFC 7009; wire contract, part 4.6."""

from typing import Final

import msgspec

from ostiary.access.access_token import AccessTokens
from ostiary.core.audit import detail
from ostiary.core.grant import GRANT, Grant
from ostiary.core.secret import PERSONAL_ACCESS_TOKEN, SESSION_TOKEN, parse_token
from ostiary.effects import Effects
from ostiary.errors import Aborted
from ostiary.http.guard import API_HEADERS
from ostiary.http.message import Request, Response
from ostiary.oidc.client_authentication import ClientAuthenticator
from ostiary.oidc.errors import OAuthError
from ostiary.oidc.parameters import form_of
from ostiary.oidc.refresh_secret import RefreshSecrets
from ostiary.storage.cache import Cache
from ostiary.storage.port import Audit, Changes, Conflict, Put, Remove, Store

TRIES: Final = 5


class Revocation:
    """Ends an access token alone, or the whole family of a refresh token."""

    def __init__(
        self,
        store: Store,
        cache: Cache,
        effects: Effects,
        tokens: AccessTokens,
        secrets: RefreshSecrets,
        authenticator: ClientAuthenticator,
    ) -> None:
        """``tokens`` knows access tokens, ``secrets`` refresh tokens, spent ones too."""
        self._store = store
        self._cache = cache
        self._effects = effects
        self._tokens = tokens
        self._secrets = secrets
        self._authenticator = authenticator

    async def __call__(self, request: Request) -> Response:
        """200 also for what is no token any more (RFC 7009 2.2); a hint is not needed, so a wrong one does no harm."""
        form = form_of(request)
        await self._cache.fresh()
        client_id = await self._authenticator.client_id(request, form)
        text = form.require("token")
        token = parse_token(text)
        if token is not None and token.kind in {SESSION_TOKEN, PERSONAL_ACCESS_TOKEN}:
            raise OAuthError(
                "unsupported_token_type", "end sessions and personal access tokens by their own APIs"
            )
        family_id = token.id if token is not None and self._secrets.is_ours(text) else ""
        for _ in range(TRIES):
            # a spent refresh token also ends its family: whoever holds it should not go on
            grant = await (self._store.get(GRANT, family_id) if family_id else self._tokens.locate(text))
            if grant is None:
                break
            if grant.client_id != client_id:
                raise OAuthError("invalid_client", "the token was issued to another client")
            if await self._ended(grant, whole=bool(family_id)):
                break
        else:
            raise Aborted("oidc.revocation_busy", "The token is being used by others", retry_after_s=1)
        return Response(200, API_HEADERS)

    async def _ended(self, grant: Grant, *, whole: bool) -> bool:
        """Whether the save went through."""
        kind = "refresh_token" if whole else "access_token"
        facts = detail(user_id=grant.user_id, token=kind)
        audit = Audit(self._effects.now(), grant.client_id, "tokens.revoked", grant.id, facts)
        if whole or grant.refresh is None:
            changes = Changes(removes=(Remove(GRANT, grant.id, grant.version),), audit=audit)
        else:
            kept = msgspec.structs.replace(
                grant, access_token_id="", access_hash=b"", access_expires_at=None, version=grant.version + 1
            )
            changes = Changes(puts=(Put(GRANT, kept, grant.version),), audit=audit)
        try:
            await self._store.save(changes)
        except Conflict:
            return False
        return True
