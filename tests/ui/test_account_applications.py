"""Applications that use one's account, and all that is kept of oneself."""

import json

from ostiary.core.user import USER_METADATA, UserMetadata
from ostiary.storage.port import Changes, Put
from ostiary.ui.account.paths import APPLICATIONS, DATA
from tests.oidc.conftest import ISSUER, good
from tests.ui.browser import Browser
from tests.ui.conftest import PageHouse


async def _signed_in(house: PageHouse) -> tuple[Browser, str]:
    """Alice came to the application, which has a refresh token of hers."""
    browser = await house.sign_in(house.browser(), url=house.authorization())
    code = browser.url.partition("code=")[2].partition("&")[0]
    tokens = good(await house.redeem(code))
    await browser.open(ISSUER + APPLICATIONS)
    return browser, tokens["refresh_token"]


async def test_taken_back(house: PageHouse) -> None:
    """What an application may do is shown, and ends when it is taken back; others' tokens stay."""
    await house.bob()
    other = await house.sign_in(house.browser(), "bob", house.authorization())
    bobs = good(await house.redeem(other.url.partition("code=")[2].partition("&")[0]))["refresh_token"]
    browser, refresh = await _signed_in(house)
    assert "Stay signed in while you are away" in browser.text
    await browser.submit()
    assert "Stay signed in while you are away" not in browser.text
    assert (await house.refresh(refresh)).status == 400
    assert (await house.refresh(bobs)).status == 200


async def test_asked_again(house: PageHouse) -> None:
    """Minutes later the person is verified first, then asked whether they meant it."""
    browser, refresh = await _signed_in(house)
    house.effects.later(minutes=6)
    await browser.submit()
    assert browser.heading == "Enter your password"
    await browser.submit(password="Password1!")
    assert "Take back what web may do?" in browser.text
    await browser.submit()
    assert (await house.refresh(refresh)).status == 400


async def test_none(house: PageHouse) -> None:
    """Who uses none is told so; an application that holds nothing loses nothing."""
    browser = await house.sign_in(house.browser())
    await browser.open(APPLICATIONS)
    assert "None is signed in with your account now." in browser.text


async def test_own_data(house: PageHouse) -> None:
    """The file holds what is known of a person, and nothing that opens anything."""
    now = house.effects.now()
    row = UserMetadata("100:colour", "100", "colour", b"blue", now, now)
    await house.store.save(Changes(puts=(Put(USER_METADATA, row),)))
    browser, _ = await _signed_in(house)
    await browser.open(DATA)
    await browser.submit()
    assert browser.headers["content-disposition"] == 'attachment; filename="my-data.json"'
    told = json.loads(browser.text)
    assert told["user"]["username"] == "alice"
    assert told["metadata"] == {"colour": "Ymx1ZQ=="}
    assert [one["kind"] for one in told["authenticators"]] == ["password"]
    assert told["sessions"][0]["user_agent"]["ip"] == "203.0.113.9"
    assert [one["session_id"] for one in told["known_devices"]] == [told["sessions"][0]["id"]]
    assert told["applications"][0]["client_id"] == "web"
    for secret in ("token_hash", "code_hash", "argon2", '"data"', "version"):
        assert secret not in browser.text
