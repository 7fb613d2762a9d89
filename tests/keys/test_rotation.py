"""Rotation with overlap: relying parties never meet a key they could not know, nor lose one too early."""

import asyncio
from datetime import timedelta

import pytest

from ostiary.crypto.jws import BadToken
from ostiary.errors import FailedPrecondition, NotFound
from ostiary.keys.rotation import KEPT_AFTER, PUBLISHED_BEFORE, ROTATED_EVERY
from ostiary.storage.memory import MemoryStore
from tests.keys.conftest import KeyRoom


async def test_schedule(room: KeyRoom) -> None:
    """After 29 days a successor is published; a day later it signs; 13 hours after that the old key goes."""
    (old,) = await room.kids()
    await room.later(days=28)
    assert await room.kids() == [old]
    await room.later(days=1)
    new, kept = await room.kids()
    assert kept == old == await room.signer()
    token = await room.sign()
    await room.later(hours=23, minutes=59)
    assert await room.signer() == old
    await room.later(minutes=1)
    assert await room.signer() == new
    assert await room.keys.verify(token, "JWT")
    await room.later(hours=12, minutes=59)
    assert await room.kids() == [new, old]
    await room.later(minutes=1)
    assert await room.kids() == [new]


async def test_every_algorithm(room: KeyRoom) -> None:
    """Every algorithm that is in use gets its successor, also one that was made by asking."""
    await room.signer("EdDSA")
    await room.later(days=29)
    for algorithm in ("ES256", "RS256", "EdDSA"):
        assert len(await room.kids(algorithm)) == 2


async def test_nothing_is_due_twice(room: KeyRoom) -> None:
    """The schedule makes one successor."""
    await room.later(days=29)
    await room.later(minutes=1)
    assert len(await room.kids()) == 2


async def test_token_after_its_key(room: KeyRoom) -> None:
    """What a key signed is refused once the key is over, but still good as a hint; its private part is forgotten."""
    old, token = await room.signer(), await room.sign()
    assert await room.keys.verify(token, "JWT")
    await room.later(days=29)
    await room.later(hours=24)
    await room.sign()
    assert await room.keys.verify(token, "JWT")
    await room.later(hours=13)
    with pytest.raises(BadToken):
        await room.keys.verify(token, "JWT")
    assert await room.keys.verify(token, "JWT", retired=True) == {"sub": "100"}
    assert (await room.row(old)).private == b""


async def test_known_token_after_its_key(room: KeyRoom) -> None:
    """A token that was verified before its key was over is refused after, though nothing was saved meanwhile."""
    token = await room.sign()
    await room.later(days=29)
    await room.later(hours=24)
    await room.sign()
    assert await room.keys.verify(token, "JWT")
    room.effects.later(hours=13)
    with pytest.raises(BadToken):
        await room.keys.verify(token, "JWT")


async def test_after_a_long_rest(room: KeyRoom) -> None:
    """A server that slept for months signs with the old key for one more day, so that the new one gets known."""
    old = await room.signer()
    await room.later(days=100)
    assert await room.signer() == old
    assert len(await room.kids()) == 2
    await room.later(hours=24)
    assert await room.signer() != old


async def test_by_command(room: KeyRoom) -> None:
    """A rotation by command waits a day as well."""
    old = await room.signer()
    made = await room.rotation.rotate(actor_id="operator")
    assert {row.algorithm for row in made} == {"ES256", "RS256"}
    assert {row.active_at for row in made} == {room.effects.now() + PUBLISHED_BEFORE}
    assert await room.signer() == old
    assert (await room.row(old)).retired_at == room.effects.now() + PUBLISHED_BEFORE + KEPT_AFTER


async def test_at_once(room: KeyRoom) -> None:
    """With --now the new key signs, and the old one stays published for the tokens that are out."""
    old, token = await room.signer(), await room.sign()
    await room.rotation.rotate(now=True)
    new = await room.signer()
    assert new != old
    assert await room.kids() == [new, old]
    assert await room.keys.verify(token, "JWT")


async def test_at_once_beside_one_that_waits(room: KeyRoom) -> None:
    """A key that waits for its time goes when another signs at once: it would take over from its successor."""
    await room.rotation.rotate()
    waiting = (await room.kids())[0]
    await room.rotation.rotate(now=True)
    new = await room.signer()
    assert waiting not in await room.kids()
    await room.later(hours=37)
    assert await room.kids() == [new] == [await room.signer()]


async def test_repeated_rotation_keeps_ends(room: KeyRoom) -> None:
    """An end that is set is not put off by a later rotation."""
    old = await room.signer()
    await room.rotation.rotate(now=True)
    end = (await room.row(old)).retired_at
    room.effects.later(hours=1)
    await room.rotation.rotate(now=True)
    assert (await room.row(old)).retired_at == end
    assert len(await room.kids()) == 3


async def test_retire(room: KeyRoom) -> None:
    """A key that was copied is taken back with all that it signed, at once and for hints too."""
    old, token = await room.signer(), await room.sign()
    assert await room.keys.verify(token, "JWT")
    await room.rotation.rotate(now=True)
    await room.rotation.retire(old, actor_id="operator")
    assert old not in await room.kids()
    for retired in (False, True):
        with pytest.raises(BadToken):
            await room.keys.verify(token, "JWT", retired=retired)


async def test_last_key_stays(room: KeyRoom) -> None:
    """The only key that signs is not retired: without it there were no tokens."""
    await room.rotation.rotate()
    with pytest.raises(FailedPrecondition) as caught:
        await room.rotation.retire(await room.signer())
    assert caught.value.id == "keys.last"


async def test_unknown_key(room: KeyRoom) -> None:
    """An unknown key cannot be retired."""
    with pytest.raises(NotFound):
        await room.rotation.retire("5")


async def test_missing_keys(room: KeyRoom) -> None:
    """An installation without keys gets them by the schedule, signing at once; one process' work is enough."""
    empty = KeyRoom(MemoryStore())
    made = await empty.rotation.due()
    assert {row.algorithm for row in made} == {"ES256", "RS256"}
    assert await empty.kids() == [await empty.signer()]
    assert await empty.rotation.due() == []


async def test_two_processes(room: KeyRoom) -> None:
    """When two processes find a rotation due at the same moment, one successor is made."""
    room.effects.later(days=29)
    await asyncio.gather(room.rotation.due(), room.rotation.due())
    assert len(await room.kids("ES256")) == 2


async def test_audit() -> None:
    """Every change of keys is on the record, without the keys."""
    store = MemoryStore()
    empty = KeyRoom(store)
    await empty.start()
    old = await empty.signer()
    await empty.rotation.rotate(now=True, actor_id="operator")
    await empty.rotation.retire(old, actor_id="operator")
    records = [(record.action, record.actor_id) for record in store.audits]
    assert records == [
        ("signing_key.created", "operator"),
        ("signing_key.created", "operator"),
        ("signing_key.retired", "operator"),
    ]
    assert all(b'"d"' not in record.detail for record in store.audits)


def test_times() -> None:
    """The overlap is longer than the longest token, and the notice than relying parties keep our keys."""
    assert timedelta(hours=12) < KEPT_AFTER
    assert timedelta(seconds=2 * 300) < PUBLISHED_BEFORE < ROTATED_EVERY
