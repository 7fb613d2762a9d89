"""OpenID Connect and OAuth over one installation: the endpoints and what login UIs answer them with."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ostiary.access.access_token import AccessTokens
from ostiary.access.peer_limit import PeerLimit
from ostiary.app.installation import Installation
from ostiary.app.tokens import refresh_secrets, response_types
from ostiary.config.settings import Settings
from ostiary.core.grant import Grant
from ostiary.crypto.jws import BadToken
from ostiary.effects import Effects
from ostiary.http.router import Route
from ostiary.keys.signing import SigningKeys
from ostiary.oidc.authorize import Authorize
from ostiary.oidc.client_authentication import ClientAuthenticator
from ostiary.oidc.desk import Desk
from ostiary.oidc.device import DeviceAuthorizations
from ostiary.oidc.front_channel import FrontChannel
from ostiary.oidc.grants import GRANTS
from ostiary.oidc.minting import ID_TOKEN_TYP, Minter
from ostiary.oidc.problem import oauth_route
from ostiary.oidc.pushed import PushRequest
from ostiary.oidc.requests import AuthorizationRequests
from ostiary.oidc.token import TokenEndpoint
from ostiary.signin.requests import SignIn

Routes = dict[tuple[str, str], Route]


class _OwnTokens:
    """Tokens that we issued, as grants and the authorization endpoint read them."""

    def __init__(self, access: AccessTokens, keys: SigningKeys) -> None:
        self._access = access
        self._keys = keys

    async def access(self, text: str) -> Grant | None:
        found = await self._access.find(text)
        return found.grant if found else None

    async def identity(self, text: str) -> dict[str, Any] | None:
        try:
            return await self._keys.verify(text, ID_TOKEN_TYP)
        except BadToken:
            return None

    async def subject_of(self, id_token: str) -> str | None:
        claims = await self.identity(id_token)
        return str(claims["sub"]) if claims else None


@dataclass(frozen=True, slots=True)
class OpenId:
    """The parts that other surfaces use too."""

    signin: SignIn
    requests: AuthorizationRequests
    devices: DeviceAuthorizations
    authenticator: ClientAuthenticator
    routes: Routes


def open_id(installation: Installation, access: AccessTokens, keys: SigningKeys) -> OpenId:
    """All of it; ``access`` judges access tokens, ``keys`` sign."""
    settings, store, cache = installation.settings, installation.store, installation.cache
    issuer, effects = settings.url, installation.effects
    signin = SignIn(store, cache, effects, is_strict=settings.strict_authentication)
    authenticator = ClientAuthenticator(store, cache, effects, issuer)
    begun = _begun(settings, effects)
    devices = DeviceAuthorizations(
        signin, authenticator, issuer, begun, counts_networks=settings.address_limits
    )
    own = _OwnTokens(access, keys)
    desk = Desk(
        store=store,
        cache=cache,
        effects=effects,
        signin=signin,
        minter=Minter(keys, store, cache, effects, issuer),
        sealer=installation.sealer,
        secrets=refresh_secrets(installation),
        tokens=own,
        issuer=issuer,
    )
    front_channel = FrontChannel(desk) if settings.front_channel_id_tokens else None
    requests = AuthorizationRequests(signin, issuer, front_channel)
    authorize = Authorize(
        signin, requests, own, issuer, settings.login_base_url, begun, response_types(settings)
    )
    token = TokenEndpoint(desk, authenticator, GRANTS)
    pushed = PushRequest(store, effects, authenticator, authorize, begun)
    routes: Routes = {
        ("GET", "/oauth/v2/authorize"): oauth_route(authorize, takes_body=False, cross_origin=False),
        ("POST", "/oauth/v2/authorize"): oauth_route(authorize, cross_origin=False),
        ("POST", "/oauth/v2/token"): oauth_route(token),
        ("POST", "/oauth/v2/par"): oauth_route(pushed),
        ("POST", "/oauth/v2/device_authorization"): oauth_route(devices),
    }
    return OpenId(signin, requests, devices, authenticator, routes)


def _begun(settings: Settings, effects: Effects) -> PeerLimit:
    """How many logins a public address may begin: nobody is known yet who could be counted instead."""
    most, apart = settings.address_logins_minute, settings.address_limits
    return PeerLimit(most, timedelta(minutes=1), effects.now, shared=0, are_apart=apart)
