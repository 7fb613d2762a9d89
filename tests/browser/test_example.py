"""The example of a login page, in a real browser: a wrong password, a code, single sign-on, silence, signing out."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from tests.browser.chromium import answer_for
from tests.cli.process import free_port
from tests.house.source import TOP
from tests.scenes.stage import PASSWORD, Stage, staged
from tests.served import Served

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def example(tmp_path: Path) -> Iterator[Served]:
    """A server that sends browsers to the example, and the example."""
    port = free_port()
    with Served(tmp_path / "data", "--dev", "--login-base-url", f"http://localhost:{port}") as served:
        command = [sys.executable, str(TOP / "examples/login_page.py"), "--port", str(port)]
        command += ["--ostiary", served.base, "--token", str(served.folder / "login-client.pat")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as page:
            assert page.stdout is not None
            assert "login page at" in page.stdout.readline()
            yield served
            page.kill()


async def _asked(stage: Stage, **parameters: str) -> None:
    await stage.open(stage.authorization(**parameters))


async def test_login_page(chromium: Chromium, example: Served) -> None:
    """What the person did not have to do twice is not asked for twice."""
    back = example.alice["redirect_uri"]
    async with staged(chromium, example) as stage:
        person, page = stage.person(app=True), stage.page
        await answer_for(page, back)
        await _asked(stage, prompt="none")
        assert "error=login_required" in page.url
        await _asked(stage, login_hint=person.name)
        assert await page.locator("[name=name]").input_value() == person.name
        await stage.fill(password="Wrong-horse-1!")
        await expect(page.get_by_role("alert")).to_have_text("Login name or password is wrong.")
        await stage.fill(password=PASSWORD)
        await stage.fill(code="000000" if person.code != "000000" else "111111")
        await expect(page.get_by_role("alert")).to_have_text("The code is wrong or was used before.")
        await stage.fill(code=person.code)
        assert "cb?code=" in page.url
        for silent in ({}, {"prompt": "none"}):
            await _asked(stage, **silent)
            assert "cb?code=" in page.url
        await _asked(stage, prompt="login")
        await page.get_by_role("button", name="Cancel").click()
        await page.wait_for_url(f"{back}**")
        assert "error=access_denied" in page.url
        leaving = {"client_id": example.alice["client_id"], "post_logout_redirect_uri": back, "state": "out"}
        await stage.open(stage.url("/oidc/v1/end_session", **leaving))
        await page.get_by_role("button", name="Sign out").click()
        await page.wait_for_url(f"{back}?state=out")
        await _asked(stage, prompt="none")
        assert "error=login_required" in page.url


async def test_open_redirect(chromium: Chromium, example: Served) -> None:
    """Whoever is signed out goes where the application has registered, and nowhere else."""
    async with staged(chromium, example) as stage:
        person, page = stage.person(), stage.page
        await answer_for(page, example.alice["redirect_uri"])
        await _asked(stage)
        await stage.fill(name=person.name, password=PASSWORD)
        await stage.open(stage.url("/oidc/v1/end_session", client_id=example.alice["client_id"]))
        await stage.open(
            f"{page.url}?client_id={example.alice['client_id']}&post_logout_redirect={stage.url('/')}"
        )
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_role("heading")).to_have_text("You are signed out")
