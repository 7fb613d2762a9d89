"""After a logout: which applications know of it."""

import pytest

from ostiary.core.client import APPLICATION
from ostiary.core.delivery import DELIVERY, Delivery, Outcome
from ostiary.core.logout import BACKCHANNEL_LOGOUT
from ostiary.core.session import ENDED_SESSION
from ostiary.storage.memory import MemoryStore
from ostiary.storage.port import Changes, Put
from ostiary.ui.paths import LOGGED_OUT, LOGOUT
from tests.oidc.conftest import ISSUER
from tests.ui.browser import Browser
from tests.ui.conftest import PageHouse, with_

URI = "https://rp.example/logout"


async def _signed_out(house: PageHouse, uri: str = URI) -> Browser:
    """Alice came to the application, and signs out."""
    web = await house.store.get(APPLICATION, "701")
    assert web is not None
    assert web.oidc is not None
    oidc = with_(web.oidc, back_channel_logout_uri=uri)
    await house.edit(APPLICATION, "701", oidc=oidc)
    browser = await house.sign_in(house.browser(), url=house.authorization())
    await house.redeem(browser.url.partition("code=")[2].partition("&")[0])
    await browser.open(ISSUER + LOGOUT)
    return await browser.submit()


async def _delivered(house: PageHouse, outcome: Outcome) -> None:
    """The word to the application came to this."""
    assert isinstance(house.store, MemoryStore)
    (message,) = [one for one in house.store.outbox if one.kind == BACKCHANNEL_LOGOUT]
    row = Delivery(message.id, message.kind, "rp.example", outcome, 1, house.effects.now())
    await house.store.save(Changes(puts=(Put(DELIVERY, row),)))


async def test_nobody_to_tell(house: PageHouse) -> None:
    """Who came to no application is told of none."""
    browser = await house.sign_in(house.browser())
    await browser.open(LOGOUT)
    await browser.submit()
    assert (browser.heading, "Applications" in browser.text) == ("You are signed out", False)


async def test_waiting(house: PageHouse) -> None:
    """Word is on its way; a moment later one can look again."""
    browser = await _signed_out(house)
    assert "Is being told" in browser.text
    await _delivered(house, Outcome.DELIVERED)
    await browser.follow("Look again")
    assert "Signed out, too" in browser.text


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (Outcome.WAITING, "Could not be told yet. We go on trying for a day."),
        (Outcome.DROPPED, "Could not be told. Sign out there, too."),
    ],
)
async def test_not_told(house: PageHouse, outcome: Outcome, text: str) -> None:
    """What could not be told is said plainly."""
    browser = await _signed_out(house)
    await _delivered(house, outcome)
    await browser.open(browser.url)
    assert text in browser.text


async def test_apart(house: PageHouse) -> None:
    """An application that wants no word may be signed in still."""
    browser = await _signed_out(house, "")
    assert "Is not told." in browser.text
    assert "Look again" not in browser.page.links


async def test_old_or_foreign(house: PageHouse) -> None:
    """A report is for some minutes, and of our making."""
    browser = await _signed_out(house, "")
    house.effects.later(minutes=16)
    await browser.open(browser.url)
    assert "Is not told." not in browser.text
    for text in ("x", "%C3%A9", "A" * 100):
        await browser.open(f"{LOGGED_OUT}?report={text}")
        assert browser.status == 200


async def test_retention(house: PageHouse) -> None:
    """A session whose row is gone has nothing to tell."""
    browser = await _signed_out(house, "")
    (ended,) = await house.store.owned(ENDED_SESSION, "100")
    assert [one.client_id for one in ended.farewells] == ["web"]
    assert browser.status == 200
