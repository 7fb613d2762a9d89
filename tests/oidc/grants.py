"""Grants made without a login, and the tokens minted for them."""

from typing import Any

import msgspec

from ostiary.core.client import APPLICATION, AccessTokenForm, Application, OidcSettings
from ostiary.core.grant import GRANT, Grant
from ostiary.core.login_request import Authentication
from ostiary.core.session import SESSION, Session
from ostiary.core.user import USER
from ostiary.crypto.jws import unverified
from ostiary.oidc.minting import Minted
from ostiary.storage.port import Changes, Put
from tests.oidc.conftest import Provider


async def client_of(provider: Provider, client_id: str = "web", **settings: Any) -> Application:
    """A client, its settings changed in the store."""
    kept = await provider.store.find(APPLICATION, "client_id", client_id)
    assert kept is not None
    if "access_token_form" in settings:
        settings["access_token_form"] = AccessTokenForm(settings["access_token_form"])
    if settings:
        oidc = msgspec.structs.replace(kept.oidc or OidcSettings(), **settings)
        await provider.edit(APPLICATION, kept.id, oidc=oidc)
        return await client_of(provider, client_id)
    return kept


async def session_of(provider: Provider) -> Session:
    """A fresh session of alice's with a password."""
    session = await provider.store.get(SESSION, (await provider.alice()).session_id)
    assert session is not None
    return session


async def alices_grant(provider: Provider, **values: Any) -> Grant:
    """A grant of the web client from a session of alice's."""
    session = await session_of(provider)
    authentication = Authentication(
        session.id, "100", "500", provider.effects.now(), ("pwd",), "urn:ostiary:acr:aal1"
    )
    wanted = {
        "client_id": "web",
        "scope": ("openid", "profile"),
        "audience": ("web", "native", "700"),
        "authentication": authentication,
        **values,
    }
    return Grant(
        provider.effects.new_id(),
        user_id="100",
        organization_id="500",
        created_at=provider.effects.now(),
        **wanted,
    )


def robots_grant(provider: Provider, **values: Any) -> Grant:
    """A grant of a service user's own."""
    wanted = {"client_id": "robot", "scope": ("openid",), "audience": ("900",), **values}
    return Grant(
        provider.effects.new_id(),
        user_id="900",
        organization_id="500",
        created_at=provider.effects.now(),
        **wanted,
    )


async def mint(
    provider: Provider, grant: Grant, client: Application | None, *, save: bool = True, **how: Any
) -> Minted:
    """Tokens, their grant saved."""
    minted = await provider.desk.minter.mint(grant, client, **{"id_token": True, **how})
    if save:
        await provider.store.save(Changes(puts=(Put(GRANT, minted.grant),)))
    return minted


async def alices_token(provider: Provider, form: str = "jwt", **values: Any) -> Minted:
    """An access token of hers for the web client, as a JWT or opaque."""
    client = await client_of(provider, access_token_form=form)
    return await mint(provider, await alices_grant(provider, **values), client)


async def robots_token(provider: Provider, **values: Any) -> Minted:
    """A service user's token."""
    return await mint(provider, robots_grant(provider, **values), None)


async def make_jwt_robot(provider: Provider) -> None:
    """The service user gets JWTs from now on."""
    user = await provider.store.get(USER, "900")
    assert user is not None
    assert user.machine is not None
    machine = msgspec.structs.replace(user.machine, access_token_type=1)
    await provider.edit(USER, "900", machine=machine)


def claims_of(token: str) -> dict[str, Any]:
    """What a JWT says."""
    return dict(unverified(token).claims)
