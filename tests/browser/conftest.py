"""The browser, and users whom the administrator makes over REST."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio
from playwright.async_api import Browser as Chromium
from playwright.async_api import async_playwright

from tests.browser.chromium import CHROMIUM, SWITCHES, Browser
from tests.browser.login import Login
from tests.served import Served


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def chromium() -> AsyncIterator[Chromium]:
    """Debian's Chromium; its page is made anew for each test."""
    if not CHROMIUM.exists():
        pytest.skip("there is no Chromium here; on Debian: apt install chromium")
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(SWITCHES))
        yield started
        await started.close()


@pytest_asyncio.fixture(loop_scope="module")
async def browser(served: Served, chromium: Chromium) -> AsyncIterator[Browser]:
    """A page at our origin, with nothing of other tests in it."""
    context = await chromium.new_context()
    page = await context.new_page()
    await page.goto(f"http://localhost:{served.port}/.well-known/openid-configuration")
    devtools = await context.new_cdp_session(page)
    await devtools.send("WebAuthn.enable")
    yield Browser(page, devtools)
    await context.close()


@pytest.fixture
def login(served: Served, browser: Browser) -> Login:
    """A login UI's backend, for a user of its own."""
    return Login(served, browser, f"key-{uuid4()}")
