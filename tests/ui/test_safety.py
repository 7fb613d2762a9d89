"""What goes wrong in browsers, and what is done to them: no loop, no fault of ours, no session but the browser's own."""

import asyncio
import json
from urllib.parse import urlencode, urljoin

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ostiary.core.login_request import LOGIN_REQUEST
from ostiary.core.user import USER, UserState
from ostiary.ui.cookie import MAX_BYTES, MAX_SESSIONS, Kept
from ostiary.ui.paths import DEVICE, FORM_POST, LOGGED_OUT, LOGIN, LOGOUT
from tests.doubles.effects import START
from tests.oidc.conftest import REDIRECT, query
from tests.sessions.conftest import PASSWORD_TEXT, totp_check
from tests.ui.conftest import COOKIE, PageHouse

FORM = {"content-type": "application/x-www-form-urlencoded"}
OWN = {**FORM, "sec-fetch-site": "same-origin", "host": "localhost:8080"}


async def test_double_submit_of_a_password(house: PageHouse) -> None:
    """A password that is sent twice makes one session, and both answers lead on."""
    browser = await house.browser().open(house.authorization())
    await browser.submit(login_name="alice")
    form, url = browser.page.forms[0], browser.url
    other = house.browser()
    other.url = url
    await asyncio.gather(
        browser.send_form(form, password=PASSWORD_TEXT), other.send_form(form, password=PASSWORD_TEXT)
    )
    assert len(await house.sessions()) == 1
    ends = {browser.url.startswith(REDIRECT), other.url.startswith(REDIRECT)}
    assert True in ends
    assert {browser.status, other.status} <= {302, 303, 400}


async def test_double_submit_of_a_code(house: PageHouse) -> None:
    """A code that is sent twice, the first answer being lost, is taken once and leads on."""
    await house.app_for_alice()
    browser = await house.sign_in(house.browser(), url=house.authorization())
    form, code, cookies = browser.page.forms[0], house.code(), dict(browser.cookies)
    headers = {**OWN, "cookie": f"{COOKIE}={cookies[COOKIE]}"}
    body = f"step=code&attempt={form.fields['attempt']}&code={code}"
    status, _, _ = await house.carry("POST", urljoin(browser.url, form.action), headers, body.encode())
    assert status == 303
    browser.cookies = cookies
    await browser.send_form(form, code=code)
    assert browser.url.startswith(REDIRECT)


async def test_back_button(house: PageHouse) -> None:
    """An old form, sent again after the end, changes nothing and says that all is done."""
    browser = await house.browser().open(house.authorization())
    await browser.submit(login_name="alice")
    old, where = browser.page.forms[0], browser.url
    await browser.submit(password=PASSWORD_TEXT)
    held = house.held(browser)
    browser.url = where
    await browser.send_form(old, password=PASSWORD_TEXT)
    assert (browser.status, browser.heading) == (400, "This sign-in is already completed")
    assert house.held(browser) == held
    await browser.open(where)
    assert browser.status == 400


async def test_old_form_of_a_live_session(house: PageHouse) -> None:
    """An old password form does not bring an outdated token back into the cookie."""
    await house.app_for_alice()
    browser = await house.browser().open(LOGIN)
    await browser.submit(login_name="alice")
    old, where = browser.page.forms[0], browser.url
    await browser.submit(password=PASSWORD_TEXT)
    await browser.submit(code=house.code())
    held = house.held(browser)
    browser.url = where
    await browser.send_form(old, password=PASSWORD_TEXT)
    assert browser.heading == "You are signed in"
    assert [session_id for session_id, _ in house.held(browser)] == [held[0][0]]
    await browser.open(LOGIN)
    assert browser.heading == "You are signed in"


async def test_two_tabs(house: PageHouse) -> None:
    """Two requests in two tabs are both finished, with one session."""
    browser = await house.browser().open(house.authorization(state="one"))
    first, first_url = browser.page.forms[0], browser.url
    await browser.open(house.authorization(state="two"))
    await browser.submit(login_name="alice")
    await browser.submit(password=PASSWORD_TEXT)
    assert query(browser.url)["state"] == "two"
    browser.url = first_url
    await browser.send_form(first, login_name="alice")
    await browser.submit(password=PASSWORD_TEXT)
    assert query(browser.url)["state"] == "one"
    assert len(await house.sessions()) == 1


async def test_other_tab_was_faster(house: PageHouse) -> None:
    """A token that was renewed elsewhere leads back to the beginning, not to a fault."""
    await house.app_for_alice()
    browser = await house.sign_in(house.browser(), url=house.authorization())
    ((session_id, token),) = house.held(browser)
    await house.set(session_id, token, totp_check(house.code()))
    await browser.submit(code="123456")
    assert browser.heading == "Sign in"


async def test_session_ended_meanwhile(house: PageHouse) -> None:
    """A session that was ended from elsewhere is not this browser's any more."""
    await house.app_for_alice()
    browser = await house.sign_in(house.browser(), url=house.authorization())
    ((session_id, token),) = house.held(browser)
    await house.end(session_id, token)
    await browser.submit(code=house.code())
    assert browser.heading == "Sign in"


async def test_expired_request(house: PageHouse) -> None:
    """A request that is too old is a page that says what to do, for GET and POST."""
    browser = await house.browser().open(house.authorization())
    form = browser.page.forms[0]
    house.effects.later(hours=2)
    await browser.send_form(form, login_name="alice")
    assert (browser.status, browser.heading) == (404, "This sign-in has expired or does not exist")
    await browser.open(f"{LOGIN}?authRequest=V2_1")
    assert browser.status == 404


async def test_request_of_another_login_ui(house: PageHouse) -> None:
    """A request that was made through a login UI of its own is not ours to answer."""
    browser = await house.browser().open(house.authorization())
    request_id = query(browser.url)["authRequest"]
    await house.edit(LOGIN_REQUEST, request_id, login_client_id="900")
    await browser.open(browser.url)
    assert browser.status == 404
    assert not browser.page.forms


async def test_only_sessions_of_the_cookie(house: PageHouse) -> None:
    """No page acts on a session whose token this browser does not hold."""
    victim = await house.sign_in(house.browser())
    ((session_id, token),) = house.held(victim)
    stranger = await house.browser().open(f"{LOGIN}?session={session_id}")
    assert stranger.heading == "Sign in"
    await stranger.open(f"{house.authorization()}")
    await stranger.open(f"{stranger.url}&session={session_id}")
    assert stranger.heading == "Sign in"
    forged = Kept(session_id, token[:-4] + "AAAA", int(START.timestamp()))
    stranger.cookies[COOKIE] = house.cookie.write((forged,))[1].decode().partition("=")[2].partition(";")[0]
    await stranger.open(LOGIN)
    assert stranger.heading == "Sign in"
    await stranger.open(LOGOUT)
    assert stranger.url.endswith(LOGGED_OUT)
    body = b"user:100=1"
    headers = {**OWN, "cookie": f"{COOKIE}={stranger.cookies[COOKIE]}"}
    assert (await house.carry("POST", LOGOUT, headers, body))[0] == 303
    assert [session.id for session in await house.sessions()] == [session_id]


@pytest.mark.parametrize("value", ["", "AAAA", "é", "====", "A" * 5000, '"x"'])
async def test_tampered_cookie(house: PageHouse, value: str) -> None:
    """A cookie that we did not seal holds nothing."""
    browser = await house.sign_in(house.browser())
    for text in (value, browser.cookies[COOKIE][:-8] + "AAAAAAA="):
        browser.cookies[COOKIE] = text
        await browser.open(LOGIN)
        assert (browser.status, browser.heading) == (200, "Sign in")


async def test_cookie_twice(house: PageHouse) -> None:
    """Two values of the cookie are refused, one sent twice is not."""
    for cookie, status in ((f"{COOKIE}=a; {COOKIE}=b", 400), (f"{COOKIE}=a; {COOKIE}=a", 200)):
        assert (await house.carry("GET", LOGIN, {"cookie": cookie}, b""))[0] == status


def test_cookie_is_bounded() -> None:
    """The newest sessions are kept, as many as a browser stores."""
    house = PageHouse()
    many = tuple(Kept(str(10**18 + n), "osts_" + "x" * 64, 1_700_000_000) for n in range(MAX_SESSIONS + 5))
    written = house.cookie.write(many)[1].decode()
    assert len(written.partition(";")[0]) <= MAX_BYTES
    assert "; HttpOnly; SameSite=Lax" in written
    long = tuple(Kept(str(n), "x" * 1500, 0) for n in range(3))
    assert len(house.cookie.write(long)[1].decode().partition(";")[0]) <= MAX_BYTES
    assert "Max-Age=0" in house.cookie.write((Kept("1", "x" * 5000, 0),))[1].decode()


@pytest.mark.parametrize("place", [LOGIN, LOGOUT, DEVICE])
@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"referer": "https://evil.example/login"},
        {},
    ],
)
async def test_foreign_form(house: PageHouse, place: str, headers: dict[str, str]) -> None:
    """A form of another site, or of nobody, is refused before anything is read."""
    status, _, text = await house.carry("POST", place, {**FORM, "host": "localhost:8080", **headers}, b"\xff")
    assert status == 403
    assert "was not sent by our page" in text


async def test_old_browser(house: PageHouse) -> None:
    """A browser without Fetch Metadata signs in by its Origin."""
    browser = await house.sign_in(house.browser(knows_fetch_metadata=False), url=house.authorization())
    assert browser.url.startswith(REDIRECT)


async def test_embedded(house: PageHouse) -> None:
    """Another site may link here and not load us as a part of its page."""
    for mode, status in (("navigate", 200), ("no-cors", 403), ("cors", 403)):
        headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": mode}
        assert (await house.carry("GET", LOGIN, headers, b""))[0] == status


async def test_locked_user(house: PageHouse) -> None:
    """A user who was deactivated is signed in nowhere, and told no more than a wrong password."""
    browser = await house.sign_in(house.browser(), url=house.authorization())
    await house.edit(USER, "100", state=UserState.INACTIVE)
    await browser.open(house.authorization())
    assert browser.status == 403
    await browser.follow("Use another account")
    await browser.submit(login_name="alice")
    await browser.submit(password=PASSWORD_TEXT)
    assert browser.status == 400


@pytest.mark.parametrize(("name", "password"), [("x" * 201, "x"), ("alice", "x" * 201)])
async def test_too_long(house: PageHouse, name: str, password: str) -> None:
    """What nobody can have is wrong, and is neither hashed nor counted."""
    browser = await house.browser().open(house.authorization())
    await browser.submit(login_name="alice")
    await browser.submit(login_name=name, password=password)
    assert (browser.status, browser.heading) == (400, "Sign in")


async def test_typed_name_of_others(house: PageHouse) -> None:
    """A name in the URL that we did not write is no name."""
    for typed in ("alice", "AAAA", "%C3%A9", "A" * 200):
        browser = await house.browser().open(f"{LOGIN}?typed={typed}")
        assert (browser.status, browser.heading) == (200, "Sign in")


async def test_ceremony(house: PageHouse) -> None:
    """A passkey's challenge is of a session of nobody, which is not in the cookie, and one address gets only so many."""
    browser = await house.browser().open(LOGIN)
    told = json.loads((await browser.press("passkey", begin="1")).text)
    assert told["options"]["publicKey"]["rpId"] == "localhost"
    assert "allowCredentials" not in browser.text or not told["options"]["publicKey"]["allowCredentials"]
    assert COOKIE not in browser.cookies
    await browser.open(LOGIN)
    for ceremony in (told["fields"]["ceremony"], "", "AAAA"):
        form = browser.form("passkey")
        await browser.send_form(form, ceremony=ceremony, credential="{}")
        assert browser.heading == "Sign in"
    statuses = set()
    for _ in range(110):
        status, _, _ = await house.carry("POST", LOGIN, OWN, b"step=passkey&begin=1")
        statuses.add(status)
    assert statuses == {200, 429}


PARAMETER = st.text(alphabet=st.characters(codec="utf-8"), max_size=30)


@given(
    place=st.sampled_from([LOGIN, LOGOUT, LOGGED_OUT, DEVICE, FORM_POST]),
    names=st.lists(
        st.sampled_from(
            [
                "authRequest",
                "session",
                "device",
                "user_code",
                "request",
                "code",
                "error",
                "post_logout_redirect",
                "client_id",
                "state",
                "login_name",
                "password",
                "step",
                "answer",
                "attempt",
                "samlRequest",
                "another",
                "ui_locales",
                "login_hint",
            ]
        ),
        unique=True,
    ),
    value=PARAMETER,
    step=st.sampled_from(
        [
            "name",
            "password",
            "code",
            "choose",
            "cancel",
            "",
            "send",
            "passkey",
            "key",
            "enrol",
            "enrol_totp",
            "enrol_key",
            "skip",
            "new_password",
        ]
    ),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_fault(house: PageHouse, place: str, names: list[str], value: str, step: str) -> None:
    """Whatever is sent, the answer is a page or a redirect, and the fault is not ours."""
    sent = urlencode({**dict.fromkeys(names, value), "step": step})
    for method in ("GET", "POST"):
        if (method, place) in house.site.endpoints:
            status, _, _ = await house.carry(method, f"{place}?{sent}", OWN, sent.encode())
            assert status < 500
