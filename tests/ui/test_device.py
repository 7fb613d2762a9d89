"""Letting a device in."""

import pytest

from ostiary.core.login_request import DEVICE_AUTHORIZATION, DeviceAuthorization, Stage
from ostiary.core.project import PROJECT
from ostiary.http.message import Request
from ostiary.ui.paths import DEVICE, link
from tests.oidc.conftest import good
from tests.sessions.conftest import PASSWORD_TEXT
from tests.ui.browser import Browser
from tests.ui.conftest import PageHouse

FORM = b"application/x-www-form-urlencoded"


async def _ask(house: PageHouse) -> tuple[str, str]:
    """A device of the native client asks; its codes."""
    body = b"client_id=native&scope=openid%20email"
    request = Request("POST", "/oauth/v2/device_authorization", {b"content-type": FORM}, body=body)
    answer = good(await house.ask(house.devices, request))
    return answer["user_code"], answer["device_code"]


async def _stage(house: PageHouse, user_code: str) -> Stage:
    plain = user_code.replace("-", "")
    device: DeviceAuthorization | None = await house.store.find(DEVICE_AUTHORIZATION, "user_code", plain)
    assert device is not None
    return device.stage


async def _question(house: PageHouse, browser: Browser, user_code: str) -> Browser:
    await browser.open(DEVICE)
    await browser.submit(user_code=user_code)
    if browser.heading == "Sign in":
        await browser.submit(login_name="alice")
        await browser.submit(password=PASSWORD_TEXT)
    return browser


async def test_allow(house: PageHouse) -> None:
    """Code, sign in, question, yes: the device gets tokens."""
    user_code, device_code = await _ask(house)
    browser = await _question(house, house.browser(), user_code.lower().replace("-", " "))
    assert browser.heading == "Let this device in?"
    for told in ("sign in to web", user_code, "Know that it is you", "See your email address", "Alice"):
        assert told in browser.text
    await browser.submit(button=("answer", "allow"))
    assert browser.heading == "The device is signed in"
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    tokens = await house.token("native", "", grant_type=grant, device_code=device_code)
    assert good(tokens)["id_token"]


async def test_deny(house: PageHouse) -> None:
    """No is no, and can be said without a mouse: the form has two buttons."""
    user_code, _ = await _ask(house)
    browser = await _question(house, house.browser(), user_code)
    assert browser.page.forms[0].buttons == [("answer", "allow"), ("answer", "deny")]
    await browser.submit(button=("answer", "deny"))
    assert browser.heading == "The device was not let in"
    assert await _stage(house, user_code) is Stage.FAILED


async def test_answered_twice(house: PageHouse) -> None:
    """A second answer, and the code typed again, are told that the device has its answer."""
    user_code, _ = await _ask(house)
    browser = await _question(house, house.browser(), user_code)
    form = browser.page.forms[0]
    await browser.submit(button=("answer", "allow"))
    await browser.send_form(form, ("answer", "deny"))
    assert (browser.status, browser.heading) == (400, "This device was already answered")
    assert await _stage(house, user_code) is Stage.LINKED


async def test_link_with_code(house: PageHouse) -> None:
    """A link that holds the code fills it in and does nothing else."""
    user_code, _ = await _ask(house)
    browser = await house.sign_in(house.browser())
    await browser.open(link(DEVICE, ("user_code", user_code)))
    assert browser.heading == "Connect a device"
    assert browser.page.forms[0].fields["user_code"] == user_code


async def test_foreign_session(house: PageHouse) -> None:
    """A session that is not this browser's lets no device in."""
    user_code, _ = await _ask(house)
    victim = await house.sign_in(house.browser())
    ((session_id, _),) = house.held(victim)
    stranger = await house.browser().open(link(DEVICE, ("user_code", user_code), ("session", session_id)))
    assert stranger.heading == "Sign in"
    await stranger.open(DEVICE)
    await stranger.submit(button=("answer", "allow"), user_code=user_code, session=session_id)
    assert stranger.heading == "Sign in"
    assert await _stage(house, user_code) is Stage.OPEN


async def test_session_does_not_suffice(house: PageHouse) -> None:
    """A session that lacks its second factor gets it first."""
    user_code, _ = await _ask(house)
    browser = await _question(house, house.browser(), user_code)
    await house.app_for_alice()
    await browser.submit(button=("answer", "allow"))
    assert browser.heading == "Enter your code"
    await browser.submit(code=house.code())
    await browser.submit(button=("answer", "allow"))
    assert browser.heading == "The device is signed in"


async def test_no_access(house: PageHouse) -> None:
    """Who may not use the application does not let its devices in."""
    await house.edit(PROJECT, "700", requires_authorization=True)
    user_code, _ = await _ask(house)
    browser = await _question(house, house.browser(), user_code)
    await browser.submit(button=("answer", "allow"))
    assert browser.status == 403


@pytest.mark.parametrize("typed", ["", "BCDF-GHJK", "x" * 500, "<script>"])
async def test_wrong_code(house: PageHouse, typed: str) -> None:
    """A wrong code is asked for again."""
    browser = await house.browser().open(DEVICE)
    await browser.submit(user_code=typed)
    assert (browser.status, browser.heading) == (400, "Connect a device")
    assert "<script>" not in browser.text


async def test_expired(house: PageHouse) -> None:
    """A code that is too old is told like a wrong one, also at the login."""
    user_code, _ = await _ask(house)
    browser = await house.browser().open(DEVICE)
    await browser.submit(user_code=user_code)
    house.effects.later(minutes=6)
    await browser.submit(login_name="alice")
    assert (browser.status, browser.heading) == (404, "No device waits with this code")


async def test_guessing(house: PageHouse) -> None:
    """After many wrong codes an address has to wait, then goes on; right codes count nothing."""
    user_code, _ = await _ask(house)
    browser = await house.browser().open(DEVICE)
    form = browser.page.forms[0]
    for _ in range(10):
        await browser.send_form(form, user_code="BBBB-BBBB")
        assert browser.status == 400
    await browser.send_form(form, user_code=user_code)
    assert (browser.status, browser.heading) == (429, "Too many attempts")
    house.effects.later(seconds=int(browser.headers["retry-after"]))
    await browser.send_form(form, user_code="BBBB-BBBB")
    assert browser.status == 400
