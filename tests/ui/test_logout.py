"""Signing out."""

from ostiary.core.session import ENDED_SESSION
from ostiary.ui.paths import LOGGED_OUT, LOGIN, LOGOUT, link
from tests.oidc.conftest import REDIRECT
from tests.sessions.conftest import PASSWORD_TEXT
from tests.ui.browser import Browser
from tests.ui.conftest import COOKIE, PageHouse


async def _two(house: PageHouse) -> Browser:
    await house.bob()
    browser = await house.sign_in(house.browser())
    await browser.follow("Use another account")
    await browser.submit(login_name="bob")
    return await browser.submit(password=PASSWORD_TEXT)


async def test_asked_first(house: PageHouse) -> None:
    """Opening the page ends nothing; its button does, and the cookie goes."""
    browser = await house.sign_in(house.browser())
    await browser.follow("Sign out")
    assert browser.heading == "Sign out?"
    (session,) = await house.sessions()
    await browser.follow("Cancel")
    assert browser.heading == "You are signed in"
    await browser.follow("Sign out")
    await browser.submit()
    assert (LOGGED_OUT in browser.url, browser.heading) == (True, "You are signed out")
    assert not await house.sessions()
    assert COOKIE not in browser.cookies
    ended = await house.store.get(ENDED_SESSION, session.id)
    assert ended is not None
    assert ended.reason == "logout"


async def test_one_of_two(house: PageHouse) -> None:
    """One account may stay; the hint ticks the one that was meant."""
    browser = await _two(house)
    await browser.open(link(LOGOUT, ("logout_hint", "bob")))
    assert [name for name in browser.page.forms[0].fields if name.startswith("user:")] == ["user:101"]
    await browser.submit()
    assert browser.heading == "Done"
    assert not await house.sessions("101")
    assert len(house.held(browser)) == 1
    await browser.open(LOGIN)
    assert "alice" in browser.text


async def test_all(house: PageHouse) -> None:
    """Without a hint all are ticked."""
    browser = await _two(house)
    await browser.open(LOGOUT)
    await browser.submit()
    assert browser.heading == "You are signed out"
    assert not house.held(browser)


async def test_nobody(house: PageHouse) -> None:
    """Who is not signed in is signed out."""
    browser = await house.browser().open(LOGOUT)
    assert LOGGED_OUT in browser.url


async def test_back_to_the_application(house: PageHouse) -> None:
    """Afterwards the browser goes where the client has registered, with its state."""
    browser = await house.sign_in(house.browser())
    target = f"{REDIRECT}?state=s%201"
    await browser.open(link(LOGOUT, ("post_logout_redirect", target), ("client_id", "web"), ("state", "s 1")))
    assert "web asks to sign you out." in browser.text
    assert "http://localhost:9999" in browser.headers["content-security-policy"]
    await browser.submit()
    assert browser.url == target


async def test_nowhere_else(house: PageHouse) -> None:
    """An address that is not registered is not gone to."""
    for pairs in (
        [("post_logout_redirect", "https://evil.example/"), ("client_id", "web")],
        [("post_logout_redirect", REDIRECT)],
        [("post_logout_redirect", REDIRECT), ("client_id", "unknown")],
    ):
        browser = await house.sign_in(house.browser())
        await browser.open(link(LOGOUT, *pairs))
        assert "evil" not in browser.headers["content-security-policy"]
        await browser.submit()
        assert LOGGED_OUT in browser.url


async def test_twice(house: PageHouse) -> None:
    """The button pressed twice, or after the session was ended elsewhere, is no fault."""
    browser = await house.sign_in(house.browser())
    cookies = dict(browser.cookies)
    await browser.open(LOGOUT)
    form = browser.page.forms[0]
    await browser.submit()
    browser.cookies = cookies
    await browser.send_form(form)
    assert browser.status == 200
    assert browser.heading == "Sign in"
