"""Revocation (RFC 7009; wire contract 4.6)."""

import asyncio

import pytest

from ostiary.core.grant import GRANT
from ostiary.core.secret import parse_token
from ostiary.storage.memory import MemoryStore
from ostiary.storage.port import Changes, Conflict, Saved
from tests.oidc.conftest import Provider, error_of, good
from tests.oidc.grants import alices_token, robots_token
from tests.oidc.resource import Resource
from tests.oidc.test_client_authentication import MACHINE_TEXT, with_keys


@pytest.fixture
def resource(provider: Provider) -> Resource:
    """The endpoints."""
    return Resource(provider)


@pytest.mark.parametrize("form", ["jwt", "opaque"])
async def test_access_token(provider: Provider, resource: Resource, form: str) -> None:
    """An access token that was given back is dead; its grant, without a refresh token, is gone."""
    minted = await alices_token(provider, form)
    answer = await resource.revoke(minted.access_token)
    assert (answer.status, answer.body) == (200, b"")
    assert dict(answer.headers)[b"cache-control"] == b"no-store"
    assert await provider.access.find(minted.access_token) is None
    assert await provider.store.get(GRANT, minted.grant.id) is None


async def test_only_the_access_token(provider: Provider, resource: Resource) -> None:
    """Giving back an access token leaves the refresh token, which gives a new one."""
    tokens = await provider.login()
    assert (await resource.revoke(tokens["access_token"])).status == 200
    assert await provider.access.find(tokens["access_token"]) is None
    newer = good(await provider.refresh(tokens["refresh_token"]))
    assert await provider.access.find(newer["access_token"]) is not None


async def test_refresh_token(provider: Provider, resource: Resource) -> None:
    """Giving back a refresh token ends the access token too."""
    tokens = await provider.login()
    assert (await resource.revoke(tokens["refresh_token"])).status == 200
    assert await provider.access.find(tokens["access_token"]) is None
    assert error_of(await provider.refresh(tokens["refresh_token"])) == "invalid_grant"


async def test_spent_refresh_token(provider: Provider, resource: Resource) -> None:
    """A spent refresh token, given back, ends its family."""
    tokens = await provider.login()
    newer = good(await provider.refresh(tokens["refresh_token"]))
    assert (await resource.revoke(tokens["refresh_token"])).status == 200
    assert await provider.access.find(newer["access_token"]) is None


@pytest.mark.parametrize("hint", ["refresh_token", "access_token", "session", "nonsense"])
async def test_wrong_hint(provider: Provider, resource: Resource, hint: str) -> None:
    """A hint, right or wrong, changes nothing."""
    tokens = await provider.login()
    assert (await resource.revoke(tokens["access_token"], token_type_hint=hint)).status == 200
    assert await provider.access.find(tokens["access_token"]) is None
    assert (await resource.revoke(tokens["refresh_token"], token_type_hint=hint)).status == 200
    assert error_of(await provider.refresh(tokens["refresh_token"])) == "invalid_grant"


async def test_twice_and_unknown(provider: Provider, resource: Resource) -> None:
    """Twice, unknown and malformed tokens are answered as good ones (RFC 7009 2.2)."""
    tokens = await provider.login()
    for name in ("refresh_token", "refresh_token", "access_token"):
        assert (await resource.revoke(tokens[name])).status == 200
    for text in ("x", "a.b.c", "osta_1_" + "A" * 43, "ostr_1_" + "A" * 43):
        assert (await resource.revoke(text)).status == 200


async def test_expired(provider: Provider, resource: Resource) -> None:
    """An expired access token may be given back."""
    minted = await alices_token(provider)
    provider.effects.later(hours=1)
    assert (await resource.revoke(minted.access_token)).status == 200
    assert await provider.store.get(GRANT, minted.grant.id) is None


async def test_other_client(provider: Provider, resource: Resource) -> None:
    """Another client's token is refused and stays good."""
    tokens = await provider.login()
    for name in ("access_token", "refresh_token"):
        answer = await resource.revoke(tokens[name], "other")
        assert (answer.status, error_of(answer)) == (400, "invalid_client")
    assert await provider.access.find(tokens["access_token"]) is not None
    minted = await robots_token(provider)
    assert error_of(await resource.revoke(minted.access_token)) == "invalid_client"


async def test_bad_client(provider: Provider, resource: Resource) -> None:
    """Who does not prove to be the client ends nothing."""
    minted = await alices_token(provider)
    answer = await resource.revoke(minted.access_token, "web", "wrong")
    assert (answer.status, error_of(answer)) == (401, "invalid_client")
    assert await provider.access.find(minted.access_token) is not None


async def test_public_client(provider: Provider, resource: Resource) -> None:
    """A public client gives back its own tokens by its id."""
    minted = await alices_token(provider, client_id="native")
    assert (await resource.revoke(minted.access_token, "native", "")).status == 200
    assert await provider.access.find(minted.access_token) is None


async def test_no_token(resource: Resource) -> None:
    """The token is asked for."""
    assert error_of(await resource.revoke("")) == "invalid_request"


async def test_other_kinds(provider: Provider, resource: Resource) -> None:
    """Who tries to end a session or a personal access token here is told that it did not happen."""
    session = await provider.alice()
    for text in (session.token, await resource.pat()):
        assert error_of(await resource.revoke(text)) == "unsupported_token_type"


async def test_on_the_record(provider: Provider, resource: Resource) -> None:
    """Each revocation leaves an audit record, without the token."""
    tokens = await provider.login()
    await resource.revoke(tokens["access_token"])
    await resource.revoke(tokens["refresh_token"])
    if isinstance(provider.store, MemoryStore):
        records = [one for one in provider.store.audits if one.action == "tokens.revoked"]
        assert [one.actor_id for one in records] == ["web", "web"]
        assert [b"access_token" in one.detail for one in records] == [True, False]
        assert tokens["refresh_token"].encode() not in records[1].detail


async def test_overlapping(provider: Provider, resource: Resource) -> None:
    """Two revocations at once both succeed, and so does one that overlaps a refresh."""
    tokens = await provider.login()
    answers = await asyncio.gather(*(resource.revoke(tokens["refresh_token"]) for _ in range(4)))
    assert {answer.status for answer in answers} == {200}
    tokens = await provider.login()
    await asyncio.gather(provider.refresh(tokens["refresh_token"]), resource.revoke(tokens["refresh_token"]))
    token = parse_token(tokens["refresh_token"])
    assert token is not None
    assert await provider.store.get(GRANT, token.id) is None


class Contended(MemoryStore):
    """A store where the first saves lose their race."""

    losses = 0

    async def save(self, changes: Changes) -> Saved:
        """Lose, or save."""
        if self.losses:
            self.losses -= 1
            raise Conflict
        return await super().save(changes)


@pytest.mark.parametrize(("losses", "status"), [(1, 200), (4, 200), (5, 409)])
async def test_lost_races(losses: int, status: int) -> None:
    """A lost race is tried again, a few times; after that the client is asked to come back."""
    store = Contended()
    provider = Provider(store)
    await provider.furnish()
    minted = await alices_token(provider)
    store.losses = losses
    answer = await Resource(provider).revoke(minted.access_token)
    assert answer.status == status
    assert (await provider.access.find(minted.access_token) is None) is (status == 200)
    provider.pool.close()


async def test_service_user(provider: Provider, resource: Resource) -> None:
    """By name and secret it gives its own token back, and nobody else's."""
    await with_keys(provider)
    own = await robots_token(provider)
    assert error_of(await resource.revoke(own.access_token, "robot", "wrong")) == "invalid_client"
    foreign = await alices_token(provider)
    assert error_of(await resource.revoke(foreign.access_token, "robot", MACHINE_TEXT)) == "invalid_client"
    assert (await resource.revoke(own.access_token, "robot", MACHINE_TEXT)).status == 200
    assert await provider.access.find(own.access_token) is None
    assert await provider.access.find(foreign.access_token) is not None
