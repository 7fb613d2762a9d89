"""Intents from their start to what the login UI is told."""

import asyncio

import pytest

from ostiary.core.intent import INTENT
from ostiary.core.permission import Caller
from ostiary.errors import FailedPrecondition, NotFound, OstiaryError, PermissionDenied, Unimplemented
from ostiary.factors.idp_intent import IDP_INTENT
from ostiary.idp.intents import Login
from ostiary.sessions.change import SessionChange, UserNamed
from tests.idp.conftest import IDP, Place, intent_check
from tests.sessions.conftest import STRANGER
from tests.users.conftest import refused

URLS = {"successUrl": "https://app.test/ok", "failureUrl": "https://app.test/no"}


async def test_retrieved(place: Place) -> None:
    """Who has the token learns what the provider said, as often as they like before the use."""
    told = await place.returned()
    assert told["a"] == "b"
    for user_id in ("", "100"):
        answer = await place.rpc(
            "RetrieveIdentityProviderIntent", STRANGER, idpIntentId=told["id"], idpIntentToken=told["token"]
        )
        said = answer.idp_information
        assert (said.idp_id, said.user_id, said.user_name) == (IDP, "sub", "sub@upstream")
        assert said.raw_information.to_python() == {"sub": "sub", "preferred_username": "sub@upstream"}
        assert said.access.value.access_token in place.upstream.tokens
        assert (answer.user_id, answer.details.resource_owner) == (user_id, "1")
        if not user_id:
            await place.link()


async def test_kept_sealed(place: Place) -> None:
    """Neither the token nor the provider's words are in the row."""
    told = await place.returned()
    intent = await place.house.store.get(INTENT, told["id"])
    assert intent is not None
    (token,) = place.upstream.tokens
    assert token.encode() not in intent.information
    assert told["token"] not in repr(intent)


async def test_failed(place: Place) -> None:
    """A refused login goes to the failure URL; its intent is never good."""
    place.upstream.refusal = "access_denied"
    started = await place.intents.start(IDP, success_url="https://a.test", failure_url="https://a.test")
    told = await place.browser.log_in(started.id)
    assert (told["id"], told["error"]) == (started.id, "access_denied")
    with refused(FailedPrecondition, "intent.not_open"):
        await place.intents.succeed(started.id, Login("sub"))
    with refused(PermissionDenied, "CRYPTO-Sf4gt"):
        await place.rpc("RetrieveIdentityProviderIntent", idpIntentId=started.id, idpIntentToken="x")


async def test_a_callback_again(place: Place) -> None:
    """A login is answered once, also of many answers at once, and never with another account."""
    started = await place.intents.start(IDP, "https://a.test", "https://a.test")
    answers = await asyncio.gather(
        *(place.intents.succeed(started.id, Login(f"sub{n}")) for n in range(8)), return_exceptions=True
    )
    lost = [one.id for one in answers if isinstance(one, OstiaryError)]
    assert lost == ["intent.not_open"] * 7
    for act in (place.intents.succeed(started.id, Login("sub")), place.intents.fail(started.id)):
        with refused(FailedPrecondition, "intent.not_open"):
            await act


async def test_a_callback_too_late(place: Place) -> None:
    """A login takes at most an hour; an unknown one was never begun."""
    started = await place.intents.start(IDP, "https://a.test", "https://a.test")
    place.house.effects.later(hours=1)
    for intent_id in (started.id, "404"):
        with refused(FailedPrecondition, "intent.not_open"):
            await place.intents.succeed(intent_id, Login("sub"))


async def test_the_providers_own_expiry(place: Place) -> None:
    """What the provider says of its assertion's end holds."""
    await place.link()
    started = await place.intents.start(IDP, "https://a.test", "https://a.test")
    ends = place.house.effects.now()
    place.house.effects.later(seconds=-60)
    done = await place.intents.succeed(started.id, Login("sub", expires_at=ends))
    place.house.effects.later(seconds=60)
    check = intent_check({"id": started.id, "token": done.token})
    with refused(FailedPrecondition, "COMMAND-SAf42"):
        await place.house.create(SessionChange(UserNamed("100"), ((IDP_INTENT, check),)))


@pytest.mark.parametrize("user_id", ["", "x" * 201])
async def test_no_subject(place: Place, user_id: str) -> None:
    """An account without a usable id is nobody's."""
    started = await place.intents.start(IDP, "https://a.test", "https://a.test")
    with refused(FailedPrecondition, "intent.external_user"):
        await place.intents.succeed(started.id, Login(user_id))


async def test_start(place: Place) -> None:
    """No kind of provider can be started with yet; each reason has its answer."""
    name = "StartIdentityProviderIntent"
    with refused(Unimplemented, "USERv2-S2g21"):
        await place.rpc(name, idpId=IDP)
    with refused(FailedPrecondition, "COMMAND-39n221fs"):
        await place.rpc(name, idpId="404", urls=URLS)
    with refused(FailedPrecondition, "intent.no_kind"):
        await place.rpc(name, idpId=IDP, urls=URLS)
    await place.provider(is_active=False)
    with refused(FailedPrecondition, "COMMAND-39n221fs"):
        await place.intents.start(IDP, "https://a.test", "https://a.test")


async def test_provider_read(place: Place) -> None:
    """A provider of the instance is shown to those who may read it."""
    answer = await place.rpc("GetIDPByID", id=IDP)
    assert (answer.idp.name, answer.idp.config.options.is_linking_allowed) == ("Upstream", True)
    with refused(NotFound, "IDP-gy3ctgkqe7"):
        await place.rpc("GetIDPByID", id="404")
    with refused(NotFound, "AUTHZ-cdgFk"):
        await place.rpc("GetIDPByID", Caller("902", "500"), id=IDP)
