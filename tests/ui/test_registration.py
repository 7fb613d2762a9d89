"""Opening an account for oneself."""

import re

import pytest

from ostiary.core.organization import ORGANIZATION, Organization
from ostiary.core.user import USER, Address, User, UserState
from ostiary.storage.port import Changes, Listing, Put
from ostiary.ui.mailed.site import ASKED
from ostiary.ui.paths import REGISTER, VERIFY, link
from tests.doubles.effects import START
from tests.oidc.conftest import ISSUER
from tests.ui.browser import Browser
from tests.ui.conftest import PageHouse

NAMES = {"given_name": "Eve", "family_name": "Adams"}
GOOD = "Much-longer-1!"


async def people(house: PageHouse) -> dict[str, User]:
    """Everybody by username."""
    return {user.username: user for user in (await house.store.page(Listing(USER))).items}


async def begin(house: PageHouse, email: str = "eve@example.com", **parameters: str) -> Browser:
    """From an application to the page that asks for the code."""
    browser = await house.browser().open(house.authorization(**parameters))
    await browser.open(browser.url.replace("/login/login?", "/login/register?"))
    return await browser.fill({**NAMES, "email": email})


async def test_to_the_application(house: PageHouse) -> None:
    """Names, address, code and password; then the browser goes back to the application, signed in."""
    browser = await begin(house)
    assert (browser.heading, browser.status) == ("Open your account", 200)
    assert "eve@example.com" in browser.text
    (sent,) = house.sent()
    await browser.submit(code=sent.code.lower(), password=GOOD, again=GOOD)
    assert browser.url.startswith("http://localhost:9999/cb?code=")
    user = (await people(house))["eve@example.com"]
    assert user.email is not None
    assert (user.state, user.email.is_verified, user.display_name) == (UserState.ACTIVE, True, "Eve Adams")
    assert len(await house.sessions(user.id)) == 1


async def test_domain_discovery(house: PageHouse) -> None:
    """An address under an organisation's domain opens an account there, by its rules, unless its policy says no."""
    other = Organization("600", "Other", "other.test", START, START)
    await house.store.save(Changes(puts=(Put(ORGANIZATION, other),), raises_generation=True))
    await house.policy("password_complexity", "600", min_length=20)
    browser = await begin(house, "zoe@other.test")
    (sent,) = house.sent()
    await browser.submit(code=sent.code, password=GOOD, again=GOOD)
    assert browser.status == 400
    await browser.submit(code=sent.code, password=f"{GOOD} {GOOD}", again=f"{GOOD} {GOOD}")
    assert browser.url.startswith("http://localhost:9999/cb?code=")
    assert (await people(house))["zoe@other.test"].organization_id == "600"
    for name in ("allow_register", "allow_domain_discovery"):
        await house.policy("login", "600", **{name: False})
        browser = await begin(house, "yan@other.test")
        assert (browser.status, "made by its organisation" in browser.text) == (400, True)


async def test_link_in_another_browser(house: PageHouse) -> None:
    """The mail's link works in any browser; nothing happens before the button is pressed."""
    await begin(house)
    (sent,) = house.sent()
    url = link(VERIFY, ("code", sent.code), ("userId", sent.user_id), ("invite", "true"))
    other = await house.browser().open(url)
    assert (await people(house))["eve@example.com"].state is UserState.INITIAL
    assert other.page.forms[0].fields["code"] == sent.code
    await other.submit(password=GOOD, again=GOOD)
    assert other.heading == "You are signed in"


async def test_link_in_the_same_browser(house: PageHouse) -> None:
    """There the mail's link goes on to the application; once its request is answered it is forgotten."""
    browser = await begin(house)
    (sent,) = house.sent()
    url = link(VERIFY, ("code", sent.code), ("userId", sent.user_id), ("invite", "true"))
    await browser.open(f"{ISSUER}{url}")
    await browser.submit(password=GOOD, again=GOOD)
    assert browser.url.startswith("http://localhost:9999/cb?code=")
    await browser.open(f"{ISSUER}{url}")
    assert (browser.status, "authRequest" in browser.text) == (200, False)


async def test_taken_address(house: PageHouse) -> None:
    """For an address with an account every page is the same, and its owner has a mail."""
    user = (await people(house))["alice"]
    await house.edit(USER, user.id, email=Address("alice@example.com", is_verified=True))
    browser = await begin(house, "alice@example.com")
    fresh = await begin(house)
    taken, new = house.sent()
    assert (taken.template, taken.recipient, new.template) == (
        "account_exists",
        "alice@example.com",
        "register",
    )
    told = [one.text.replace("alice@example.com", "eve@example.com") for one in (browser, fresh)]
    assert _plain(told[0]) == _plain(told[1])
    for one in (browser, fresh):
        await one.submit(code="WRONG2", password=GOOD, again=GOOD)
        assert (one.status, "The code is wrong or has expired." in one.text) == (400, True)
    assert (await people(house))["alice"].version == user.version + 1


def _plain(text: str) -> str:
    """A page without what is different each time."""
    return re.sub(r'(authRequest=|typed=|nonce="|value=")[^"&]*', "", text)


async def test_another_code(house: PageHouse) -> None:
    """A lost mail is sent again; the first code is dead then."""
    browser = await begin(house)
    form = browser.page.forms[0]
    await browser.send_form(next(one for one in browser.page.forms if one.fields.get("step") == "again"))
    first, second = house.sent()
    await browser.send_form(form, code=first.code, password=GOOD, again=GOOD)
    assert browser.status == 400
    await browser.submit(code=second.code, password=GOOD, again=GOOD)
    assert browser.url.startswith("http://localhost:9999/cb?code=")


async def test_sent_twice(house: PageHouse) -> None:
    """Of a double click the second answer, which is all that the browser sees, signs in as the first would have."""
    browser = await house.browser().open(REGISTER)
    await browser.fill({**NAMES, "email": "eve@example.com"})
    form = browser.page.forms[0]
    (sent,) = house.sent()
    other = house.browser()
    for one in (browser, other):
        one.url = ISSUER
        await one.send_form(form, code=sent.code, password=GOOD, again=GOOD)
        assert one.heading == "You are signed in"
    assert len(await house.sessions(sent.user_id)) == 1
    third = house.browser()
    third.url = ISSUER
    await third.send_form(form, code=sent.code, password="Another-one-1!", again="Another-one-1!")
    assert third.heading == "Enter your password"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"code": ""}, "Enter the code from the mail."),
        ({"password": ""}, "Enter a new password."),
        ({"again": "Other-word-2!"}, "The two passwords are not the same."),
        ({"password": "x" * 201, "again": "x" * 201}, "The password is too long"),
        ({"password": "Short1!", "again": "Short1!"}, "The password is too short."),
        ({"password": "much-longer-1!", "again": "much-longer-1!"}, "needs a capital letter"),
        ({"password": "MUCH-LONGER-1!", "again": "MUCH-LONGER-1!"}, "needs a small letter"),
        ({"password": "Much-longer!", "again": "Much-longer!"}, "needs a digit"),
        ({"password": "Muchlonger1", "again": "Muchlonger1"}, "needs a symbol"),
    ],
)
async def test_what_is_wrong_is_said(house: PageHouse, typed: dict[str, str], told: str) -> None:
    """The form stays, with the code, without the password; the code is not spent."""
    browser = await begin(house)
    (sent,) = house.sent()
    await browser.fill({"code": sent.code, "password": GOOD, "again": GOOD, **typed})
    assert (browser.status, told in browser.text) == (400, True)
    assert browser.page.forms[0].fields["code"] == typed.get("code", sent.code)
    assert not browser.page.forms[0].fields["password"]
    await browser.submit(code=sent.code, password=GOOD, again=GOOD)
    assert browser.url.startswith("http://localhost:9999/cb?code=")


async def test_form_is_not_lost(house: PageHouse) -> None:
    """Names and address that do not suffice stay in the form, with what to do."""
    browser = await house.browser().open(REGISTER)
    await browser.submit(given_name="Eve", family_name="", email="eve@example.com")
    assert (browser.status, "Enter your first and last name." in browser.text) == (400, True)
    assert browser.page.invalid == ["family_name"]
    await browser.submit(family_name="Adams", email="nothing")
    assert browser.page.invalid == ["email"]
    assert "Enter an email address that you can read." in browser.text
    await browser.submit(email="eve@example.com")
    assert browser.heading == "Open your account"


async def test_conditions(house: PageHouse) -> None:
    """Where the organisation has conditions, they are linked, and nobody registers without accepting them."""
    await house.policy("legal", tos_link="https://acme.example/terms")
    browser = await house.browser().open(REGISTER)
    assert browser.page.links["Terms of service"] == "https://acme.example/terms"
    await browser.fill({**NAMES, "email": "eve@example.com"})
    assert (browser.status, "Accept the conditions to go on." in browser.text) == (400, True)
    await browser.submit(terms="1")
    assert browser.heading == "Open your account"


async def test_closed(house: PageHouse) -> None:
    """Where the policy lets nobody in, the page says so."""
    await house.policy("login", allow_register=False)
    browser = await house.browser().open(REGISTER)
    assert (browser.status, browser.heading) == (400, "Nobody opens an account here by themselves")


async def test_organization_of_the_scope(house: PageHouse) -> None:
    """The account is opened in the organisation that the application asks for."""
    await house.other_organization()
    await begin(house, scope="openid urn:zitadel:iam:org:id:600")
    assert (await people(house))["eve@example.com"].organization_id == "600"


async def test_too_many(house: PageHouse) -> None:
    """One address has only so many mails sent, and no account is needed to be counted."""
    browser = await house.browser().open(REGISTER)
    form = browser.page.forms[0]
    for number in range(ASKED + 1):
        form.fields.update({**NAMES, "email": f"eve{number}@example.com"})
        await browser.send_form(form)
    assert (browser.status, browser.heading) == (429, "Too many attempts")
    assert len(house.sent()) == ASKED
