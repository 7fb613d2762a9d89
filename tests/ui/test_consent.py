"""Consent, where an application asks for it to be asked; and an account opened first, where it asks for that."""

from urllib.parse import parse_qs, urlsplit

from ostiary.ui.scope_words import in_words
from tests.ui.conftest import PageHouse


def answer(url: str) -> dict[str, list[str]]:
    """What the application is told."""
    return parse_qs(urlsplit(url).query)


async def test_allow(house: PageHouse) -> None:
    """It is asked in plain words before the browser goes back, also of who is signed in already; yes is yes."""
    browser = await house.sign_in(house.browser())
    await browser.open(house.authorization(prompt="consent", scope="openid email offline_access weather"))
    assert browser.heading == "Allow web?"
    for told in (
        "Alice",
        "Know that it is you",
        "See your email address",
        "Stay signed in while you are away",
        "<code>weather</code>",
    ):
        assert told in browser.text
    await browser.submit(button=("answer", "allow"))
    assert answer(browser.url)["code"]
    await browser.open(house.authorization(prompt="consent"))
    assert browser.heading == "Allow web?"


async def test_deny(house: PageHouse) -> None:
    """No is no: the application is told so, and gets no code."""
    browser = await house.sign_in(house.browser(), url=house.authorization(prompt="consent"))
    await browser.submit(button=("answer", "deny"))
    told = answer(browser.url)
    assert (told["error"], told["state"], "code" in told) == (["access_denied"], ["st"], False)


async def test_after_the_login(house: PageHouse) -> None:
    """With login beside it, the login comes first; nothing is asked where nothing is to be asked."""
    browser = await house.sign_in(house.browser())
    await browser.open(house.authorization(prompt="login consent"))
    await browser.submit(password="Password1!")
    assert browser.heading == "Allow web?"
    await browser.open(house.authorization())
    assert answer(browser.url)["code"]


async def test_session_of_nobody(house: PageHouse) -> None:
    """An answer for a session that ended meanwhile, or no answer, leads to the login."""
    browser = await house.sign_in(house.browser(), url=house.authorization(prompt="consent"))
    form = browser.page.forms[0]
    await browser.send_form(form)
    assert browser.heading == "Allow web?"
    ((session_id, token),) = house.held(browser)
    await house.end(session_id, token)
    await browser.send_form(form, button=("answer", "allow"))
    assert browser.heading == "Sign in"


def test_words() -> None:
    """Scopes of one meaning are said once, in one order wherever; those that give nothing are not said."""
    scope = (
        "read:weather",
        "urn:zitadel:iam:org:project:role:a",
        "urn:zitadel:iam:org:projects:roles",
        "urn:zitadel:iam:org:id:500",
        "urn:zitadel:iam:org:project:id:zitadel:aud",
        "urn:zitadel:iam:org:project:id:7:aud",
        "openid",
    )
    assert in_words(scope) == [
        ("Know that it is you", ""),
        ("See your roles", ""),
        ("Change your account here, as you could yourself", ""),
        ("Use other services in your name", ""),
        ("", "read:weather"),
    ]


async def test_create(house: PageHouse) -> None:
    """prompt=create begins with the account's form, also beside a session; whoever has an account signs in instead."""
    browser = await house.sign_in(house.browser())
    await browser.open(house.authorization(prompt="create"))
    assert browser.heading == "Open an account"
    await browser.follow("I have an account already")
    assert browser.heading == "Sign in"
    await house.policy("login", allow_register=False)
    await browser.open(house.authorization(prompt="create"))
    assert answer(browser.url)["code"]


async def test_links(house: PageHouse) -> None:
    """The sign-in leads to registration and to a new password, where the policy has them."""
    browser = await house.browser().open(house.authorization())
    await browser.follow("Open an account")
    assert browser.heading == "Open an account"
    await browser.follow("I have an account already")
    await browser.submit(login_name="alice")
    await browser.follow("Forgotten your password?")
    assert browser.page.forms[0].fields["login_name"] == "alice"
    await house.policy("login", allow_register=False, hide_password_reset=True)
    await browser.open(house.authorization())
    assert "Open an account" not in browser.page.links
    await browser.submit(login_name="alice")
    assert "Forgotten your password?" not in browser.page.links
