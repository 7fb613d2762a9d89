"""Making access tokens and ID tokens for a grant. Nothing is stored here: the grant goes into the caller's save.

Source: RFC 9068 (JWT access tokens), OpenID Connect Core 2 and 3.1.3.6 (ID tokens), RFC 8693 4.1 (``act``).
"""

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import msgspec

from ostiary.access.access_token import ACCESS_TOKEN_TYP
from ostiary.core.client import AccessTokenForm, Application
from ostiary.core.client_rules import ACCESS_TOKEN_LIFETIME_S
from ostiary.core.grant import ACCESS_TOKEN, Grant
from ostiary.core.organization import INSTANCE, INSTANCE_KEY, Instance
from ostiary.core.policy import TokenPolicy
from ostiary.core.scope import OPENID
from ostiary.core.secret import SECRET_BYTES, new_token
from ostiary.core.user import USER
from ostiary.crypto.jws import EDDSA, ES256, RS256
from ostiary.effects import Effects
from ostiary.errors import Internal
from ostiary.keys.signing import SigningKeys
from ostiary.oidc.audience import clients_of, told
from ostiary.oidc.claim_rows import Asked, ClaimRows
from ostiary.oidc.claims import Claims, user_claims
from ostiary.storage.cache import Cache
from ostiary.storage.port import Store

ID_TOKEN_TYP: Final = "JWT"
SHORTEST_S, LONGEST_S = ACCESS_TOKEN_LIFETIME_S
_JWT = 1  # the wire's number of a machine user's access token type


@dataclass(frozen=True, slots=True)
class Minted:
    """Tokens, and the grant as it must be saved before they are handed out. ``id_token`` is empty if none was made."""

    grant: Grant
    access_token: str = field(repr=False)
    expires_in_s: int
    id_token: str = field(repr=False)


class Minter:
    """Mints tokens. Its caller has made the cache fresh in this request."""

    def __init__(self, keys: SigningKeys, store: Store, cache: Cache, effects: Effects, issuer: str) -> None:
        """``issuer`` is the external URL."""
        self._keys = keys
        self._store = store
        self._cache = cache
        self._effects = effects
        self._issuer = issuer
        self._rows = ClaimRows(store, cache)

    async def mint(
        self,
        grant: Grant,
        client: Application | None,
        *,
        id_token: bool,
    ) -> Minted:
        """A new access token, the grant's only good one from its save on, and an ID token if openid was granted.

        ``client`` is None for a service user's own token.
        """
        policy = await self._cache.policy(TokenPolicy)
        life_s = max(SHORTEST_S, min(_lifetime_s(client, policy), LONGEST_S))
        issued_at = self._effects.now().replace(microsecond=0)
        changed = msgspec.structs.replace(
            grant,
            access_token_id=f"{grant.id}-{self._effects.new_id()}",
            access_hash=b"",
            access_issued_at=issued_at,
            access_expires_at=issued_at + timedelta(seconds=life_s),
        )
        if await self._is_jwt(grant, client):
            text = await self._access_jwt(changed, client)
        else:
            text, kept = new_token(ACCESS_TOKEN, grant.id, self._effects.random_bytes(SECRET_BYTES))
            changed = msgspec.structs.replace(changed, access_hash=kept)
        identity = ""
        if id_token and OPENID in grant.scope:
            half = ("at_hash", text)
            identity = await self._id_token(changed, client, half, policy.id_token_lifetime_s)
        return Minted(changed, text, life_s, identity)

    async def identity(self, grant: Grant, client: Application, *, code: str = "") -> str:
        """An ID token without an access token, issued at the grant's ``access_issued_at``; ``code`` gives ``c_hash``."""
        policy = await self._cache.policy(TokenPolicy)
        return await self._id_token(grant, client, ("c_hash", code), policy.id_token_lifetime_s)

    async def _is_jwt(self, grant: Grant, client: Application | None) -> bool:
        if client is not None:
            return client.oidc is None or client.oidc.access_token_form is AccessTokenForm.JWT
        user = await self._store.get(USER, grant.user_id)
        return user is not None and user.machine is not None and user.machine.access_token_type == _JWT

    async def _access_jwt(self, grant: Grant, client: Application | None) -> str:
        asserts = client is not None and client.oidc is not None and client.oidc.access_token_role_assertion
        reserved = await self._rows.reserved(_asked(grant, client, asserts=asserts))
        issued_s = _seconds(grant.access_issued_at)
        claims: Claims = {
            **reserved,
            **self._subject(grant),
            # RFC 9068 3: without a resource the default one, ourselves
            "aud": told(grant, await self._instance()) or [self._issuer],
            "exp": _seconds(grant.access_expires_at),
            "iat": issued_s,
            "nbf": issued_s,
            "jti": grant.access_token_id,
            "client_id": grant.client_id,
            "scope": " ".join(grant.scope),
        }
        return await self._keys.sign(claims, ES256, ACCESS_TOKEN_TYP)

    async def _instance(self) -> Instance:
        instance = await self._cache.get(INSTANCE, INSTANCE_KEY)
        if instance is None:
            raise Internal(
                "oidc.no_instance", "An internal error occurred", debug="the database has no instance"
            )
        return instance

    async def _id_token(
        self, grant: Grant, client: Application | None, half: tuple[str, str], life_s: int
    ) -> str:
        """``half`` names the claim that binds what is handed out beside it, and that; empty: nothing is."""
        settings = client.oidc if client else None
        algorithm = settings.id_token_algorithm if settings else RS256
        skew_s = settings.clock_skew_s if settings else 0
        issued_s = _seconds(grant.access_issued_at)
        asserts = settings is not None and settings.id_token_role_assertion
        name, beside = half
        # OpenID Connect Core 5.4: who gets nothing else learns of the user here
        shows_user = not beside or (settings is not None and settings.id_token_userinfo_assertion)
        claims: Claims = {
            **await self._rows.reserved(_asked(grant, client, asserts=asserts)),
            **(await self._user(grant) if shows_user else {}),
            **self._subject(grant),
            "aud": clients_of(grant, await self._instance()),
            "exp": issued_s + life_s + skew_s,
            "iat": issued_s - skew_s,
            "azp": grant.client_id,
            "client_id": grant.client_id,
        }
        if beside:
            claims[name] = half_hash(beside, algorithm)
        if grant.nonce is not None:
            claims["nonce"] = grant.nonce
        return await self._keys.sign(claims, algorithm, ID_TOKEN_TYP)

    async def _user(self, grant: Grant) -> Claims:
        user = await self._store.get(USER, grant.user_id)
        return user_claims(user, grant.scope) if user else {}

    def _subject(self, grant: Grant) -> Claims:
        """Who it is about, how they were authenticated, and who acts for them."""
        claims: Claims = {"iss": self._issuer, "sub": grant.user_id}
        authentication = grant.authentication
        if authentication is not None:
            claims["auth_time"] = _seconds(authentication.auth_time)
            claims["sid"] = authentication.session_id
            if authentication.amr:
                claims["amr"] = [*authentication.amr]
            if authentication.acr:
                claims["acr"] = authentication.acr
        if grant.actor_id:
            claims["act"] = {"iss": self._issuer, "sub": grant.actor_id}
        return claims


def half_hash(text: str, algorithm: str) -> str:
    """The left half of a token's or code's hash. Source: OpenID Connect Core 3.1.3.6; SHA-512 is Ed25519's own."""
    digest = (hashlib.sha512 if algorithm == EDDSA else hashlib.sha256)(text.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def _asked(grant: Grant, client: Application | None, *, asserts: bool) -> Asked:
    project_id = client.project_id if client else ""
    return Asked(
        grant.user_id, grant.organization_id, grant.scope, grant.audience, project_id, asserts_roles=asserts
    )


def _lifetime_s(client: Application | None, policy: TokenPolicy) -> int:
    if client is None:
        return policy.service_token_lifetime_s
    return (client.oidc.access_token_lifetime_s if client.oidc else 0) or policy.access_token_lifetime_s


def _seconds(at: datetime | None) -> int:
    return int(at.timestamp()) if at else 0
