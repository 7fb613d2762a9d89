"""Tokens that would do more than what they were made from: actors laundered away, scopes that grow back."""

from urllib.parse import urlencode

import pytest

from ostiary.core.permission import MEMBERSHIP, Membership
from ostiary.core.policy import POLICY, Policy
from ostiary.core.project import PROJECT
from ostiary.crypto.jws import unverified
from ostiary.http.message import Request
from ostiary.oidc.grants.subject_token import ACCESS_TOKEN, ID_TOKEN, USER_ID
from ostiary.storage.port import Changes, Put
from tests.oidc.conftest import CHALLENGE, REDIRECT, Provider, error_of, good, location, query
from tests.oidc.test_token_exchange import exchange


async def _delegated(provider: Provider, scope: str = "openid") -> dict[str, str]:
    """Tokens for a subject with an actor in them."""
    subject, actor = await provider.login(), await provider.login()
    form = {"actor_token": actor["access_token"], "actor_token_type": ACCESS_TOKEN, "scope": scope}
    return good(await exchange(provider, subject["access_token"], ACCESS_TOKEN, **form))


async def test_threat_an_actor_is_laundered_away_by_a_second_exchange(provider: Provider) -> None:
    """Whoever acts for somebody is still named in what is made of that token."""
    tokens = await _delegated(provider)
    again = good(await exchange(provider, tokens["access_token"], ACCESS_TOKEN))
    assert unverified(again["access_token"]).claims["act"]["sub"] == "100"
    third = good(await exchange(provider, again["access_token"], ACCESS_TOKEN))
    assert unverified(third["access_token"]).claims["act"]["sub"] == "100"


async def test_threat_an_actor_is_laundered_away_by_an_id_token(provider: Provider) -> None:
    """Nor does the delegated ID token give tokens of the subject's own, refresh tokens least of all."""
    tokens = await _delegated(provider)
    assert unverified(tokens["id_token"]).claims["act"]["sub"] == "100"
    again = await exchange(provider, tokens["id_token"], ID_TOKEN, scope="openid offline_access")
    if again.status == 200:
        made = good(again)
        assert unverified(made["access_token"]).claims["act"]["sub"] == "100"
        assert "refresh_token" not in made


async def test_threat_an_impersonated_machine_without_its_impersonator(provider: Provider) -> None:
    """A service user who was impersonated is not, one exchange later, itself at our own API."""
    actor = await provider.login()
    policy = Policy("instance:security", "instance", "security", {"enable_impersonation": True})
    role = Membership("m9", "100", "instance", ("IAM_ADMIN_IMPERSONATOR",))
    await provider.store.save(Changes(puts=(Put(POLICY, policy), Put(MEMBERSHIP, role))))
    form = {"actor_token": actor["access_token"], "actor_token_type": ACCESS_TOKEN}
    own = "urn:zitadel:iam:org:project:id:zitadel:aud"
    tokens = good(await exchange(provider, "900", USER_ID, scope=f"openid {own}", **form))
    again = good(await exchange(provider, tokens["access_token"], ACCESS_TOKEN))
    found = await provider.access.find(again["access_token"])
    assert found is not None
    assert found.grant.actor_id == "100"


async def test_threat_an_application_acts_by_a_token_that_was_meant_for_another(provider: Provider) -> None:
    """An actor's token is good where it was meant to be: whoever else gets hold of it does not act by it."""
    actor, session = await provider.login(), await provider.alice()
    form = {"actor_token": actor["access_token"], "actor_token_type": ACCESS_TOKEN}
    good(await exchange(provider, session.token, **form))
    assert error_of(await exchange(provider, session.token, client="other", **form)) == "invalid_grant"


async def test_threat_a_narrowed_access_token_grows_back(provider: Provider) -> None:
    """What a refresh narrowed is narrow wherever the access token is judged."""
    tokens = await provider.login()
    narrowed = good(await provider.refresh(tokens["refresh_token"], scope="openid"))
    found = await provider.access.find(narrowed["access_token"])
    assert found is not None
    assert found.grant.scope == ("openid",)


async def test_threat_refreshes_go_on_when_the_authorisation_is_gone(provider: Provider) -> None:
    """A project that asks for an authorisation asks at each refresh."""
    tokens = await provider.login()
    await provider.edit(PROJECT, "700", requires_authorization=True)
    assert error_of(await provider.refresh(tokens["refresh_token"])) == "invalid_grant"


@pytest.mark.parametrize("name", ["scope", "ui_locales", "acr_values", "resource", "nonce", "login_hint"])
async def test_threat_anybody_fills_the_disk_by_long_requests(provider: Provider, name: str) -> None:
    """Each parameter of a request that nobody has logged in for is short before it is kept."""
    words = {"scope": "openid " + "s" * 5000, "resource": "urn:x:" + "r" * 5000}
    to = location(await provider.start(**{name: words.get(name, "x " * 5000)}))
    assert query(to).get("error"), to


async def test_threat_anybody_fills_the_disk_by_pushing(provider: Provider) -> None:
    """Parameters that nobody knows are kept with the others: together they are bounded."""
    form = {
        "client_id": "native", "redirect_uri": REDIRECT, "response_type": "code", "scope": "openid",
        "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    }  # fmt: skip
    headers = {b"content-type": b"application/x-www-form-urlencoded"}
    for filling, status in (("x", 201), ("x" * 900_000, 400)):
        body = urlencode({**form, "unheard_of": filling}).encode()
        answer = await provider.ask(provider.push, Request("POST", "/oauth/v2/par", headers, body=body))
        assert answer.status == status
