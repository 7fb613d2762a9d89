"""Discovery and keys (OpenID Connect Discovery 3, RFC 8414, RFC 7517)."""

from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
import requests
from authlib.oidc.discovery import OpenIDProviderMetadata

from ostiary.http.message import Request
from ostiary.oidc.grants import GRANTS
from ostiary.oidc.jwks import Jwks
from ostiary.oidc.metadata import Metadata, metadata
from tests.oidc.conftest import ISSUER, Provider
from tests.served import Served

DOCUMENT: dict[str, Any] = metadata(ISSUER, [grant.name for grant in GRANTS], ("en", "de"))


def test_well_formed() -> None:
    """A client library finds nothing wrong with the document."""
    secure = metadata("https://id.example.com", [grant.name for grant in GRANTS], ("en", "de"))
    OpenIDProviderMetadata(secure).validate()


def test_endpoints() -> None:
    """Every endpoint is under the issuer, at the paths of the wire."""
    paths = {
        name: urlsplit(value).path for name, value in DOCUMENT.items() if name.endswith(("_endpoint", "_uri"))
    }
    assert paths == {
        "authorization_endpoint": "/oauth/v2/authorize",
        "token_endpoint": "/oauth/v2/token",
        "introspection_endpoint": "/oauth/v2/introspect",
        "userinfo_endpoint": "/oidc/v1/userinfo",
        "revocation_endpoint": "/oauth/v2/revoke",
        "end_session_endpoint": "/oidc/v1/end_session",
        "jwks_uri": "/oauth/v2/keys",
        "device_authorization_endpoint": "/oauth/v2/device_authorization",
        "pushed_authorization_request_endpoint": "/oauth/v2/par",
    }
    assert all(value.startswith(ISSUER) for name, value in DOCUMENT.items() if name.endswith("_endpoint"))


def test_grants() -> None:
    """The grants on offer are named, and no other."""
    assert DOCUMENT["grant_types_supported"] == [
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:token-exchange",
    ]


def test_nothing_weak() -> None:
    """No shared-secret or missing signature, no plain PKCE, no implicit flow is on offer."""
    algorithms = {
        one for name, values in DOCUMENT.items() if name.endswith("alg_values_supported") for one in values
    }
    assert algorithms == {"RS256", "ES256", "EdDSA"}
    assert DOCUMENT["code_challenge_methods_supported"] == ["S256"]
    assert DOCUMENT["response_types_supported"] == ["code"]
    assert {"implicit", "password"}.isdisjoint(DOCUMENT["grant_types_supported"])
    assert DOCUMENT["request_uri_parameter_supported"] is False


def test_promises() -> None:
    """Mix-up defence, back-channel logout and PAR are announced."""
    assert DOCUMENT["authorization_response_iss_parameter_supported"] is True
    assert (
        DOCUMENT["backchannel_logout_supported"] is DOCUMENT["backchannel_logout_session_supported"] is True
    )
    assert "none" not in DOCUMENT["introspection_endpoint_auth_methods_supported"]


async def test_document() -> None:
    """The document is JSON that may be kept for five minutes."""
    answer = await Metadata(ISSUER, ["authorization_code"], ("en",))(Request("GET", "/", {}))
    assert msgspec.json.decode(answer.body)["issuer"] == ISSUER
    assert dict(answer.headers)[b"cache-control"] == b"max-age=300, must-revalidate"


async def test_keys(provider: Provider) -> None:
    """The keys are published with their ids, for five minutes, and the next request sees a new one."""
    for _ in range(2):
        provider.effects.new_id()  # the ids of the keys that all houses share
    endpoint = Jwks(provider.keys, provider.cache)
    answer = await endpoint(Request("GET", "/", {}))
    assert dict(answer.headers)[b"cache-control"] == b"max-age=300, must-revalidate"
    keys = msgspec.json.decode(answer.body)["keys"]
    assert sorted(key["alg"] for key in keys) == ["ES256", "RS256"]
    await provider.keys.signing("EdDSA")
    keys = msgspec.json.decode((await endpoint(Request("GET", "/", {}))).body)["keys"]
    assert len({key["kid"] for key in keys}) == 3


ENDPOINTS = [
    ("GET", "/.well-known/openid-configuration", 200),
    ("GET", "/.well-known/oauth-authorization-server", 200),
    ("GET", "/oauth/v2/keys", 200),
    ("GET", "/oidc/v1/userinfo", 401),
    ("POST", "/oidc/v1/userinfo", 401),
    ("POST", "/oauth/v2/introspect", 400),
    ("POST", "/oauth/v2/revoke", 400),
]


@pytest.mark.parametrize(("method", "path", "status"), ENDPOINTS)
def test_served(served: Served, method: str, path: str, status: int) -> None:
    """The server answers at each path, to scripts of any origin too."""
    origin = {"Origin": "https://app.example"}
    answer = requests.request(method, served.base + path, headers=origin, timeout=30)
    assert answer.status_code == status
    assert answer.headers["access-control-allow-origin"] == "https://app.example"
    assert "error" in answer.json() or status == 200
    asked = {
        **origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization",
    }
    assert requests.options(served.base + path, headers=asked, timeout=30).status_code == 204


def test_documents_are_one(served: Served) -> None:
    """Both discovery documents say the same."""
    first, second = (requests.get(served.base + path, timeout=30).json() for _, path, _ in ENDPOINTS[:2])
    assert first == second
    assert first["token_endpoint"].startswith(first["issuer"])
