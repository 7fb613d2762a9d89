"""Strangers who begin logins: each leaves a row for an hour, so an address begins so many in a minute."""

import base64
from urllib.parse import urlencode

import pytest

from ostiary.http.message import Request, Response
from tests.oidc.conftest import BEGUN, CHALLENGE, REDIRECT, SECRET, Provider, location, query

OFFICE, NEIGHBOUR = "203.0.113.9", "203.0.113.10"
TOO_MANY = 429
PUSHED = {
    "redirect_uri": REDIRECT,
    "response_type": "code",
    "scope": "openid",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


async def post(provider: Provider, place: str, form: dict[str, str], *, is_known: bool = False) -> Response:
    """The answer to the native client, or to the web client with its secret, at the office."""
    headers = {b"content-type": b"application/x-www-form-urlencoded"}
    if is_known:
        headers[b"authorization"] = b"Basic " + base64.b64encode(f"web:{SECRET}".encode())
    else:
        form = {"client_id": "native", **form}
    body = urlencode(form).encode()
    endpoint = provider.push if place == "par" else provider.devices
    return await provider.ask(
        endpoint, Request("POST", f"/oauth/v2/{place}", headers, body=body, peer_ip=OFFICE)
    )


async def fill(provider: Provider) -> None:
    """As many logins as the office may begin."""
    for _ in range(BEGUN):
        assert (await provider.start(OFFICE)).status == 302


async def test_an_address_is_full(provider: Provider) -> None:
    """The next one is told when to come again, others are not held up, and a minute later it goes on."""
    await fill(provider)
    refused = await provider.start(OFFICE)
    assert (refused.status, dict(refused.headers)[b"retry-after"]) == (TOO_MANY, b"61")
    assert b"temporarily_unavailable" in refused.body
    assert (await provider.start(NEIGHBOUR)).status == 302
    provider.effects.later(seconds=61)
    assert (await provider.start(OFFICE)).status == 302


@pytest.mark.parametrize("private", ["127.0.0.1", "10.0.0.7", "192.168.1.1", "fd00::1"])
async def test_behind_a_proxy(provider: Provider, private: str) -> None:
    """A private address is shared by everybody, so it is never full."""
    for _ in range(BEGUN + 1):
        assert (await provider.start(private)).status == 302


@pytest.mark.parametrize("place", ["par", "device_authorization"])
async def test_public_clients(provider: Provider, place: str) -> None:
    """What is pushed and what devices ask counts with it where anybody may speak for the client; a secret is enough else."""
    form = PUSHED if place == "par" else {"scope": "openid"}
    for _ in range(BEGUN):
        assert (await post(provider, place, form)).status < 300
        assert (await post(provider, place, form, is_known=True)).status < 300
    assert (await post(provider, place, form)).status == TOO_MANY
    assert (await post(provider, place, form, is_known=True)).status < 300
    assert (await provider.start(OFFICE)).status == TOO_MANY


async def test_nothing_is_spent(provider: Provider) -> None:
    """A pushed request that came while its address was full is good afterwards."""
    pushed = await post(provider, "par", PUSHED, is_known=True)
    uri = pushed.body.split(b'"')[3].decode()
    wanted = urlencode({"client_id": "web", "request_uri": uri}).encode()
    request = Request("GET", "/oauth/v2/authorize", {}, wanted, peer_ip=OFFICE)
    await fill(provider)
    assert (await provider.ask(provider.authorize, request)).status == TOO_MANY
    provider.effects.later(seconds=31)
    provider.effects.later(seconds=28)
    other = Request("GET", "/oauth/v2/authorize", {}, wanted, peer_ip=NEIGHBOUR)
    assert "authRequest" in query(location(await provider.ask(provider.authorize, other)))


async def test_answered_at_once(provider: Provider) -> None:
    """A backend that finishes logins with session tokens begins as many as it likes; with bad ones it does not."""
    session = await provider.alice()
    for _ in range(BEGUN + 1):
        answer = await provider.start(OFFICE, id_token_hint=session.token, prompt="none")
        assert "code" in query(location(answer))
    for _ in range(BEGUN):
        answer = await provider.start(OFFICE, id_token_hint=session.token[:-4] + "AAAA", prompt="none")
        assert query(location(answer))["error"]
    assert (await provider.start(OFFICE)).status == TOO_MANY


async def test_errors_that_are_kept(provider: Provider) -> None:
    """An error that a page of ours posts is kept as well, and counted; one in a URL leaves nothing."""
    for mode in ("query", "form_post"):
        for _ in range(BEGUN):
            assert (await provider.start(OFFICE, scope="email", response_mode=mode)).status == 302
    assert (await provider.start(OFFICE)).status == TOO_MANY
