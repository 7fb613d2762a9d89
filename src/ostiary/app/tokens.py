"""Our tokens over one installation: the keys that sign them, the test of them, and the endpoints that tell of them."""

from collections.abc import Sequence

from ostiary.access.access_token import AccessTokens
from ostiary.app.installation import Installation
from ostiary.config.settings import Settings
from ostiary.core.language import SUPPORTED_LANGUAGES
from ostiary.http.message import Endpoint
from ostiary.http.router import Route
from ostiary.keys.signing import SigningKeys
from ostiary.oidc.client_authentication import ClientAuthenticator
from ostiary.oidc.grants import GRANTS
from ostiary.oidc.introspection import Introspection
from ostiary.oidc.jwks import Jwks
from ostiary.oidc.metadata import Metadata
from ostiary.oidc.problem import oauth_route
from ostiary.oidc.refresh_secret import RefreshSecrets
from ostiary.oidc.request_rules import CODE_ALONE, WITH_ID_TOKENS
from ostiary.oidc.revocation import Revocation
from ostiary.oidc.userinfo import UserInfo

Routes = dict[tuple[str, str], Endpoint | Route]
_MARK_PURPOSE = "refresh token mark"


def signing_keys(installation: Installation) -> SigningKeys:
    """The keys at work; one object, for it keeps what it loaded."""
    return SigningKeys(installation.store, installation.cache, installation.effects, installation.sealer)


def access_tokens(installation: Installation, keys: SigningKeys) -> AccessTokens:
    """The test of access tokens."""
    issuer = installation.settings.url
    return AccessTokens(installation.store, installation.cache, installation.effects, keys, issuer)


def response_types(settings: Settings) -> Sequence[str]:
    """What the authorization endpoint offers."""
    return WITH_ID_TOKENS if settings.front_channel_id_tokens else CODE_ALONE


def refresh_secrets(installation: Installation) -> RefreshSecrets:
    """Makes and knows refresh tokens."""
    return RefreshSecrets(installation.sealer.subkey(_MARK_PURPOSE))


def token_routes(
    installation: Installation, keys: SigningKeys, tokens: AccessTokens, authenticator: ClientAuthenticator
) -> Routes:
    """Discovery, keys, userinfo, introspection, revocation."""
    store, cache, effects = installation.store, installation.cache, installation.effects
    issuer = installation.settings.url
    metadata = oauth_route(
        Metadata(
            issuer,
            [grant.name for grant in GRANTS],
            SUPPORTED_LANGUAGES,
            response_types(installation.settings),
        ),
        takes_body=False,
    )
    user_info = UserInfo(store, cache, effects, tokens)
    introspection = Introspection(store, cache, effects, tokens, authenticator, issuer)
    revocation = Revocation(store, cache, effects, tokens, refresh_secrets(installation), authenticator)
    return {
        ("GET", "/.well-known/openid-configuration"): metadata,
        ("GET", "/.well-known/oauth-authorization-server"): metadata,
        ("GET", "/oauth/v2/keys"): oauth_route(Jwks(keys, cache), takes_body=False),
        ("GET", "/oidc/v1/userinfo"): oauth_route(user_info, takes_body=False),
        ("POST", "/oidc/v1/userinfo"): oauth_route(user_info),
        ("POST", "/oauth/v2/introspect"): oauth_route(introspection),
        ("POST", "/oauth/v2/revoke"): oauth_route(revocation),
    }
