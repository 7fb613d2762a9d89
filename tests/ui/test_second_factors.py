"""Second factors in the login, as a person without JavaScript meets them."""

import re
from base64 import b32decode
from urllib.parse import parse_qs, urlsplit

import pytest

from ostiary.core.assurance import Proven
from ostiary.core.notification import Notification, decode_notification, sealing_context
from ostiary.core.permission import Caller
from ostiary.core.recovery_code import code_hash, encode
from ostiary.core.user import AUTHENTICATOR, USER, Address, Authenticator
from ostiary.crypto.otp import code_of, step_of
from ostiary.storage.port import Changes, Put
from ostiary.ui.paths import LOGIN
from ostiary.users.otp_enrolment import EMAIL, SMS
from tests.doubles.effects import START
from tests.oidc.conftest import ISSUER, REDIRECT
from tests.sessions.conftest import PASSWORD_TEXT
from tests.ui.browser import Browser
from tests.ui.conftest import PageHouse

MAIL = Address("alice@example.com", is_verified=True)
PHONE = Address("+15550100199", is_verified=True)
ASKS = "Protect your account"


async def _addresses(house: PageHouse, *ways: object) -> None:
    """Alice has an address and a phone, and takes codes in these ways."""
    await house.edit(USER, "100", email=MAIL, phone=PHONE)
    proved = Caller("100", "500", session_id="s", proven=Proven(2, house.effects.now()))
    for way in ways:
        await house.users.otp.add(proved, "100", way)  # type: ignore[arg-type]


def _sent(house: PageHouse) -> Notification:
    """The newest message."""
    newest = house.store.outbox[-1]  # type: ignore[attr-defined]
    return decode_notification(house.sealer.open(newest.sealed, sealing_context(newest.id)))


async def _at_code(house: PageHouse, url: str = "") -> Browser:
    return await house.sign_in(house.browser(), url=url or house.authorization())


async def test_mail(house: PageHouse) -> None:
    """The code is on its way when its page comes; it lets in."""
    await _addresses(house, EMAIL)
    browser = await _at_code(house)
    assert (browser.heading, len(house.sent())) == ("Enter your code", 1)
    assert "a•••@example.com" in browser.text
    await browser.submit(code=_sent(house).code)
    assert browser.url.startswith(REDIRECT)


async def test_link_in_mail(house: PageHouse) -> None:
    """The mail's link leads to the page with the code in it; opening it changes nothing."""
    await _addresses(house, EMAIL)
    browser = await _at_code(house)
    sent = _sent(house)
    await browser.open(sent.url_template.replace("{{.Code}}", sent.code))
    assert browser.form("code").fields["code"] == sent.code
    await browser.press("code")
    assert browser.url.startswith(REDIRECT)


async def test_another_way(house: PageHouse) -> None:
    """The other ways are a click away; a code is sent when the person asks for it, and not by a link."""
    await _addresses(house, EMAIL, SMS)
    browser = await _at_code(house)
    await browser.follow("Code by SMS")
    assert (browser.heading, len(house.sent())) == ("Get a code", 1)
    await browser.press("send")
    assert (browser.heading, _sent(house).recipient) == ("Enter your code", PHONE.value)
    assert "••• 99" in browser.text
    await browser.press("code", code=_sent(house).code)
    assert browser.url.startswith(REDIRECT)


async def test_resend(house: PageHouse) -> None:
    """A new code makes the old one bad; a form sent twice sends one; too many are refused with when to try again."""
    await _addresses(house, EMAIL)
    browser = await _at_code(house)
    old, form = _sent(house), browser.form("send")
    await browser.send_form(form)
    new = _sent(house)
    await browser.send_form(form)
    assert (_sent(house), old.code == new.code) == (new, False)
    await browser.press("code", code=old.code)
    assert "Take the one from the newest message." in browser.text
    for _ in range(3):
        await browser.press("send")
    await browser.press("send")
    assert (browser.status, browser.heading) == (429, "Enter your code")
    assert re.search(r"Try again in \d+ min", browser.text)
    await browser.press("code", code=_sent(house).code)
    assert browser.url.startswith(REDIRECT)


async def test_expired_code(house: PageHouse) -> None:
    """After five minutes there is a button for another."""
    await _addresses(house, EMAIL)
    browser = await _at_code(house)
    code = _sent(house).code
    house.effects.later(minutes=6)
    await browser.submit(code=code)
    assert browser.status == 400
    assert "no longer good" in browser.text
    await browser.press("send")
    await browser.press("code", code=_sent(house).code)
    assert browser.url.startswith(REDIRECT)


async def test_recovery_code(house: PageHouse) -> None:
    """A recovery code stands in for the app, once."""
    await house.app_for_alice()
    plain = encode([code_hash("abcde-fghjk")])
    owned = Authenticator("100:recovery_code", "100", "recovery_code", START, START)
    await house.store.save(Changes(puts=(Put(AUTHENTICATOR, house.tools.seal(owned, plain)),)))
    for heading in ("", "Enter a recovery code"):
        browser = await _at_code(house)
        await browser.follow("Recovery code")
        await browser.submit(code="ABCDE FGHJK")
        assert heading == browser.heading or browser.url.startswith(REDIRECT)


async def test_forced_app(house: PageHouse) -> None:
    """Where a second factor is forced, an app is set up on the way in, and its first code counts for both."""
    await house.policy("login", force_mfa=True)
    browser = await _at_code(house)
    assert (browser.heading, ASKS in browser.text, "Not now" in browser.text) == (ASKS, True, False)
    await browser.press("enrol", way="totp")
    assert browser.heading == "Set up your authenticator app"
    assert "<svg" in browser.text
    url, uri = browser.url, next(link for link in browser.page.links.values() if link.startswith("otpauth:"))
    await browser.submit(code="000000")
    assert (browser.status, browser.heading) == (400, "Set up your authenticator app")
    assert uri in browser.page.links.values()
    await browser.submit(code=_code(house, uri))
    assert browser.url.startswith(REDIRECT)
    (session,) = await house.sessions()
    assert set(session.factors) == {"password", "totp"}
    await browser.open(url)
    assert browser.heading == "This sign-in is already completed"


def _code(house: PageHouse, uri: str) -> str:
    secret = b32decode(parse_qs(urlsplit(uri).query)["secret"][0])
    return code_of(secret, step_of(house.effects.now()))


async def test_setting_up_too_late(house: PageHouse) -> None:
    """Who took too long proves again who they are, and then goes on with it."""
    await house.policy("login", force_mfa=True)
    browser = await _at_code(house)
    house.effects.later(minutes=6)
    await browser.press("enrol", way="totp")
    assert browser.heading == "Enter your password"
    await browser.submit(password=PASSWORD_TEXT)
    assert browser.heading == ASKS
    await browser.press("enrol", way="totp")
    assert browser.heading == "Set up your authenticator app"


async def test_forced_mail(house: PageHouse) -> None:
    """Codes by mail are set up by choosing them."""
    await _addresses(house)
    await house.policy("login", force_mfa=True, second_factors=["otp_email"], multi_factors=[])
    browser = await _at_code(house)
    await browser.press("enrol", way="otp_email")
    assert browser.heading == "Enter your code"
    await browser.press("code", code=_sent(house).code)
    assert browser.url.startswith(REDIRECT)


async def test_offer(house: PageHouse) -> None:
    """Where none is forced it is offered, and a no is remembered."""
    await house.policy("login", mfa_init_skip_lifetime_s=86_400)
    browser = await _at_code(house)
    assert browser.heading == ASKS
    await browser.open(house.authorization(prompt="none"))
    assert browser.url.startswith(REDIRECT)
    await browser.open(house.authorization())
    assert browser.heading == ASKS
    await browser.press("skip")
    assert browser.url.startswith(REDIRECT)
    assert (await _at_code(house)).url.startswith(REDIRECT)


@pytest.mark.parametrize("step", ["enrol", "enrol_totp", "enrol_key", "skip", "new_password", "send", "key"])
async def test_steps_out_of_turn(house: PageHouse, step: str) -> None:
    """Who must prove a second factor can neither set one up nor leave it out."""
    await house.app_for_alice()
    browser = await _at_code(house, LOGIN)
    form = browser.form("code")
    form.fields["step"] = step
    await browser.send_form(form, way="totp", code=house.code(), credential="{}")
    assert browser.heading == "Enter your code"
    assert {a.kind for a in await house.store.owned(AUTHENTICATOR, "100")} == {"password", "totp"}


async def test_setup_of_another(house: PageHouse) -> None:
    """What was sealed for one user is shown to no other."""
    await house.bob()
    await house.policy("login", force_mfa=True)
    alice = await _at_code(house, LOGIN)
    await alice.press("enrol", way="totp")
    setup = parse_qs(urlsplit(alice.url).query)["setup"][0]
    bob = await house.sign_in(house.browser(), "bob", LOGIN)
    await bob.open(f"{ISSUER}{bob.form('enrol').action}&way=totp&setup={setup}")
    assert bob.heading == ASKS


async def test_password_must_be_changed(house: PageHouse) -> None:
    """A password that was set for somebody is changed on the way in, and the new one is not asked for again."""
    await house.edit(USER, "100", password_change_required=True)
    browser = await _at_code(house)
    assert browser.heading == "Choose a new password"
    for values, told in (
        ({"current": ""}, "Fill in every field."),
        ({"current": "x" * 201}, "current password is wrong"),
        ({"current": "x"}, "current password is wrong"),
        ({"again": "b"}, "are not the same"),
        ({"password": "a", "again": "a"}, "too short"),
        ({"password": "x" * 201}, "too long"),
        ({"password": PASSWORD_TEXT, "again": PASSWORD_TEXT}, "that you have already"),
    ):
        await browser.fill(
            {"current": PASSWORD_TEXT, "password": "Password2!", "again": "Password2!", **values}
        )
        assert (browser.status, told in browser.text) == (400, True), told
    await browser.fill({"current": PASSWORD_TEXT, "password": "Password2!", "again": "Password2!"})
    assert browser.url.startswith(REDIRECT)
