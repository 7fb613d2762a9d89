"""OpenID Connect Core 3.2 and 3.3: ID tokens in redirects, where the setting and the client want them."""

from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from ostiary.core.client import APPLICATION
from ostiary.core.participant import PARTICIPANT
from ostiary.oidc.errors import OAuthError
from ostiary.oidc.front_channel import FrontChannel
from ostiary.oidc.minting import half_hash
from ostiary.oidc.request_rules import WITH_ID_TOKENS
from ostiary.signin.requests import Proof
from ostiary.storage.memory import MemoryStore
from tests.oidc.conftest import ISSUER, REDIRECT, Provider, good, location, query
from tests.oidc.grants import claims_of
from tests.sessions.conftest import LOGIN_CLIENT


@pytest.fixture
async def relaxed() -> Provider:
    """A provider with the setting, whose web client is registered for both."""
    provider = Provider(MemoryStore(), response_types=WITH_ID_TOKENS)
    await provider.furnish()
    client = await provider.store.get(APPLICATION, "701")
    assert client is not None
    assert client.oidc is not None
    oidc = msgspec.structs.replace(client.oidc, response_types=("code", "id_token"))
    await provider.edit(APPLICATION, "701", oidc=oidc)
    return provider


async def answered(provider: Provider, **parameters: str) -> dict[str, str]:
    """The fragment that a login ends with."""
    session = await provider.alice()
    asked = query(location(await provider.start(**parameters)))["authRequest"]
    done = await provider.requests.finish(LOGIN_CLIENT, asked, Proof(session.session_id, session.token))
    assert done.callback_url.startswith(f"{REDIRECT}#")
    assert await provider.store.get(PARTICIPANT, f"{session.session_id}:web")
    return {name: values[0] for name, values in parse_qs(urlsplit(done.callback_url).fragment).items()}


async def test_id_token(relaxed: Provider) -> None:
    """Alone it tells what the scopes ask for, since nothing else will; no code is told."""
    told = await answered(relaxed, response_type="id_token", scope="openid profile")
    assert list(told) == ["id_token", "state", "iss"]
    assert (told["state"], told["iss"]) == ("st", ISSUER)
    claims = claims_of(told["id_token"])
    assert (claims["sub"], claims["nonce"], claims["azp"], claims["amr"]) == ("100", "nn", "web", ["pwd"])
    assert claims["name"]
    assert {"at_hash", "c_hash"}.isdisjoint(claims)


@pytest.mark.parametrize("response_type", ["code id_token", "id_token code"])
async def test_hybrid(relaxed: Provider, response_type: str) -> None:
    """The ID token binds the code, which gives the other tokens."""
    told = await answered(relaxed, response_type=response_type, scope="openid profile")
    claims = claims_of(told["id_token"])
    assert claims["c_hash"] == half_hash(told["code"], "RS256")
    assert "name" not in claims
    assert claims_of(good(await relaxed.redeem(told["code"]))["id_token"])["sid"] == claims["sid"]


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"response_type": "id_token", "nonce": None}, "invalid_request"),
        ({"response_type": "id_token", "response_mode": "query"}, "invalid_request"),
        ({"response_type": "code id_token", "response_mode": "form_post"}, "invalid_request"),
        ({"response_type": "id_token token"}, "unsupported_response_type"),
        ({"response_type": "code id_token", "client_id": "other"}, "unauthorized_client"),
    ],
)
async def test_refused(relaxed: Provider, parameters: dict[str, str | None], error: str) -> None:
    """Without nonce, outside the fragment, with access tokens, or unregistered."""
    assert f"error={error}" in location(await relaxed.start(**parameters))


async def test_an_ended_session_gives_no_id_token(relaxed: Provider) -> None:
    """Nor does it gain a participant after its end."""
    session = await relaxed.alice()
    asked = query(location(await relaxed.start(response_type="id_token")))["authRequest"]
    done = await relaxed.requests.finish(LOGIN_CLIENT, asked, Proof(session.session_id, session.token))
    await relaxed.commands.end(LOGIN_CLIENT, session.session_id, session.token)
    with pytest.raises(OAuthError, match="the session has ended"):
        await FrontChannel(relaxed.desk).id_token(done.request, "")
