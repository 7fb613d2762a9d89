"""The outbox by kinds, messages given back, and owners whose rows are counted."""

from datetime import datetime, timedelta

import pytest

from ostiary.core.user import AUTHENTICATOR
from ostiary.storage.port import Changes, Conflict, ExpectOwned, Lease, Message, Postpone, Store
from tests.doubles.effects import START
from tests.storage.rows import authenticator, made


def at(seconds: int) -> datetime:
    """So many seconds after the start."""
    return START + timedelta(seconds=seconds)


async def lease(store: Store, seconds: int, *kinds: str, limit: int = 9) -> list[tuple[str, int]]:
    """Ids and attempts of what is leased for ten seconds."""
    saved = await store.save(Changes(lease=Lease(at(seconds), at(seconds + 10), limit, kinds)))
    return [(message.id, message.attempts) for message in saved.leased]


async def test_kinds(store: Store) -> None:
    """Only messages of the wanted kinds are leased; the others wait for who sends them."""
    messages = [
        Message(id_, kind, at(0), b"") for id_, kind in (("1", "a"), ("2", "b"), ("3", "a"), ("4", "c"))
    ]
    await store.save(Changes(outbox=tuple(messages)))
    assert await lease(store, 1, "d") == []
    assert await lease(store, 1, "a", "b", limit=2) == [("1", 1), ("3", 1)]
    assert await lease(store, 2, "a", "b") == [("2", 1)]
    assert await lease(store, 3) == [("4", 1)]


async def test_postponed(store: Store) -> None:
    """A message that was given back is due when it says, with its attempts counted; an unknown one is nothing."""
    await store.save(Changes(outbox=(Message("1", "a", at(0), b"x"),)))
    assert await lease(store, 0, "a") == [("1", 1)]
    await store.save(Changes(postponed=(Postpone("1", at(5)), Postpone("unknown", at(5)))))
    assert await lease(store, 4, "a") == []
    assert await lease(store, 5, "a") == [("1", 2)]
    assert await lease(store, 14, "a") == []
    assert await lease(store, 15, "a") == [("1", 3)]


@pytest.mark.parametrize(("count", "holds"), [(1, False), (2, True), (3, False)])
async def test_owned_are_counted(store: Store, count: int, *, holds: bool) -> None:
    """A save that relies on how many rows an owner has is refused when there are more, or fewer."""
    await store.save(made(authenticator("a", "100"), authenticator("b", "100"), authenticator("c", "101")))
    changes = Changes(
        expects_owned=(ExpectOwned(AUTHENTICATOR, "100", count),), outbox=(Message("1", "a", at(0), b""),)
    )
    if holds:
        await store.save(changes)
    else:
        with pytest.raises(Conflict):
            await store.save(changes)
    assert await lease(store, 1) == ([("1", 1)] if holds else [])
