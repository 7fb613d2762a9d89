"""Access tokens and ID tokens (RFC 9068; OpenID Connect Core 2 and 3.1.3.6; wire contract 4.4)."""

from datetime import timedelta

import msgspec
import pytest

from ostiary.core.client import APPLICATION
from ostiary.core.organization import ORGANIZATION
from ostiary.core.policy import POLICY, Policy
from ostiary.core.project import AUTHORIZATION, PROJECT, Authorization
from ostiary.core.secret import parse_token
from ostiary.core.user import USER, USER_METADATA, UserMetadata
from ostiary.crypto.jws import unverified
from ostiary.oidc.minting import half_hash
from ostiary.storage.port import Changes, Put, Remove
from tests.doubles.effects import START
from tests.oidc.conftest import ISSUER, Provider
from tests.oidc.grants import (
    alices_grant,
    claims_of,
    client_of,
    make_jwt_robot,
    mint,
    robots_grant,
)


async def test_access_token(provider: Provider) -> None:
    """A JWT access token has the form of RFC 9068, ES256, and leads back to its grant."""
    grant = await alices_grant(provider)
    minted = await mint(provider, grant, await client_of(provider))
    header, claims = unverified(minted.access_token).header, claims_of(minted.access_token)
    now = int(provider.effects.now().timestamp())
    assert (header["typ"], header["alg"]) == ("at+jwt", "ES256")
    assert claims == {
        "iss": ISSUER,
        "sub": "100",
        "aud": ["web", "native", "700"],
        "client_id": "web",
        "scope": "openid profile",
        "iat": now,
        "nbf": now,
        "exp": now + 900,
        "jti": minted.grant.access_token_id,
        "auth_time": now,
        "amr": ["pwd"],
        "acr": "urn:ostiary:acr:aal1",
        "sid": grant.session_id,
    }
    assert minted.grant.access_token_id.partition("-")[0] == grant.id
    assert minted.expires_in_s == 900
    assert minted.grant.access_expires_at == provider.effects.now().replace(microsecond=0) + timedelta(
        seconds=900
    )


async def test_ids_of_tokens_differ(provider: Provider) -> None:
    """Two tokens of one grant, in one moment, are two."""
    grant, client = await alices_grant(provider), await client_of(provider)
    one = await mint(provider, grant, client, save=False)
    other = await mint(provider, one.grant, client, save=False)
    assert one.grant.access_token_id != other.grant.access_token_id
    assert one.grant.version == grant.version


async def test_opaque(provider: Provider) -> None:
    """By the client's setting an access token is opaque, and only its hash is kept."""
    minted = await mint(
        provider, await alices_grant(provider), await client_of(provider, access_token_form="opaque")
    )
    token = parse_token(minted.access_token)
    assert token is not None
    assert (token.kind, token.id) == ("osta", minted.grant.id)
    assert token.secret_hash == minted.grant.access_hash
    assert minted.access_token not in repr(minted)


@pytest.mark.parametrize(
    ("setting", "expected"),
    [(0, 900), (300, 300), (5, 60), (10**6, 43_200)],
)
async def test_lifetime(provider: Provider, setting: int, expected: int) -> None:
    """900 seconds, else what the client says, from a minute to twelve hours."""
    client = await client_of(provider, access_token_lifetime_s=setting)
    minted = await mint(provider, await alices_grant(provider), client)
    claims = claims_of(minted.access_token)
    assert claims["exp"] - claims["iat"] == minted.expires_in_s == expected


async def test_lifetimes_of_the_instance(provider: Provider) -> None:
    """The instance's setting holds where the client says nothing."""
    values = {
        "access_token_lifetime_s": 600,
        "service_token_lifetime_s": 1200,
        "id_token_lifetime_s": 60,
    }
    policy = Policy("instance:token", "instance", "token", values)
    await provider.store.save(Changes(puts=(Put(POLICY, policy),)))
    await provider.cache.fresh()
    minted = await mint(provider, await alices_grant(provider), await client_of(provider))
    claims = claims_of(minted.id_token)
    assert (minted.expires_in_s, claims["exp"] - claims["iat"]) == (600, 60)
    assert (await mint(provider, robots_grant(provider), None)).expires_in_s == 1200


async def test_service_users_token(provider: Provider) -> None:
    """A service user's token lives an hour, opaque or a JWT by its own setting, without a word of a session."""
    minted = await mint(provider, robots_grant(provider), None)
    assert minted.access_token.startswith("osta_")
    assert minted.expires_in_s == 3600
    await make_jwt_robot(provider)
    claims = claims_of((await mint(provider, robots_grant(provider), None)).access_token)
    assert claims.keys().isdisjoint({"sid", "auth_time", "amr", "acr", "act", "nonce"})
    assert (claims["sub"], claims["client_id"], claims["aud"]) == ("900", "robot", ["900"])


async def test_without_oidc_settings(provider: Provider) -> None:
    """A client without OIDC settings (an API) gets a JWT of the usual length, an ID token RS256."""
    client = msgspec.structs.replace(await client_of(provider), oidc=None)
    minted = await mint(provider, await alices_grant(provider), client)
    assert minted.expires_in_s == 900
    assert unverified(minted.access_token).header["typ"] == "at+jwt"
    assert unverified(minted.id_token).header["alg"] == "RS256"


async def test_audience(provider: Provider) -> None:
    """Our API goes by its project's id; a token for nobody is for us (RFC 9068 3)."""
    client = await client_of(provider)
    minted = await mint(provider, await alices_grant(provider, audience=("web", "zitadel")), client)
    assert claims_of(minted.access_token)["aud"] == ["web", "1"]
    minted = await mint(provider, await alices_grant(provider, audience=()), client)
    assert claims_of(minted.access_token)["aud"] == [ISSUER]


async def test_id_token(provider: Provider) -> None:
    """An ID token is RS256, names its client and its session, and hashes the access token it came with."""
    grant = await alices_grant(provider, nonce="n-1")
    minted = await mint(provider, grant, await client_of(provider))
    now = int(provider.effects.now().timestamp())
    assert unverified(minted.id_token).header["alg"] == "RS256"
    assert unverified(minted.id_token).header["typ"] == "JWT"
    assert claims_of(minted.id_token) == {
        "iss": ISSUER,
        "sub": "100",
        "aud": ["web", "native", "700"],
        "azp": "web",
        "client_id": "web",
        "iat": now,
        "exp": now + 600,
        "auth_time": now,
        "amr": ["pwd"],
        "acr": "urn:ostiary:acr:aal1",
        "sid": grant.session_id,
        "nonce": "n-1",
        "at_hash": half_hash(minted.access_token, "RS256"),
    }


async def test_no_id_token(provider: Provider) -> None:
    """There is no ID token without the scope openid, nor when none is wanted."""
    client = await client_of(provider)
    assert (await mint(provider, await alices_grant(provider, scope=("profile",)), client)).id_token == ""
    assert (await mint(provider, await alices_grant(provider), client, id_token=False)).id_token == ""


async def test_id_token_audience(provider: Provider) -> None:
    """An ID token is for its client whatever the grant's audience, and never for a resource."""
    minted = await mint(
        provider,
        await alices_grant(provider, audience=("https://api.example", "700")),
        await client_of(provider),
    )
    assert claims_of(minted.id_token)["aud"] == ["web", "700"]


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA"])
async def test_id_token_algorithm(provider: Provider, algorithm: str) -> None:
    """The client's setting decides the algorithm, and with it the hashes."""
    client = await client_of(provider, id_token_algorithm=algorithm)
    minted = await mint(provider, await alices_grant(provider), client)
    assert unverified(minted.id_token).header["alg"] == algorithm
    claims = claims_of(minted.id_token)
    beside_a_code = claims_of(await provider.desk.minter.identity(minted.grant, client, code="c"))
    assert beside_a_code["c_hash"] == half_hash("c", algorithm)
    assert len(claims["at_hash"]) == (43 if algorithm == "EdDSA" else 22)
    assert await provider.keys.verify(minted.id_token, "JWT")


def test_half_hash() -> None:
    """The hashes are those of OpenID Connect Core, appendices A.3 and A.4."""
    assert half_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y", "RS256") == "77QmUPtjPfzWtF2AnpK9RQ"
    code = "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk"
    assert half_hash(code, "ES256") == "LDktKdoQak3Pk0cnXxCltA"


async def test_clock_skew(provider: Provider) -> None:
    """A client whose clock is wrong gets ID tokens that begin earlier and end later."""
    client = await client_of(provider, clock_skew_s=5)
    claims = claims_of((await mint(provider, await alices_grant(provider), client)).id_token)
    now = int(provider.effects.now().timestamp())
    assert (claims["iat"], claims["exp"]) == (now - 5, now + 605)


async def test_userinfo_in_id_token(provider: Provider) -> None:
    """Profile claims are in an ID token by the client's setting only."""
    client = await client_of(provider)
    grant = await alices_grant(provider, scope=("openid", "profile", "email"))
    assert "name" not in claims_of((await mint(provider, grant, client, save=False)).id_token)
    client = await client_of(provider, id_token_userinfo_assertion=True)
    minted = await mint(provider, grant, client, save=False)
    assert claims_of(minted.id_token)["name"] == "Alice A"
    assert "name" not in claims_of(minted.access_token)
    await provider.store.save(Changes(removes=(Remove(USER, "100", 1),)))
    assert "name" not in claims_of((await mint(provider, grant, client, save=False)).id_token)


async def test_actor(provider: Provider) -> None:
    """Who acts for the subject is named (RFC 8693 4.1)."""
    minted = await mint(provider, await alices_grant(provider, actor_id="900"), await client_of(provider))
    assert claims_of(minted.access_token)["act"] == {"iss": ISSUER, "sub": "900"}
    assert claims_of(minted.id_token)["act"] == {"iss": ISSUER, "sub": "900"}


async def test_bare_authentication(provider: Provider) -> None:
    """Without factors there is neither amr nor acr."""
    grant = await alices_grant(provider)
    assert grant.authentication is not None
    bare = msgspec.structs.replace(grant.authentication, amr=(), acr="")
    minted = await mint(
        provider, msgspec.structs.replace(grant, authentication=bare), await client_of(provider)
    )
    claims = claims_of(minted.access_token)
    assert claims.keys().isdisjoint({"amr", "acr"})
    assert claims["sid"] == grant.session_id


async def give_roles(provider: Provider) -> None:
    """Alice is a buyer of the client's project, and an admin of another."""
    rows = [
        Authorization("1", "100", "700", "500", START, START, ("buyer",)),
        Authorization("2", "100", "799", "500", START, START, ("admin",)),
        Authorization("3", "100", "790", "500", START, START, ("gone",)),
    ]
    await provider.store.save(Changes(puts=tuple(Put(AUTHORIZATION, row) for row in rows)))


OWN_ROLES = "urn:zitadel:iam:org:project:roles"
BUYER = {"buyer": {"500": "acme.localhost"}}


async def test_roles_by_setting(provider: Provider) -> None:
    """The client's settings put the roles of its project into access tokens, ID tokens, or neither."""
    await give_roles(provider)
    grant = await alices_grant(provider)
    minted = await mint(provider, grant, await client_of(provider), save=False)
    assert OWN_ROLES not in claims_of(minted.access_token)
    client = await client_of(provider, access_token_role_assertion=True)
    minted = await mint(provider, grant, client, save=False)
    assert claims_of(minted.access_token)[OWN_ROLES] == BUYER
    assert OWN_ROLES not in claims_of(minted.id_token)
    client = await client_of(provider, access_token_role_assertion=False, id_token_role_assertion=True)
    minted = await mint(provider, grant, client, save=False)
    assert OWN_ROLES not in claims_of(minted.access_token)
    assert claims_of(minted.id_token)[OWN_ROLES] == BUYER


async def test_roles_by_project(provider: Provider) -> None:
    """A project that asserts its roles has them in every token."""
    await give_roles(provider)
    await provider.edit(PROJECT, "700", asserts_roles=True)
    minted = await mint(provider, await alices_grant(provider), await client_of(provider))
    assert claims_of(minted.access_token)[OWN_ROLES] == claims_of(minted.id_token)[OWN_ROLES] == BUYER


async def test_roles_by_scope(provider: Provider) -> None:
    """A scope asks for the roles of all projects of the audience; organisations that are gone give none."""
    await give_roles(provider)
    grant = await alices_grant(
        provider, scope=("urn:zitadel:iam:org:projects:roles",), audience=("web", "700", "799", "790")
    )
    client = await client_of(provider)
    claims = claims_of((await mint(provider, grant, client, save=False)).access_token)
    assert claims["urn:zitadel:iam:org:project:799:roles"] == {"admin": {"500": "acme.localhost"}}
    assert claims["urn:zitadel:iam:org:project:700:roles"] == BUYER
    assert "urn:zitadel:iam:org:project:790:roles" not in claims
    await provider.store.save(Changes(removes=(Remove(ORGANIZATION, "500", 1),)))
    await provider.cache.fresh()
    claims = claims_of((await mint(provider, grant, client, save=False)).access_token)
    assert not any(name.endswith(":roles") for name in claims)


async def test_reserved_scopes(provider: Provider) -> None:
    """Metadata and the organisation are in the tokens when their scopes were granted."""
    row = UserMetadata("100:team", "100", "team", b"blue", START, START)
    await provider.store.save(Changes(puts=(Put(USER_METADATA, row),)))
    scope = ("openid", "urn:zitadel:iam:user:metadata", "urn:zitadel:iam:user:resourceowner")
    grant, client = await alices_grant(provider, scope=scope), await client_of(provider)
    claims = claims_of((await mint(provider, grant, client, save=False)).access_token)
    assert claims["urn:zitadel:iam:user:metadata"] == {"team": "Ymx1ZQ"}
    assert claims["urn:zitadel:iam:user:resourceowner:id"] == "500"
    await provider.store.save(Changes(removes=(Remove(ORGANIZATION, "500", 1),)))
    await provider.cache.fresh()
    claims = claims_of((await mint(provider, grant, client, save=False)).access_token)
    assert "urn:zitadel:iam:user:resourceowner:id" not in claims


async def test_reserved_claims_cannot_replace(provider: Provider) -> None:
    """No claim of a user can take the place of a registered one."""
    row = UserMetadata("100:sub", "100", "sub", b"900", START, START)
    await provider.store.save(Changes(puts=(Put(USER_METADATA, row),)))
    grant = await alices_grant(provider, scope=("openid", "urn:zitadel:iam:user:metadata"))
    assert claims_of((await mint(provider, grant, await client_of(provider))).access_token)["sub"] == "100"


async def test_application_rows_are_untouched(provider: Provider) -> None:
    """Minting stores nothing: the grant is for the caller's own save."""
    grant = await alices_grant(provider)
    generation = await provider.store.generation()
    await mint(provider, grant, await client_of(provider), save=False)
    assert await provider.store.generation() == generation
    assert await provider.store.get(APPLICATION, "701") is not None
