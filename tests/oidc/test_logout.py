"""OpenID Connect RP-Initiated Logout 1.0: who is logged out, who is asked first, and where the browser goes."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from ostiary.core.client import APPLICATION, ApplicationType
from ostiary.core.project import ActiveState
from ostiary.core.session import ENDED_SESSION, SESSION
from ostiary.core.signing_key import SIGNING_KEY
from ostiary.crypto.jws import BadToken
from ostiary.errors import OstiaryError
from ostiary.http.message import Request, Response
from ostiary.oidc.errors import OAuthError
from ostiary.oidc.logout import EndSession, PostLogout, end_session_route
from ostiary.oidc.logout_token import LOGOUT_REQUEST_LIFETIME, LOGOUT_REQUEST_TYP, LogoutTokens
from ostiary.oidc.metadata import metadata
from ostiary.oidc.minting import ID_TOKEN_TYP
from ostiary.sessions.change import Changed
from tests.oidc.conftest import ISSUER, REDIRECT, Provider, error_of, location, query
from tests.sessions.conftest import LOGIN_CLIENT

PATH = "/oidc/v1/end_session"
PAGES = "/ui/v2/login"


class _Hints:
    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    async def old_identity(self, text: str) -> dict[str, Any] | None:
        try:
            return await self._provider.keys.verify(text, ID_TOKEN_TYP, retired=True)
        except BadToken:
            return None


def end_session(
    provider: Provider,
    issuer: str = ISSUER,
    login_base: str = "",
    report: Callable[[str], str] | None = None,
) -> EndSession:
    """The endpoint over that house."""
    tokens = LogoutTokens(provider.keys, provider.effects, issuer)
    hints = _Hints(provider)
    return EndSession(provider.cache, hints, provider.commands, issuer, login_base, tokens, report)


async def leave(
    provider: Provider,
    *repeated: tuple[str, str],
    method: str = "GET",
    login_base: str = "",
    issuer: str = ISSUER,
    **parameters: str,
) -> Response:
    """The endpoint's answer."""
    endpoint = end_session(provider, issuer, login_base)
    sent = urlencode([*parameters.items(), *repeated]).encode()
    form = {b"content-type": b"application/x-www-form-urlencoded"}
    if method == "POST":
        return await provider.ask(endpoint, Request("POST", PATH, form, body=sent))
    return await provider.ask(endpoint, Request("GET", PATH, {}, sent))


async def logged_in(provider: Provider) -> tuple[Changed, str]:
    """A session and an ID token of it."""
    session = await provider.alice()
    return session, (await provider.login(session))["id_token"]


async def is_alive(provider: Provider, session: Changed) -> bool:
    """Whether the session is there."""
    return await provider.store.get(SESSION, session.session_id) is not None


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_id_token_logs_out_at_once(provider: Provider, method: str) -> None:
    """Its session ends, for the reason logout; the browser goes to the registered URI with the state (2, 3)."""
    session, hint = await logged_in(provider)
    other, _ = await logged_in(provider)
    answer = await leave(
        provider, method=method, id_token_hint=hint, post_logout_redirect_uri=REDIRECT, state="s t&u"
    )
    assert location(answer) == f"{REDIRECT}?state=s%20t%26u"
    assert not await is_alive(provider, session)
    assert await is_alive(provider, other)
    ended = await provider.store.get(ENDED_SESSION, session.session_id)
    assert ended is not None
    assert (ended.reason, ended.user_id) == ("logout", "100")
    assert (b"cache-control", b"no-store") in answer.headers


async def test_all_tokens_end_with_it(provider: Provider) -> None:
    """Access and refresh tokens of the session are over at once."""
    session = await provider.alice()
    tokens = await provider.login(session)
    await leave(provider, id_token_hint=tokens["id_token"])
    assert await provider.access.find(tokens["access_token"]) is None
    assert error_of(await provider.refresh(tokens["refresh_token"])) == "invalid_grant"


async def test_the_default_page(provider: Provider) -> None:
    """Without a URI the browser goes to the login UI's last page; a state alone is told nobody."""
    for base, page in (("", PAGES), ("https://login.example/ui/", "https://login.example/ui")):
        _, hint = await logged_in(provider)
        answer = await leave(provider, id_token_hint=hint, state="x", login_base=base)
        assert location(answer) == f"{page}/logout/done"


async def test_an_expired_hint_is_good(provider: Provider) -> None:
    """A browser comes when it comes (2): also after the key that signed is over."""
    session, hint = await logged_in(provider)
    provider.effects.later(days=30)
    for row in await provider.store.owned(SIGNING_KEY, "RS256"):
        await provider.edit(SIGNING_KEY, row.id, retired_at=provider.effects.now())
    assert location(await leave(provider, id_token_hint=hint)) == f"{PAGES}/logout/done"
    assert not await is_alive(provider, session)


async def test_a_second_logout(provider: Provider) -> None:
    """Of a session that is over already: the browser goes on as the first time."""
    session, hint = await logged_in(provider)
    await provider.commands.end(LOGIN_CLIENT, session.session_id, "")
    answer = await leave(provider, id_token_hint=hint, post_logout_redirect_uri=REDIRECT)
    assert location(answer) == REDIRECT


@pytest.mark.parametrize(
    "uri",
    [
        f"{REDIRECT}/",
        f"{REDIRECT}?a=b",
        "http://localhost:1/cb",
        "https://evil.example/",
        "javascript:alert(1)",
    ],
)
async def test_an_unregistered_uri(provider: Provider, uri: str) -> None:
    """400, and nothing has ended (3: no redirect unless it matches exactly)."""
    session, hint = await logged_in(provider)
    for more in ({"id_token_hint": hint}, {"client_id": "web"}, {}):
        answer = await leave(provider, post_logout_redirect_uri=uri, **more)
        assert error_of(answer) == "invalid_request"
    assert await is_alive(provider, session)


async def test_another_clients_uri(provider: Provider) -> None:
    """What one client registered is nothing to another."""
    row = await provider.store.get(APPLICATION, "703")
    assert row is not None
    assert row.oidc is not None
    theirs = "https://other.example/bye"
    oidc = msgspec.structs.replace(row.oidc, post_logout_redirect_uris=(theirs,))
    await provider.edit(APPLICATION, "703", oidc=oidc)
    session, hint = await logged_in(provider)
    assert (
        error_of(await leave(provider, id_token_hint=hint, post_logout_redirect_uri=theirs))
        == "invalid_request"
    )
    assert await is_alive(provider, session)
    assert query(location(await leave(provider, client_id="other", post_logout_redirect_uri=theirs)))


async def test_a_native_app_on_loopback(provider: Provider) -> None:
    """It comes back to whatever port it got (RFC 8252 7.3); a web client does not."""
    moved = "http://localhost:51234/cb"
    found = query(location(await leave(provider, client_id="native", post_logout_redirect_uri=moved)))
    assert found["post_logout_redirect"] == moved
    assert (
        error_of(await leave(provider, client_id="web", post_logout_redirect_uri=moved)) == "invalid_request"
    )
    native = await provider.store.get(APPLICATION, "702")
    assert native is not None
    assert native.type is ApplicationType.NATIVE


async def test_the_hints_client(provider: Provider) -> None:
    """A client_id beside the hint is the one it was issued to (2), or nothing happens."""
    session, hint = await logged_in(provider)
    for wrong in ("other", "unknown"):
        assert error_of(await leave(provider, id_token_hint=hint, client_id=wrong)) == "invalid_request"
    assert await is_alive(provider, session)
    good = await leave(provider, id_token_hint=hint, client_id="web", post_logout_redirect_uri=REDIRECT)
    assert location(good) == REDIRECT
    assert not await is_alive(provider, session)


async def test_no_hint_of_ours(provider: Provider) -> None:
    """Rubbish, a changed token, an access token, another issuer's: refused, nothing ends."""
    session = await provider.alice()
    tokens = await provider.login(session)
    hint = tokens["id_token"]
    for wrong in ("rubbish", hint[:-8] + "AAAAAAAA", tokens["access_token"], session.token):
        assert error_of(await leave(provider, id_token_hint=wrong)) == "invalid_request"
    moved = await leave(provider, id_token_hint=hint, issuer="https://elsewhere.example")
    assert error_of(moved) == "invalid_request"
    assert await is_alive(provider, session)


async def test_without_a_hint_the_user_is_asked(provider: Provider) -> None:
    """Nothing ends; the login UI is told where to go afterwards, and for whom it was asked."""
    session, _ = await logged_in(provider)
    answer = await leave(
        provider,
        client_id="web",
        post_logout_redirect_uri=REDIRECT,
        state="a b",
        logout_hint="alice@example.com",
        ui_locales="de en",
    )
    url = location(answer)
    assert url.startswith(
        f"{PAGES}/logout?post_logout_redirect=http%3A%2F%2Flocalhost%3A9999%2Fcb%3Fstate%3Da%2520b&"
    )
    told = query(url)
    assert told.pop("logout_token")
    assert told == {
        "post_logout_redirect": f"{REDIRECT}?state=a%20b",
        "client_id": "web",
        "state": "a b",
        "logout_hint": "alice@example.com",
        "ui_locales": "de en",
    }
    assert location(await leave(provider)) == f"{PAGES}/logout"
    assert await is_alive(provider, session)


async def test_a_login_ui_takes_the_word_of_the_token_alone(provider: Provider) -> None:
    """What was checked is signed for it, for an hour; the token is good for nothing else, and a bare request has none."""
    asked = {"client_id": "web", "post_logout_redirect_uri": REDIRECT, "logout_hint": "alice@example.com"}
    token = query(location(await leave(provider, **asked)))["logout_token"]
    claims = await provider.keys.verify(token, LOGOUT_REQUEST_TYP)
    assert claims.pop("exp") - claims.pop("iat") == LOGOUT_REQUEST_LIFETIME.total_seconds()
    assert claims == {
        "iss": ISSUER,
        "post_logout_redirect_uri": REDIRECT,
        "logout_hint": "alice@example.com",
    }
    assert error_of(await leave(provider, id_token_hint=token)) == "invalid_request"
    assert "logout_token" not in query(location(await leave(provider, client_id="web")))


async def test_the_clients_own_login_ui(provider: Provider) -> None:
    """Its pages go before the instance's."""
    row = await provider.store.get(APPLICATION, "701")
    assert row is not None
    assert row.oidc is not None
    oidc = msgspec.structs.replace(row.oidc, login_base_uri="https://own.example/login")
    await provider.edit(APPLICATION, "701", oidc=oidc)
    own = await leave(provider, client_id="web", login_base="https://login.example")
    assert location(own) == "https://own.example/login/logout"
    others = await leave(provider, client_id="other", login_base="https://login.example")
    assert location(others) == "https://login.example/logout"
    assert error_of(await leave(provider, client_id="unknown")) == "invalid_request"


async def test_a_session_that_became_another_users(provider: Provider) -> None:
    """An ID token of one user does not end a session of another: the user is asked (2: suspect)."""
    session, hint = await logged_in(provider)
    await provider.edit(SESSION, session.session_id, user_id="900")
    assert location(await leave(provider, id_token_hint=hint)) == f"{PAGES}/logout"
    assert await is_alive(provider, session)


@pytest.mark.parametrize(
    "name", ["id_token_hint", "client_id", "post_logout_redirect_uri", "state", "logout_hint", "ui_locales"]
)
async def test_each_parameter_once(provider: Provider, name: str) -> None:
    """Sent twice it is refused, in the URL and in a form."""
    for method in ("GET", "POST"):
        answer = await leave(provider, (name, "a"), (name, "a"), method=method)
        assert error_of(answer) == "invalid_request"


async def test_a_form_is_a_form(provider: Provider) -> None:
    """Another content type is refused."""
    endpoint = end_session(provider)
    request = Request("POST", PATH, {b"content-type": b"application/json"}, body=b"{}")
    assert error_of(await provider.ask(endpoint, request)) == "invalid_request"


async def test_a_login_page_checks_again(provider: Provider) -> None:
    """What the endpoint sent it, and nothing else, is where it sends the browser."""
    check = PostLogout(provider.cache)
    for state in ("", "a b"):
        url = await check.check("web", REDIRECT, state)
        assert await check.check_url("web", url, state) == url
        for client_id, wrong in (
            ("web", f"{url}x"),
            ("unknown", url),
            ("", url),
            ("web", "https://evil.example"),
        ):
            with pytest.raises(OAuthError):
                await check.check_url(client_id, wrong, state)
    with pytest.raises(OstiaryError):
        await check.check_url("web", REDIRECT, "a")
    assert (await check.check("web", REDIRECT, "s" * 2048)).endswith("s")
    with pytest.raises(OAuthError):
        await check.check("web", REDIRECT, "s" * 2049)


async def test_an_application_without_openid(provider: Provider) -> None:
    """An API, or an application that is not active, has nowhere to go after a logout."""
    check = PostLogout(provider.cache)
    assert await check.check("web", REDIRECT) == REDIRECT
    for values in ({"state": ActiveState.INACTIVE}, {"state": ActiveState.ACTIVE, "oidc": None}):
        await provider.edit(APPLICATION, "701", **values)
        with pytest.raises(OAuthError):
            await check.check("web", REDIRECT)
    assert location(await leave(provider, client_id="web")) == f"{PAGES}/logout"


async def test_errors_are_told_as_oauths(provider: Provider) -> None:
    """JSON with a code; scripts of other origins may not call it."""
    endpoint = end_session(provider)
    route = end_session_route(endpoint, takes_body=False)
    assert (route.takes_body, route.cross_origin) == (False, False)
    answer = route.refuse(Request("GET", PATH, {}), OAuthError("invalid_request", "no"))
    assert error_of(answer) == "invalid_request"


def test_discovery_says_so() -> None:
    """End session and back-channel logout with sid; no front-channel logout."""
    said = metadata(ISSUER, (), ())
    assert said["end_session_endpoint"] == f"{ISSUER}{PATH}"
    assert (said["backchannel_logout_supported"], said["backchannel_logout_session_supported"]) == (
        True,
        True,
    )
    assert not any(name.startswith("frontchannel") and value for name, value in said.items())


async def test_report(provider: Provider) -> None:
    """Our own page is told which session it was; another login UI is not."""
    session, hint = await logged_in(provider)

    def report(session_id: str) -> str:
        return f"/report/{session_id}"

    asked, base = (
        Request("GET", PATH, {}, urlencode({"id_token_hint": hint}).encode()),
        "https://login.example.com",
    )
    for login_base, url in (("", f"/report/{session.session_id}"), (base, f"{base}/logout/done")):
        made = end_session(provider, login_base=login_base, report=report)
        assert location(await provider.ask(made, asked)) == url
