"""A sign-in that was not its user's is told, disowned by the mail's link, and the account comes back."""

from datetime import timedelta
from urllib.parse import quote

import pytest

from ostiary.core.known_device import KNOWN_DEVICE
from ostiary.core.logout import USER_LOGOUT
from ostiary.core.notification import Notification
from ostiary.core.send_limit import send_limits
from ostiary.core.user import AUTHENTICATOR, USER, Address, Authenticator
from ostiary.storage.memory import MemoryStore
from ostiary.storage.port import Budget, Changes, Put
from ostiary.ui.account.paths import ACCOUNT, NOT_ME
from tests.oidc.conftest import ISSUER
from tests.sessions.conftest import PASSWORD_TEXT
from tests.ui.conftest import PageHouse

ALICE = "alice@example.com"


def _link(mail: Notification) -> str:
    return f"{NOT_ME}?device={quote(mail.code_id)}&code={mail.code}"


async def _thief(house: PageHouse) -> Notification:
    """Somebody signs in as alice, and she is told."""
    await house.edit(USER, "100", email=Address(ALICE, is_verified=True))
    house.effects.later(minutes=1)
    await house.sign_in(house.browser())
    (mail,) = house.sent("new_sign_in")
    assert mail.url_template.startswith(f"{ISSUER}{NOT_ME}?")
    return mail


async def _authenticators(house: PageHouse) -> set[str]:
    return {one.kind for one in await house.store.owned(AUTHENTICATOR, "100")}


async def test_opened_only(house: PageHouse) -> None:
    """Whoever merely opens the link, as mail scanners do, changes nothing."""
    mail = await _thief(house)
    for _ in range(2):
        browser = await house.browser().open(_link(mail))
        assert browser.heading == "Was this not you?"
        assert "Test" in browser.text
    assert await _authenticators(house) == {"password"}
    await house.sign_in(house.browser())


async def test_disowned(house: PageHouse) -> None:
    """Its button ends all sessions, kills the password, tells the applications and mails the way back; once."""
    mail = await _thief(house)
    thief = await house.sign_in(house.browser())
    browser = await house.browser().open(_link(mail))
    form = browser.page.forms[0]
    house.effects.later(seconds=1)
    await browser.submit()
    assert browser.heading == "Your account is yours again"
    assert ALICE in browser.text
    await thief.open(ACCOUNT)
    assert thief.heading == "Sign in"
    await house.sign_in(thief)
    assert thief.heading == "Enter your password"
    (reset,) = house.sent("reset_password")
    assert reset.recipient == ALICE
    assert isinstance(house.store, MemoryStore)
    assert USER_LOGOUT in {message.kind for message in house.store.outbox}
    await browser.send_form(form)
    assert (browser.status, browser.heading) == (404, "This link is not good any more")


async def test_what_the_thief_changed(house: PageHouse) -> None:
    """What was added since is gone, what was there before stays, and the address is again the one of the notice."""
    old = Authenticator("100:totp", "100", "otp_email", house.effects.now(), house.effects.now())
    await house.store.save(Changes(puts=(Put(AUTHENTICATOR, old),)))
    await house.edit(USER, "100", email=Address(ALICE, is_verified=True))
    mail = await _mail_of_session(house)
    house.effects.later(minutes=1)
    now = house.effects.now()
    await house.store.save(
        Changes(puts=(Put(AUTHENTICATOR, Authenticator("777", "100", "passkey", now, now)),))
    )
    thiefs = Address("+41791234567", is_verified=True)
    await house.edit(USER, "100", email=Address("thief@example.com", is_verified=True), phone=thiefs)
    browser = await house.browser().open(_link(mail))
    await browser.submit()
    assert await _authenticators(house) == {"otp_email"}
    user = await house.store.get(USER, "100")
    assert user is not None
    assert (user.email, user.phone) == (Address(ALICE, is_verified=True), None)
    assert [one.recipient for one in house.sent("reset_password")] == [ALICE]


async def test_recovery_codes_made_since(house: PageHouse) -> None:
    """Codes that were added to those from before go with all of them: the thief may know the new ones."""
    began = house.effects.now()
    old = Authenticator("100:recovery_code", "100", "recovery_code", began, began)
    await house.store.save(Changes(puts=(Put(AUTHENTICATOR, old),)))
    mail = await _thief(house)
    await house.edit(AUTHENTICATOR, old.id, changed_at=house.effects.now() + timedelta(seconds=1))
    await (await house.browser().open(_link(mail))).submit()
    assert await _authenticators(house) == set()


async def _mail_of_session(house: PageHouse) -> Notification:
    """A notice although a second factor is there: it was made before that factor counted."""
    await house.edit(AUTHENTICATOR, "100:totp", is_ready=False)
    mail = await _thief(house)
    await house.edit(AUTHENTICATOR, "100:totp", is_ready=True)
    return mail


async def test_password_changed_since(house: PageHouse) -> None:
    """A password that was set after that sign-in goes, whatever the sign-in was made with."""
    mail = await _thief(house)
    await house.edit(KNOWN_DEVICE, mail.code_id, authenticator_ids=())
    await house.edit(USER, "100", password_changed_at=house.effects.now() + timedelta(seconds=1))
    await (await house.browser().open(_link(mail))).submit()
    assert await _authenticators(house) == set()


@pytest.mark.parametrize("spoil", ["code=x", "device=x"])
async def test_wrong_link(house: PageHouse, spoil: str) -> None:
    """Another secret or another device opens nothing."""
    mail = await _thief(house)
    name, _, value = spoil.partition("=")
    sent = {"device": mail.code_id, "code": mail.code, name: value}
    browser = await house.browser().open(f"{NOT_ME}?device={quote(sent['device'])}&code={sent['code']}")
    assert browser.status == 404


async def test_old_link(house: PageHouse) -> None:
    """After seven days it is too late."""
    mail = await _thief(house)
    house.effects.later(days=7)
    browser = await house.browser().open(_link(mail))
    assert browser.status == 404


async def test_from_elsewhere(house: PageHouse) -> None:
    """A form of another site does not do it."""
    mail = await _thief(house)
    status, _, _ = await house.carry("POST", _link(mail), {"sec-fetch-site": "cross-site"}, b"")
    assert status == 403
    assert await _authenticators(house) == {"password"}


async def test_no_more_mails(house: PageHouse) -> None:
    """A spent budget of mails keeps no thief inside: all is done, and the page says that no mail went."""
    mail = await _thief(house)
    now = house.effects.now()
    full = [Budget(one.key, now, one.ends_at, add=one.limit) for one in send_limits("100", "email", "", now)]
    await house.store.save(Changes(budgets=tuple(full)))
    browser = await (await house.browser().open(_link(mail))).submit()
    assert "No mail could be sent now." in browser.text
    assert await _authenticators(house) == set()


async def test_no_passwords_here(house: PageHouse) -> None:
    """Where the organisation allows no passwords no mail offers one."""
    mail = await _thief(house)
    await house.policy("login", allow_username_password=False)
    browser = await (await house.browser().open(_link(mail))).submit()
    assert "No mail could be sent now." in browser.text
    assert PASSWORD_TEXT not in browser.text
