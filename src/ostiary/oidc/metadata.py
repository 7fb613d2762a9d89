"""What we say of ourselves, for both discovery documents.

Source: OpenID Connect Discovery 1.0 3, RFC 8414 2, RFC 9126 5, RFC 9207 3, OpenID Connect Back-Channel Logout 2.1;
wire contract, part 4.1.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from ostiary.core.assurance import AAL1, AAL2
from ostiary.core.client import ClientAuthentication
from ostiary.core.scope import STANDARD
from ostiary.crypto.jws import ALGORITHMS, EDDSA, ES256, RS256
from ostiary.http.message import Header, Request, Response
from ostiary.oidc.request_rules import CODE_ALONE, PROMPTS, RESPONSE_MODES

_HEADERS: Final[tuple[Header, ...]] = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"max-age=300, must-revalidate"),
    (b"x-content-type-options", b"nosniff"),
)
_CLAIMS: Final = (
    "sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp", "at_hash", "c_hash", "sid", "act",
    "name", "given_name", "family_name", "nickname", "preferred_username", "gender", "locale", "updated_at",
    "email", "email_verified", "phone_number", "phone_number_verified",
)  # fmt: skip
_SECRETS: Final = (
    ClientAuthentication.BASIC,
    ClientAuthentication.POST,
    ClientAuthentication.PRIVATE_KEY_JWT,
)


class Metadata:
    """One document for ``/.well-known/openid-configuration`` and ``/.well-known/oauth-authorization-server``."""

    def __init__(
        self,
        issuer: str,
        grant_types: Sequence[str],
        languages: Sequence[str],
        response_types: Sequence[str] = CODE_ALONE,
    ) -> None:
        """It says the same as long as the server runs."""
        self._body = msgspec.json.encode(metadata(issuer, grant_types, languages, response_types))

    async def __call__(self, _: Request) -> Response:
        """The document."""
        return Response(200, _HEADERS, self._body)


def metadata(
    issuer: str,
    grant_types: Sequence[str],
    languages: Sequence[str],
    response_types: Sequence[str] = CODE_ALONE,
) -> dict[str, Any]:
    """Endpoints and what they can do."""
    algorithms = [RS256, ES256, EDDSA]
    secrets = [str(method) for method in _SECRETS]
    methods = [*secrets, str(ClientAuthentication.NONE)]
    return {
        "issuer": issuer,
        **_endpoints(issuer),
        "scopes_supported": [*STANDARD],
        "response_types_supported": [*response_types],
        "response_modes_supported": [*RESPONSE_MODES],
        "grant_types_supported": [*grant_types, *(["implicit"] if "id_token" in response_types else [])],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": algorithms,
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": [*ALGORITHMS],
        "introspection_endpoint_auth_methods_supported": secrets,
        "introspection_endpoint_auth_signing_alg_values_supported": [*ALGORITHMS],
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": [*ALGORITHMS],
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": sorted(PROMPTS),
        "acr_values_supported": [AAL1, AAL2],
        "claim_types_supported": ["normal"],
        "claims_supported": [*_CLAIMS],
        "ui_locales_supported": [*languages],
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        # without it, the default says yes; a request_uri of RFC 9126 is another thing
        "request_uri_parameter_supported": False,
        "require_pushed_authorization_requests": False,
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }


def _endpoints(issuer: str) -> dict[str, str]:
    return {
        "authorization_endpoint": f"{issuer}/oauth/v2/authorize",
        "token_endpoint": f"{issuer}/oauth/v2/token",
        "introspection_endpoint": f"{issuer}/oauth/v2/introspect",
        "userinfo_endpoint": f"{issuer}/oidc/v1/userinfo",
        "revocation_endpoint": f"{issuer}/oauth/v2/revoke",
        "end_session_endpoint": f"{issuer}/oidc/v1/end_session",
        "jwks_uri": f"{issuer}/oauth/v2/keys",
        "device_authorization_endpoint": f"{issuer}/oauth/v2/device_authorization",
        "pushed_authorization_request_endpoint": f"{issuer}/oauth/v2/par",
    }
