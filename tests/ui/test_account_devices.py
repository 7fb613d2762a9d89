"""Where one is signed in: what is shown, and what ends."""

from datetime import timedelta

from ostiary.core.session import ENDED_SESSION, SESSION
from ostiary.core.user import USER, Address
from ostiary.sessions.change import SessionChange
from ostiary.ui.account.paths import ACCOUNT
from ostiary.ui.paths import LOGIN
from tests.oidc.conftest import ISSUER
from tests.sessions.conftest import LOGIN_CLIENT, PASSWORD_TEXT, password_check
from tests.ui.browser import Browser
from tests.ui.conftest import PageHouse, with_

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


async def _elsewhere(house: PageHouse, user: str = "alice") -> str:
    """A session on another device."""
    other = house.browser()
    other.user_agent = FIREFOX
    await house.sign_in(other, user)
    return house.held(other)[0][0]


async def test_through_the_login(house: PageHouse) -> None:
    """Who is not signed in comes through the login to where they wanted to go."""
    browser = await house.browser().open(ACCOUNT)
    assert browser.heading == "Sign in"
    await browser.submit(login_name="alice")
    await browser.submit(password=PASSWORD_TEXT)
    assert (browser.url.endswith(ACCOUNT), browser.heading) == (True, "Where you are signed in")
    assert "This device" in browser.text


async def test_what_is_shown(house: PageHouse) -> None:
    """Each session with its device, its place if the proxy tells one, and the applications it was used for."""
    browser = house.browser()
    browser.place = "Bern, CH"
    await house.sign_in(browser, url=house.authorization())
    await house.redeem(browser.url.partition("code=")[2].partition("&")[0])
    await _elsewhere(house)
    await browser.open(ISSUER + ACCOUNT)
    assert "Firefox on Linux" in browser.text
    assert "Bern, CH · 203.0.113.9" in browser.text
    assert browser.text.count("This device") == 1
    assert "<dd>web</dd>" in browser.text


async def test_one_ended(house: PageHouse) -> None:
    """One session ends, this one goes on; the list says why."""
    browser = await house.sign_in(house.browser())
    other_id = await _elsewhere(house)
    await browser.open(ACCOUNT)
    await browser.submit(0)
    assert [session.id for session in await house.sessions()] == [house.held(browser)[0][0]]
    assert "You ended it from another device" in browser.text
    ended = await house.store.get(ENDED_SESSION, other_id)
    assert ended is not None
    assert ended.reason == "ended_remotely"


async def test_all_others_ended(house: PageHouse) -> None:
    """All but this one end."""
    browser = await house.sign_in(house.browser())
    for _ in range(3):
        await _elsewhere(house)
    await browser.open(ACCOUNT)
    await browser.submit(3)
    assert [session.id for session in await house.sessions()] == [house.held(browser)[0][0]]


async def test_verified_anew(house: PageHouse) -> None:
    """Minutes after the login a change asks for the password, then asks again what was meant, then does it."""
    browser = await house.sign_in(house.browser())
    await _elsewhere(house)
    await browser.open(ACCOUNT)
    house.effects.later(minutes=6)
    await browser.submit(0)
    assert browser.heading == "Enter your password"
    assert len(await house.sessions()) == 2
    await browser.submit(password=PASSWORD_TEXT)
    assert "Sign out there?" in browser.text
    await browser.submit(0)
    assert len(await house.sessions()) == 1


async def test_of_somebody_else(house: PageHouse) -> None:
    """A session of another user stays, whatever the form says."""
    await house.bob()
    browser = await house.sign_in(house.browser())
    bobs = await _elsewhere(house, "bob")
    await _elsewhere(house)
    await browser.open(ACCOUNT)
    form = browser.page.forms[0]
    form.action = f"{ACCOUNT}?end={bobs}"
    await browser.send_form(form)
    assert browser.heading == "Where you are signed in"
    assert await house.store.get(SESSION, bobs) is not None


async def test_without_its_token(house: PageHouse) -> None:
    """A session whose token this browser does not hold any more shows nothing and changes nothing."""
    browser = await house.sign_in(house.browser())
    await _elsewhere(house)
    await browser.open(ACCOUNT)
    form = browser.page.forms[0]
    ((session_id, token),) = house.held(browser)
    later = await house.commands.set(
        LOGIN_CLIENT, session_id, token, SessionChange(lifetime=timedelta(hours=1))
    )
    await browser.send_form(form)
    assert browser.heading == "Sign in"
    assert len(await house.sessions()) == 2
    assert later.token
    await browser.open(ACCOUNT)
    assert browser.heading == "Sign in"


async def test_two_people(house: PageHouse) -> None:
    """Of two who are signed in, the address says whose page it is, and links keep it."""
    await house.bob()
    browser = await house.sign_in(house.browser())
    await browser.open("/ui/v2/login/login?another=1")
    await browser.submit(login_name="bob")
    await browser.submit(password=PASSWORD_TEXT)
    await browser.open(ACCOUNT)
    assert '<span class="login-name">bob</span>' in browser.text
    await browser.open(f"{ACCOUNT}?user=100")
    assert '<span class="login-name">alice</span>' in browser.text
    await browser.follow("Devices")
    assert '<span class="login-name">alice</span>' in browser.text


async def test_over(house: PageHouse) -> None:
    """What has expired, or was revoked with all others, is among the earlier ones."""
    late = await house.create(with_(password_check(user="alice"), lifetime=timedelta(minutes=1)))
    house.effects.later(minutes=2)
    browser = await house.sign_in(house.browser())
    await browser.open(ACCOUNT)
    assert "Its time was over" in browser.text
    assert late.session_id


async def test_nowhere_else(house: PageHouse) -> None:
    """The login leads to the account's pages alone."""
    browser = await house.sign_in(house.browser())
    for target in ("https://evil.example/", "//evil.example", "/oidc/v1/end_session", f"{ACCOUNT}/x"):
        await browser.open(f"/ui/v2/login/login?account={target}")
        assert browser.status == 400


async def test_known_again(house: PageHouse) -> None:
    """A browser is given one id, which its sessions carry."""
    browser: Browser = await house.sign_in(house.browser())
    (session,) = await house.sessions()
    assert session.user_agent.fingerprint_id == browser.cookies["ostiary-device"]
    await browser.open("/ui/v2/login/login")
    assert session.user_agent.fingerprint_id == browser.cookies["ostiary-device"]


async def test_silent_browser(house: PageHouse) -> None:
    """Who brings no id and no name is another device each time, and told of."""
    await house.edit(USER, "100", email=Address("alice@example.com", is_verified=True))
    for _ in range(2):
        browser = house.browser()
        browser.user_agent = ""
        await browser.open(LOGIN)
        del browser.cookies["ostiary-device"]
        await browser.submit(login_name="alice")
        browser.cookies.pop("ostiary-device", None)
        await browser.submit(password=PASSWORD_TEXT)
    assert len(house.sent("new_sign_in")) == 2
