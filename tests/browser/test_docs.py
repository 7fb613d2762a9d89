"""What docs/login-ui.md gives to a browser, in one."""

import re
from typing import Any, Final

import pytest

from tests.browser.chromium import Browser
from tests.browser.login import Login
from tests.house.source import TOP

_SCRIPTS: Final = re.compile(r"^```js\n(.*?)^```", re.MULTILINE | re.DOTALL)
pytestmark = pytest.mark.asyncio(loop_scope="module")


async def called(browser: Browser, function: str, options: Any) -> dict[str, Any]:
    """What a function of the document answers."""
    scripts = "".join(_SCRIPTS.findall((TOP / "docs" / "login-ui.md").read_text()))
    answer: dict[str, Any] = await browser.page.evaluate(
        f"options => {{ {scripts} return {function}(options); }}", options
    )
    return answer


async def test_passkey(login: Login, browser: Browser) -> None:
    """A passkey that the document's page sets up signs in by it, and says whose it is."""
    await browser.plug()
    path = f"/v2/users/{login.user_id}/passkeys"
    asked = login.call("POST", path, domain="localhost")
    made = await called(browser, "setUp", asked["publicKeyCredentialCreationOptions"])
    login.call("POST", f"{path}/{asked['passkeyId']}", publicKeyCredential=made, passkeyName="My phone")
    session, options = login.begin()
    assert login.check(session, await called(browser, "signIn", options)) == (200, "")
    assert login.factors(session)["user"]["id"] == login.user_id
