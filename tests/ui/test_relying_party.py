"""A relying party that we did not write (authlib) logs in through the pages of a real server, and out again."""

import html
from base64 import b32decode
from collections.abc import Mapping
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

import pytest
import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from ostiary.crypto.otp import code_of, step_of
from ostiary.effects import SystemEffects
from tests.served import Served
from tests.ui.browser import Answer, Browser


def browser_of(served: Served) -> Browser:
    """A browser that reaches the server over HTTP/1.1."""

    async def send(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        parts = urlsplit(url)
        connection = HTTPConnection("127.0.0.1", served.port, timeout=30)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request(method, target, body or None, dict(headers))
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response.status, [(name.lower(), value) for name, value in response.getheaders()], text

    return Browser(send, served.base)


@pytest.mark.parametrize("second_factor", [False, True])
async def test_code_and_pkce(served: Served, second_factor: bool) -> None:
    """Authorize, sign in, code, tokens, userinfo; then end_session, and the browser knows nobody."""
    alice = served.alice
    name, password = f"rp-{second_factor}", "Password1!"
    user_id = served.rest(
        "POST",
        "/v2/users/human",
        {
            "username": name,
            "profile": {"givenName": "Rita", "familyName": "P"},
            "email": {"email": f"{name}@example.com", "isVerified": True},
            "password": {"password": password, "changeRequired": False},
        },
    ).json()["userId"]
    secret = _authenticator_app(served, user_id) if second_factor else b""
    client = OAuth2Session(
        alice["client_id"],
        alice["client_secret"],
        scope="openid profile offline_access",
        redirect_uri=alice["redirect_uri"],
        code_challenge_method="S256",
    )
    verifier = generate_token(48)
    url, state = client.create_authorization_url(f"{served.base}/oauth/v2/authorize", code_verifier=verifier)
    assert create_s256_code_challenge(verifier) in url
    browser = await browser_of(served).open(url)
    await browser.submit(login_name=name)
    await browser.submit(password=password)
    if second_factor:
        await browser.submit(code=code_of(secret, step_of(SystemEffects().now())))
    else:
        assert browser.heading == "Protect your account"
        await browser.press("skip")
    assert browser.url.startswith(alice["redirect_uri"])
    # PKCE and state are the client's own to check; it speaks plain HTTP to this machine only
    token = client.fetch_token(
        f"{served.base}/oauth/v2/token",
        authorization_response=browser.url.replace("http:", "https:", 1),
        code_verifier=verifier,
        state=state,
    )
    assert client.get(f"{served.base}/oidc/v1/userinfo").json()["sub"] == user_id
    await _out(served, browser, token["id_token"])
    assert client.get(f"{served.base}/oidc/v1/userinfo").status_code == 401


async def _out(served: Served, browser: Browser, id_token: str) -> None:
    query = {
        "id_token_hint": id_token,
        "post_logout_redirect_uri": served.alice["redirect_uri"],
        "state": "x",
    }
    await browser.open(f"{served.base}/oidc/v1/end_session?{urlencode(query)}")
    assert browser.url == f"{served.alice['redirect_uri']}?state=x"
    await browser.open(f"{served.base}/ui/v2/login")
    assert browser.heading == "Sign in"


async def test_out_without_id_token(served: Served) -> None:
    """Without an ID token the client's logout asks the person first."""
    alice = served.alice
    browser = await browser_of(served).open(f"{served.base}/ui/v2/login")
    await browser.submit(login_name=alice["login_name"])
    await browser.submit(password=alice["password"])
    query = {
        "client_id": alice["client_id"],
        "post_logout_redirect_uri": alice["redirect_uri"],
        "state": "y z",
    }
    await browser.open(f"{served.base}/oidc/v1/end_session?{urlencode(query)}")
    assert browser.heading == "Sign out?"
    await browser.submit()
    assert browser.url.startswith(f"{alice['redirect_uri']}?state=y")


def _authenticator_app(served: Served, user_id: str) -> bytes:
    """The secret of an app that the user has confirmed."""
    started = served.rest("POST", f"/v2/users/{user_id}/totp", {}).json()
    secret = b32decode(started["secret"])
    code = code_of(secret, step_of(SystemEffects().now()) - 1)
    confirmed = served.rest("POST", f"/v2/users/{user_id}/totp/verify", {"code": code})
    assert confirmed.status_code == 200, confirmed.text
    return secret


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("/oauth/v2/authorize", {"client_id": "nobody"}),
        ("/oauth/v2/authorize", {"redirect_uri": "https://elsewhere.example.com/"}),
        ("/oauth/v2/authorize", {"client_id": ""}),
        ("/oidc/v1/end_session", {"client_id": "nobody"}),
        ("/oidc/v1/end_session", {"id_token_hint": "x"}),
        ("/oidc/v1/end_session", {"post_logout_redirect_uri": "https://elsewhere.example.com/"}),
    ],
)
def test_a_request_that_must_not_be_redirected(served: Served, path: str, wrong: dict[str, str]) -> None:
    """Whoever sends a browser with an unknown client or redirect URI sees a page with the cause; a program, JSON."""
    known = {"client_id": served.alice["client_id"], "redirect_uri": served.alice["redirect_uri"]}
    url = f"{served.base}{path}"
    query = {**known, "response_type": "code", **wrong}
    told = requests.get(url, query, timeout=30, allow_redirects=False, headers={"Accept": "*/*"})
    assert (told.status_code, told.json()["error"]) == (400, "invalid_request")
    page = requests.get(
        url, query, timeout=30, allow_redirects=False, headers={"Accept": "text/html,*/*;q=0.8"}
    )
    assert (page.status_code, page.headers["content-type"]) == (400, "text/html; charset=utf-8")
    assert "The application sent you here with a mistake" in page.text
    assert html.escape(told.json()["error_description"]) in page.text
    assert '<p class="brand">' in page.text
    assert "location" not in page.headers
