"""RFC 8707: access tokens for the resources that were asked for, and no others."""

from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from ostiary.core.scope import OWN_API_SCOPE
from ostiary.http.message import Request
from ostiary.oidc.grants.subject_token import ACCESS_TOKEN
from tests.oidc.conftest import CHALLENGE, REDIRECT, Provider, error_of, good, location, query
from tests.oidc.grants import claims_of
from tests.oidc.test_token_exchange import EXCHANGE

ONE, TWO = "https://one.example/api", "urn:example:two"


async def code_for(provider: Provider, *resources: str, scope: str = "openid offline_access") -> str:
    """A code of a request for resources, finished by a session token."""
    session = await provider.alice()
    sent = [
        *{"client_id": "web", "redirect_uri": REDIRECT, "response_type": "code", "scope": scope}.items(),
        *{"code_challenge": CHALLENGE, "code_challenge_method": "S256"}.items(),
        ("id_token_hint", session.token),
        *(("resource", one) for one in resources),
    ]
    request = Request("GET", "/oauth/v2/authorize", {}, urlencode(sent).encode())
    return query(location(await provider.ask(provider.authorize, request)))["code"]


def audience(tokens: dict[str, Any]) -> Any:
    """Whom the access token names."""
    return claims_of(tokens["access_token"])["aud"]


async def test_the_audience_is_the_resources(provider: Provider) -> None:
    """And what scopes name; the ID token is still the client's."""
    tokens = good(await provider.redeem(await code_for(provider, ONE, TWO)))
    assert audience(tokens) == [ONE, TWO]
    assert claims_of(tokens["id_token"])["aud"][0] == "web"
    assert ONE not in claims_of(tokens["id_token"])["aud"]
    assert "web" in audience(good(await provider.redeem(await code_for(provider))))
    both = good(await provider.redeem(await code_for(provider, ONE, scope=f"openid {OWN_API_SCOPE}")))
    assert audience(both) == ["1", ONE]


async def test_each_token_request_narrows(provider: Provider) -> None:
    """A refresh may ask for another one of those that were granted, never for more."""
    tokens = good(await provider.redeem(await code_for(provider, ONE, TWO), resource=ONE))
    assert audience(tokens) == [ONE]
    tokens = good(await provider.refresh(tokens["refresh_token"], resource=TWO))
    assert audience(tokens) == [TWO]
    more = await provider.refresh(tokens["refresh_token"], resource="https://three.example")
    assert error_of(more) == "invalid_target"
    tokens = good(await provider.refresh(tokens["refresh_token"]))
    assert audience(tokens) == [ONE, TWO]
    code = await code_for(provider, ONE)
    assert error_of(await provider.redeem(code, resource=TWO)) == "invalid_target"
    assert audience(good(await provider.redeem(code, resource=ONE))) == [ONE]


async def test_what_is_kept_is_small(provider: Provider) -> None:
    """A family without resources keeps none."""
    tokens = await provider.login()
    found = await provider.access.find(tokens["access_token"])
    assert found is not None
    assert b"access_resource" not in msgspec.json.encode(found.grant)


async def test_an_exchange_does_not_widen_a_narrowed_token(provider: Provider) -> None:
    """Who was sent a token for one resource makes none for another of the same login out of it."""
    tokens = good(await provider.redeem(await code_for(provider, ONE, TWO), resource=ONE))
    known = {
        "grant_type": EXCHANGE,
        "subject_token": tokens["access_token"],
        "subject_token_type": ACCESS_TOKEN,
    }
    assert error_of(await provider.token(**known, resource=TWO)) == "invalid_target"
    exchanged = good(await provider.token(**known, resource=ONE))
    assert audience(exchanged) == [ONE]


async def test_a_token_without_our_apis_scope_is_not_for_our_api(provider: Provider) -> None:
    """A refresh that gives the scope up gives up the audience that it stood for; the family keeps both."""
    tokens = good(
        await provider.redeem(await code_for(provider, scope=f"openid offline_access {OWN_API_SCOPE}"))
    )
    assert "1" in audience(tokens)
    tokens = good(await provider.refresh(tokens["refresh_token"], scope="openid"))
    assert "1" not in audience(tokens)
    assert "1" not in claims_of(tokens["id_token"])["aud"]
    found = await provider.access.find(tokens["access_token"])
    assert found is not None
    assert "zitadel" not in found.grant.audience
    assert "1" in audience(good(await provider.refresh(tokens["refresh_token"])))


@pytest.mark.parametrize("text", ["http://[", "http://[::1", "http://a\u2100b", "/relative", "https://a/#b"])
async def test_what_is_no_uri_is_refused(provider: Provider, text: str) -> None:
    """With the RFC's error, also where it cannot be taken apart."""
    answer = await provider.start(resource=text)
    assert query(location(answer))["error"] == "invalid_target"


async def test_many_resources_are_refused(provider: Provider) -> None:
    """Anybody has the parameters of a request kept, and this one may be sent often."""
    sent = [("resource", f"{ONE}/{number}{'x' * 500}") for number in range(40)]
    wanted = [
        ("client_id", "web"),
        ("redirect_uri", REDIRECT),
        ("response_type", "code"),
        ("scope", "openid"),
    ]
    request = Request("GET", "/oauth/v2/authorize", {}, urlencode([*wanted, *sent]).encode())
    answer = await provider.ask(provider.authorize, request)
    assert query(location(answer))["error"] == "invalid_target"
