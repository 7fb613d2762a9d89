"""What one proves oneself with: set up, named, taken away; never without having just proved who one is."""

import json
import re
from base64 import b32decode
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from ostiary.core.identity_link import ExternalAccount, encode_account
from ostiary.core.passkey import PASSKEY
from ostiary.core.session import SESSION, VerifiedFactor
from ostiary.core.user import AUTHENTICATOR, USER, Address, Authenticator
from ostiary.crypto.otp import code_of, step_of
from ostiary.crypto.seal import BrokenSeal, Sealer
from ostiary.factors.idp_intent import IDP_INTENT
from ostiary.sessions.change import SessionChange
from ostiary.storage.port import Changes, Put, Remove
from ostiary.ui.account.paths import (
    ACCOUNT,
    ACCOUNT_PLACES,
    APP,
    CODES,
    FACTORS,
    KEY,
    NOT_ME,
    OWNED,
    PASSWORD,
    RECOVERY,
)
from ostiary.ui.cookie import Kept, LoginCookie
from ostiary.ui.paths import CHANGE_PASSWORD, LOGIN
from tests.doubles.authenticator import SoftKey
from tests.sessions.conftest import LOGIN_CLIENT, PASSWORD_TEXT
from tests.ui.browser import Browser, Form
from tests.ui.conftest import COOKIE, PageHouse

NEW = "Another-horse-7"


async def _kinds(house: PageHouse) -> set[str]:
    return {one.kind for one in await house.store.owned(AUTHENTICATOR, "100") if one.is_ready}


async def _at(house: PageHouse, path: str) -> Browser:
    """Alice, signed in just now, on a page."""
    browser = await house.sign_in(house.browser())
    return await browser.open(path)


async def _own(house: PageHouse, *kinds: str) -> None:
    now = house.effects.now()
    rows = [Authenticator(f"100:{kind}", "100", kind, now, now, name=f"My {kind}") for kind in kinds]
    await house.store.save(Changes(puts=tuple(Put(AUTHENTICATOR, row) for row in rows)))


async def test_password_managers(house: PageHouse) -> None:
    """What looks for the page where a password is changed is led there, by way of the login."""
    browser = await house.browser().open(CHANGE_PASSWORD)
    assert browser.heading == "Sign in"
    browser = await _at(house, CHANGE_PASSWORD)
    assert browser.heading == "Change password"


CHANGES = [path for method, path in ACCOUNT_PLACES if method == "POST" and path != NOT_ME]


@pytest.mark.parametrize("path", CHANGES)
async def test_nobody_changes_anything(house: PageHouse, path: str) -> None:
    """A form of who is not signed in, or was verified long ago, leads to the login and does nothing."""
    form = {"sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded"}
    status, told, _ = await house.carry("POST", f"{path}?id=100:password&end=others", form, b"step=remove")
    assert (status, dict(told)["location"].startswith("/ui/v2/login/login?account=")) == (303, True)
    browser = await house.sign_in(house.browser())
    before = await house.sessions(), await house.store.owned(AUTHENTICATOR, "100")
    house.effects.later(minutes=6)
    cookie = {"cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items())}
    status, told, _ = await house.carry("POST", path, {**form, **cookie}, b"step=remove")
    assert (status, "level=urn" in dict(told)["location"]) == (303, True)
    assert (await house.sessions(), await house.store.owned(AUTHENTICATOR, "100")) == before


@pytest.mark.parametrize(
    "path", [path for method, path in ACCOUNT_PLACES if method == "GET" and path != NOT_ME]
)
async def test_only_by_the_cookies_token(house: PageHouse, path: str) -> None:
    """Whoever holds an old token, another's cookie or a cookie of other keys sees and changes nothing."""
    await house.bob()
    browser = await house.sign_in(house.browser())
    ((session_id, token),) = house.held(browser)
    stale = dict(browser.cookies)
    await house.commands.set(LOGIN_CLIENT, session_id, token, SessionChange(lifetime=timedelta(days=1)))
    bobs = await house.sign_in(house.browser(), "bob")
    before = await house.store.owned(AUTHENTICATOR, "100"), len(await house.sessions())
    forged = Sealer({1: b"x" * 32}, house.effects.random_bytes)
    made = LoginCookie(forged, BrokenSeal, is_secure=False).write((Kept(session_id, token, 0),))[1].decode()
    for cookies in (stale, {COOKIE: made.partition("=")[2].partition(";")[0]}, bobs.cookies):
        thief = house.browser()
        thief.cookies = dict(cookies)
        await thief.open(f"{path}?user=100")
        assert (thief.heading, "alice" in thief.text) == ("Sign in", False)
        if ("POST", path) in ACCOUNT_PLACES:
            form = Form(f"{path}?user=100&id=100:password&end=others", {"step": "remove"})
            await thief.send_form(form)
            assert thief.heading == "Sign in"
    assert (await house.store.owned(AUTHENTICATOR, "100"), len(await house.sessions())) == before


@pytest.mark.parametrize("path", [APP, CODES, KEY, OWNED, PASSWORD, RECOVERY])
async def test_asked_before_the_form(house: PageHouse, path: str) -> None:
    """Who was verified long ago is asked before they type, and then is where they wanted to be."""
    browser = await house.sign_in(house.browser())
    house.effects.later(minutes=6)
    await browser.open(f"{path}?kind=otp_email")
    assert browser.heading == "Enter your password"
    await browser.submit(password=PASSWORD_TEXT)
    assert browser.url.partition("/ui/v2")[2].startswith(("/account/factors",))


async def test_weak_session(house: PageHouse) -> None:
    """Who owns a second factor must have used it, however fresh the password is."""
    browser = await house.sign_in(house.browser())
    await house.app_for_alice()
    await browser.open(FACTORS)
    assert browser.heading == "Enter your code"
    await browser.submit(code=house.code())
    assert browser.heading == "How you sign in"


async def test_password(house: PageHouse) -> None:
    """A new password by the present one; this session goes on, the others must verify it."""
    other = await house.sign_in(house.browser())
    browser = await _at(house, PASSWORD)
    house.effects.later(seconds=1)
    await browser.submit(current=PASSWORD_TEXT, password=NEW, again=NEW)
    assert (browser.heading, browser.url.endswith(f"{FACTORS}?user=100")) == ("How you sign in", True)
    await other.open(ACCOUNT)
    assert other.heading == "Enter your password"
    await other.submit(password=NEW)
    assert other.heading == "Where you are signed in"


async def test_password_expires_soon(house: PageHouse) -> None:
    """Whose password is about to expire is told in time, where they are signed in and where they change it."""
    told = "Days until your password expires: "
    await house.edit(USER, "100", password_changed_at=house.effects.now())
    await house.policy("password_expiry", max_age_days=30, expire_warn_days=7)
    house.effects.later(days=22)
    browser = await house.sign_in(house.browser())
    assert told not in browser.text
    house.effects.later(days=1, hours=1)
    for path in (LOGIN, FACTORS):
        await browser.open(path)
        assert f"{told}7<" in browser.text


@pytest.mark.parametrize(
    ("current", "new", "again", "told"),
    [
        ("", NEW, NEW, "Fill in every field."),
        ("wrong", NEW, NEW, "Your current password is wrong."),
        (PASSWORD_TEXT, NEW, "other", "The two passwords are not the same."),
        (PASSWORD_TEXT, "short", "short", "The password is too short."),
        (PASSWORD_TEXT, "x" * 201, "x" * 201, "The password is too long"),
        ("x" * 201, NEW, NEW, "Your current password is wrong."),
        (PASSWORD_TEXT, PASSWORD_TEXT, PASSWORD_TEXT, "This is the password that you have already."),
    ],
)
async def test_bad_password(house: PageHouse, current: str, new: str, again: str, told: str) -> None:
    """Each mistake is named, and nothing is changed."""
    browser = await _at(house, PASSWORD)
    await browser.submit(current=current, password=new, again=again)
    assert (browser.status, told in browser.text) == (400, True)
    await house.sign_in(house.browser())


async def test_first_password(house: PageHouse) -> None:
    """Who has none is mailed the way to one, at a confirmed address."""
    browser = await house.sign_in(house.browser())
    await house.store.save(Changes(removes=(Remove(AUTHENTICATOR, "100:password", 1),)))
    await browser.open(PASSWORD)
    await browser.submit()
    assert "Confirm your email address first" in browser.text
    await house.edit(USER, "100", email=Address("alice@example.com", is_verified=True))
    await browser.submit()
    assert "alice@example.com" in browser.text
    assert [one.recipient for one in house.sent("reset_password")] == ["alice@example.com"]


async def test_app(house: PageHouse) -> None:
    """An app is set up by the code that it shows; a wrong one says so."""
    browser = await _at(house, APP)
    await browser.submit()
    (secret,) = parse_qs(
        urlsplit(re.findall(r'href="(otpauth:[^"]+)"', browser.text)[0].replace("&amp;", "&")).query
    )["secret"]
    await browser.submit(code="000000")
    assert "The code is wrong." in browser.text
    key = b32decode(secret + "=" * (-len(secret) % 8))
    await browser.submit(code=code_of(key, step_of(house.effects.now())))
    assert browser.url.endswith(f"{FACTORS}?user=100")
    assert "totp" in await _kinds(house)


async def test_app_of_somebody_else(house: PageHouse) -> None:
    """A secret that was made for another user is not shown."""
    await house.bob()
    browser = await _at(house, APP)
    await browser.submit()
    setup = browser.url.partition("setup=")[2]
    other = await house.sign_in(house.browser(), "bob")
    await other.open(f"{APP}?setup={setup}")
    assert "otpauth:" not in other.text


async def test_key(house: PageHouse) -> None:
    """A passkey in two posts of the script; from then on it is asked for before it is renamed and removed."""
    browser = await _at(house, f"{KEY}?kind=passkey")
    form = browser.page.forms[0]
    begun = await browser.fetch(form, begin="1")
    made = SoftKey().create(begun["options"])
    await browser.send_form(form, **begun["fields"], credential=json.dumps(made), name="Phone")
    assert "Phone" in browser.text
    await browser.follow("Edit")
    assert browser.heading == "Use your passkey"
    await _two_factors(house, house.held(browser)[0][0])
    await browser.open(FACTORS)
    await browser.follow("Edit")
    await browser.submit(name="Old phone")
    assert "Old phone" in browser.text
    await browser.follow("Edit")
    await browser.submit(1)
    assert PASSKEY not in await _kinds(house)


async def test_bad_key(house: PageHouse) -> None:
    """What no key attests is refused; a script whose person must be asked again is told where to go."""
    browser = await _at(house, f"{KEY}?kind=u2f")
    form = browser.page.forms[0]
    begun = await browser.fetch(form, begin="1")
    await browser.send_form(form, **begun["fields"], credential="{", name="x")
    assert (browser.status, "This key was not accepted." in browser.text) == (400, True)
    house.effects.later(minutes=6)
    assert (await browser.fetch(form, begin="1"))["go"].startswith("/ui/v2/login/login?account=")


@pytest.mark.parametrize(
    ("kind", "needs"), [("otp_email", "Confirm your email address"), ("otp_sms", "Confirm your phone number")]
)
async def test_codes_by_message(house: PageHouse, kind: str, needs: str) -> None:
    """Codes go to a confirmed address; without one the page says where to confirm it."""
    browser = await _at(house, f"{CODES}?kind={kind}")
    assert needs in browser.page.links
    mail, phone = Address("alice@example.com", is_verified=True), Address("+41791234567", is_verified=True)
    await house.edit(USER, "100", email=mail, phone=phone)
    await browser.open(f"{CODES}?kind={kind}")
    form = browser.page.forms[0]
    await browser.submit()
    assert kind in await _kinds(house)
    await browser.send_form(form)
    assert browser.status == 200


async def test_recovery_codes(house: PageHouse) -> None:
    """Ten codes are shown once; new ones replace them; then there are none."""
    browser = await _at(house, RECOVERY)
    await browser.submit()
    first = re.findall(r"<code>([^<]+)</code>", browser.text)
    assert len(set(first)) == 10
    await browser.open(RECOVERY)
    assert "Codes left: 10" in browser.text
    await browser.submit()
    assert set(re.findall(r"<code>([^<]+)</code>", browser.text)).isdisjoint(first)
    await browser.open(RECOVERY)
    await browser.submit(1)
    assert "recovery_code" not in await _kinds(house)


@pytest.mark.parametrize("kind", ["u2f", "totp", "otp_email", "otp_sms"])
async def test_removed(house: PageHouse, kind: str) -> None:
    """Every second factor can be taken away; a form sent twice does no harm."""
    browser = await house.sign_in(house.browser())
    await _own(house, kind)
    ((session_id, _),) = house.held(browser)
    await _two_factors(house, session_id)
    await browser.open(f"{OWNED}?id=100:{kind}")
    form = browser.page.forms[-1]
    await browser.send_form(form)
    assert kind not in await _kinds(house)
    await browser.send_form(form)
    assert browser.heading == "How you sign in"


async def _two_factors(house: PageHouse, session_id: str) -> None:
    """The session has proved as much as can be."""
    session = await house.store.get(SESSION, session_id)
    assert session is not None
    now = house.effects.now()
    factors = {**session.factors, "web_auth_n": VerifiedFactor(now, user_verified=True)}
    await house.edit(SESSION, session_id, factors=factors)


async def test_linked_account(house: PageHouse) -> None:
    """An account at another service is named, and unlinked."""
    account = ExternalAccount("77", "sub-1", "alice@upstream")
    link = IDP_INTENT.enrol("100", encode_account(account), house.effects.now(), house.tools)
    await house.store.save(Changes(puts=(Put(AUTHENTICATOR, link),)))
    browser = await _at(house, FACTORS)
    assert "alice@upstream" in browser.text
    await browser.follow("Edit")
    await browser.submit()
    assert "identity_link" not in await _kinds(house)


async def test_only_way(house: PageHouse) -> None:
    """The last way to sign in stays."""
    browser = await house.sign_in(house.browser())
    await _own(house, PASSKEY)
    ((session_id, _),) = house.held(browser)
    await _two_factors(house, session_id)
    await house.store.save(Changes(removes=(Remove(AUTHENTICATOR, "100:password", 1),)))
    await browser.open(f"{OWNED}?id=100:passkey")
    await browser.submit(1)
    assert (browser.status, "This is your only way to sign in." in browser.text) == (400, True)
    assert PASSKEY in await _kinds(house)


async def test_only_way_without_passwords(house: PageHouse) -> None:
    """Where no passwords are taken, one that is still there is no way to sign in."""
    browser = await house.sign_in(house.browser())
    await _own(house, PASSKEY)
    ((session_id, _),) = house.held(browser)
    await _two_factors(house, session_id)
    await house.policy("login", owner="500", allow_username_password=False)
    await browser.open(f"{OWNED}?id=100:passkey")
    await browser.submit(1)
    assert "This is your only way to sign in." in browser.text


async def test_bad_name(house: PageHouse) -> None:
    """A key has a name that is not endless."""
    browser = await house.sign_in(house.browser())
    await _own(house, PASSKEY)
    ((session_id, _),) = house.held(browser)
    await _two_factors(house, session_id)
    await browser.open(f"{OWNED}?id=100:passkey")
    await browser.submit(0, name="x" * 201)
    assert (browser.status, "at most 200 characters" in browser.text) == (400, True)


async def test_of_somebody_else(house: PageHouse) -> None:
    """Another user's factor is not there, to look at or to remove."""
    await house.bob()
    browser = await _at(house, f"{OWNED}?id=101:password")
    assert browser.url.endswith(f"{FACTORS}?user=100")
