"""Sweeps: what is over goes, a bounded number at a time, and nothing else."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from ostiary.core.session import SESSION
from ostiary.storage.port import Audit, Budget, Changes, Journal, Listing, Store, Sweep
from tests.doubles.effects import START
from tests.storage.rows import changed, made, session


def at(seconds: int) -> datetime:
    """So many seconds after the start."""
    return START + timedelta(seconds=seconds)


async def swept(store: Store, sweep: Sweep) -> tuple[int, str | None]:
    """How many went, and where to go on."""
    answer = await store.sweep(sweep)
    return answer.removed, answer.after


async def test_rows(store: Store) -> None:
    """The oldest go first, so many at once; rows without a time, or at the very time, stay."""
    expiring = [session(str(n), expires_at=at(9 - n)) for n in range(5)]
    await store.save(made(*expiring, session("8"), session("9", expires_at=at(8))))
    sweep = Sweep(SESSION, at(8), "expires_at", limit=3)
    assert await swept(store, sweep) == (3, "")
    assert [row.id for row in (await store.page(Listing(SESSION))).items] == ["0", "1", "8", "9"]
    assert await swept(store, sweep) == (0, None)
    assert await swept(store, Sweep(SESSION, at(99), "expires_at", limit=3)) == (3, "")
    assert await swept(store, Sweep(SESSION, at(99), "expires_at", limit=3)) == (0, None)


async def test_who_was_given_more_time(store: Store) -> None:
    """A row is judged as it is when its turn comes."""
    row = session("1", expires_at=at(1))
    await store.save(made(row))
    await store.save(changed(row, expires_at=at(9)))
    assert await swept(store, Sweep(SESSION, at(5), "expires_at")) == (0, None)
    assert await store.get(SESSION, "1") is not None


async def test_audit(store: Store, audits: Callable[[], Awaitable[list[str]]]) -> None:
    """Records go from the oldest on; a young one among them stays."""
    for second, action in enumerate("abcdef"):
        time = at(99) if action == "b" else at(second)
        await store.save(Changes(audit=Audit(time, "1", action, "2")))
    sweep = Sweep(Journal.AUDIT, at(5), limit=3)
    assert await swept(store, sweep) == (2, None)
    assert await swept(store, sweep) == (2, None)
    assert await audits() == ["b", "f"]


async def test_counters(store: Store) -> None:
    """All are looked at, in order of their keys; those that still count stay."""
    for number in range(5):
        await store.save(Changes(budgets=(Budget(str(number), at(0), at(10 * (number % 2 + 1)), add=1),)))
    sweep = Sweep(Journal.COUNTERS, at(15), limit=2)
    assert await swept(store, sweep) == (1, "1")
    assert await swept(store, Sweep(Journal.COUNTERS, at(15), after="1", limit=2)) == (1, "3")
    assert await swept(store, Sweep(Journal.COUNTERS, at(15), after="3", limit=2)) == (1, None)
    assert [await store.counter(str(number), at(1)) for number in range(5)] == [0, 1, 0, 1, 0]


async def test_uncounted_pages(store: Store) -> None:
    """A page that is not to be counted counts its own rows."""
    await store.save(made(*(session(str(n)) for n in range(5))))
    page = await store.page(Listing(SESSION, limit=2, offset=1, is_counted=False))
    assert ([row.id for row in page.items], page.total) == (["1", "2"], 2)
