"""The login in a real browser: keys, the back button, double clicks, tabs, and no JavaScript at all."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, expect

from tests.browser.chromium import TOUCHED, Browser, answer_for
from tests.oidc.conftest import query
from tests.scenes.stage import PASSWORD, Person, Stage, staged
from tests.served import Served

pytestmark = pytest.mark.asyncio(loop_scope="module")
APPLICATION = "http://localhost:9999/"
PASSKEY = "Sign in with a passkey"


@pytest_asyncio.fixture(loop_scope="module")
async def stage(served: Served, chromium: Chromium) -> AsyncIterator[Stage]:
    """A browser, and somebody at the application's address."""
    async with staged(chromium, served) as made:
        await answer_for(made.page, APPLICATION)
        yield made


@asynccontextmanager
async def _ends(page: Page, **wanted: str) -> AsyncIterator[None]:
    """What is done inside leads to the application with a code."""
    yield
    await page.wait_for_url(f"{APPLICATION}**")
    told = query(page.url)
    assert "code" in told, told
    assert told.items() >= wanted.items()


async def _own(stage: Stage, kind: str, person: Person, **authenticator: Any) -> None:
    """Register a key of the person, over the API, with an authenticator that stays plugged in."""
    await stage.browser.plug(**authenticator)
    await stage.open(stage.url("/.well-known/openid-configuration"))
    asked = stage.call("POST", f"/v2/users/{person.user_id}/{kind}", domain="localhost")
    made = await stage.browser.create(asked["publicKeyCredentialCreationOptions"])
    key_id = asked.get("passkeyId") or asked.get("u2fId")
    name = "passkeyName" if kind == "passkeys" else "tokenName"
    stage.call(
        "POST", f"/v2/users/{person.user_id}/{kind}/{key_id}", publicKeyCredential=made, **{name: "Key"}
    )


def _sessions(stage: Stage, person: Person) -> list[dict[str, Any]]:
    query = {"userIdQuery": {"id": person.user_id}}
    found: list[dict[str, Any]] = stage.call("POST", "/v2/sessions/search", queries=[query]).get(
        "sessions", []
    )
    return found


async def test_autofill(stage: Stage) -> None:
    """The browser offers the passkey beside the login name; nothing is typed, and it is two factors."""
    person = stage.person()
    await _own(stage, "passkeys", person)
    async with _ends(stage.page):
        await stage.open(stage.authorization())
    (session,) = _sessions(stage, person)
    assert session["factors"]["webAuthN"]["userVerified"] is True


async def test_passkey_button(stage: Stage) -> None:
    """On the password's page a button asks for a passkey; whose it is does not matter before."""
    person = stage.person()
    await _own(stage, "passkeys", person)
    await stage.open(stage.authorization(login_hint="somebody-else"))
    async with _ends(stage.page):
        await stage.page.get_by_role("button", name=PASSKEY).click()


async def test_passkey_again(stage: Stage) -> None:
    """Who is asked again may take the passkey again, in the same session."""
    person = stage.person()
    await _own(stage, "passkeys", person)
    async with _ends(stage.page):
        await stage.open(stage.authorization())
    await stage.open(stage.authorization(prompt="login"))
    async with _ends(stage.page):
        await stage.page.get_by_role("button", name=PASSKEY).click()
    assert len(_sessions(stage, person)) == 1


async def test_no_passkey(stage: Stage) -> None:
    """A passkey that does not come is said, and the password goes on working."""
    person = stage.person()
    await stage.browser.plug(isUserVerified=False)
    await stage.open(stage.authorization())
    await stage.fill(login_name=person.name)
    await stage.page.get_by_role("button", name=PASSKEY).click()
    await expect(stage.page.get_by_role("alert").filter(has_text="No passkey was used.")).to_be_visible()
    async with _ends(stage.page):
        await stage.fill(password=PASSWORD)


async def test_security_key(stage: Stage) -> None:
    """A key is touched after the password; its button has the focus."""
    person = stage.person()
    await _own(stage, "u2f", person, **TOUCHED)
    await stage.sign_in(person, stage.authorization())
    await expect(stage.page.get_by_role("heading", name="Use your security key")).to_be_visible()
    async with _ends(stage.page):
        await stage.page.get_by_role("button", name="Continue").press("Enter")


async def test_security_key_is_not_there(stage: Stage) -> None:
    """Without its key there is another way."""
    person = stage.person(app=True)
    await _own(stage, "u2f", person, **TOUCHED)
    await stage.browser.plug(**TOUCHED)
    await stage.open(stage.authorization())
    await stage.fill(login_name=person.name)
    await stage.fill(password=PASSWORD)
    await stage.page.get_by_role("button", name="Continue").click()
    await expect(stage.page.get_by_role("alert").filter(has_text="The key was not used.")).to_be_visible()
    await stage.page.get_by_role("link", name="Authenticator app").click()
    async with _ends(stage.page):
        await stage.fill(code=person.code)


@pytest.mark.parametrize(("way", "authenticator"), [("passkey", {}), ("u2f", TOUCHED)])
async def test_enrolment(stage: Stage, way: str, authenticator: dict[str, Any]) -> None:
    """A key is set up on the way in, and is there from then on."""
    person = stage.person(offered=True)
    await stage.browser.plug(**authenticator)
    await stage.sign_in(person, stage.authorization())
    await stage.page.locator(f"button[value={way}]").click()
    await stage.page.get_by_label("Name").fill("Blue key")
    go_on = stage.page.get_by_role("button", name="Continue")
    if way == "u2f":
        await go_on.click()
        await expect(stage.page.get_by_role("heading", name="Use your security key")).to_be_visible()
    async with _ends(stage.page):
        await go_on.click()
    methods = stage.call("GET", f"/v2/users/{person.user_id}/authentication_methods")["authMethodTypes"]
    assert f"AUTHENTICATION_METHOD_TYPE_{way.upper()}" in methods


async def test_back_button(stage: Stage) -> None:
    """Going back shows the page before, and forms go on from there; after the end it says that all is done."""
    person, page = stage.person(), stage.page
    await stage.open(stage.authorization())
    await stage.fill(login_name="wrong-name")
    await page.go_back()
    await expect(page.get_by_label("Login name")).to_be_visible()
    await stage.fill(login_name=person.name)
    async with _ends(page):
        await stage.fill(password=PASSWORD)
    await page.go_back()
    await expect(page.get_by_role("heading", name="This sign-in is already completed")).to_be_visible()
    await page.get_by_role("link", name="Sign in").click()
    await expect(page.get_by_role("heading", name="You are signed in")).to_be_visible()


async def test_double_click(stage: Stage) -> None:
    """Two clicks on a button are one sign-in."""
    person = stage.person()
    await stage.open(stage.authorization())
    await stage.fill(login_name=person.name)
    await stage.page.get_by_label("Password").fill(PASSWORD)
    async with _ends(stage.page):
        await stage.page.get_by_role("button", name="Sign in", exact=True).dblclick()
    assert len(_sessions(stage, person)) == 1


async def test_two_tabs(stage: Stage) -> None:
    """Each tab's request ends where it belongs, by one sign-in."""
    person, first = stage.person(), stage.page
    await stage.open(stage.authorization(state="first"))
    second = await first.context.new_page()
    await answer_for(second, APPLICATION)
    await second.goto(stage.authorization(state="second"))
    await stage.fill(login_name=person.name)
    async with _ends(first, state="first"):
        await stage.fill(password=PASSWORD)
    async with _ends(second, state="second"):
        await second.reload()
    assert len(_sessions(stage, person)) == 1


async def test_session_ends_meanwhile(stage: Stage) -> None:
    """A session that was ended from elsewhere begins anew, for the same application."""
    person = stage.person(app=True)
    await stage.open(stage.authorization())
    await stage.fill(login_name=person.name)
    await stage.fill(password=PASSWORD)
    (session,) = _sessions(stage, person)
    stage.call("DELETE", f"/v2/sessions/{session['id']}")
    await stage.fill(code=person.code)
    await expect(stage.page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert "authRequest=" in stage.page.url


async def test_without_javascript(served: Served, chromium: Chromium) -> None:
    """All but keys works; nothing is shown that does not."""
    context = await chromium.new_context(java_script_enabled=False)
    page = await context.new_page()
    await answer_for(page, APPLICATION)
    stage = Stage(served, Browser(page, await context.new_cdp_session(page)))
    person = stage.person(app=True)
    await page.goto(stage.authorization())
    assert await page.get_by_role("button", name=PASSKEY).count() == 0
    await stage.fill(login_name=person.name)
    await stage.fill(password=PASSWORD)
    async with _ends(page):
        await stage.fill(code=person.code)
    await context.close()
