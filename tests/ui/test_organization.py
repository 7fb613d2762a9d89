"""Requests for the users of one organisation, and pages that look as it wants them."""

import re

import pytest

from ostiary.core.organization import ORGANIZATION, Organization
from ostiary.core.policy import BrandingPolicy, LegalPolicy, Theme
from ostiary.core.user import LOGIN_NAME, USER, LoginName, Profile, User
from ostiary.storage.port import Changes, Put, Remove
from ostiary.ui.look import contrast, look_of, web_url, without_suffix
from ostiary.ui.paths import LOGIN
from tests.doubles.effects import START
from tests.oidc.conftest import REDIRECT, query
from tests.ui.conftest import PageHouse
from tests.ui.test_headers import policy_of

ID, DOMAIN = "urn:zitadel:iam:org:id:", "urn:zitadel:iam:org:domain:primary:"


async def _other(house: PageHouse) -> None:
    """Another organisation, with carol in it."""
    carol = User("110", "600", "carol", START, START, domain="other.test", profile=Profile("Carol", "C"))
    puts = (
        Put(ORGANIZATION, Organization("600", "Other", "other.test", START, START)),
        Put(USER, carol),
        Put(LOGIN_NAME, LoginName("carol", "110")),
    )
    await house.store.save(Changes(puts=puts, raises_generation=True))


@pytest.mark.parametrize("scope", [f"{ID}500", f"{DOMAIN}acme.localhost", f"{ID}500 {DOMAIN}acme.localhost"])
async def test_own(house: PageHouse, scope: str) -> None:
    """Its users are let in."""
    await _other(house)
    browser = await house.sign_in(house.browser(), url=house.authorization(scope=f"openid {scope}"))
    assert browser.url.startswith(REDIRECT)


async def test_stranger(house: PageHouse) -> None:
    """A user of another is told what a wrong password is told, keeps no new session, and is not chosen."""
    await _other(house)
    url = house.authorization(scope=f"openid {ID}600")
    browser = await house.sign_in(house.browser(), url=url)
    assert (browser.status, "Other" in browser.text) == (400, True)
    assert not await house.sessions()
    await house.sign_in(browser)
    ((session_id, _),) = house.held(browser)
    await browser.open(url)
    assert browser.heading == "Sign in"
    await browser.open(f"{browser.url}&session={session_id}")
    assert browser.heading == "Sign in"
    assert [kept for kept, _ in house.held(browser)] == [session_id]
    await browser.open(house.authorization(scope=f"openid {ID}600", prompt="none"))
    assert query(browser.url)["error"] == "login_required"


@pytest.mark.parametrize("scope", [f"{ID}999", f"{DOMAIN}nowhere.test"])
async def test_unknown(house: PageHouse, scope: str) -> None:
    """An organisation that is not there is a page with the cause."""
    await _other(house)
    browser = await house.browser().open(house.authorization(scope=f"openid {scope}"))
    assert (browser.status, browser.heading) == (404, "This organisation does not exist")
    assert "Sign in" in browser.page.links


async def test_look(house: PageHouse) -> None:
    """Colours, logo and links of the organisation; the policy of contents allows these and nothing else."""
    light = {"primary_color": "#7a0055", "logo_url": "https://cdn.example.com/logo.svg?x=1"}
    await house.policy("branding", "500", light_theme=light, theme_mode=2, hide_login_name_suffix=True)
    await house.policy("legal", "500", tos_link="https://example.com/tos", support_email="help@example.com")
    browser = await house.browser().open(house.authorization(scope=f"openid {ID}500"))
    assert 'data-mode="light"' in browser.text
    assert "--accent:light-dark(#7a0055,#a9b6ff)" in browser.text
    assert browser.page.links["Terms of service"] == "https://example.com/tos"
    assert browser.page.links["Support"] == "mailto:help@example.com"
    policy = policy_of(browser.headers)
    assert policy["img-src"] == "'self' https://cdn.example.com"
    nonce = re.search(r'<style nonce="([^"]+)">', browser.text)
    assert nonce is not None
    assert policy["style-src"] == f"'self' 'nonce-{nonce[1]}'"
    await browser.submit(login_name="alice@acme.localhost")
    assert '<span class="login-name">alice</span>' in browser.text


async def test_look_of_errors(house: PageHouse) -> None:
    """What went wrong is told in the first organisation's name and look."""
    await house.policy("branding", "500", light_theme={"primary_color": "#7a0055"})
    await house.policy("legal", "500", tos_link="https://example.com/tos")
    browser = await house.browser().open(f"{LOGIN}?authRequest=V2_1")
    assert (browser.status, browser.heading) == (404, "This sign-in has expired or does not exist")
    assert "--accent:light-dark(#7a0055,#a9b6ff)" in browser.text
    assert browser.page.links["Terms of service"] == "https://example.com/tos"
    assert '<p class="brand">' in browser.text


def test_usual_look() -> None:
    """The wire's default colours are nobody's wish: the pages keep their own."""
    assert look_of(BrandingPolicy(), LegalPolicy()).css == ""


@pytest.mark.parametrize(
    ("theme", "css"),
    [
        (Theme(primary_color="#7a0055"), "--on-accent:light-dark(#ffffff,#10163a)"),
        (Theme(primary_color="#ffff00"), ""),
        (Theme(background_color="#fed"), ":root{--ground:light-dark(#fed,#0f1219);}"),
        (Theme(font_color="#123"), ":root{--text:light-dark(#123,#eef0f5);}"),
        (Theme(warn_color="#eeeeee"), ""),
    ],
)
def test_colors(theme: Theme, css: str) -> None:
    """Each colour for what it is; none that could not be read."""
    made = look_of(BrandingPolicy(light_theme=theme), LegalPolicy()).css
    assert css in made if css else made == ""


@pytest.mark.parametrize(("mode", "logos"), [(1, ("l", "d")), (2, ("l", "l")), (3, ("d", "d"))])
def test_logo(mode: int, logos: tuple[str, str]) -> None:
    """The logo goes with the mode."""
    urls = {name: f"https://example.com/{name}" for name in "ld"}
    branding = BrandingPolicy(
        light_theme=Theme(logo_url=urls["l"]), dark_theme=Theme(logo_url=urls["d"]), theme_mode=mode
    )
    look = look_of(branding, LegalPolicy())
    assert (look.logo_url, look.dark_logo_url) == tuple(urls[name] for name in logos)


def test_words() -> None:
    """Contrast is WCAG's; a suffix goes if it is the domain's; only addresses of the web are links."""
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert without_suffix("a@b.test", "b.test") == "a"
    assert without_suffix("a@b.test", "") == "a@b.test"
    for text, url in (("https://x.test/", "https://x.test/"), ("javascript:alert(1)", ""), ("https://[", "")):
        assert web_url(text) == url


async def test_font_icon_manual(house: PageHouse) -> None:
    """The organisation's font and icon may be fetched from where they are, and the manual is linked."""
    icon, font = "https://cdn.example.com/i.png", "https://fonts.example.com/a\\b.woff2?x=1&y=(2"
    await house.policy("branding", "500", light_theme={"icon_url": icon}, font_url=font)
    await house.policy("legal", "500", docs_link="https://docs.example.com/")
    browser = await house.browser().open(house.authorization())
    assert f'<link rel="icon" href="{icon}">' in browser.text
    assert "src:url(https://fonts.example.com/a\\5c b.woff2?x=1\\26 y=\\28 2)" in browser.text
    assert '<a href="https://docs.example.com/">Documentation</a>' in browser.text
    allowed = policy_of(browser.headers)
    assert allowed["font-src"] == "'self' https://fonts.example.com"
    assert allowed["img-src"] == "'self' https://cdn.example.com"


async def test_frames(house: PageHouse) -> None:
    """Nobody frames the pages unless the security policy says so, and then the origins that it names alone."""
    browser = await house.browser().open(house.authorization())
    assert (policy_of(browser.headers)["frame-ancestors"], browser.headers["x-frame-options"]) == (
        "'none'",
        "DENY",
    )
    await house.policy("security", allowed_origins=["https://app.example.com"])
    await browser.open(house.authorization())
    assert policy_of(browser.headers)["frame-ancestors"] == "'none'"
    await house.policy("security", enable_iframe=True, allowed_origins=["https://app.example.com", "b.test"])
    await browser.open(house.authorization())
    assert policy_of(browser.headers)["frame-ancestors"] == "https://app.example.com b.test"
    assert "x-frame-options" not in browser.headers


async def test_domain_need_not_be_typed(house: PageHouse) -> None:
    """Where login names end in the domain, who is asked for by organisation types the username alone."""
    await house.policy("domain", login_name_includes_domain=True)
    await house.edit(USER, "100", is_of_domain=True)
    row = LoginName("alice@acme.localhost", "100")
    removed = Remove(LOGIN_NAME, "alice", 1)
    await house.store.save(Changes(puts=(Put(LOGIN_NAME, row),), removes=(removed,)))
    browser = await house.sign_in(house.browser(), url=house.authorization(scope=f"openid {ID}500"))
    assert browser.url.startswith(REDIRECT)
    browser = await house.sign_in(house.browser(), url=house.authorization())
    assert browser.status == 400
