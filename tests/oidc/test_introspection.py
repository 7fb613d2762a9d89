"""Introspection (RFC 7662; wire contract 4.6)."""

from datetime import timedelta

import msgspec
import pytest

from ostiary.core.client import APPLICATION, ApplicationType, ClientAuthentication
from ostiary.core.grant import GRANT
from ostiary.core.policy import POLICY, Policy
from ostiary.core.project import AUTHORIZATION, Authorization
from ostiary.core.session import SESSION
from ostiary.core.user import AUTHENTICATOR, USER, Authenticator, UserState
from ostiary.sessions.change import SessionChange
from ostiary.storage.port import Changes, Put, Remove
from tests.doubles.effects import START
from tests.oidc.conftest import ISSUER, Provider, error_of
from tests.oidc.grants import alices_token, claims_of, client_of, robots_token
from tests.oidc.resource import Resource
from tests.sessions.conftest import LOGIN_CLIENT, user_check

INACTIVE = b'{"active":false}'


@pytest.fixture
def resource(provider: Provider) -> Resource:
    """The endpoints."""
    return Resource(provider)


@pytest.mark.parametrize("form", ["jwt", "opaque"])
async def test_active(provider: Provider, resource: Resource, form: str) -> None:
    """A good token is told with its registered members, how its user was authenticated, and the scopes' claims."""
    minted = await alices_token(provider, form)
    now = int(provider.effects.now().timestamp())
    assert await resource.told(minted.access_token) == {
        "active": True,
        "scope": "openid profile",
        "client_id": "web",
        "token_type": "Bearer",
        "exp": now + 900,
        "iat": now,
        "nbf": now,
        "sub": "100",
        "aud": ["web", "native", "700"],
        "iss": ISSUER,
        "jti": minted.grant.access_token_id,
        "username": "alice",
        "sid": minted.grant.session_id,
        "auth_time": now,
        "amr": ["pwd"],
        "acr": "urn:ostiary:acr:aal1",
        "name": "Alice A",
        "given_name": "Alice",
        "family_name": "A",
        "preferred_username": "alice",
        "updated_at": int(START.timestamp()),
    }


async def test_not_stored(provider: Provider, resource: Resource) -> None:
    """Nobody keeps an answer: the next one may be another."""
    answer = await resource.introspect((await alices_token(provider)).access_token)
    assert dict(answer.headers)[b"cache-control"] == b"no-store"


async def test_service_user(provider: Provider, resource: Resource) -> None:
    """A service user's token says nothing of a session."""
    minted = await robots_token(provider, audience=("700",), scope=())
    told = await resource.told(minted.access_token)
    assert told["active"] is True
    assert told.keys().isdisjoint({"sid", "amr", "acr", "auth_time", "name"})


async def test_actor(provider: Provider, resource: Resource) -> None:
    """Who acts for the subject is told."""
    minted = await alices_token(provider, actor_id="900")
    assert (await resource.told(minted.access_token))["act"] == {"iss": ISSUER, "sub": "900"}


async def test_bare_authentication(provider: Provider, resource: Resource) -> None:
    """An authentication without class is told without acr."""
    minted = await alices_token(provider)
    kept = minted.grant.authentication
    assert kept is not None
    grant = msgspec.structs.replace(
        minted.grant, authentication=msgspec.structs.replace(kept, acr="", amr=())
    )
    client = await client_of(provider)
    other = await provider.desk.minter.mint(msgspec.structs.replace(grant, id="77"), client, id_token=False)
    await provider.store.save(Changes(puts=(Put(GRANT, other.grant),)))
    told = await resource.told(other.access_token)
    assert "acr" not in told
    assert told["amr"] == []


async def test_other_audience(provider: Provider, resource: Resource) -> None:
    """To a client that it is not for, a good token is as inactive as any other text."""
    minted = await alices_token(provider)
    for text in (minted.access_token, "x"):
        assert (await resource.introspect(text, "other")).body == INACTIVE


async def test_own_api(provider: Provider, resource: Resource) -> None:
    """Our own API goes by its project's id, as in the token itself."""
    minted = await alices_token(provider, audience=("web", "zitadel"))
    assert (
        (await resource.told(minted.access_token))["aud"]
        == claims_of(minted.access_token)["aud"]
        == ["web", "1"]
    )


async def test_by_project(provider: Provider, resource: Resource) -> None:
    """A client may ask about tokens for its project."""
    minted = await alices_token(provider, audience=("799",))
    assert (await resource.told(minted.access_token, "other"))["active"] is True
    assert (await resource.introspect(minted.access_token)).body == INACTIVE


async def test_inactive(provider: Provider, resource: Resource) -> None:
    """Inactive is this and nothing else: expired, ended, ID tokens, refresh tokens, nonsense."""
    minted = await alices_token(provider)
    refresh_token = (await provider.login())["refresh_token"]
    for text in (minted.id_token, refresh_token, "x", "a.b.c", "osta_1_" + "A" * 43, "osts_1_" + "A" * 43):
        answer = await resource.introspect(text)
        assert (answer.status, answer.body) == (200, INACTIVE)
    provider.effects.later(seconds=900)
    assert (await resource.introspect(minted.access_token)).body == INACTIVE


async def test_ended_session(provider: Provider, resource: Resource) -> None:
    """Ending a session makes its tokens inactive at once."""
    minted = await alices_token(provider)
    await provider.commands.end(LOGIN_CLIENT, minted.grant.session_id, "")
    assert (await resource.introspect(minted.access_token)).body == INACTIVE


async def test_bad_client(provider: Provider, resource: Resource) -> None:
    """A client that does not prove itself learns nothing, not even of a bad token."""
    token = (await alices_token(provider)).access_token
    for text in (token, "x"):
        answer = await resource.introspect(text, "web", "wrong")
        assert (answer.status, error_of(answer)) == (401, "invalid_client")


async def test_public_client(provider: Provider, resource: Resource) -> None:
    """A client without credentials may not scan for tokens (RFC 7662 2.1)."""
    answer = await resource.introspect((await alices_token(provider)).access_token, "native", "")
    assert (answer.status, error_of(answer)) == (401, "invalid_client")


async def test_no_token(resource: Resource) -> None:
    """The token is asked for."""
    assert error_of(await resource.introspect(None)) == "invalid_request"


async def test_api_client(provider: Provider, resource: Resource) -> None:
    """An API of the project introspects; its answer has the roles of its own project."""
    web = await client_of(provider)
    api = msgspec.structs.replace(
        web, id="704", client_id="api", type=ApplicationType.API, oidc=None, version=1,
        authentication=ClientAuthentication.BASIC,
    )  # fmt: skip
    row = Authorization("1", "100", "700", "500", START, START, ("buyer",))
    await provider.store.save(Changes(puts=(Put(APPLICATION, api), Put(AUTHORIZATION, row))))
    minted = await alices_token(provider, scope=("openid", "urn:zitadel:iam:org:project:role:buyer"))
    told = await resource.told(minted.access_token, "api")
    assert told["urn:zitadel:iam:org:project:roles"] == {"buyer": {"500": "acme.localhost"}}
    assert "name" not in told


async def test_personal_access_token(provider: Provider, resource: Resource) -> None:
    """A personal access token is good for every API, with the default scopes, while its user is."""
    text = await resource.pat()
    told = await resource.told(text, "other")
    assert (told["active"], told["sub"], told["username"], told["jti"]) == (True, "900", "robot", "801")
    assert told["token_type"] == "Bearer"
    assert told["scope"].startswith("openid profile ")
    await provider.edit(USER, "900", state=UserState.LOCKED)
    assert (await resource.introspect(text)).body == INACTIVE


async def test_session_token(provider: Provider, resource: Resource) -> None:
    """A session's live token is told: who, since when, and how they were authenticated."""
    session = await provider.alice()
    now = int(provider.effects.now().timestamp())
    assert await resource.told(session.token) == {
        "active": True,
        "token_type": "session",
        "sub": "100",
        "username": "alice",
        "iss": ISSUER,
        "iat": now,
        "sid": session.session_id,
        "auth_time": now,
        "amr": ["pwd"],
        "acr": "urn:ostiary:acr:aal1",
    }


async def test_session_with_an_end(provider: Provider, resource: Resource) -> None:
    """A session that ends is told with its end, and is inactive from then on."""
    session = await provider.alice()
    expires_at = provider.effects.now() + timedelta(seconds=60)
    await provider.edit(SESSION, session.session_id, expires_at=expires_at)
    assert (await resource.told(session.token))["exp"] == int(expires_at.timestamp())
    provider.effects.later(seconds=60)
    assert (await resource.introspect(session.token)).body == INACTIVE


async def test_old_session_token(provider: Provider, resource: Resource) -> None:
    """A session token that was replaced is inactive."""
    session = await provider.alice()
    changed = await provider.set(session.session_id, session.token, SessionChange(metadata={"a": b"b"}))
    assert (await resource.introspect(session.token)).body == INACTIVE
    assert (await resource.told(changed.token))["active"] is True


async def test_session_that_proves_nothing(provider: Provider, resource: Resource) -> None:
    """A session without user, with a bare user check, or without the forced factor stands for nobody."""
    for change in (SessionChange(), user_check()):
        made = await provider.create(change)
        assert (await resource.introspect(made.token)).body == INACTIVE
    session = await provider.alice()
    policy = Policy("instance:login", "instance", "login", {"force_mfa": True})
    await provider.store.save(Changes(puts=(Put(POLICY, policy),)))
    assert (await resource.introspect(session.token)).body == INACTIVE


async def test_session_of_a_user_with_a_second_factor(provider: Provider, resource: Resource) -> None:
    """Who owns a second factor must have used it."""
    session = await provider.alice()
    totp = Authenticator("100:totp", "100", "totp", START, START)
    await provider.store.save(Changes(puts=(Put(AUTHENTICATOR, totp),)))
    assert (await resource.introspect(session.token)).body == INACTIVE


async def test_session_of_an_unusable_user(provider: Provider, resource: Resource) -> None:
    """The session of a locked or deleted user stands for nobody."""
    session = await provider.alice()
    await provider.edit(USER, "100", state=UserState.LOCKED)
    assert (await resource.introspect(session.token)).body == INACTIVE
    user = await provider.store.get(USER, "100")
    assert user is not None
    await provider.store.save(Changes(removes=(Remove(USER, "100", user.version),)))
    assert (await resource.introspect(session.token)).body == INACTIVE
