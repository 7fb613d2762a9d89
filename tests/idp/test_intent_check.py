"""An intent as a factor of a session: each threat with its id, none changing a session, and its twin that succeeds."""

import asyncio

import pytest

from ostiary.core.intent import INTENT, INTENT_TOKEN, IntentState
from ostiary.core.secret import token_text
from ostiary.core.session import SESSION
from ostiary.core.user import AUTHENTICATOR, USER, UserState
from ostiary.errors import FailedPrecondition, OstiaryError, PermissionDenied
from ostiary.factors.idp_intent import IDP_INTENT
from ostiary.sessions.change import SessionChange
from ostiary.storage.port import Listing
from tests.idp.conftest import BOB, Place, intent_check
from tests.sessions.conftest import LOGIN_CLIENT, user_check
from tests.users.conftest import refused

STORM = 64


async def test_a_linked_user_logs_in(place: Place) -> None:
    """The session has the factor, and nothing that the provider said is kept."""
    await place.link()
    told = await place.returned()
    assert told["user"] == "100"
    made = await place.check(told)
    view = await place.house.queries.get(LOGIN_CLIENT, made.session_id, made.token)
    assert view.session.factors["intent"].verified_at == place.house.effects.now()
    intent = await place.house.store.get(INTENT, told["id"])
    assert intent is not None
    assert (intent.state, intent.information) == (IntentState.CONSUMED, b"")


async def test_linked_after_the_login(place: Place) -> None:
    """An intent that named no user is good for whoever its account is linked to."""
    told = await place.returned()
    assert "user" not in told
    with refused(FailedPrecondition, "COMMAND-O8xk3w"):
        await place.check(told)
    await place.link()
    assert (await place.check(told)).token


async def test_used_twice(place: Place) -> None:
    """CVE-2025-46815: a used intent is good in no session, and tells nothing more."""
    await place.link()
    told = await place.returned()
    made = await place.check(told)
    with refused(FailedPrecondition, "COMMAND-Df4bw"):
        await place.check(told)
    with refused(FailedPrecondition, "COMMAND-Df4bw"):
        await place.house.set(
            made.session_id, made.token, SessionChange(checks=((IDP_INTENT, intent_check(told)),))
        )
    with refused(FailedPrecondition, "IDP-nme4gszsvx"):
        await place.rpc(
            "RetrieveIdentityProviderIntent", idpIntentId=told["id"], idpIntentToken=told["token"]
        )


async def test_used_in_parallel(place: Place) -> None:
    """Of many sessions that show one intent at once exactly one gets the factor."""
    await place.link()
    told = await place.returned()
    before = (await place.house.store.page(Listing(SESSION))).total
    done = await asyncio.gather(*(place.check(told) for _ in range(STORM)), return_exceptions=True)
    lost = [one for one in done if isinstance(one, BaseException)]
    assert len(lost) == STORM - 1
    assert {one.id for one in lost if isinstance(one, OstiaryError)} == {"COMMAND-Df4bw"}
    assert (await place.house.store.page(Listing(SESSION))).total == before + 1


async def test_another_user(place: Place) -> None:
    """An intent of alice's account is not good for bob, linked elsewhere or not, and stays good for her."""
    await place.link()
    await place.link(BOB, "other")
    told = await place.returned()
    with refused(FailedPrecondition, "COMMAND-O8xk3w"):
        await place.check(told, BOB)
    assert (await place.check(told)).token


async def test_the_account_changed_hands(place: Place) -> None:
    """An intent from before is good for neither user once its account was unlinked and linked to another."""
    await place.link()
    told = await place.returned()
    await place.rpc("RemoveIDPLink", userId="100", idpId="8", linkedUserId="sub")
    await place.link(BOB)
    for user_id in ("100", BOB):
        with refused(FailedPrecondition, "COMMAND-O8xk3w"):
            await place.check(told, user_id)


async def test_expired(place: Place) -> None:
    """After an hour it is too late; a moment before it is not."""
    await place.link()
    late, early = await place.returned(), await place.returned()
    place.house.effects.later(minutes=59, seconds=59)
    assert (await place.check(early)).token
    place.house.effects.later(seconds=1)
    with refused(FailedPrecondition, "COMMAND-SAf42"):
        await place.check(late)
    with refused(FailedPrecondition, "IDP-SAf42"):
        await place.rpc(
            "RetrieveIdentityProviderIntent", idpIntentId=late["id"], idpIntentToken=late["token"]
        )


@pytest.mark.parametrize(
    ("token", "id_"),
    [
        ("", "CRYPTO-Sfefs"),
        ("not base64url!", "CRYPTO-Swg31"),
        ("Zm9v", "CRYPTO-Sf4gt"),
        (token_text("osts", "1", bytes(32)), "CRYPTO-Sf4gt"),
        (token_text(INTENT_TOKEN, "1", bytes(32)), "CRYPTO-CRYPTO"),
    ],
)
async def test_wrong_token(place: Place, token: str, id_: str) -> None:
    """No other text opens an intent, and the right one still does."""
    await place.link()
    told = await place.returned()
    with refused(PermissionDenied, id_):
        await place.check({**told, "token": token})
    assert (await place.check(told)).token


async def test_tokens_of_other_intents(place: Place) -> None:
    """A token is good for its own intent alone, also one of the same length under its id."""
    await place.link()
    one, other = await place.returned(), await place.returned()
    forged = token_text(INTENT_TOKEN, one["id"], bytes(32))
    for told in ({**one, "token": other["token"]}, {**one, "token": forged}, {**other, "id": "404"}):
        with refused(PermissionDenied, "CRYPTO-CRYPTO"):
            await place.check(told)
    with refused(PermissionDenied, "CRYPTO-CRYPTO"):
        await place.check({"id": "404", "token": token_text(INTENT_TOKEN, "404", bytes(32))})


async def test_without_a_user(place: Place) -> None:
    """An intent does not say whose the session is to be."""
    await place.link()
    told = await place.returned()
    change = SessionChange(checks=((IDP_INTENT, intent_check(told)),))
    with refused(FailedPrecondition, "COMMAND-Sfw3r"):
        await place.house.create(change)
    made = await place.house.create(user_check())
    assert (await place.house.set(made.session_id, made.token, change)).token


async def test_a_locked_user(place: Place) -> None:
    """Nothing passes a lock."""
    await place.link()
    told = await place.returned()
    made = await place.house.create()
    await place.house.edit(USER, "100", state=UserState.LOCKED)
    change = SessionChange(checks=((IDP_INTENT, intent_check(told)),))
    with refused(FailedPrecondition, "intent.user_locked"):
        await place.house.set(made.session_id, made.token, change)


async def test_a_provider_that_is_trusted_no_more(place: Place) -> None:
    """Whether it is active is asked again at the use."""
    await place.link()
    told = await place.returned()
    await place.provider(is_active=False)
    with refused(FailedPrecondition, "intent.provider_inactive"):
        await place.check(told)
    await place.provider(is_active=True)
    assert (await place.check(told)).token


async def test_a_link_that_is_not_ready(place: Place) -> None:
    """It is no link."""
    await place.link()
    told = await place.returned()
    owned = await place.house.store.owned(AUTHENTICATOR, "100")
    link = next(one for one in owned if one.kind == "identity_link")
    await place.house.edit(AUTHENTICATOR, link.id, is_ready=False)
    with refused(FailedPrecondition, "COMMAND-O8xk3w"):
        await place.check(told)


async def test_not_by_policy(place: Place) -> None:
    """An intent is good for nothing, and stays unused, while the login policy allows no upstream logins."""
    await place.link()
    told = await place.returned()
    await place.allow_external_idp(False)
    with refused(FailedPrecondition, "intent.not_allowed"):
        await place.check(told)
    await place.allow_external_idp(True)
    assert (await place.check(told)).token
