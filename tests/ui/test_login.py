"""The login, as a person without JavaScript goes through it."""

import asyncio
import html
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from ostiary.core.project import PROJECT
from ostiary.core.user import USER, Address
from ostiary.ui.paths import FRONT, LOGIN, LOGIN_ROOT
from tests.oidc.conftest import REDIRECT, good, query
from tests.sessions.conftest import PASSWORD_TEXT, password_check
from tests.ui.conftest import PageHouse

WRONG = "Login name or password is wrong, or the account is locked."


async def test_name_password_tokens(house: PageHouse) -> None:
    """Name, password, code, tokens; the session tells the browser's address and name."""
    browser = await house.browser().open(house.authorization())
    assert (browser.status, browser.heading) == (200, "Sign in")
    assert "to continue to web" in browser.text
    await browser.submit(login_name=" Alice ")
    assert (browser.status, browser.heading) == (200, "Enter your password")
    await browser.submit(password=PASSWORD_TEXT)
    assert browser.url.startswith(REDIRECT)
    assert query(browser.url)["state"] == "st"
    tokens = good(await house.redeem(query(browser.url)["code"]))
    assert tokens["id_token"]
    assert tokens["refresh_token"]
    (session,) = await house.sessions()
    assert (session.user_agent.ip, session.user_agent.description) == ("203.0.113.9", "Test/1.0")
    assert session.expires_at is not None


async def test_second_factor(house: PageHouse) -> None:
    """Who owns an authenticator app is asked for its code; spaces in it do not matter."""
    await house.app_for_alice()
    browser = await house.sign_in(house.browser(), url=house.authorization())
    assert browser.heading == "Enter your code"
    code = house.code()
    await browser.submit(code=f"{code[:3]} {code[3:]}")
    assert browser.url.startswith(REDIRECT)


async def test_email_address(house: PageHouse) -> None:
    """A confirmed address that one user has stands for their login name, unless the organisation says no."""
    await house.edit(USER, "100", email=Address("a@example.com", is_verified=True))
    browser = await house.sign_in(house.browser(), "A@example.com", house.authorization())
    assert browser.url.startswith(REDIRECT)
    assert "Login name or email address" in (await house.browser().open(LOGIN)).text
    await house.policy("login", disable_login_with_email=True)
    assert "Login name or email address" not in (await house.browser().open(LOGIN)).text
    browser = await house.sign_in(house.browser(), "a@example.com", house.authorization())
    assert (browser.status, WRONG in browser.text) == (400, True)
    await house.policy("login", disable_login_with_email=False)
    await house.bob()
    await house.edit(USER, "101", email=Address("a@example.com"))
    browser = await house.sign_in(house.browser(), "a@example.com", house.authorization())
    assert browser.url.startswith(REDIRECT)
    await house.edit(USER, "101", email=Address("a@example.com", is_verified=True))
    browser = await house.sign_in(house.browser(), "a@example.com", house.authorization())
    assert (browser.status, WRONG in browser.text) == (400, True)


async def test_no_page_is_an_answer_to_a_form(house: PageHouse) -> None:
    """Each page of a login that goes well is opened by GET, so that going back asks for no form again."""
    await house.app_for_alice()
    browser = await house.browser().open(house.authorization())
    for values in ({"login_name": "alice"}, {"password": PASSWORD_TEXT}, {"code": house.code()}):
        await browser.send_form(browser.page.forms[0], **values)  # type: ignore[arg-type]
        assert browser.redirects
        assert "alice" not in browser.url
    assert browser.url.startswith(REDIRECT)


async def test_wrong_code(house: PageHouse) -> None:
    """A wrong code is asked for again; after too many the page says so."""
    await house.app_for_alice()
    await house.lockout(max_otp_attempts=2)
    browser = await house.sign_in(house.browser(), url=house.authorization())
    wrong = "000000" if house.code() != "000000" else "111111"
    await browser.submit(code=wrong)
    assert (browser.status, browser.heading) == (400, "Enter your code")
    assert "The code is wrong" in browser.text
    assert '<span class="login-name">alice</span>' in browser.text
    await browser.submit(code=wrong)
    await browser.submit(code=house.code())
    assert (browser.status, browser.heading) == (403, "You cannot go on with this account")
    assert "This account is locked" in browser.text


async def test_same_answer_for_everybody(house: PageHouse) -> None:
    """A wrong password and an unknown name get one status and one text; the name is kept."""
    answers = []
    for user in ("alice", "nobody", "robot"):
        name = f"{user}@acme.localhost"
        browser = await house.browser().open(house.authorization())
        await browser.submit(login_name=name)
        await browser.submit(password="wrong")
        assert WRONG in browser.text
        form = browser.page.forms[0]
        nonce = browser.headers["content-security-policy"].partition("'nonce-")[2].partition("'")[0]
        told = browser.text.replace(name, "NAME").replace(form.fields["attempt"], "").replace(nonce, "")
        told = told.replace(browser.page.links["Forgotten your password?"].replace("&", "&amp;"), "")
        answers.append((browser.status, told.replace(html.escape(form.action), "")))
        assert form.fields["login_name"] == name
    assert answers == [(400, answers[0][1])] * 3


@pytest.mark.parametrize("step", ["name", "password"])
async def test_empty(house: PageHouse, step: str) -> None:
    """An empty field is asked for again."""
    browser = await house.browser().open(house.authorization())
    if step == "password":
        await browser.submit(login_name="alice")
    await browser.submit(login_name="", password="")
    assert browser.status == 400
    assert 'role="alert"' in browser.text


async def test_signed_in_already(house: PageHouse) -> None:
    """A session of this browser finishes the next request at once, without a page."""
    browser = await house.sign_in(house.browser(), url=house.authorization())
    await browser.open(house.authorization())
    assert browser.url.startswith(REDIRECT)
    assert len(await house.sessions()) == 1


async def test_prompt_login(house: PageHouse) -> None:
    """``prompt=login`` asks for password and second factor again, in the same session."""
    await house.app_for_alice()
    browser = await house.sign_in(house.browser(), url=house.authorization())
    await browser.submit(code=house.code())
    house.effects.later(minutes=2)
    await browser.open(house.authorization(prompt="login"))
    assert browser.heading == "Enter your password"
    await browser.submit(password=PASSWORD_TEXT)
    assert browser.heading == "Enter your code"
    await browser.submit(code=house.code())
    assert browser.url.startswith(REDIRECT)
    assert len(await house.sessions()) == 1


async def test_max_age(house: PageHouse) -> None:
    """An authentication older than ``max_age`` is made anew."""
    browser = await house.sign_in(house.browser(), url=house.authorization())
    house.effects.later(minutes=2)
    await browser.open(house.authorization(max_age="60"))
    assert browser.heading == "Enter your password"
    await browser.submit(password=PASSWORD_TEXT)
    assert browser.url.startswith(REDIRECT)


async def test_prompt_none(house: PageHouse) -> None:
    """``prompt=none`` never shows a page: it finishes, or tells the client why not."""
    browser = await house.browser().open(house.authorization(prompt="none"))
    assert query(browser.url)["error"] == "login_required"
    await house.sign_in(browser, url=house.authorization())
    await browser.open(house.authorization(prompt="none"))
    assert "code" in query(browser.url)
    await house.app_for_alice()
    await browser.open(house.authorization(prompt="none"))
    assert query(browser.url)["error"] == "interaction_required"


async def test_select_account(house: PageHouse) -> None:
    """``prompt=select_account`` asks which account, even when there is one."""
    browser = await house.sign_in(house.browser(), url=house.authorization())
    await browser.open(house.authorization(prompt="select_account"))
    assert browser.heading == "Choose an account"
    await browser.submit()
    assert browser.url.startswith(REDIRECT)


async def test_two_accounts(house: PageHouse) -> None:
    """With two accounts one chooses, or the request's hint does."""
    await house.bob()
    browser = await house.sign_in(house.browser())
    await browser.follow("Use another account")
    await browser.submit(login_name="bob")
    await browser.submit(password=PASSWORD_TEXT)
    assert browser.heading == "You are signed in"
    await browser.open(house.authorization())
    assert browser.heading == "Choose an account"
    await browser.submit(1)
    tokens = good(await house.redeem(query(browser.url)["code"]))
    claims = await house.keys.verify(tokens["id_token"], "JWT")
    assert claims["sub"] == "101"
    await browser.open(house.authorization(login_hint="BOB@acme.localhost"))
    assert browser.url.startswith(REDIRECT)


async def test_phone_number(house: PageHouse) -> None:
    """A confirmed number that one user has stands for their login name, unless the organisation says no."""
    await house.edit(USER, "100", phone=Address("+41791234567", is_verified=True))
    browser = await house.sign_in(house.browser(), "+41 79 123 45 67", house.authorization())
    assert browser.url.startswith(REDIRECT)
    for typed in ("+1", "+999 999 999 999 999", "+41 79 123 45 68"):
        browser = await house.sign_in(house.browser(), typed, house.authorization())
        assert (browser.status, WRONG in browser.text) == (400, True)
    await house.policy("login", disable_login_with_phone=True)
    browser = await house.sign_in(house.browser(), "+41791234567", house.authorization())
    assert (browser.status, WRONG in browser.text) == (400, True)


async def test_login_hint(house: PageHouse) -> None:
    """A hint fills in the name, known or not."""
    browser = house.browser()
    for hint in ("alice", "nobody"):
        await browser.open(house.authorization(login_hint=hint))
        assert browser.heading == "Enter your password"
        assert hint in browser.text
    await browser.follow("Not you?")
    assert browser.heading == "Sign in"


async def test_hint_of_another(house: PageHouse) -> None:
    """A request that hints at somebody else does not take who is signed in."""
    browser = await house.sign_in(house.browser(), url=house.authorization())
    await browser.open(house.authorization(login_hint="bob"))
    assert browser.heading == "Enter your password"
    await browser.open(house.authorization(login_hint="bob", prompt="none"))
    assert query(browser.url)["error"] == "login_required"


async def test_out_of_reach(house: PageHouse) -> None:
    """What the account cannot reach is said, and one can go back to the application."""
    url = house.authorization(acr_values="urn:ostiary:acr:aal2")
    await house.policy("login", second_factors=[], multi_factors=[])
    browser = await house.sign_in(house.browser(), url=url)
    assert (browser.status, browser.heading) == (403, "You cannot go on with this account")
    await browser.submit()
    assert query(browser.url)["error"] == "access_denied"


async def test_no_access(house: PageHouse) -> None:
    """Who may not use the application is told so, and may take another account."""
    await house.edit(PROJECT, "700", requires_authorization=True)
    browser = await house.sign_in(house.browser(), url=house.authorization())
    assert browser.status == 403
    assert "may not use web" in browser.text
    await browser.follow("Use another account")
    assert browser.heading == "Sign in"
    await browser.open(house.authorization(prompt="none"))
    assert query(browser.url)["error"] == "access_denied"


async def test_cancel(house: PageHouse) -> None:
    """Cancelling tells the client."""
    browser = await house.browser().open(house.authorization())
    await browser.press("cancel")
    assert query(browser.url)["error"] == "access_denied"
    assert query(browser.url)["state"] == "st"


@pytest.mark.parametrize("path", [LOGIN, LOGIN_ROOT, FRONT])
async def test_without_request(house: PageHouse, path: str) -> None:
    """Without a request one signs in, and sees that one is."""
    browser = await house.sign_in(house.browser(), url=path)
    assert browser.heading == "You are signed in"
    assert "alice" in browser.text
    assert "Sign out" in browser.page.links


async def test_unfinished(house: PageHouse) -> None:
    """Who left at the second factor goes on there, and is not said to be signed in."""
    await house.app_for_alice()
    browser = await house.sign_in(house.browser())
    assert browser.heading == "Enter your code"
    await browser.open(LOGIN)
    assert browser.heading == "Choose an account"
    assert "Sign in again" in browser.text
    await browser.open(f"{LOGIN}?another=1")
    await browser.submit(login_name="alice")
    assert browser.heading == "Enter your code"
    await browser.submit(code=house.code())
    assert browser.heading == "You are signed in"


async def test_busy(house: PageHouse) -> None:
    """When too many passwords are hashed, the form stays, and says to wait."""
    browser = await house.browser().open(house.authorization())
    await browser.submit(login_name="alice")
    tasks = [asyncio.create_task(house.create(password_check(user="alice"))) for _ in range(60)]
    await asyncio.sleep(0)
    await browser.submit(password=PASSWORD_TEXT)
    assert (browser.status, browser.heading) == (503, "Enter your password")
    assert int(browser.headers["retry-after"]) > 0
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize("name", ["alice", "nobody"])
async def test_too_fast(house: PageHouse, name: str) -> None:
    """After some wrong passwords it is said how long to wait, whether there is an account or not; then the right one is good."""
    browser = await house.browser().open(house.authorization())
    await browser.submit(login_name=name)
    for _ in range(7):
        await browser.submit(password="wrong")
    assert (browser.status, browser.heading) == (429, "Enter your password")
    assert re.search(r"try again in \d+ s\.", browser.text)
    assert int(browser.headers["retry-after"]) > 0
    if name == "alice":
        house.effects.later(minutes=1)
        await browser.submit(password=PASSWORD_TEXT)
        assert browser.url.startswith(REDIRECT)


async def test_codes_too_fast(house: PageHouse) -> None:
    """So it is for codes."""
    await house.app_for_alice()
    browser = await house.sign_in(house.browser(), url=house.authorization())
    wrong = "000000" if house.code() != "000000" else "111111"
    for _ in range(6):
        await browser.submit(code=wrong)
    assert (browser.status, browser.heading) == (429, "Enter your code")
    assert re.search(r"try again in \d+ (s|min)\.", browser.text)


async def test_lifetime(house: PageHouse) -> None:
    """A session lives as long as its user's organisation says."""
    await house.policy("login", "500", password_check_lifetime_s=600)
    browser = await house.sign_in(house.browser())
    assert browser.heading == "You are signed in"
    (session,) = await house.sessions()
    assert session.expires_at is not None
    assert (session.expires_at - house.effects.now()).total_seconds() == 600


async def test_languages(house: PageHouse) -> None:
    """``ui_locales`` go before what the browser takes; other languages get English."""
    browser = house.browser()
    browser.language = "de-AT,en;q=0.5"
    await browser.open(house.authorization())
    assert (browser.page.language, browser.heading) == ("de", "Anmelden")
    await browser.open(house.authorization(ui_locales="en de"))
    assert browser.page.language == "en"
    for language, heading in (("fr-CA", "Se connecter"), ("es", "Iniciar sesión"), ("zh-CN", "登录")):
        browser.language = language
        await browser.open(house.authorization())
        assert (browser.page.language, browser.heading) == (language[:2], heading)
    browser.language = "nl"
    await browser.open(house.authorization())
    assert browser.page.language == "en"


async def test_form_post(house: PageHouse) -> None:
    """With ``response_mode=form_post`` the answer is a form for the client's own address."""
    browser = await house.sign_in(house.browser(), url=house.authorization(response_mode="form_post"))
    assert browser.heading == "One moment"
    form = browser.page.forms[0]
    assert form.action == REDIRECT
    assert set(form.fields) == {"code", "state", "iss"}
    assert good(await house.redeem(form.fields["code"]))
    assert parse_qs(urlsplit(browser.url).query)["code"] == [form.fields["code"]]


async def test_check_too_old(house: PageHouse) -> None:
    """A session that lives longer than its check counts finishes no login until its user has proved themselves again."""
    browser = await house.sign_in(house.browser(), url=house.authorization())
    house.effects.later(minutes=2)
    await house.policy("login", password_check_lifetime_s=60)
    await browser.open(house.authorization(prompt="none"))
    assert query(browser.url)["error"] == "login_required"
    await browser.open(house.authorization())
    await browser.submit(password=PASSWORD_TEXT)
    assert browser.url.startswith(REDIRECT)
