"""Passkeys and U2F keys as browsers have them: enrolled, used, found without a name, copied, replayed."""

from typing import Any

import pytest
from playwright.async_api import Error

from tests.browser.chromium import TOUCHED, Browser
from tests.browser.login import PASSWORD, Login

OK = (200, "")
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("transport", ["internal", "usb", "hybrid"])
async def test_passkey(login: Login, browser: Browser, transport: str) -> None:
    """A resident key that verifies its user logs in, twice, and the counter goes with it."""
    await browser.plug(transport=transport)
    key_id = await login.enrol()
    for _ in range(2):
        made, options = login.begin(user={"userId": login.user_id})
        assert login.check(made, await browser.get(options)) == OK
        factors = login.factors(made)
        assert factors["webAuthN"]["userVerified"] is True
        assert factors["user"]["id"] == login.user_id
    (listed,) = login.call("POST", f"/v2/users/{login.user_id}/passkeys/_search")["result"]
    assert (listed["id"], listed["name"]) == (key_id, "Key")


async def test_u2f_key(login: Login, browser: Browser) -> None:
    """A key that can only be touched is a second factor beside the password."""
    await browser.plug(**TOUCHED)
    await login.enrol("u2f")
    made, options = login.begin(
        "DISCOURAGED", user={"userId": login.user_id}, password={"password": PASSWORD}
    )
    assert login.check(made, await browser.get(options)) == OK
    factors = login.factors(made)
    assert "password" in factors
    assert "userVerified" not in factors["webAuthN"]


async def test_autofill(login: Login, browser: Browser) -> None:
    """Nobody types a name: the passkey says whose the session is."""
    await browser.plug()
    await login.enrol()
    made, options = login.begin()
    assert options["publicKey"].get("allowCredentials", []) == []
    assert login.check(made, await browser.get(options, "conditional")) == OK
    assert login.factors(made)["user"]["id"] == login.user_id
    assert login.factors(made)["webAuthN"]["userVerified"] is True


async def test_page_drawn_again(login: Login, browser: Browser) -> None:
    """A second challenge leaves the one that is being signed good; a signed one is good once."""
    await browser.plug()
    await login.enrol()
    made, first = login.begin(user={"userId": login.user_id})
    asked = {"domain": "localhost", "userVerificationRequirement": "USER_VERIFICATION_REQUIREMENT_REQUIRED"}
    path = f"/v2/sessions/{made['sessionId']}"
    again = login.call("PATCH", path, sessionToken=made["sessionToken"], challenges={"webAuthN": asked})
    signed = await browser.get(first)
    made = {**made, "sessionToken": again["sessionToken"]}
    assert login.check(made, signed) == OK
    assert login.check({**made, "sessionToken": ""}, signed) == (400, "COMMAND-Ioqu5")


async def test_second_key_on_one_authenticator(login: Login, browser: Browser) -> None:
    """The browser refuses to make it, for we say which keys there are."""
    await browser.plug()
    await login.enrol()
    with pytest.raises(Error, match="InvalidStateError"):
        await login.enrol()


async def test_copied_key(login: Login, browser: Browser) -> None:
    """A copy whose counter has stayed behind is refused; the key itself goes on."""
    await browser.plug()
    await login.enrol()
    (stolen,) = await browser.credentials()
    made, options = login.begin(user={"userId": login.user_id})
    assert login.check(made, await browser.get(options)) == OK
    (kept,) = await browser.credentials()
    for credential, outcome in ((stolen, (500, "WEBAU-4M90s")), (kept, OK)):
        await browser.plug()
        await browser.copy(credential)
        made, options = login.begin(user={"userId": login.user_id})
        assert login.check(made, await browser.get(options)) == outcome


async def test_backed_up_key(login: Login, browser: Browser) -> None:
    """A passkey that is synchronised logs in."""
    await browser.plug(defaultBackupEligibility=True, defaultBackupState=True)
    await login.enrol()
    made, options = login.begin(user={"userId": login.user_id})
    assert login.check(made, await browser.get(options)) == OK


async def test_link(login: Login, browser: Browser) -> None:
    """A passkey enrolled by the code of a link."""
    path = f"/v2/users/{login.user_id}/passkeys/registration_link"
    code: dict[str, Any] = login.call("POST", path, returnCode={})["code"]
    await browser.plug()
    await login.enrol(code=code, authenticator="PASSKEY_AUTHENTICATOR_PLATFORM")
    made, options = login.begin(user={"userId": login.user_id})
    assert login.check(made, await browser.get(options)) == OK
