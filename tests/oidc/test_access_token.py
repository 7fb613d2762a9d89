"""Which access tokens are good now: the rows decide, not the signature alone."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from ostiary.core.grant import GRANT
from ostiary.core.organization import INSTANCE, INSTANCE_KEY, ORGANIZATION, OrganizationState
from ostiary.core.session import ENDED_SESSION, SESSION, EndedSession
from ostiary.core.user import USER, UserState
from ostiary.crypto.jws import load, new_private_jwk, sign
from ostiary.oidc.minting import Minted
from ostiary.storage.port import Changes, Put, Remove
from tests.doubles.effects import START
from tests.oidc.conftest import Provider
from tests.oidc.grants import (
    alices_grant,
    alices_token,
    claims_of,
    client_of,
    make_jwt_robot,
    mint,
    robots_token,
)
from tests.sessions.conftest import LOGIN_CLIENT

FORMS = pytest.mark.parametrize("form", ["jwt", "opaque"])
OFFLINE = ("openid", "offline_access")


async def is_good(provider: Provider, minted: Minted) -> bool:
    """Whether its access token is good now."""
    await provider.cache.fresh()
    return await provider.access.find(minted.access_token) is not None


@FORMS
async def test_good(provider: Provider, form: str) -> None:
    """A fresh token stands for its grant, user and session."""
    minted = await alices_token(provider, form)
    valid = await provider.access.find(minted.access_token)
    assert valid is not None
    assert (valid.grant, valid.user.id) == (minted.grant, "100")
    assert valid.session is not None
    assert valid.session.id == minted.grant.session_id


async def test_service_user(provider: Provider) -> None:
    """A service user's token stands for no session."""
    for _ in range(2):
        valid = await provider.access.find((await robots_token(provider)).access_token)
        assert valid is not None
        assert (valid.user.id, valid.session) == ("900", None)
        await make_jwt_robot(provider)


@FORMS
async def test_expiry(provider: Provider, form: str) -> None:
    """It is good until its last second, and not in the next moment."""
    minted = await alices_token(provider, form)
    provider.effects.later(seconds=899)
    assert await is_good(provider, minted)
    provider.effects.later(seconds=1)
    assert not await is_good(provider, minted)


@FORMS
async def test_newest_of_its_grant(provider: Provider, form: str) -> None:
    """Only the newest access token of a grant is good."""
    minted = await alices_token(provider, form)
    newer = await mint(provider, minted.grant, await client_of(provider), save=False)
    changed = msgspec.structs.replace(newer.grant, version=2)
    await provider.store.save(Changes(puts=(Put(GRANT, changed, 1),)))
    assert not await is_good(provider, minted)
    assert await is_good(provider, newer)


@FORMS
async def test_form_changed_meanwhile(provider: Provider, form: str) -> None:
    """A grant's newest token is of one form; an older one of the other form is dead."""
    minted = await alices_token(provider, form)
    client = await client_of(provider, access_token_form="opaque" if form == "jwt" else "jwt")
    newer = await mint(provider, minted.grant, client, save=False)
    changed = msgspec.structs.replace(newer.grant, version=2)
    await provider.store.save(Changes(puts=(Put(GRANT, changed, 1),)))
    assert not await is_good(provider, minted)
    assert await is_good(provider, newer)


@FORMS
async def test_grant_gone(provider: Provider, form: str) -> None:
    """Without its grant a token is nothing."""
    minted = await alices_token(provider, form)
    await provider.store.save(Changes(removes=(Remove(GRANT, minted.grant.id, 1),)))
    assert not await is_good(provider, minted)


@pytest.mark.parametrize("scope", [("openid",), OFFLINE])
async def test_session_ended(provider: Provider, scope: tuple[str, ...]) -> None:
    """Ending the session ends its tokens at once, offline access or not."""
    minted = await alices_token(provider, scope=scope)
    session = await provider.store.get(SESSION, minted.grant.session_id)
    assert session is not None
    gone = EndedSession(session.id, "100", "deleted", START, START)
    await provider.store.save(
        Changes(puts=(Put(ENDED_SESSION, gone),), removes=(Remove(SESSION, session.id, session.version),))
    )
    assert not await is_good(provider, minted)


async def test_session_expired(provider: Provider) -> None:
    """A session that merely expired ends its tokens, but not those with offline access."""
    plain, offline = await alices_token(provider), await alices_token(provider, scope=OFFLINE)
    for minted in (plain, offline):
        expires_at = provider.effects.now() + timedelta(seconds=60)
        await provider.edit(SESSION, minted.grant.session_id, expires_at=expires_at)
        assert await is_good(provider, minted)
    provider.effects.later(seconds=60)
    assert not await is_good(provider, plain)
    assert await is_good(provider, offline)


async def test_session_without_a_trace(provider: Provider) -> None:
    """A session that is gone stands behind nothing, offline access neither: those that give it are kept."""
    minted = await alices_token(provider, scope=OFFLINE)
    session = await provider.store.get(SESSION, minted.grant.session_id)
    assert session is not None
    await provider.store.save(Changes(removes=(Remove(SESSION, session.id, session.version),)))
    assert not await is_good(provider, minted)


async def lock(provider: Provider) -> None:
    await provider.edit(USER, "100", state=UserState.LOCKED)


async def deactivate(provider: Provider) -> None:
    await provider.edit(USER, "100", state=UserState.INACTIVE)


async def remove(provider: Provider) -> None:
    await provider.store.save(Changes(removes=(Remove(USER, "100", 1),)))


async def deactivate_organization(provider: Provider) -> None:
    await provider.edit(ORGANIZATION, "500", state=OrganizationState.INACTIVE)


async def remove_organization(provider: Provider) -> None:
    await provider.store.save(Changes(removes=(Remove(ORGANIZATION, "500", 1),)))


async def end_everything_of_the_user(provider: Provider) -> None:
    provider.effects.later(seconds=1)
    await provider.edit(USER, "100", valid_after=provider.effects.now())


async def end_everything_of_the_instance(provider: Provider) -> None:
    provider.effects.later(seconds=1)
    await provider.edit(INSTANCE, INSTANCE_KEY, epoch=provider.effects.now())


async def remove_instance(provider: Provider) -> None:
    await provider.store.save(Changes(removes=(Remove(INSTANCE, INSTANCE_KEY, 1),)))


@FORMS
@pytest.mark.parametrize(
    "change",
    [
        lock,
        deactivate,
        remove,
        deactivate_organization,
        remove_organization,
        end_everything_of_the_user,
        end_everything_of_the_instance,
        remove_instance,
    ],
)
async def test_what_ends_tokens(
    provider: Provider, form: str, change: Callable[[Provider], Awaitable[None]]
) -> None:
    """What happens to the user, their organisation or the instance counts from the next request."""
    minted = await alices_token(provider, form)
    assert await is_good(provider, minted)
    await change(provider)
    assert not await is_good(provider, minted)


async def test_session_from_before(provider: Provider) -> None:
    """A session from before everything was ended gives nothing, though the grant is younger."""
    session = await provider.alice()
    provider.effects.later(seconds=1)
    await provider.edit(USER, "100", valid_after=provider.effects.now())
    grant = await alices_grant(provider)
    assert grant.authentication is not None
    older = msgspec.structs.replace(grant.authentication, session_id=session.session_id)
    grant = msgspec.structs.replace(grant, authentication=older)
    assert not await is_good(provider, await mint(provider, grant, await client_of(provider)))


async def test_actor_must_be_usable(provider: Provider) -> None:
    """A token that somebody acts with is good as long as they may act."""
    minted = await alices_token(provider, actor_id="900")
    assert await is_good(provider, minted)
    await provider.edit(USER, "900", state=UserState.INACTIVE)
    assert not await is_good(provider, minted)


async def test_id_token_is_none(provider: Provider) -> None:
    """An ID token is never an access token."""
    minted = await alices_token(provider)
    assert await provider.access.find(minted.id_token) is None


async def forged(provider: Provider, minted: Minted, typ: str = "at+jwt", **claims: Any) -> str:
    """Its claims, some changed, under our own key."""
    key = await provider.keys.signing("ES256")
    return sign({**claims_of(minted.access_token), **claims}, key, typ)


async def test_other_issuer(provider: Provider) -> None:
    """Another issuer's token is none, though our key signed it."""
    minted = await alices_token(provider)
    assert await provider.access.find(await forged(provider, minted)) is not None
    assert await provider.access.find(await forged(provider, minted, iss="https://other")) is None


async def test_other_types(provider: Provider) -> None:
    """A token of ours with another type is none."""
    minted = await alices_token(provider)
    assert await provider.access.find(await forged(provider, minted, typ="JWT")) is None
    assert await provider.access.find(await forged(provider, minted, typ="logout+jwt")) is None


async def test_other_tokens_of_the_grant(provider: Provider) -> None:
    """A token id that was never the grant's newest, or of no grant, is none."""
    minted = await alices_token(provider)
    assert await provider.access.find(await forged(provider, minted, jti=f"{minted.grant.id}-1")) is None
    assert await provider.access.find(await forged(provider, minted, jti="1-1")) is None


async def test_strangers_key(provider: Provider) -> None:
    """A token under a stranger's key is none, though it names a key of ours."""
    minted = await alices_token(provider)
    ours = await provider.keys.signing("ES256")
    stranger = load(new_private_jwk("ES256"), ours.id, "ES256")
    assert await provider.access.find(sign(claims_of(minted.access_token), stranger, "at+jwt")) is None


async def test_algorithm(provider: Provider) -> None:
    """Access tokens are ES256 alone."""
    minted = await alices_token(provider)
    key = await provider.keys.signing("RS256")
    assert await provider.access.find(sign(claims_of(minted.access_token), key, "at+jwt")) is None


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "osta_1_" + "A" * 43, "ostr_1_" + "A" * 43, "osta_1_x"])
async def test_nonsense(provider: Provider, text: str) -> None:
    """Any other text is none, and no error."""
    assert await provider.access.find(text) is None


async def test_opaque_secret(provider: Provider) -> None:
    """An opaque token is good with its own secret alone."""
    minted = await alices_token(provider, "opaque")
    wrong = minted.access_token[:-3] + ("AAA" if minted.access_token[-3:] != "AAA" else "BBB")
    assert await provider.access.find(wrong) is None


async def test_session_is_ended_by_api(provider: Provider) -> None:
    """DeleteSession makes the access tokens of the session inactive at once."""
    minted = await alices_token(provider)
    assert await is_good(provider, minted)
    session = await provider.alice()
    other = await alices_token(provider)
    await provider.commands.end(LOGIN_CLIENT, minted.grant.session_id, "")
    assert not await is_good(provider, minted)
    assert await is_good(provider, other)
    assert session.session_id != minted.grant.session_id
