"""Journeys by mail in a real browser: accounts opened, passwords replaced, passkeys made by codes."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio
from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from tests.scenes.stage import Stage, mail_of, staged
from tests.served import Served

pytestmark = pytest.mark.asyncio(loop_scope="module")
NEW_PASSWORD = "Another-horse-2!"


@pytest_asyncio.fixture(loop_scope="module")
async def stage(served: Served, chromium: Chromium) -> AsyncIterator[Stage]:
    """A browser that knows nothing yet."""
    async with staged(chromium, served) as made:
        yield made


async def arrives(stage: Stage, press: str) -> str:
    """Press a button; the application's address that the browser is sent to, where nobody listens."""
    async with stage.page.expect_request("http://localhost:9999/**") as asked:
        await stage.page.get_by_role("button", name=press, exact=True).click()
    return (await asked.value).url


async def register(stage: Stage) -> str:
    """From an application to the page that takes the code; the address."""
    address = f"eve-{uuid4().hex[:6]}@example.com"
    await stage.open(stage.authorization())
    await stage.page.get_by_role("link", name="Open an account").click()
    await stage.fill(given_name="Eve", family_name="Adams", email=address)
    await expect(stage.page.get_by_role("heading")).to_have_text("Open your account")
    return address


async def test_register_with_password(stage: Stage) -> None:
    """Rules are ticked off while the password is typed; with the mail's code the browser goes back to the application."""
    address = await register(stage)
    page = stage.page
    await page.get_by_label("New password").fill("Abc")
    met = page.locator(".rules li.met")
    await expect(met).to_have_count(2)
    await page.get_by_label("New password").fill(NEW_PASSWORD)
    await expect(met).to_have_count(5)
    await page.get_by_label("The same password again").fill(NEW_PASSWORD)
    await page.get_by_label("Code from the mail").fill(stage.mail(address)["code"])
    await page.get_by_role("button", name="Save and sign in").click()
    await expect(page.get_by_role("heading")).to_have_text("Protect your account")
    assert "code=" in await arrives(stage, "Not now")


async def test_register_with_passkey(stage: Stage) -> None:
    """A passkey instead of a password: cancelled once, then made, then used to sign in and go back to the application."""
    address = await register(stage)
    page = stage.page
    await page.get_by_label("Code from the mail").fill(stage.mail(address)["code"])
    instead = page.get_by_role("button", name="Set up a passkey instead")
    await stage.browser.plug(isUserVerified=False)
    await instead.click()
    await expect(page.get_by_role("alert")).to_have_text(
        "No passkey was made. Try again, or choose a password."
    )
    await stage.browser.plug()
    await instead.click()
    await expect(page.get_by_role("heading")).to_have_text("Your passkey is set up")
    assert "code=" in await arrives(stage, "Sign in with a passkey")


async def test_wrong_code_for_a_passkey(stage: Stage) -> None:
    """No authenticator is asked for a code that is not good."""
    await register(stage)
    await stage.browser.plug()
    await stage.page.get_by_label("Code from the mail").fill("WRONG2")
    await stage.page.get_by_role("button", name="Set up a passkey instead").click()
    await expect(stage.page.get_by_role("alert").first).to_contain_text("The code is wrong or has expired.")
    assert not await stage.browser.credentials()


async def test_forgotten_in_another_browser(stage: Stage, served: Served, chromium: Chromium) -> None:
    """The mail's link is opened elsewhere; the first browser then signs in with the new password."""
    person = stage.person()
    await stage.open(stage.authorization())
    await stage.fill(login_name=person.name)
    await stage.page.get_by_role("link", name="Forgotten your password?").click()
    await stage.page.get_by_role("button", name="Send the code").click()
    await expect(stage.page.get_by_role("heading")).to_have_text("Choose a new password")
    link = stage.mail(f"{person.name}@example.com")["link"]
    async with staged(chromium, served) as other:
        await other.open(link)
        await other.fill(password=NEW_PASSWORD, again=NEW_PASSWORD)
        await expect(other.page.get_by_role("heading")).to_have_text("You are signed in")
    await stage.page.get_by_role("link", name="Back to the sign-in").click()
    await stage.fill(login_name=person.name)
    await stage.page.get_by_label("Password").fill(NEW_PASSWORD)
    assert "code=" in await arrives(stage, "Sign in")


async def test_double_click(stage: Stage) -> None:
    """A double click on the last button ends where one click does."""
    person = stage.person()
    await stage.open(stage.url("/ui/v2/login/password/reset"))
    await stage.fill(login_name=person.name)
    page = stage.page
    await page.get_by_label("Code from the mail").fill(stage.mail(f"{person.name}@example.com")["code"])
    await page.get_by_label("New password").fill(NEW_PASSWORD)
    await page.get_by_label("The same password again").fill(NEW_PASSWORD)
    await page.get_by_role("button", name="Save and sign in").dblclick()
    await expect(page.get_by_role("heading")).to_have_text("You are signed in")


async def test_back_button(stage: Stage) -> None:
    """After the last page, back shows the form; sending it again does no harm and says what to do."""
    person = stage.person()
    await stage.open(stage.url("/ui/v2/login/password/reset"))
    await stage.fill(login_name=person.name)
    code = stage.mail(f"{person.name}@example.com")["code"]
    await stage.fill(code=code, password=NEW_PASSWORD, again=NEW_PASSWORD)
    await stage.page.go_back()
    await stage.fill(code=code, password=NEW_PASSWORD, again=NEW_PASSWORD)
    await expect(stage.page.get_by_role("heading")).to_have_text("You are signed in")


async def test_passkey_link(stage: Stage) -> None:
    """A registration link's page makes a passkey on this device."""
    person = stage.person()
    stage.call("POST", f"/v2/users/{person.user_id}/passkeys/registration_link", sendLink={})
    await stage.browser.plug()
    await stage.open(stage.mail(f"{person.name}@example.com")["link"])
    await stage.page.get_by_role("button", name="Set up a passkey").click()
    await expect(stage.page.get_by_role("heading")).to_have_text("Your passkey is set up")
    await stage.page.get_by_role("button", name="Sign in with a passkey").click()
    await expect(stage.page.get_by_role("heading")).to_have_text("You are signed in")


async def test_consent(stage: Stage) -> None:
    """Asked, refused, and the application is told so."""
    person = stage.person()
    await stage.sign_in(person, stage.authorization(prompt="consent"))
    await expect(stage.page.get_by_role("heading")).to_have_text("Allow dev?")
    assert "error=access_denied" in await arrives(stage, "Do not allow")


async def test_without_javascript(served: Served, chromium: Chromium) -> None:
    """An account is opened without a script; nothing is offered that would need one."""
    context = await chromium.new_context(java_script_enabled=False)
    page = await context.new_page()
    address = f"eve-{uuid4().hex[:6]}@example.com"
    await page.goto(f"http://localhost:{served.port}/ui/v2/login/register")
    for label, text in (("First name", "Eve"), ("Last name", "Adams"), ("Email address", address)):
        await page.get_by_label(label).fill(text)
    await page.get_by_role("button", name="Continue").click()
    assert not await page.get_by_role("button", name="Set up a passkey instead").is_visible()
    code = mail_of(served, address)["code"]
    for label, text in (
        ("Code from the mail", code),
        ("New password", NEW_PASSWORD),
        ("The same password again", NEW_PASSWORD),
    ):
        await page.get_by_label(label).fill(text)
    await page.get_by_role("button", name="Save and sign in").click()
    await page.get_by_role("button", name="Not now").click()
    assert await page.locator("h1").text_content() == "You are signed in"
    await context.close()
