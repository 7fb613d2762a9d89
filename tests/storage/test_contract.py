"""What every store promises of reads and saves."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from ostiary.core.organization import ORGANIZATION
from ostiary.core.session import SESSION
from ostiary.core.user import AUTHENTICATOR, USER, User
from ostiary.storage.port import (
    OWNED_LIMIT,
    Audit,
    Budget,
    BudgetSpent,
    Changes,
    Conflict,
    Expect,
    Lease,
    Message,
    Put,
    Remove,
    Saved,
    Store,
)
from tests.doubles.effects import START
from tests.storage.rows import authenticator, changed, made, organization, removed, session


def at(seconds: int) -> datetime:
    """Some time after the start."""
    return START + timedelta(seconds=seconds)


def budget(key: str = "k", *, seconds: int = 0, limit: int = 0, add: int = 1) -> Budget:
    """A guess at a time, in a window of ten seconds."""
    return Budget(key, at(seconds), at(seconds + 10), limit, add)


async def test_rows_come_back_as_they_were(store: Store) -> None:
    """Every value of a row is read as it was written, absent ones too."""
    row = session("1", "100", metadata={"key": b"\x00\xff"}, expires_at=at(1), token_hash=b"hash")
    await store.save(made(row, session("2")))
    assert await store.get(SESSION, "1") == row
    assert await store.get(SESSION, "2") == session("2")
    assert await store.get(SESSION, "3") is None


async def test_insert_update_remove(store: Store) -> None:
    """A row is made, changed and removed; and may be made again."""
    row = session("1")
    await store.save(made(row))
    await store.save(changed(row, user_id="100"))
    assert await store.get(SESSION, "1") == session("1", "100", version=2)
    await store.save(removed(session("1", version=2)))
    assert await store.get(SESSION, "1") is None
    await store.save(made(row))


@pytest.mark.parametrize(
    "change",
    [
        made(session("1")),
        changed(session("1", version=1)),
        changed(session("9")),
        removed(session("1", version=1)),
        removed(session("9")),
        Changes(expects=(Expect(SESSION, "1", 1),)),
        Changes(expects=(Expect(SESSION, "1", 0),)),
        Changes(expects=(Expect(SESSION, "9", 1),)),
        Changes(generation=99),
    ],
    ids=[
        "made twice", "changed since", "changed unknown", "removed since", "removed unknown",
        "relied on, changed since", "relied on absence", "relied on unknown", "older generation",
    ],
)  # fmt: skip
async def test_guards(store: Store, change: Changes, audits: Callable[[], Awaitable[list[str]]]) -> None:
    """A save whose guard does not hold is a Conflict and changes nothing, whatever else is in it."""
    await store.save(made(session("1")))
    await store.save(changed(session("1")))
    other = made(session("5")).puts
    for puts in ((*other, *change.puts), (*change.puts, *other)):
        whole = Changes(
            puts=puts,
            removes=change.removes,
            expects=change.expects,
            generation=change.generation,
            budgets=(budget(),),
            audit=Audit(START, "", "never", ""),
            outbox=(Message("1", "mail", START, b""),),
        )
        with pytest.raises(Conflict):
            await store.save(whole)
    assert await store.get(SESSION, "1") == session("1", version=2)
    assert await store.get(SESSION, "5") is None
    assert await store.counter("k", START) == 0
    assert await audits() == []
    assert (await store.save(Changes(lease=Lease(at(9), at(99), 9)))).leased == ()


async def test_guards_that_hold(store: Store) -> None:
    """A save relies on what is there, what is not there, and the generation."""
    await store.save(made(session("1")))
    relied = (Expect(SESSION, "1", 1), Expect(SESSION, "9", 0))
    await store.save(Changes(expects=relied, generation=await store.generation()))


async def test_generation(store: Store) -> None:
    """The generation moves with rarely changing rows, or when a save says so, and never with others."""
    first = await store.generation()
    await store.save(made(session("1")))
    assert await store.generation() == first
    await store.save(made(organization("1")))
    await store.save(changed(organization("1")))
    await store.save(removed(organization("1", version=2)))
    await store.save(Changes(raises_generation=True))
    assert await store.generation() == first + 4


async def test_generation_moves_once(store: Store) -> None:
    """One save moves the generation by one, so a save decided before it and saved after it is refused."""
    before = await store.generation()
    await store.save(made(organization("1"), organization("2")))
    assert await store.generation() == before + 1
    with pytest.raises(Conflict):
        await store.save(Changes(generation=before))


async def outcomes(*saves: Any) -> list[Any]:
    """What each of several saves at once comes to."""
    return await asyncio.gather(*saves, return_exceptions=True)


async def test_one_wins(store: Store) -> None:
    """Of many changes decided on one version one is saved."""
    await store.save(made(session("1")))
    results = await outcomes(*(store.save(changed(session("1"), user_id=str(n))) for n in range(20)))
    assert sorted(type(result).__name__ for result in results) == ["Conflict"] * 19 + ["Saved"]
    row = await store.get(SESSION, "1")
    assert row is not None
    assert row.version == 2


async def test_budget_is_judged_in_commit_order(store: Store) -> None:
    """No number of parallel saves takes more than the budget, and each is told its own count."""
    results = await outcomes(*(store.save(Changes(budgets=(budget(limit=5),))) for _ in range(30)))
    counts = [result.counters["k"] for result in results if isinstance(result, Saved)]
    assert sorted(counts) == [1, 2, 3, 4, 5]
    spent = [result for result in results if isinstance(result, BudgetSpent)]
    assert {result.key for result in spent} == {"k"}
    assert len(spent) == 25
    assert await store.counter("k", START) == 5


async def test_spent_budget_saves_nothing(store: Store) -> None:
    """A save with a spent budget changes nothing, not even its other counters."""
    await store.save(Changes(budgets=(budget(add=3),)))
    both = (budget("other"), budget(limit=3))
    with pytest.raises(BudgetSpent):
        await store.save(Changes(puts=made(session("1")).puts, budgets=both))
    assert await store.get(SESSION, "1") is None
    assert await store.counter("other", START) == 0


async def test_budget_without_addition(store: Store) -> None:
    """There may be asked for room without taking any; such a save answers no count."""
    assert (await store.save(Changes(budgets=(budget(limit=1, add=0),)))).counters == {}
    await store.save(Changes(budgets=(budget(limit=1),)))
    with pytest.raises(BudgetSpent):
        await store.save(Changes(budgets=(budget(limit=1, add=0),)))


async def test_windows_expire(store: Store) -> None:
    """A counter ends with the window its first addition opened, however often it was added to since."""
    for second in (0, 6):
        await store.save(Changes(budgets=(budget(seconds=second, limit=2),)))
    with pytest.raises(BudgetSpent):
        await store.save(Changes(budgets=(budget(seconds=9, limit=2),)))
    assert [await store.counter("k", at(n)) for n in (9, 10)] == [2, 0]
    saved = await store.save(Changes(budgets=(budget(seconds=10, limit=2),)))
    assert saved.counters == {"k": 1}
    assert [await store.counter("k", at(n)) for n in (19, 20)] == [1, 0]


async def test_clears(store: Store) -> None:
    """A cleared counter counts from zero; clearing one that is not there is no error."""
    await store.save(Changes(budgets=(budget(add=4), budget("other"))))
    await store.save(Changes(clears=("k", "unknown")))
    assert [await store.counter(key, START) for key in ("k", "other")] == [0, 1]


@pytest.mark.parametrize(
    ("first", "second", "third"),
    [
        (organization("1", "x.example"), organization("2", "x.example"), organization("2", "y.example")),
        (authenticator("1", "100", "h"), authenticator("2", "101", "h"), authenticator("2", "101", "i")),
    ],
    ids=["domain", "lookup hash"],
)
async def test_unique_columns(store: Store, first: Any, second: Any, third: Any) -> None:
    """A value of a unique column is taken once: a new row and a changed one are Conflicts, first or not in a save."""
    await store.save(made(first))
    for puts in (made(second), made(session("5"), second)):
        with pytest.raises(Conflict):
            await store.save(puts)
    await store.save(made(third))
    taken = (
        {"primary_domain": "x.example"} if third == organization("2", "y.example") else {"lookup_hash": "h"}
    )
    with pytest.raises(Conflict):
        await store.save(changed(third, **taken))
    assert await store.get(SESSION, "5") is None
    await store.save(removed(first))
    await store.save(changed(third, **taken))


async def test_absent_values_are_not_unique(store: Store) -> None:
    """Many authenticators have no lookup hash."""
    await store.save(made(authenticator("1", "100"), authenticator("2", "100")))


async def test_neighbours_are_undisturbed(store: Store) -> None:
    """Among saves at once, those that fail take nobody with them."""
    await store.save(made(organization("1"), session("1"), session("2")))
    bad = [
        made(organization("2", "1.example")),
        made(session("90"), organization("3", "1.example")),
        made(session("1")),
        changed(session("2", version=7)),
        Changes(budgets=(budget(limit=1, add=0), budget("n", limit=1))),
    ]
    await store.save(Changes(budgets=(budget(),)))
    good = [made(session(str(n))) for n in range(100, 120)]
    mixed = [*good[:7], *bad[:3], *good[7:15], *bad[3:], *good[15:]]
    results = await outcomes(*(store.save(one) for one in mixed))
    failed = [one for one, result in zip(mixed, results, strict=True) if isinstance(result, Exception)]
    assert failed == bad
    assert isinstance(results[-6], BudgetSpent)
    assert all([await store.get(SESSION, str(n)) for n in range(100, 120)])
    assert await store.get(SESSION, "90") is None


async def test_audit_is_of_the_same_commit(store: Store, audits: Callable[[], Awaitable[list[str]]]) -> None:
    """The audit record is there if and only if its save is."""
    for _ in range(2):
        one = Changes(puts=made(session("1")).puts, audit=Audit(START, "900", "created", "1", b"{}"))
        await outcomes(store.save(one))
    assert await audits() == ["created"]


async def test_audit_is_read_back(store: Store) -> None:
    """Newest first, as it was kept, a page at a time."""
    kept = [Audit(at(n), "900", f"did-{n}", "1", b'{"a":1}') for n in range(5)]
    for audit in kept:
        await store.save(Changes(audit=audit))
    first = await store.audited(None, 3)
    rest = await store.audited(first[-1].number, 3)
    assert [one.record for one in (*first, *rest)] == kept[::-1]
    assert await store.audited(rest[-1].number, 3) == ()


async def test_outbox(store: Store) -> None:
    """Messages that are due are leased oldest first, to one taker at a time, until they are sent."""
    late, early, later = (
        Message(str(n), "mail", at(seconds), bytes([n])) for n, seconds in ((1, 2), (2, 1), (3, 50))
    )
    await store.save(Changes(outbox=(late, early)))
    await store.save(Changes(outbox=(later,)))

    async def lease(seconds: int, limit: int = 9) -> tuple[Message, ...]:
        return (await store.save(Changes(lease=Lease(at(seconds), at(seconds + 10), limit)))).leased

    assert await lease(0) == ()
    assert await lease(5, limit=1) == (early,)
    assert await lease(6) == (late,)
    assert await lease(7) == ()
    assert await lease(15) == (early,)
    await store.save(Changes(sent=("2", "unknown")))
    assert await lease(60) == (late, later)


async def test_owned(store: Store) -> None:
    """The rows of an owner come in order of ids, and no more than the bound."""
    rows = [authenticator(id, "100") for id in ("b", "a", "c")]  # noqa: A001
    await store.save(made(*rows, authenticator("0", "101")))
    assert [row.id for row in await store.owned(AUTHENTICATOR, "100")] == ["a", "b", "c"]
    assert await store.owned(AUTHENTICATOR, "nobody") == ()
    await store.save(made(*(session(f"{n:05}", "200") for n in range(OWNED_LIMIT + 5))))
    many = await store.owned(SESSION, "200")
    assert (len(many), many[-1].id) == (OWNED_LIMIT, f"{OWNED_LIMIT - 1:05}")


async def test_get_with_owner(store: Store) -> None:
    """A row comes with the row that owns it; either may be missing, and nobody may be named."""
    owner = User("100", "1", "naïve", START, START)
    puts = (Put(USER, owner), *(Put(SESSION, session(*one)) for one in (("1", "100"), ("2", "101"), ("3",))))
    await store.save(Changes(puts=puts))
    asked = (store.get_with_owner(SESSION, id_, USER) for id_ in ("1", "2", "3", "4"))
    assert await asyncio.gather(*asked) == [
        (session("1", "100"), owner),
        (session("2", "101"), None),
        (session("3"), None),
        (None, None),
    ]


async def test_find(store: Store) -> None:
    """A row is found by the value of a unique column, while it has it."""
    await store.save(made(organization("1", "a.example")))
    assert await store.find(ORGANIZATION, "primary_domain", "a.example") == organization("1", "a.example")
    await store.save(changed(organization("1", "a.example"), primary_domain="b.example"))
    assert await store.find(ORGANIZATION, "primary_domain", "a.example") is None


async def test_a_save_is_read_at_once(store: Store) -> None:
    """What a save answered is what the next read sees, inline and in lists."""
    for n in range(20):
        await store.save(Changes(puts=(Put(SESSION, session(str(n))),)))
        assert await store.get(SESSION, str(n)) is not None
    await store.save(Changes(removes=(Remove(SESSION, "3", 1),), raises_generation=True))
    assert await store.get(SESSION, "3") is None
