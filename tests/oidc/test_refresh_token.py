"""RFC 6749 6 and RFC 9700 4.14.2: rotation, overlap, replay."""

import asyncio

from ostiary.core.client import APPLICATION
from ostiary.core.grant import GRANT
from ostiary.core.secret import parse_token
from ostiary.core.session import SESSION
from ostiary.core.user import USER, UserState
from ostiary.oidc.overlap import TURNS
from ostiary.storage.port import Listing
from tests.oidc.conftest import Provider, error_of, good
from tests.sessions.conftest import LOGIN_CLIENT


async def test_each_use_makes_a_successor(provider: Provider) -> None:
    """New tokens; the old access token is no longer the newest and so no longer good."""
    first = await provider.login()
    second = good(await provider.refresh(first["refresh_token"]))
    assert second["refresh_token"] != first["refresh_token"]
    assert await provider.access.find(first["access_token"]) is None
    assert await provider.access.find(second["access_token"]) is not None


async def test_a_later_use_of_a_spent_token_ends_the_family(provider: Provider) -> None:
    """Also of one that was spent long before; a guess ends nothing."""
    for uses in (1, 3):
        tokens = await provider.login()
        spent = tokens["refresh_token"]
        for _ in range(uses):
            tokens = good(await provider.refresh(tokens["refresh_token"]))
        guess = tokens["refresh_token"][:-20] + "A" * 20
        assert error_of(await provider.refresh(guess)) == "invalid_grant"
        tokens = good(await provider.refresh(tokens["refresh_token"]))
        assert error_of(await provider.refresh(spent)) == "invalid_grant"
        assert error_of(await provider.refresh(tokens["refresh_token"])) == "invalid_grant"


async def test_overlapping_requests_get_one_successor(provider: Provider) -> None:
    """Fifty at once with one token: one family, one successor, and it is good."""
    tokens = await provider.login()
    answers = await asyncio.gather(*(provider.refresh(tokens["refresh_token"]) for _ in range(50)))
    won = {good(answer)["refresh_token"] for answer in answers}
    assert len(won) == 1
    good(await provider.refresh(won.pop()))


async def test_who_comes_while_others_are_in_flight_overlaps_them(provider: Provider) -> None:
    """Also after the rotation; but not who joins replays alone, for these do not overlap a rotation."""
    token = parse_token((await provider.login())["refresh_token"])
    assert token is not None
    overlaps = provider.desk.overlaps
    with (
        overlaps.of(token.secret_hash, is_live=True) as first,
        overlaps.of(token.secret_hash, is_live=False) as next_,
    ):
        assert first
        assert next_
    for _ in range(TURNS + 1):
        await asyncio.sleep(0)
    with (
        overlaps.of(token.secret_hash, is_live=False) as late,
        overlaps.of(token.secret_hash, is_live=False) as later,
    ):
        assert not late
        assert not later


async def test_who_follows_on_a_connection_is_late(provider: Provider) -> None:
    """However soon it comes: HTTP/1.1 answers one after the other. On another connection it overlaps."""
    token = parse_token((await provider.login())["refresh_token"])
    assert token is not None
    overlaps, here, there = provider.desk.overlaps, ("192.0.2.1", 1), ("192.0.2.1", 2)
    with overlaps.of(token.secret_hash, is_live=True, connection=here) as first:
        assert first
    with overlaps.of(token.secret_hash, is_live=False, connection=here) as next_:
        assert not next_
    with overlaps.of(token.secret_hash, is_live=False, connection=there) as other:
        assert other


async def test_an_overlapping_request_ends_nothing(provider: Provider) -> None:
    """Even where the successor was used meanwhile, so that there is nothing to answer with."""
    spent = (await provider.login())["refresh_token"]
    token = parse_token(spent)
    assert token is not None
    with provider.desk.overlaps.of(token.secret_hash, is_live=True):
        second = good(await provider.refresh(spent))["refresh_token"]
        third = good(await provider.refresh(second))["refresh_token"]
        assert error_of(await provider.refresh(spent)) == "invalid_grant"
    good(await provider.refresh(third))


async def test_a_grace_period_is_the_clients_choice(provider: Provider) -> None:
    """Within it a spent token answers with its successor; after it, it is a replay."""
    client = await provider.store.get(APPLICATION, "701")
    assert client is not None
    assert client.oidc is not None
    oidc = type(client.oidc)(
        client.oidc.redirect_uris, grant_types=client.oidc.grant_types, refresh_grace_s=10
    )
    await provider.edit(APPLICATION, "701", oidc=oidc)
    tokens = await provider.login()
    second = good(await provider.refresh(tokens["refresh_token"]))
    provider.effects.later(seconds=5)
    assert good(await provider.refresh(tokens["refresh_token"])) == second
    provider.effects.later(seconds=5)
    assert error_of(await provider.refresh(tokens["refresh_token"])) == "invalid_grant"
    assert (await provider.store.page(Listing(GRANT))).total == 0


async def test_scope_can_only_be_narrowed(provider: Provider) -> None:
    """And the family keeps its own."""
    tokens = await provider.login()
    assert error_of(await provider.refresh(tokens["refresh_token"], scope="openid email")) == "invalid_scope"
    narrowed = good(await provider.refresh(tokens["refresh_token"], scope="openid"))
    assert narrowed["scope"] == "openid"
    assert good(await provider.refresh(narrowed["refresh_token"]))["scope"] == "openid offline_access"


async def test_it_is_its_clients(provider: Provider) -> None:
    """Another client gets nothing, and the family lives on."""
    tokens = await provider.login()
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert error_of(await provider.token(client="other", **form)) == "invalid_grant"
    good(await provider.refresh(tokens["refresh_token"]))


async def test_it_ends_with_the_session_but_not_with_its_lifetime(provider: Provider) -> None:
    """Logout ends offline access too; mere expiry does not."""
    session = await provider.alice()
    tokens = await provider.login(session)
    await provider.edit(SESSION, session.session_id, expires_at=provider.effects.now())
    provider.effects.later(seconds=1)
    tokens = good(await provider.refresh(tokens["refresh_token"]))
    await provider.commands.end(LOGIN_CLIENT, session.session_id, "")
    assert error_of(await provider.refresh(tokens["refresh_token"])) == "invalid_grant"


async def test_idle_and_absolute_ends(provider: Provider) -> None:
    """Thirty days unused, or ninety in all."""
    tokens = await provider.login()
    provider.effects.later(days=30)
    assert error_of(await provider.refresh(tokens["refresh_token"])) == "invalid_grant"
    tokens = await provider.login()
    for _ in range(3):
        provider.effects.later(days=29)
        tokens = good(await provider.refresh(tokens["refresh_token"]))
    provider.effects.later(days=4)
    assert error_of(await provider.refresh(tokens["refresh_token"])) == "invalid_grant"


async def test_a_locked_user_refreshes_nothing(provider: Provider) -> None:
    """CVE-2023-22492."""
    tokens = await provider.login()
    await provider.edit(USER, "100", state=UserState.LOCKED)
    assert error_of(await provider.refresh(tokens["refresh_token"])) == "invalid_grant"


async def test_rubbish_is_refused(provider: Provider) -> None:
    """Of any form."""
    session = await provider.alice()
    for text in ("x", session.token, "ostr_1_" + "A" * 43, "ostr_1_"):
        assert error_of(await provider.refresh(text)) == "invalid_grant"
