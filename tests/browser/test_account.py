"""The account in a real browser: two browsers at once, a passkey, a stolen sign-in, and without JavaScript."""

import json
import re
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from tests.scenes.stage import Person, Stage, staged
from tests.served import Served

pytestmark = pytest.mark.asyncio(loop_scope="module")
ACCOUNT = "/ui/v2/account"
NEW_PASSWORD = "Another-horse-2!"


@pytest_asyncio.fixture(loop_scope="module")
async def stage(served: Served, chromium: Chromium) -> AsyncIterator[Stage]:
    """A browser that knows nothing yet."""
    async with staged(chromium, served) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def other(served: Served, chromium: Chromium) -> AsyncIterator[Stage]:
    """Another one."""
    async with staged(chromium, served) as made:
        yield made


async def _at(stage: Stage, person: Person, path: str = "") -> None:
    await stage.sign_in(person)
    await stage.open(stage.url(ACCOUNT + path))


def _mail(stage: Stage, person: Person, template: str) -> dict[str, str]:
    """The newest message of a kind to somebody; waits until it is there."""
    until = time.monotonic() + 15
    while time.monotonic() < until:
        found = [json.loads(file.read_text()) for file in (stage.served.folder / "outbox").glob("*.json")]
        mine = [m for m in found if m["template"] == template and m["user_id"] == person.user_id]
        if mine:
            newest: dict[str, str] = max(mine, key=lambda message: int(message["id"]))
            return newest
        time.sleep(0.05)
    raise AssertionError(f"no {template} for {person.name}")


async def test_two_browsers(stage: Stage, other: Stage) -> None:
    """One browser ends what the other is signed in to, which has to sign in again."""
    person = stage.person()
    await _at(other, person)
    await _at(stage, person)
    await stage.page.get_by_role("button", name="Sign out there", exact=True).click()
    await expect(stage.page.get_by_text("You ended it from another device")).to_be_visible()
    await other.page.reload()
    await expect(other.page.get_by_role("heading", level=1)).to_have_text("Sign in")


async def test_passkey(stage: Stage) -> None:
    """A passkey is set up, asked for before it is renamed, and signs in."""
    person, page = stage.person(), stage.page
    await stage.browser.plug()
    await _at(stage, person, "/factors")
    await page.get_by_role("link", name="Add a passkey").click()
    await page.get_by_role("button", name="Continue").click()
    await expect(page.get_by_text("My passkey")).to_be_visible()
    await page.get_by_role("link", name="Edit My passkey").click()
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_label("Name").fill("My laptop")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("My laptop")).to_be_visible()
    await stage.open(stage.url("/ui/v2/login/logout"))
    await page.get_by_role("button", name="Sign out").click()
    await stage.open(stage.url(ACCOUNT))
    # the authenticator in software answers the offer beside the login name at once
    await expect(page.get_by_role("heading", level=1)).to_have_text("Where you are signed in")
    await expect(page.get_by_text("Passkey or security key")).to_be_visible()


async def test_not_me(stage: Stage, other: Stage) -> None:
    """A thief signs in; by the mail's link they are out, and the user comes back by a new password."""
    person, page = stage.person(), stage.page
    await _at(other, person)
    notice = _mail(stage, person, "new_sign_in")
    assert notice["device"] == "Chrome · Linux"
    await stage.open(notice["link"])
    await page.get_by_role("button", name="It was not me").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your account is yours again")
    await other.page.reload()
    await expect(other.page.get_by_role("heading", level=1)).to_have_text("Sign in")
    await other.fill(login_name=person.name)
    await other.fill(password=stage.password)
    await expect(other.page.get_by_role("alert")).to_be_visible()
    await stage.open(_mail(stage, person, "reset_password")["link"])
    await stage.fill(password=NEW_PASSWORD, again=NEW_PASSWORD)
    await expect(page).to_have_url(re.compile(r"/ui/v2/login"))
    await stage.open(stage.url(ACCOUNT))
    await expect(page.get_by_role("heading", level=1)).to_have_text("Where you are signed in")


async def test_without_javascript(served: Served, chromium: Chromium) -> None:
    """All but keys works by forms alone: recovery codes, a new address, one's data."""
    async with staged(chromium, served, has_scripts=False) as stage:
        person, page = stage.person(), stage.page
        await _at(stage, person, "/factors/recovery")
        await page.get_by_role("button", name="Get recovery codes").click()
        await expect(page.locator(".codes code")).to_have_count(10)
        await stage.open(stage.url(f"{ACCOUNT}/addresses/change", kind="email"))
        await stage.fill(address=f"new-{person.name}@example.com")
        await stage.fill(code=_mail(stage, person, "verify_email")["code"])
        await expect(page.get_by_text("Confirmed", exact=True)).to_be_visible()
        await stage.open(stage.url(f"{ACCOUNT}/data"))
        async with page.expect_download() as begun:
            await page.get_by_role("button", name="Download my data").click()
        file = await (await begun.value).path()
        assert json.loads(file.read_text())["user"]["email"]["value"] == f"new-{person.name}@example.com"
        await stage.open(stage.url(f"{ACCOUNT}/factors/key", kind="passkey"))
        await expect(page.get_by_text("need a newer browser with JavaScript")).to_be_visible()
