"""RFC 8628: a device asks, its user decides elsewhere."""

import base64
from typing import Any
from urllib.parse import urlencode

import pytest

from ostiary.core.client import APPLICATION
from ostiary.core.project import PROJECT
from ostiary.errors import FailedPrecondition, NotFound
from ostiary.http.message import Request, Response
from ostiary.signin.requests import Proof
from tests.oidc.conftest import SECRET, Provider, error_of, good
from tests.sessions.conftest import LOGIN_CLIENT, STRANGER

GRANT = "urn:ietf:params:oauth:grant-type:device_code"


async def asked(provider: Provider, scope: str = "openid offline_access") -> dict[str, Any]:
    """The answer to a device of the web client."""
    authorization = b"Basic " + base64.b64encode(f"web:{SECRET}".encode())
    return good(await ask(provider, {b"authorization": authorization}, scope=scope))


async def ask(provider: Provider, headers: dict[bytes, bytes], **form: str) -> Response:
    """Whatever a device is answered."""
    sent = {b"content-type": b"application/x-www-form-urlencoded", **headers}
    request = Request("POST", "/oauth/v2/device_authorization", sent, body=urlencode(form).encode())
    return await provider.ask(provider.devices, request)


async def test_a_device_is_let_in(provider: Provider) -> None:
    """Pending, approved by the login client with alice's session, then tokens, once."""
    told = await asked(provider)
    assert (told["expires_in"], told["interval"], told["user_code"][4]) == (300, 5, "-")
    form = {"grant_type": GRANT, "device_code": told["device_code"]}
    assert error_of(await provider.token(**form)) == "authorization_pending"
    device, client, project = await provider.devices.by_user_code(LOGIN_CLIENT, told["user_code"].lower())
    assert (client.client_id, project) == ("web", "700")
    session = await provider.alice()
    await provider.devices.approve(LOGIN_CLIENT, device.id, Proof(session.session_id, session.token))
    tokens = good(await provider.token(**form))
    assert set(tokens) >= {"access_token", "refresh_token", "id_token"}
    assert error_of(await provider.token(**form)) == "invalid_grant"


async def test_an_impatient_device_slows_down(provider: Provider) -> None:
    """Each poll before its time makes the interval five seconds longer."""
    told = await asked(provider)
    form = {"grant_type": GRANT, "device_code": told["device_code"]}
    assert error_of(await provider.token(**form)) == "authorization_pending"
    provider.effects.later(seconds=4)
    assert error_of(await provider.token(**form)) == "slow_down"
    provider.effects.later(seconds=6)
    assert error_of(await provider.token(**form)) == "slow_down"
    provider.effects.later(seconds=20)
    assert error_of(await provider.token(**form)) == "authorization_pending"


async def test_denied_expired_and_foreign(provider: Provider) -> None:
    """Each with the RFC's error."""
    told = await asked(provider)
    form = {"grant_type": GRANT, "device_code": told["device_code"]}
    device, _, _ = await provider.devices.by_user_code(LOGIN_CLIENT, told["user_code"])
    assert error_of(await provider.token(client="other", **form)) == "invalid_grant"
    with pytest.raises(NotFound):
        await provider.devices.deny(STRANGER, device.id)
    await provider.devices.deny(LOGIN_CLIENT, device.id)
    assert error_of(await provider.token(**form)) == "access_denied"
    with pytest.raises(FailedPrecondition) as handled:
        await provider.devices.deny(LOGIN_CLIENT, device.id)
    assert handled.value.id == "COMMAND-D30Jf"
    late = await asked(provider)
    provider.effects.later(seconds=300)
    assert (
        error_of(await provider.token(grant_type=GRANT, device_code=late["device_code"])) == "expired_token"
    )
    with pytest.raises(NotFound) as unknown:
        await provider.devices.by_user_code(LOGIN_CLIENT, late["user_code"])
    assert unknown.value.id == "QUERY-Sah9a"


async def test_unknown_codes(provider: Provider) -> None:
    """Of devices and of users."""
    for code in ("x", "ostd_1_" + "A" * 43):
        assert error_of(await provider.token(grant_type=GRANT, device_code=code)) == "invalid_grant"
    for typed in ("", "BBBB-BBBB"):
        with pytest.raises(NotFound):
            await provider.devices.by_user_code(LOGIN_CLIENT, typed)
    with pytest.raises(NotFound) as unknown:
        await provider.devices.approve(LOGIN_CLIENT, "1", Proof("1", "x"))
    assert unknown.value.id == "COMMAND-D2hf2"


async def test_a_public_client_must_be_registered_for_it(provider: Provider) -> None:
    """A confidential one need not."""
    client = await provider.store.get(APPLICATION, "701")
    assert client is not None
    assert client.oidc is not None
    plain = type(client.oidc)(client.oidc.redirect_uris)
    for key in ("701", "702"):
        await provider.edit(APPLICATION, key, oidc=plain)
    assert error_of(await provider.token(grant_type=GRANT, device_code="x")) == "invalid_grant"
    answer = await provider.token(client="native", secret="", grant_type=GRANT, device_code="x")
    assert error_of(answer) == "unauthorized_client"
    assert error_of(await ask(provider, {}, client_id="native")) == "unauthorized_client"


async def test_whoever_lost_the_project_meanwhile_gets_nothing(provider: Provider) -> None:
    """Approved while alice might use the project, redeemed when she may not."""
    told = await asked(provider)
    device, _, _ = await provider.devices.by_user_code(LOGIN_CLIENT, told["user_code"])
    session = await provider.alice()
    await provider.devices.approve(LOGIN_CLIENT, device.id, Proof(session.session_id, session.token))
    await provider.edit(PROJECT, "700", requires_authorization=True)
    assert (
        error_of(await provider.token(grant_type=GRANT, device_code=told["device_code"])) == "invalid_grant"
    )
