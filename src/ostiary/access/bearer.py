"""Turning an ``Authorization`` header into a caller.

Source: RFC 6750 2.1; ZITADEL's wire contract, parts 2.13 and 7.3 (ids).
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ostiary.access.personal_access_token import find_personal
from ostiary.core.assurance import alive, proven, require_authenticated, require_usable
from ostiary.core.organization import INSTANCE, INSTANCE_KEY, ORGANIZATION
from ostiary.core.permission import MEMBERSHIP, Caller
from ostiary.core.policy import LoginPolicy
from ostiary.core.scope import OWN_API_SCOPE, is_for_own_api
from ostiary.core.secret import PERSONAL_ACCESS_TOKEN as PAT_KIND
from ostiary.core.secret import SESSION_TOKEN, Token, parse_token
from ostiary.core.session import SESSION, Session
from ostiary.core.session_token import require_current
from ostiary.core.user import AUTHENTICATOR, USER, User
from ostiary.effects import Effects
from ostiary.errors import PermissionDenied, Unauthenticated
from ostiary.storage.cache import Cache, Remembered
from ostiary.storage.port import Store

if TYPE_CHECKING:  # it loads the signing of tokens, which the first answers do not need
    from ostiary.access.access_token import AccessTokens


@dataclass(frozen=True, slots=True)
class _Known:
    """A service user's credential."""

    expires_at: datetime
    caller: Caller


class Access:
    """Authenticates callers. Credentials of service users are remembered by their digest until the generation moves."""

    def __init__(
        self, store: Store, cache: Cache, effects: Effects, tokens: "AccessTokens | None" = None
    ) -> None:
        """Nobody is known yet. ``tokens`` judges access tokens; without it none is taken."""
        self._tokens = tokens
        self._store = store
        self._cache = cache
        self._effects = effects
        self._known: Remembered[_Known] = Remembered(cache)

    async def admit(self, authorization: str, organization_id: str) -> tuple[Caller, str]:
        """The caller and the organisation they act in: the one they name, else their own.

        Raises Unauthenticated without a good credential, PermissionDenied for one that does not suffice.
        """
        generation = await self._cache.fresh()
        text = _bearer(authorization)
        digest = hashlib.sha256(text.encode()).digest()
        known = self._known.get(digest)
        if known is not None and known.expires_at > self._effects.now():
            caller = known.caller
        else:
            caller = await self._authenticate(parse_token(text), text, digest, generation)
        return caller, await self._organization(caller, organization_id)

    async def _authenticate(self, token: Token | None, text: str, digest: bytes, generation: int) -> Caller:
        if token is not None and token.kind == PAT_KIND:
            caller, expires_at = await self._service_user(token)
            self._known.keep(digest, generation, _Known(expires_at, caller))
            return caller
        if token is not None and token.kind == SESSION_TOKEN:
            return await self._session_user(token, text)
        return await self._access_user(text)

    async def _service_user(self, token: Token) -> tuple[Caller, datetime]:
        valid = await find_personal(self._store, token, self._effects.now())
        if valid is None:
            raise _invalid()
        require_usable(valid.user)
        return await self._caller(valid.user, None), valid.token.expires_at

    async def _session_user(self, token: Token, text: str) -> Caller:
        session, user = await self._store.get_with_owner(SESSION, token.id, USER)
        instance = await self._cache.get(INSTANCE, INSTANCE_KEY)
        if session is None or instance is None:
            raise _invalid()
        require_current(session, text)
        if not alive(session, user, instance, self._effects.now()):
            raise _expired()
        if user is None:
            raise PermissionDenied("access.session_without_user", "authentication required")
        require_usable(user)
        return await self._caller(user, session)

    async def _access_user(self, text: str) -> Caller:
        """The user of an access token that was meant for our API. Source: wire contract, parts 4.3 and 4.4."""
        valid = await self._tokens.find(text) if self._tokens else None
        if valid is None:
            raise _invalid()
        if not is_for_own_api(valid.grant.audience, valid.instance):
            raise _invalid(hint=f"the token is for other APIs: ask for the scope {OWN_API_SCOPE}")
        if valid.grant.actor_id:
            hint = "a token with an actor is good at other APIs only"
            raise PermissionDenied("APP-Shi0J", "Impersonated tokens are not accepted", hint=hint)
        if valid.session is None and valid.user.machine is None:
            raise _expired()
        return await self._caller(valid.user, valid.session, valid.grant.client_id)

    async def _caller(self, user: User, session: Session | None, client_id: str = "") -> Caller:
        """The user as a caller; the session, if there is one, must have authenticated them."""
        if session is not None:
            owned = await self._store.owned(AUTHENTICATOR, user.id)
            policy = await self._cache.policy(LoginPolicy, user.organization_id)
            require_authenticated(session, user, owned, policy)
        return Caller(
            user.id,
            user.organization_id,
            await self._cache.owned(MEMBERSHIP, user.id),
            is_machine=user.machine is not None,
            agent_id=(session.user_agent.fingerprint_id or "") if session else "",
            session_id=session.id if session else "",
            client_id=client_id,
            proven=proven(session, user) if session else None,
        )

    async def _organization(self, caller: Caller, wanted: str) -> str:
        if not wanted or wanted == caller.organization_id:
            return caller.organization_id
        if await self._cache.get(ORGANIZATION, wanted) is None:
            hint = "the header x-zitadel-orgid names no organisation of this instance"
            raise PermissionDenied("AUTH-Bs7Ds", "Organisation doesn't exist", hint=hint)
        return wanted


def _bearer(authorization: str) -> str:
    if not authorization:
        raise Unauthenticated("", "auth header missing")
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() != "bearer" or not text:
        raise Unauthenticated("AUTH-toLo1", "invalid auth header", hint="send: Authorization: Bearer TOKEN")
    return text.strip()


def _invalid(hint: str = "") -> Unauthenticated:
    return Unauthenticated("AUTH-7fs1e", "Token is invalid", hint=hint)


def _expired() -> PermissionDenied:
    return PermissionDenied("AUTHZ-EGDo3", "session expired")
