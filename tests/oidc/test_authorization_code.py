"""RFC 6749 4.1, RFC 7636, OpenID Connect Core 3.1: a code for tokens."""

import asyncio

import pytest

from ostiary.core.grant import GRANT
from ostiary.core.session import SESSION
from ostiary.core.user import USER, UserState
from ostiary.storage.port import Listing
from tests.oidc.conftest import Provider, error_of, good
from tests.sessions.conftest import LOGIN_CLIENT


async def test_a_code_gives_tokens(provider: Provider) -> None:
    """Access, refresh and ID token; the access token is good now."""
    tokens = await provider.login()
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 900
    assert tokens["refresh_token"].startswith("ostr_")
    assert tokens["id_token"].count(".") == 2
    found = await provider.access.find(tokens["access_token"])
    assert found is not None
    assert found.grant.user_id == "100"


async def test_without_offline_access_there_is_no_refresh_token(provider: Provider) -> None:
    """The scope decides."""
    tokens = good(await provider.redeem(await provider.code_for(scope="openid")))
    assert "refresh_token" not in tokens


async def test_a_replayed_code_ends_what_it_gave(provider: Provider) -> None:
    """OAuth 2.1 4.1.3: deny, and revoke."""
    code = await provider.code_for()
    tokens = good(await provider.redeem(code))
    assert error_of(await provider.redeem(code)) == "invalid_grant"
    assert await provider.access.find(tokens["access_token"]) is None
    assert error_of(await provider.refresh(tokens["refresh_token"])) == "invalid_grant"


async def test_parallel_redemptions_give_tokens_at_most_once(provider: Provider) -> None:
    """Thirty-two at once: one answer at most, and what it gave is ended by the others."""
    code = await provider.code_for()
    answers = await asyncio.gather(*(provider.redeem(code) for _ in range(32)))
    assert sum(answer.status == 200 for answer in answers) == 1
    assert (await provider.store.page(Listing(GRANT))).total == 0


@pytest.mark.parametrize(
    "form",
    [
        {"code_verifier": ""},
        {"code_verifier": "w" * 64},
        {"redirect_uri": "http://localhost:9999/cbx"},
        {"redirect_uri": ""},
        {"code": "ostc_1_" + "A" * 43},
        {"code": "rubbish"},
    ],
)
async def test_what_does_not_fit_the_request_is_refused(provider: Provider, form: dict[str, str]) -> None:
    """Verifier, redirect URI, code: each must be the request's own."""
    code = await provider.code_for()
    assert error_of(await provider.redeem(**{"code": code, **form})) == "invalid_grant"
    good(await provider.redeem(code))


async def test_a_verifier_without_a_challenge_is_a_downgrade(provider: Provider) -> None:
    """RFC 9700 2.1.1."""
    code = await provider.code_for(code_challenge=None, code_challenge_method=None)
    assert error_of(await provider.redeem(code)) == "invalid_grant"


async def test_a_code_is_its_clients(provider: Provider) -> None:
    """Another client with a right secret gets nothing, and the code lives on."""
    code = await provider.code_for()
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": "http://localhost:9999/cb"}
    assert error_of(await provider.token(client="other", **form, code_verifier="v" * 64)) == "invalid_grant"
    good(await provider.redeem(code))


async def test_a_code_lives_thirty_seconds(provider: Provider) -> None:
    """A late redemption is refused."""
    code = await provider.code_for()
    provider.effects.later(seconds=30)
    assert error_of(await provider.redeem(code)) == "invalid_grant"


async def test_what_happened_since_the_login_counts(provider: Provider) -> None:
    """The session ended, the user was locked: no tokens."""
    session = await provider.alice()
    code = await provider.code_for(session)
    await provider.edit(USER, "100", state=UserState.LOCKED)
    assert error_of(await provider.redeem(code)) == "invalid_grant"
    await provider.edit(USER, "100", state=UserState.ACTIVE)
    await provider.commands.end(LOGIN_CLIENT, session.session_id, session.token)
    assert error_of(await provider.redeem(code)) == "invalid_grant"
    assert await provider.store.get(SESSION, session.session_id) is None
