"""A forgotten password."""

import pytest

from ostiary.core.user import USER, Address
from ostiary.ui.paths import FORGOTTEN, NEW_PASSWORD, link
from tests.sessions.conftest import PASSWORD_TEXT
from tests.ui.browser import Browser
from tests.ui.conftest import PageHouse

GOOD = "Much-longer-1!"


@pytest.fixture
async def alice(house: PageHouse) -> str:
    """She is reached by mail."""
    await house.edit(USER, "100", email=Address("alice@example.com"))
    return "100"


async def ask(house: PageHouse, name: str = "alice", channel: str = "email") -> Browser:
    """From an application's sign-in to the page that takes the code."""
    browser = await house.browser().open(house.authorization())
    await browser.open(browser.url.replace("/login/login?", "/login/password/reset?"))
    return await browser.submit(login_name=name, channel=channel)


async def test_to_the_application(house: PageHouse, alice: str) -> None:
    """Name, code, new password; then back to the application. The old password is good no more, the address verified."""
    browser = await ask(house)
    assert browser.heading == "Choose a new password"
    (sent,) = house.sent()
    assert (sent.template, sent.recipient) == ("reset_password", "alice@example.com")
    await browser.submit(code=sent.code, password=GOOD, again=GOOD)
    assert browser.url.startswith("http://localhost:9999/cb?code=")
    user = await house.store.get(USER, alice)
    assert user is not None
    assert user.email == Address("alice@example.com", is_verified=True)
    other = await house.sign_in(house.browser())
    assert other.heading == "Enter your password"
    await other.submit(password=GOOD)
    assert other.heading == "You are signed in"


async def test_nobody_learns_of_a_change(house: PageHouse, alice: str) -> None:
    """A wrong code just after its user has set a password is answered as one of nobody is."""
    browser = await ask(house)
    (sent,) = house.sent()
    await browser.submit(code=sent.code, password=GOOD, again=GOOD)
    for name in ("alice", "nobody"):
        thief = await ask(house, name)
        await thief.submit(code="AAAAAA", password="Another-one-1!", again="Another-one-1!")
        assert (thief.status, thief.heading) == (400, "Choose a new password")


async def test_link_in_another_browser(house: PageHouse, alice: str) -> None:
    """The mail's link has the code in it, and changes nothing by being opened."""
    await ask(house)
    (sent,) = house.sent()
    other = await house.browser().open(link(NEW_PASSWORD, ("code", sent.code), ("userId", alice)))
    assert other.page.forms[0].fields["code"] == sent.code
    await other.submit(password=GOOD, again=GOOD)
    assert other.heading == "You are signed in"


async def test_second_factor_is_asked_for(house: PageHouse, alice: str) -> None:
    """A code from a mail replaces the password, and nothing else."""
    await house.app_for_alice()
    browser = await ask(house)
    (sent,) = house.sent()
    await browser.submit(code=sent.code, password=GOOD, again=GOOD)
    assert browser.heading == "Enter your code"


@pytest.mark.parametrize("name", ["nobody", "nobody@example.com", "robot"])
async def test_unknown_name(house: PageHouse, alice: str, name: str) -> None:
    """Nobody learns who has an account: the same page, and the same answer to any code and password."""
    known, unknown = await ask(house), await ask(house, name)
    assert len(house.sent()) == 1
    for one in (known, unknown):
        assert (one.status, one.heading) == (200, "Choose a new password")
        await one.submit(code="WRONG2", password="short", again="short")
        assert (one.status, "The password is too short." in one.text) == (400, True)
        await one.submit(code="WRONG2", password=GOOD, again=GOOD)
        assert (one.status, "The code is wrong or has expired." in one.text) == (400, True)


async def test_expired(house: PageHouse, alice: str) -> None:
    """After an hour another code is asked for, with the name still there."""
    browser = await ask(house)
    (sent,) = house.sent()
    house.effects.later(minutes=61)
    await browser.open(link(NEW_PASSWORD, ("code", sent.code), ("userId", alice)))
    await browser.submit(password=GOOD, again=GOOD)
    assert "has expired" in browser.text
    await browser.follow("Send another code")
    assert browser.heading == "Forgotten your password?"


async def test_same_password(house: PageHouse, alice: str) -> None:
    """The password that one has is no new one."""
    browser = await ask(house)
    (sent,) = house.sent()
    await browser.submit(code=sent.code, password=PASSWORD_TEXT, again=PASSWORD_TEXT)
    assert "This is the password that you have already." in browser.text


async def test_by_phone(house: PageHouse, alice: str) -> None:
    """By SMS, where the user has a phone."""
    await house.edit(USER, alice, phone=Address("+41791234567", is_verified=True))
    browser = await ask(house, channel="phone")
    assert house.sent()[-1].recipient == "+41791234567"
    await browser.submit(code=house.sent()[-1].code, password=GOOD, again=GOOD)
    assert browser.url.startswith("http://localhost:9999/cb?code=")


async def test_not_offered(house: PageHouse) -> None:
    """Where the policy hides it, the page says whom to ask."""
    await house.policy("login", hide_password_reset=True)
    browser = await house.browser().open(FORGOTTEN)
    assert (browser.status, browser.heading) == (400, "Passwords are not reset here")


async def test_no_passwords(house: PageHouse, alice: str) -> None:
    """Where nobody signs in with a password, none is set, whatever link leads there."""
    browser = await ask(house)
    form = browser.page.forms[0]
    await house.policy("login", allow_username_password=False)
    code = house.sent()[-1].code
    await browser.send_form(form, code=code, password=GOOD, again=GOOD)
    assert (browser.status, browser.heading) == (400, "Passwords are not used here")
    for page in (FORGOTTEN, link(NEW_PASSWORD, ("code", code), ("userId", alice))):
        await browser.open(page)
        assert (browser.status, browser.heading) == (400, "Passwords are not used here")


async def test_no_name(house: PageHouse) -> None:
    """Without a name nothing is sent."""
    browser = await house.browser().open(FORGOTTEN)
    await browser.submit(login_name=" ")
    assert (browser.status, "Enter your login name." in browser.text) == (400, True)


async def test_server_without_mail() -> None:
    """Where no mail is sent, nobody waits for one."""
    house = PageHouse(channels=frozenset())
    await house.furnish()
    browser = await house.browser().open(FORGOTTEN)
    assert (browser.status, browser.heading) == (400, "This server sends no mail yet")
    house.pool.close()
