"""What an OIDC client may register. ZITADEL notes what does not comply; here it is refused, with what to change.

Source: OpenID Connect Registration 2; RFC 8252 8.4 and 8.5; RFC 9700 2.1 and 4.
"""

from collections.abc import Sequence

import msgspec

from ostiary.core.client import Application, ApplicationType, ClientAuthentication, OidcSettings
from ostiary.core.redirect_uri import origin_of, require_endpoint, require_origin, require_registrable
from ostiary.errors import InvalidArgument

CODE, IMPLICIT, REFRESH = "authorization_code", "implicit", "refresh_token"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
RESPONSE_TYPES = ("code", "id_token", "id_token token")
GRANT_TYPES = (CODE, IMPLICIT, REFRESH, DEVICE_CODE, TOKEN_EXCHANGE)
MAX_URIS = 100
MAX_CLOCK_SKEW_S = 5
MAX_REFRESH_GRACE_S = 60
ACCESS_TOKEN_LIFETIME_S = (60, 12 * 3600)  # shortest and longest
ID_TOKEN_ALGORITHMS = ("RS256", "ES256", "EdDSA")


def needs_secret(authentication: ClientAuthentication) -> bool:
    """Whether such a client is given a secret."""
    return authentication in {ClientAuthentication.BASIC, ClientAuthentication.POST}


def registered(
    type: ApplicationType,  # noqa: A002
    authentication: ClientAuthentication,
    wanted: OidcSettings,
) -> OidcSettings:
    """The settings with what follows from them filled in; raises InvalidArgument for what cannot work or is unsafe."""
    grants = tuple(dict.fromkeys(wanted.grant_types)) or (CODE,)
    responses = tuple(dict.fromkeys(wanted.response_types)) or (("code",) if CODE in grants else ())
    settings = msgspec.structs.replace(wanted, grant_types=grants, response_types=responses)
    _check_authentication(type, authentication)
    _check_grants(settings)
    _check_uris(type, settings)
    _check_tokens(settings)
    return settings


def allowed_origins(application: Application) -> tuple[str, ...]:
    """From where scripts may call the token endpoint for it: its redirect URIs' origins, and those it named."""
    oidc = application.oidc
    if oidc is None:
        return ()
    found = [origin for origin in map(origin_of, oidc.redirect_uris) if origin is not None]
    return tuple(dict.fromkeys([*found, *oidc.additional_origins]))


def _check_authentication(type: ApplicationType, authentication: ClientAuthentication) -> None:  # noqa: A002
    if type in {ApplicationType.NATIVE, ApplicationType.USER_AGENT} and needs_secret(authentication):
        raise InvalidArgument(
            "client.secret_not_kept",
            "This type of application cannot keep a secret",
            hint="register it with authentication method NONE; it proves itself by PKCE",
        )


def _check_grants(settings: OidcSettings) -> None:
    grants, responses = settings.grant_types, settings.response_types
    _require_known(responses, RESPONSE_TYPES, "response type")
    _require_known(grants, GRANT_TYPES, "grant type")
    if ("code" in responses) != (CODE in grants):
        raise InvalidArgument(
            "client.code_grant",
            "Response and grant types do not fit",
            hint="response type code and grant type authorization_code go together",
        )
    if any(response != "code" for response in responses) != (IMPLICIT in grants):
        raise InvalidArgument(
            "client.implicit_grant",
            "Response and grant types do not fit",
            hint="response type id_token and grant type implicit go together",
        )
    if grants == (REFRESH,):
        raise InvalidArgument(
            "client.refresh_alone", "Grant types are incomplete", hint="a grant must give the refresh token"
        )
    if not 0 <= settings.clock_skew_s <= MAX_CLOCK_SKEW_S:
        hint = f"0 to {MAX_CLOCK_SKEW_S} seconds"
        raise InvalidArgument("client.clock_skew", "Clock skew is out of range", hint=hint)


def _check_tokens(settings: OidcSettings) -> None:
    shortest, longest = ACCESS_TOKEN_LIFETIME_S
    if settings.access_token_lifetime_s and not shortest <= settings.access_token_lifetime_s <= longest:
        hint = f"{shortest} to {longest} seconds, or 0 for the instance's"
        raise InvalidArgument(
            "client.access_token_lifetime", "Lifetime of access tokens is out of range", hint=hint
        )
    if not 0 <= settings.refresh_grace_s <= MAX_REFRESH_GRACE_S:
        hint = f"0 to {MAX_REFRESH_GRACE_S} seconds"
        raise InvalidArgument("client.refresh_grace", "Grace of refresh tokens is out of range", hint=hint)
    _require_known([settings.id_token_algorithm], ID_TOKEN_ALGORITHMS, "algorithm of ID tokens")


def _require_known(given: Sequence[str], known: Sequence[str], what: str) -> None:
    for one in given:
        if one not in known:
            hint = f"one of: {', '.join(known)}"
            raise InvalidArgument("client.type_unknown", f"Unknown {what}", hint=hint)


def _check_uris(type: ApplicationType, settings: OidcSettings) -> None:  # noqa: A002
    redirects, is_development = settings.redirect_uris, settings.is_development
    if not redirects and not {CODE, IMPLICIT}.isdisjoint(settings.grant_types):
        raise InvalidArgument(
            "client.no_redirect", "Redirect URI is missing", hint="name at least one redirectUris"
        )
    lists = (redirects, settings.post_logout_redirect_uris, settings.additional_origins)
    if any(len(uris) > MAX_URIS or len(set(uris)) != len(uris) for uris in lists):
        hint = f"each once, at most {MAX_URIS}"
        raise InvalidArgument("client.uris", "Too many or repeated URLs", hint=hint)
    for uri in (*redirects, *settings.post_logout_redirect_uris):
        require_registrable(uri, type, is_development=is_development)
    for origin in settings.additional_origins:
        require_origin(origin, is_development=is_development)
    for endpoint in filter(None, (settings.back_channel_logout_uri, settings.login_base_uri)):
        require_endpoint(endpoint, is_development=is_development)
