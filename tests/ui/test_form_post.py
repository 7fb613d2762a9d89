"""The page that posts an answer says nothing but the answer, and to nobody but its client."""

import pytest

from ostiary.core.login_request import LOGIN_REQUEST
from ostiary.ui.paths import FORM_POST, link
from tests.oidc.conftest import REDIRECT, query
from tests.ui.conftest import PageHouse


async def _answered(house: PageHouse, **parameters: str) -> dict[str, str]:
    """The parameters of the page after a login."""
    url = house.authorization(response_mode="form_post", **parameters)
    return query((await house.sign_in(house.browser(), url=url)).url)


async def _fields(house: PageHouse, **parameters: str) -> tuple[int, dict[str, str]]:
    browser = await house.browser().open(link(FORM_POST, *parameters.items()))
    return browser.status, browser.page.forms[0].fields if browser.page.forms else {}


async def test_state_is_the_stored_one(house: PageHouse) -> None:
    """State and issuer of the URL are not believed."""
    told = await _answered(house)
    status, fields = await _fields(house, **{**told, "state": "evil", "iss": "https://evil.example"})
    assert status == 200
    assert (fields["state"], fields["iss"]) == ("st", "http://localhost:8080")


async def test_markup_in_state(house: PageHouse) -> None:
    """What a client sends as state is text."""
    state = '"><script>alert(1)</script>'
    told = await _answered(house, state=state)
    browser = await house.browser().open(link(FORM_POST, *told.items()))
    assert browser.page.forms[0].fields["state"] == state
    assert browser.text.count("<script") == 1


async def test_foreign_code(house: PageHouse) -> None:
    """A code that was made for another request is not posted."""
    told, other = await _answered(house), await _answered(house)
    assert (await _fields(house, request=told["request"], code=other["code"]))[0] == 400
    assert (await _fields(house, request=told["request"], code="x"))[0] == 400
    assert (await _fields(house, request=told["request"], error="access_denied"))[0] == 400


async def test_error(house: PageHouse) -> None:
    """A refusal is posted with its description; a description of another form is not."""
    browser = await house.browser().open(house.authorization(response_mode="form_post"))
    await browser.press("cancel")
    fields = browser.page.forms[0].fields
    assert fields["error"] == "access_denied"
    assert "cancelled" in fields["error_description"]
    request_id = query(browser.url)["request"]
    assert (await _fields(house, request=request_id, error="Evil Words"))[0] == 400
    assert (await _fields(house, request=request_id, error="x", error_description="é"))[0] == 400


async def test_redeemed(house: PageHouse) -> None:
    """After the code was used it is not posted again: that would end what it was used for."""
    told = await _answered(house)
    await house.redeem(told["code"])
    assert (await _fields(house, **told))[0] == 400


@pytest.mark.parametrize("request_id", ["", "V2_1", "nonsense"])
async def test_unknown(house: PageHouse, request_id: str) -> None:
    """A request that does not exist leads nowhere."""
    status, fields = await _fields(house, request=request_id, code="x")
    assert (status, fields) == (404, {})


async def test_open_and_other_mode(house: PageHouse) -> None:
    """A request that waits, or that is answered in another way, is not posted."""
    browser = await house.browser().open(house.authorization(response_mode="form_post"))
    request_id = query(browser.url)["authRequest"]
    assert (await _fields(house, request=request_id, code="x"))[0] == 400
    told = await house.browser().open(house.authorization())
    assert (await _fields(house, request=query(told.url)["authRequest"], error="x"))[0] == 400


async def test_request_of_a_login_ui(house: PageHouse) -> None:
    """The page serves whichever login UI made the answer."""
    told = await _answered(house)
    await house.edit(LOGIN_REQUEST, told["request"], login_client_id="900")
    browser = await house.browser().open(link(FORM_POST, *told.items()))
    assert browser.page.forms[0].action == REDIRECT
