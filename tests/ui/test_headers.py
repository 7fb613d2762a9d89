"""What every page carries."""

import re

import pytest

from ostiary.ui.pages import source_of
from ostiary.ui.paths import DEVICE, FORM_POST, LOGGED_OUT, LOGIN, LOGIN_ROOT, LOGOUT, PLACES, STATIC, link
from tests.sessions.conftest import PASSWORD_TEXT
from tests.ui.conftest import PageHouse

POLICY = {
    "default-src": "'none'",
    "style-src": "'self'",
    "img-src": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


def policy_of(headers: dict[str, str]) -> dict[str, str]:
    """The content security policy by directive."""
    parts = (part.strip().partition(" ") for part in headers["content-security-policy"].split(";"))
    return {name: value for name, _, value in parts}


@pytest.mark.parametrize(
    ("method", "path"), [*(place for place in PLACES if "{" not in place[1]), ("GET", "/ui/v2/nothing/here")]
)
@pytest.mark.parametrize("own", [True, False])
async def test_every_route(house: PageHouse, method: str, path: str, own: bool) -> None:
    """Page, redirect or error: none is stored, framed, sniffed, or tells others where it was."""
    sent = {"sec-fetch-site": "same-origin" if own else "cross-site", "sec-fetch-mode": "navigate"}
    sent["content-type"] = "application/x-www-form-urlencoded"
    status, told, text = await house.carry(method, path, sent, b"")
    headers = dict(told)
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
    # with no-referrer, browsers would send no Origin with our own forms
    assert headers["referrer-policy"] == ("same-origin" if "<form" in text else "no-referrer")
    assert {"Cookie", "Sec-Fetch-Site"} <= set(headers["vary"].split(", "))
    if status not in {302, 303}:
        assert headers["content-type"] == "text/html; charset=utf-8"
        assert policy_of(headers).items() >= {**POLICY, "form-action": "'self'"}.items()
        assert not re.search(r"style=|<style|\son[a-z]+=|javascript:", text)
        assert '<html lang="en">' in text
        assert "<h1>" in text


def test_every_place(house: PageHouse) -> None:
    """Every place that is routed is there, and no other."""
    assert set(house.site.endpoints) == set(PLACES)
    assert {LOGIN_ROOT, LOGIN, LOGOUT, LOGGED_OUT, DEVICE, FORM_POST} <= {path for _, path in PLACES}


async def test_form_may_lead_to_the_client(house: PageHouse) -> None:
    """A form whose answer redirects to the client may do so, and to nobody else."""
    browser = await house.browser().open(house.authorization())
    assert policy_of(browser.headers)["form-action"] == "'self' http://localhost:9999"
    await browser.submit(login_name="alice")
    assert policy_of(browser.headers)["form-action"] == "'self' http://localhost:9999"


async def test_script_has_a_nonce(house: PageHouse) -> None:
    """The one script runs by a nonce that is never the same."""
    seen = set()
    for _ in range(2):
        browser = await house.sign_in(house.browser(), url=house.authorization(response_mode="form_post"))
        policy = policy_of(browser.headers)
        nonce = policy["script-src"].removeprefix("'nonce-").removesuffix("'")
        assert f'<script nonce="{nonce}">' in browser.text
        assert policy["form-action"] == "'self' http://localhost:9999"
        seen.add(nonce)
    assert len(seen) == 2


@pytest.mark.parametrize(
    ("url", "source"),
    [
        ("https://app.example.com/cb?x=1", "https://app.example.com"),
        ("http://127.0.0.1:4711/", "http://127.0.0.1:4711"),
        ("http://[::1]:4711/", "http:"),
        ("com.example.app:/cb", "com.example.app:"),
        ("https://a;script-src *", "https:"),
        ("https://user@app.example.com/", "https:"),
        ("https://bücher.example/", "https:"),
        ("http://[/", ""),
        ("", ""),
    ],
)
def test_source(url: str, source: str) -> None:
    """A URL becomes a source that a policy may hold."""
    assert source_of(url) == source


async def test_over_tls() -> None:
    """Over TLS the cookie is of this host alone, and browsers are told to come back by TLS."""
    house = PageHouse("https://id.example.com")
    await house.furnish()
    headers = {"sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded"}
    body = f"step=password&login_name=alice&password={PASSWORD_TEXT}".encode()
    status, told, _ = await house.carry("POST", LOGIN, headers, body)
    assert status == 303
    assert dict(told)["strict-transport-security"].startswith("max-age=31536000")
    cookie = dict(told)["set-cookie"]
    assert re.fullmatch(r"__Host-ostiary=\S+; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=\d+", cookie)
    house.pool.close()


async def test_static_files(house: PageHouse) -> None:
    """Files are named by their content and kept for ever; other names are nobody's."""
    for url in house.site.assets.urls.values():
        status, told, text = await house.carry("GET", url, {}, b"")
        assert status == 200
        assert text
        assert "immutable" in dict(told)["cache-control"]
        assert dict(told)["x-content-type-options"] == "nosniff"
    assert (await house.carry("GET", f"{STATIC}/0-style.css", {}, b""))[0] == 404
    assert (await house.carry("GET", f"{STATIC}/..%2f..%2fpages.py", {}, b""))[0] == 404


async def test_first_page_is_small(house: PageHouse) -> None:
    """Page and style together are under 30 KB."""
    browser = await house.browser().open(house.authorization())
    size = len(browser.text)
    for url in house.site.assets.urls.values():
        size += len((await house.carry("GET", url, {}, b""))[2])
    assert size < 30_000


async def test_fields_are_labelled(house: PageHouse) -> None:
    """Every field that is seen has a label."""
    await house.app_for_alice()
    browser = await house.browser().open(link(DEVICE, ("user_code", "BCDF-GHJK")))
    pages = [browser.page]
    await browser.open(house.authorization())
    pages.append(browser.page)
    await browser.submit(login_name="alice")
    pages.append(browser.page)
    await browser.submit(password=PASSWORD_TEXT)
    pages.append(browser.page)
    for page in pages:
        seen = [attributes for _, attributes in page.visible if "aria-hidden" not in attributes]
        assert len(seen) == 1
        assert seen[0]["id"] in page.labelled
        assert "autocomplete" in seen[0]
