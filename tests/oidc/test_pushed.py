"""RFC 9126: pushed authorization requests."""

import base64
from urllib.parse import urlencode

import msgspec

from ostiary.core.login_request import PUSHED_REQUEST
from ostiary.http.message import Request
from ostiary.storage.memory import MemoryStore
from ostiary.storage.port import Listing
from tests.oidc.conftest import CHALLENGE, REDIRECT, SECRET, Provider, error_of, good, location, query

FORM = {
    "redirect_uri": REDIRECT,
    "response_type": "code",
    "scope": "openid",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
HEADERS = {
    b"content-type": b"application/x-www-form-urlencoded",
    b"authorization": b"Basic " + base64.b64encode(f"web:{SECRET}".encode()),
}


async def push(provider: Provider, *, client: str = "", **more: str) -> dict[str, object]:
    """The answer to a request that the web client pushes, or a public one."""
    form = {**FORM, **more, **({"client_id": client} if client else {})}
    headers = {name: value for name, value in HEADERS.items() if not (client and name == b"authorization")}
    request = Request("POST", "/oauth/v2/par", headers, body=urlencode(form).encode())
    return dict(msgspec.json.decode((await provider.ask(provider.push, request)).body))


async def use(provider: Provider, uri: object, client: str = "web", **beside: str) -> str:
    """Where a browser that carries the URI is sent, or the error."""
    sent = urlencode({"client_id": client, "request_uri": str(uri), **beside}).encode()
    answer = await provider.ask(provider.authorize, Request("GET", "/oauth/v2/authorize", {}, sent))
    return location(answer) if answer.status == 302 else error_of(answer)


async def test_used_once(provider: Provider) -> None:
    """By its client, within a minute."""
    first = await push(provider)
    assert first["expires_in"] == 60
    assert await use(provider, first["request_uri"], "other") == "invalid_request_uri"
    assert "authRequest=" in await use(provider, first["request_uri"])
    assert await use(provider, first["request_uri"]) == "invalid_request_uri"
    late = await push(provider)
    provider.effects.later(seconds=60)
    assert await use(provider, late["request_uri"]) == "invalid_request_uri"
    assert await use(provider, f"{first['request_uri']}x") == "invalid_request_uri"


async def test_checked_when_it_is_pushed(provider: Provider) -> None:
    """So that a client learns at once; a URI inside is refused, as is a client that proves nothing."""
    assert (await push(provider, request_uri="urn:x"))["error"] == "invalid_request"
    assert (await push(provider, scope="profile"))["error"] == "invalid_scope"
    assert (await push(provider, request="ey"))["error"] == "request_not_supported"
    assert (await push(provider, redirect_uri="https://evil.example"))["error"] == "invalid_request"
    assert (await push(provider, client="web"))["error"] == "invalid_client"
    assert "request_uri" in await push(provider, client="native")


async def test_what_stands_beside_does_not_count(provider: Provider) -> None:
    """RFC 9126 4: the pushed parameters alone."""
    pushed = await push(provider, state="pushed", prompt="none", id_token_hint="x")
    told = await use(provider, pushed["request_uri"], state="added", redirect_uri="https://evil.example")
    assert told.startswith(REDIRECT)
    assert query(told)["state"] == "pushed"


async def test_a_session_token_is_pushed(provider: Provider) -> None:
    """It finishes the request, was in no URL, and the database that is stolen meanwhile does not hold it."""
    session = await provider.alice()
    pushed = await push(provider, id_token_hint=session.token, prompt="none")
    kept = (await provider.store.page(Listing(PUSHED_REQUEST))).items[0]
    assert session.token.encode() not in msgspec.json.encode(kept)
    assert b"redirect_uri" not in kept.sealed
    told = query(await use(provider, pushed["request_uri"]))
    good(await provider.redeem(told["code"]))


async def test_nobody_fills_the_audit(provider: Provider) -> None:
    """Whoever knows a public client's id may push and ask for devices; only clients that prove themselves are recorded."""
    await push(provider)
    await push(provider, client="native")
    form = {b"content-type": b"application/x-www-form-urlencoded"}
    for headers, body in ((HEADERS, b""), (form, b"client_id=native")):
        request = Request("POST", "/oauth/v2/device_authorization", headers, body=body)
        good(await provider.ask(provider.devices, request))
    if isinstance(provider.store, MemoryStore):
        wanted = {"login_request.pushed", "device.asked"}
        asked = [one for one in provider.store.audits if one.action in wanted]
        assert [(one.action, one.actor_id) for one in asked] == [
            ("login_request.pushed", "web"),
            ("device.asked", "web"),
        ]
