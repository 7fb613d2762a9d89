"""Passkeys made by codes of mails, with what our script sends."""

import json

from ostiary.core.user import AUTHENTICATOR
from ostiary.ui.paths import PASSKEY_LINK, VERIFY
from ostiary.users.invites import Invitation
from tests.doubles.authenticator import SoftKey
from tests.ui.browser import Browser, Form
from tests.ui.conftest import PageHouse
from tests.ui.test_verify import ADMIN, bob, newest_link


def key_form(browser: Browser) -> Form:
    """The form that our script sends twice."""
    return next(form for form in browser.page.forms if form.fields.get("step") == "passkey")


async def make(browser: Browser) -> Browser:
    """As our script does: begin, ask the authenticator, send what it said."""
    form = key_form(browser)
    url = browser.url
    await browser.send_form(form, begin="1")
    answer = json.loads(browser.text)
    if "go" in answer:
        return await browser.open(answer["go"])
    browser.url = url
    credential = json.dumps(SoftKey().create(answer["options"]))
    form.fields.update({**answer["fields"], "credential": credential})
    return await browser.send_form(form)


async def kinds(house: PageHouse, user_id: str) -> list[str]:
    """What somebody owns and can use."""
    return [row.kind for row in await house.store.owned(AUTHENTICATOR, user_id) if row.is_ready]


async def test_invitation(house: PageHouse) -> None:
    """The invited make a passkey instead of a password, once; the code is spent by it."""
    user = await bob(house)
    await house.users.invites.create(ADMIN, user.id, Invitation())
    link = newest_link(house)
    browser = await make(await house.browser().open(link))
    assert browser.heading == "Your passkey is set up"
    assert await kinds(house, user.id) == ["passkey"]
    again = await make(await house.browser().open(link))
    assert (again.status, "The code is wrong or has expired." in again.text) == (400, True)
    assert await kinds(house, user.id) == ["passkey"]


async def test_invitation_of_nobody(house: PageHouse) -> None:
    """A wrong code, and a code for nobody, lead to the same page."""
    user = await bob(house)
    await house.users.invites.create(ADMIN, user.id, Invitation())
    for user_id in (user.id, "404"):
        browser = await house.browser().open(f"{VERIFY}?invite=true&userId={user_id}&code=WRONG2")
        await make(browser)
        assert (browser.status, "The code is wrong or has expired." in browser.text) == (400, True)


async def test_passkeys_alone(house: PageHouse) -> None:
    """Where there are no passwords, the invited make a passkey and are asked for nothing else."""
    await house.policy("login", allow_username_password=False)
    user = await bob(house)
    await house.users.invites.create(ADMIN, user.id, Invitation())
    browser = await house.browser().open(newest_link(house))
    assert [form.fields.get("step") for form in browser.page.forms] == ["passkey"]
    await make(browser)
    assert browser.heading == "Your passkey is set up"


async def test_refused_key(house: PageHouse) -> None:
    """What the authenticator said is looked at; the code is still good then."""
    user = await bob(house)
    await house.users.invites.create(ADMIN, user.id, Invitation())
    browser = await house.browser().open(newest_link(house))
    form, url = key_form(browser), browser.url
    await browser.send_form(form, begin="1")
    answer, browser.url = json.loads(browser.text), url
    form.fields.update(answer["fields"])
    await browser.send_form(form, credential="{")
    assert (browser.status, "This key was not accepted." in browser.text) == (400, True)
    await make(browser)
    assert await kinds(house, user.id) == ["passkey"]


async def test_registration_link(house: PageHouse) -> None:
    """A registration link's own page makes a passkey beside what there is; the link is good for one try."""
    user = await bob(house)
    await house.users.passkeys.link(ADMIN, user.id, "", sends=True)
    link = newest_link(house)
    assert PASSKEY_LINK in link
    browser = await make(await house.browser().open(link))
    assert browser.heading == "Your passkey is set up"
    assert await kinds(house, user.id) == ["passkey"]
    again = await make(await house.browser().open(link))
    assert (again.status, "This link is not good any more." in again.text) == (400, True)
    spoilt = await house.browser().open(link)
    await spoilt.send_form(key_form(spoilt), credential="[]", key_id="1")
    assert spoilt.status == 400
