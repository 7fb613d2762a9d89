"""RFC 8628 5.1: guessing the codes that people type for their devices."""

import asyncio

import pytest

from ostiary.core.guess_limit import user_code_limits
from ostiary.core.permission import Caller
from ostiary.errors import NotFound, ResourceExhausted
from ostiary.oidc.device import DeviceAuthorizations
from tests.doubles.effects import START
from tests.oidc.conftest import ISSUER, Provider
from tests.oidc.test_device import asked
from tests.sessions.conftest import LOGIN_CLIENT, STRANGER

HOME, ELSEWHERE = "203.0.113.9", "203.0.113.10"
(OF_ONE, *_) = (limit.limit for limit in user_code_limits("x", START, is_login_ui=False))
(OF_LOGIN_UI,) = (limit.limit for limit in user_code_limits("x", START, is_login_ui=True))


async def told(
    provider: Provider, code: str, peer_ip: str = "", caller: Caller = LOGIN_CLIENT, *, address: bool = True
) -> str:
    """Whether a code is good, is none, or was not looked at; by a server that has just been started."""
    devices = DeviceAuthorizations(
        provider.signin, provider.authenticator, ISSUER, provider.begun, counts_networks=address
    )
    try:
        await devices.by_user_code(caller, code, peer_ip)
    except NotFound:
        return "none"
    except ResourceExhausted as refused:
        return "unjudged" if refused.id == "guess.too_soon" and refused.retry_after_s else ""
    return "good"


async def test_of_a_network(provider: Provider) -> None:
    """Too many wrong codes from one network, and none is judged there, not even a right one, until the window ends."""
    code = (await asked(provider))["user_code"]
    for _ in range(OF_ONE):
        assert await told(provider, code, HOME) == "good"
        assert await told(provider, "BBBB-BBBB", HOME) == "none"
    assert await told(provider, "BBBB-BBBB", HOME) == "unjudged"
    assert await told(provider, code, HOME) == "unjudged"
    assert await told(provider, code, ELSEWHERE) == "good"
    assert await told(provider, code) == "good"
    provider.effects.later(minutes=5)
    assert await told(provider, "BBBB-BBBB", HOME) == "none"


async def test_all_at_once(provider: Provider) -> None:
    """However many come together, no more are judged than there is room for."""
    guesses = (told(provider, "BBBB-BBBB", HOME) for _ in range(50))
    answers = await asyncio.gather(*guesses)
    assert (answers.count("none"), answers.count("unjudged")) == (OF_ONE, 50 - OF_ONE)


@pytest.mark.parametrize(("peer_ip", "address"), [("", True), ("10.0.0.7", True), (HOME, False)])
async def test_of_a_login_ui(provider: Provider, peer_ip: str, address: bool) -> None:
    """Where it is not known who types, all people of a login UI are counted together, and have more room."""
    for _ in range(OF_LOGIN_UI):
        assert await told(provider, "BBBB-BBBB", peer_ip, address=address) == "none"
    assert await told(provider, "BBBB-BBBB", peer_ip, address=address) == "unjudged"


async def test_of_an_account(provider: Provider) -> None:
    """Somebody who calls us with a token of their own has no more than a network, and shares it with nobody."""
    code = (await asked(provider))["user_code"]
    for _ in range(OF_ONE):
        assert await told(provider, "BBBB-BBBB", caller=STRANGER) == "none"
    assert await told(provider, code, caller=STRANGER) == "unjudged"
    assert await told(provider, code) == "good"
