"""The userinfo endpoint (OpenID Connect Core 5.3, RFC 6750)."""

import pytest

from ostiary.core.client import APPLICATION
from ostiary.core.project import AUTHORIZATION, Authorization
from ostiary.core.user import USER, UserState
from ostiary.storage.port import Changes, Put, Remove
from tests.doubles.effects import START
from tests.oidc.conftest import Provider, error_of, good
from tests.oidc.grants import alices_token, robots_token
from tests.oidc.resource import Resource, body


@pytest.fixture
def resource(provider: Provider) -> Resource:
    """The endpoints."""
    return Resource(provider)


@pytest.mark.parametrize("form", ["jwt", "opaque"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_claims(provider: Provider, resource: Resource, form: str, method: str) -> None:
    """The bearer is told the claims of the scopes that were granted, and always the subject."""
    minted = await alices_token(provider, form)
    answer = await resource.who(f"Bearer {minted.access_token}", method=method)
    assert good(answer) == {
        "sub": "100",
        "name": "Alice A",
        "given_name": "Alice",
        "family_name": "A",
        "preferred_username": "alice",
        "updated_at": int(START.timestamp()),
    }
    assert dict(answer.headers)[b"cache-control"] == b"no-store"


async def test_in_the_form(provider: Provider, resource: Resource) -> None:
    """The token may come in a form (RFC 6750 2.2), but only once."""
    token = (await alices_token(provider)).access_token
    assert good(await resource.who(method="POST", body=f"access_token={token}"))["sub"] == "100"
    twice = await resource.who(f"Bearer {token}", method="POST", body=f"access_token={token}")
    assert (twice.status, error_of(twice)) == (400, "invalid_request")
    other = await resource.who(f"Bearer {token}", method="POST", body="x=y")
    assert good(other)["sub"] == "100"


async def test_in_the_url(provider: Provider, resource: Resource) -> None:
    """A token in the URL is ignored: it would be in logs (RFC 9700 4.3.2)."""
    token = (await alices_token(provider)).access_token
    assert (await resource.who(query=f"access_token={token}")).status == 401


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "Token x"])
async def test_no_credentials(resource: Resource, header: str) -> None:
    """Who sends no bearer token is told how to, without an error code in the challenge (RFC 6750 3.1)."""
    answer = await resource.who(header)
    assert answer.status == 401
    assert dict(answer.headers)[b"www-authenticate"] == b'Bearer realm="ostiary"'


async def test_bad_token(provider: Provider, resource: Resource) -> None:
    """Unknown and expired tokens, ID tokens and session tokens get 401 and invalid_token."""
    minted = await alices_token(provider)
    session = await provider.alice()
    for text in ("x", minted.id_token, session.token):
        answer = await resource.who(f"Bearer {text}")
        assert (answer.status, body(answer)["error"]) == (401, "invalid_token")
        assert dict(answer.headers)[b"www-authenticate"].startswith(b'Bearer error="invalid_token"')
    provider.effects.later(seconds=900)
    assert (await resource.who(f"Bearer {minted.access_token}")).status == 401


async def test_without_openid(provider: Provider, resource: Resource) -> None:
    """A token that was not granted openid says nothing of its user."""
    minted = await alices_token(provider, scope=("profile",))
    answer = await resource.who(f"Bearer {minted.access_token}")
    assert (answer.status, body(answer)["error"]) == (403, "insufficient_scope")
    assert b'scope="openid"' in dict(answer.headers)[b"www-authenticate"]


async def test_service_user(provider: Provider, resource: Resource) -> None:
    """A service user with openid is told of itself."""
    minted = await robots_token(provider, scope=("openid", "profile"))
    assert good(await resource.who(f"bearer {minted.access_token}"))["name"] == "Robot"


async def test_personal_access_token(provider: Provider, resource: Resource) -> None:
    """A personal access token shows its user with the default scopes, while both are good."""
    header = f"Bearer {await resource.pat()}"
    claims = good(await resource.who(header))
    assert claims["sub"] == "900"
    assert claims["name"] == "Robot"
    assert claims["urn:zitadel:iam:user:resourceowner:id"] == "500"
    await provider.edit(USER, "900", state=UserState.INACTIVE)
    assert (await resource.who(header)).status == 401
    await provider.edit(USER, "900", state=UserState.ACTIVE)
    provider.effects.later(days=1)
    assert (await resource.who(header)).status == 401


async def test_roles_of_the_clients_project(provider: Provider, resource: Resource) -> None:
    """Roles are those of the project of the client that got the token, also after that client is gone by project."""
    row = Authorization("1", "100", "700", "500", START, START, ("buyer",))
    await provider.store.save(Changes(puts=(Put(AUTHORIZATION, row),)))
    minted = await alices_token(provider, scope=("openid", "urn:zitadel:iam:org:projects:roles"))
    header = f"Bearer {minted.access_token}"
    assert "urn:zitadel:iam:org:project:roles" in good(await resource.who(header))
    app = await provider.store.get(APPLICATION, "701")
    assert app is not None
    await provider.store.save(Changes(removes=(Remove(APPLICATION, "701", app.version),)))
    claims = good(await resource.who(header))
    assert "urn:zitadel:iam:org:project:roles" not in claims
    assert claims["urn:zitadel:iam:org:project:700:roles"] == {"buyer": {"500": "acme.localhost"}}
