"""Whether an access token is good now: the one test, for introspection, userinfo and our own API.

A JWT that a relying party still believes may be dead here: its grant or session ended, its user was locked. So a good
signature is only the way to the grant; the rows decide. Source: RFC 9068 4; ZITADEL's wire contract, part 4.4.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from ostiary.core.assurance import is_expired, is_revoked
from ostiary.core.grant import ACCESS_TOKEN, GRANT, Grant, as_narrowed
from ostiary.core.organization import INSTANCE, INSTANCE_KEY, ORGANIZATION, Instance, OrganizationState
from ostiary.core.scope import OFFLINE_ACCESS
from ostiary.core.secret import Token, parse_token, same_hash
from ostiary.core.session import SESSION, Session
from ostiary.core.user import USER, User, UserState
from ostiary.crypto.jws import ES256, BadToken
from ostiary.effects import Effects
from ostiary.storage.cache import Cache
from ostiary.storage.port import Store

ACCESS_TOKEN_TYP: Final = "at+jwt"
_USABLE: Final = frozenset({UserState.ACTIVE, UserState.INITIAL})


class Verifier(Protocol):
    """Knows our keys."""

    async def verify(self, token: str, typ: str, algorithms: Collection[str]) -> Mapping[str, Any]:
        """The claims of a token of that type that a published key signed; raises BadToken."""
        ...


@dataclass(frozen=True, slots=True)
class ValidAccess:
    """A good access token's grant and user, and its session (None: a service user's, or it expired and was swept).

    The grant's ``scope`` and ``audience`` are those of the token. ``instance`` is what it was judged by.
    """

    grant: Grant
    user: User
    session: Session | None
    instance: Instance


class AccessTokens:
    """Judges access tokens. Its caller has made the cache fresh in this request."""

    def __init__(self, store: Store, cache: Cache, effects: Effects, verifier: Verifier, issuer: str) -> None:
        """``issuer`` is ours: no other's token is good."""
        self._store = store
        self._cache = cache
        self._effects = effects
        self._verifier = verifier
        self._issuer = issuer

    async def locate(self, text: str) -> Grant | None:
        """The grant whose newest access token the text is, expired or not judged otherwise; None for any other text."""
        token = parse_token(text)
        if token is not None:
            return await self._of_opaque(token)
        return await self._of_jwt(text)

    async def find(self, text: str) -> ValidAccess | None:
        """What a good access token stands for; None for any other text."""
        grant = await self.locate(text)
        if grant is None or grant.access_expires_at is None or grant.access_expires_at <= self._effects.now():
            return None
        instance = await self._cache.get(INSTANCE, INSTANCE_KEY)
        session, user = await self._behind(grant)
        if instance is None or user is None or _is_from_before(grant, user, instance):
            return None
        if grant.actor_id and await self.usable(grant.actor_id) is None:
            return None
        if grant.session_id and not self._still_gives(session, grant, user, instance):
            return None
        return ValidAccess(as_narrowed(grant), user, session, instance)

    async def _of_opaque(self, token: Token) -> Grant | None:
        if token.kind != ACCESS_TOKEN:
            return None
        grant = await self._store.get(GRANT, token.id)
        if grant is None or not same_hash(grant.access_hash, token.secret_hash):
            return None
        return grant

    async def _of_jwt(self, text: str) -> Grant | None:
        try:
            claims = await self._verifier.verify(text, ACCESS_TOKEN_TYP, (ES256,))
        except BadToken:
            return None
        if claims["iss"] != self._issuer:
            return None
        token_id: str = claims["jti"]
        grant = await self._store.get(GRANT, token_id.partition("-")[0])
        if grant is None or grant.access_token_id != token_id or grant.access_hash:
            return None
        return grant

    async def _behind(self, grant: Grant) -> tuple[Session | None, User | None]:
        """The session that gave it, if one did and is there; the user, if they are active."""
        if not grant.session_id:
            return None, await self.usable(grant.user_id)
        session, user = await self._store.get_with_owner(SESSION, grant.session_id, USER)
        return session, await self._active(user) if user and user.id == grant.user_id else None

    async def usable(self, user_id: str) -> User | None:
        """The user, if they and their organisation are active."""
        return await self._active(await self._store.get(USER, user_id))

    async def _active(self, user: User | None) -> User | None:
        if user is None or user.state not in _USABLE:
            return None
        organization = await self._cache.get(ORGANIZATION, user.organization_id)
        is_active = organization is not None and organization.state is OrganizationState.ACTIVE
        return user if is_active else None

    def _still_gives(self, session: Session | None, grant: Grant, user: User, instance: Instance) -> bool:
        """Whether the session still stands behind the grant: an ended one never, an expired one for offline access."""
        if session is None or is_revoked(session, user, instance):
            return False
        return OFFLINE_ACCESS in grant.scope or not is_expired(
            session, max(self._effects.now(), session.changed_at)
        )


def _is_from_before(grant: Grant, user: User, instance: Instance) -> bool:
    """Whether it was granted before everything of its user, or of the instance, was ended at once."""
    if instance.epoch is not None and grant.created_at < instance.epoch:
        return True
    return user.ended(grant.created_at, grant.session_id)
