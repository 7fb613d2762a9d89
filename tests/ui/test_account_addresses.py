"""One's own email address and phone number."""

import pytest

from ostiary.core.user import USER, Address
from ostiary.ui.account.paths import ADDRESS, ADDRESSES
from ostiary.ui.paths import LOGIN
from tests.ui.browser import Browser
from tests.ui.conftest import PageHouse

OLD = Address("old@example.com", is_verified=True)


async def _at(house: PageHouse, kind: str) -> Browser:
    await house.edit(USER, "100", email=OLD)
    browser = await house.sign_in(house.browser())
    await browser.open(ADDRESSES)
    assert "old@example.com" in browser.text
    return await browser.open(f"{ADDRESS}?kind={kind}")


@pytest.mark.parametrize(
    ("kind", "typed", "kept"),
    [("email", "new@example.com", "new@example.com"), ("phone", "+41 79 123 45 67", "+41791234567")],
)
async def test_changed(house: PageHouse, kind: str, typed: str, kept: str) -> None:
    """A new address is there at once, and confirmed by the code that went to it; another code kills the first."""
    browser = await _at(house, kind)
    await browser.press("set", address=typed)
    (first,) = house.sent(f"verify_{kind}")
    assert first.recipient == kept
    await browser.press("again")
    second = house.sent(f"verify_{kind}")[-1]
    await browser.press("confirm", code=first.code)
    assert (browser.status, "The code is wrong or has expired." in browser.text) == (
        400,
        first.code != second.code,
    )
    await browser.press("confirm", code=second.code)
    assert browser.url.endswith(f"{ADDRESSES}?user=100")
    user = await house.store.get(USER, "100")
    assert user is not None
    assert (user.email if kind == "email" else user.phone) == Address(kept, is_verified=True)


async def test_expired_code(house: PageHouse) -> None:
    """A code that is too old says so."""
    browser = await _at(house, "email")
    await browser.press("set", address="new@example.com")
    await house.edit(USER, "100", email=Address("new@example.com"))
    await browser.press("confirm", code="")
    assert (browser.status, "The code is wrong or has expired." in browser.text) == (400, True)
    assert browser.page.invalid == ["code"]


@pytest.mark.parametrize(
    ("kind", "typed", "told"),
    [
        ("email", "nobody", "This is no email address."),
        ("email", "", "This is no email address."),
        ("phone", "079 123 45 67", "This is no phone number."),
    ],
)
async def test_none(house: PageHouse, kind: str, typed: str, told: str) -> None:
    """What is no address is refused with what one looks like; it stays in the form."""
    browser = await _at(house, kind)
    await browser.press("set", address=typed)
    assert (browser.status, told in browser.text) == (400, True)
    assert browser.page.invalid == ["address"]
    assert browser.form("set").fields["address"] == typed


async def test_same_again(house: PageHouse) -> None:
    """The address that is there already stays confirmed."""
    browser = await _at(house, "email")
    await browser.press("set", address="old@example.com")
    assert browser.status == 200
    user = await house.store.get(USER, "100")
    assert user is not None
    assert user.email == OLD


async def test_phone_removed(house: PageHouse) -> None:
    """A phone can go; a form sent twice does no harm."""
    browser = await _at(house, "phone")
    await browser.press("set", address="+41791234567")
    form = browser.form("remove")
    await browser.send_form(form)
    await browser.send_form(form)
    user = await house.store.get(USER, "100")
    assert user is not None
    assert user.phone is None


async def test_too_many_codes(house: PageHouse) -> None:
    """Codes are not sent without end."""
    browser = await _at(house, "email")
    await browser.press("set", address="new@example.com")
    for _ in range(30):
        await browser.press("again")
        if browser.status == 429:
            break
    assert "Too many codes were sent." in browser.text


async def test_form_of_another_account(house: PageHouse) -> None:
    """A form that was open before somebody else signed in here changes the account that it showed, not theirs."""
    await house.bob()
    browser = await _at(house, "email")
    form = browser.form("set")
    await house.sign_in(browser, "bob", f"{LOGIN}?another=1")
    await browser.send_form(form, address="new@example.com")
    alice, bob = [await house.store.get(USER, user_id) for user_id in ("100", "101")]
    assert alice is not None
    assert bob is not None
    assert (alice.email, bob.email) == (Address("new@example.com"), None)
