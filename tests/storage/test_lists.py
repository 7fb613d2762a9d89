"""Lists: all stores answer every question alike, and as the filter's own definition says."""

import random
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ostiary.core.filter import (
    MAX_DEPTH,
    MAX_PARTS,
    Absent,
    Compare,
    Every,
    Filter,
    Match,
    Names,
    Not,
    OneOf,
    Order,
    Owns,
    Some,
    Text,
)
from ostiary.core.record import AnyKind
from ostiary.core.session import SESSION, UserAgent
from ostiary.core.user import AUTHENTICATOR, USER, Profile, User
from ostiary.errors import InvalidArgument
from ostiary.storage.memory import MemoryStore
from ostiary.storage.port import Changes, Listing, Put, Store
from ostiary.storage.sqlite import SqliteStore
from tests.doubles.effects import START
from tests.postgres import Postgres
from tests.storage.rows import authenticator, made, session

# Case pairs that fold to more letters, combining marks, what LIKE and GLOB take for special, what SQL quotes.
LETTERS = "aAbßSsſİıΣςéE%_*?[]\\'\"- 😀ǅ\u0301"  # noqa: RUF001
TEXTS = st.text(LETTERS, max_size=3)
TIMES = st.integers(-2, 8).map(lambda n: START + timedelta(seconds=n))
TEXT_COLUMNS: dict[AnyKind, list[str]] = {
    USER: ["id", "username", "login_name", "given_name", "nick_name", "display_name", "state", "email"],
    SESSION: ["id", "user_id", "creator_id", "fingerprint_id"],
    AUTHENTICATOR: ["id", "user_id", "kind", "lookup_hash"],
}
TIME_COLUMNS: dict[AnyKind, list[str]] = {USER: ["created_at"], SESSION: ["created_at", "expires_at"]}
KINDS: st.SearchStrategy[AnyKind] = st.sampled_from([USER, SESSION, AUTHENTICATOR])


def leaves(kind: AnyKind, *, crossing: bool) -> st.SearchStrategy[Filter]:
    """A condition on one column."""
    text = st.sampled_from(TEXT_COLUMNS[kind])
    found: list[st.SearchStrategy[Filter]] = [
        st.builds(Text, text, st.sampled_from(Match), TEXTS, st.booleans()),
        st.builds(Compare, text, st.sampled_from(Order), TEXTS),
        st.builds(OneOf, text, st.lists(st.one_of(TEXTS, st.just("3")), max_size=4).map(tuple)),
        st.builds(Absent, text),
    ]
    if kind in TIME_COLUMNS:
        time = st.sampled_from(TIME_COLUMNS[kind])
        found += [st.builds(Compare, time, st.sampled_from(Order), TIMES), st.builds(Absent, time)]
    if crossing and kind is USER:
        found.append(st.builds(Owns, st.just(AUTHENTICATOR), conditions(AUTHENTICATOR, crossing=False)))
    if crossing and kind is AUTHENTICATOR:
        found.append(st.builds(Names, st.just("user_id"), st.just(USER), conditions(USER, crossing=False)))
    return st.one_of(found)


def conditions(kind: AnyKind, *, crossing: bool = True) -> st.SearchStrategy[Filter]:
    """Any tree of conditions; ``crossing`` from one kind to another once."""

    def joined(parts: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
        several = st.lists(parts, max_size=3).map(tuple)
        return st.one_of(st.builds(Every, several), st.builds(Some, several), st.builds(Not, parts))

    return st.recursive(leaves(kind, crossing=crossing), joined, max_leaves=6)


@st.composite
def listings(draw: st.DrawFn) -> Listing[Any]:
    """Any question for many rows."""
    kind = draw(KINDS)
    return Listing(
        kind,
        draw(st.one_of(st.none(), conditions(kind))),
        draw(st.sampled_from(["id", *kind.columns])),
        draw(st.booleans()),
        draw(st.sampled_from([0, 1, 7, 2**62])),
        draw(st.sampled_from([1, 3, 1000])),
    )


def rows() -> Changes:
    """Many rows of three kinds, the same each time."""
    chance = random.Random(7)

    def text() -> str:
        return "".join(chance.choices(LETTERS, k=chance.randint(0, 3)))

    def moment() -> Any:
        return START + timedelta(seconds=chance.randint(0, 6))

    users = [
        User(str(n), "500", text(), moment(), START, domain=text(), profile=Profile(text(), text(), text()))
        for n in range(40)
    ]
    sessions = [
        session(
            str(n),
            text(),
            user_agent=UserAgent(fingerprint_id=text()),
            expires_at=chance.choice([None, moment()]),
        )
        for n in range(40)
    ]
    owned = [
        authenticator(f"{n}", str(chance.randint(0, 50)), text() + str(n) if n % 2 else "") for n in range(40)
    ]
    return Changes(puts=(*(Put(USER, user) for user in users), *made(*sessions, *owned).puts))


@pytest.fixture
async def stores(tmp_path: Path, postgres: Postgres) -> AsyncIterator[tuple[Store, ...]]:
    """Every store, with the same rows."""
    opened = (MemoryStore(), SqliteStore(tmp_path / "lists.db"), await postgres.empty_store())
    for store in opened:
        await store.save(rows())
    yield opened
    for store in opened:
        await store.close()


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(listing=listings())
async def test_stores_answer_alike(stores: tuple[Store, ...], listing: Listing[Any]) -> None:
    """Any condition, order and part of a list has one answer."""
    wanted, *answers = [await store.page(listing) for store in stores]
    assert answers == [wanted] * len(answers)


async def test_pages_are_parts_of_one_list(store: Store) -> None:
    """Pages in either direction make up the whole list, equal values in order of ids, and the total is that of all."""
    await store.save(rows())
    for descending in (False, True):
        whole = await store.page(Listing(USER, None, "created_at", descending))
        parts = [
            await store.page(Listing(USER, None, "created_at", descending, n, 7)) for n in range(0, 42, 7)
        ]
        assert tuple(row for part in parts for row in part.items) == whole.items
        assert {part.total for part in parts} == {40}
        keys = [(row.created_at, row.id) for row in whole.items]
        assert keys == sorted(keys, reverse=descending)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [("STRASSE", True), ("straße", True), ("stra_e", False), ("stra%", False), ("STRASS", False)],
)
async def test_case_folding(store: Store, pattern: str, found: bool) -> None:
    """Without regard to case means Unicode's full folding, and nothing in a pattern is special."""
    await store.save(Changes(puts=(Put(USER, User("1", "500", "Straße", START, START)),)))
    page = await store.page(Listing(USER, Text("username", Match.EQUALS, pattern, ignore_case=True)))
    assert page.total == int(found)


@pytest.mark.parametrize("others", [0, 60])
async def test_ids(store: Store, others: int) -> None:
    """Rows of ids come once each, in order of ids, in parts; few are read by their keys, many by a statement."""
    await store.save(made(*(session(str(n)) for n in range(8))))
    asked = OneOf("id", ("3", "nobody", "1", "3", "7", "", *(f"x{n}" for n in range(others))))
    page = await store.page(Listing(SESSION, Every((asked,)), descending=True, offset=1, limit=1))
    assert ([row.id for row in page.items], page.total) == (["3"], 3)
    page = await store.page(Listing(SESSION, asked, is_counted=False, limit=2))
    assert ([row.id for row in page.items], page.total) == (["1", "3"], 2)


async def test_long_lists_of_ids(store: Store) -> None:
    """A list of more ids than a statement has parameters is answered."""
    await store.save(made(session("77")))
    page = await store.page(Listing(SESSION, OneOf("id", tuple(str(n) for n in range(300_000)))))
    assert [row.id for row in page.items] == ["77"]


@pytest.mark.parametrize("join", [Every, Some])
async def test_as_many_conditions_as_allowed(store: Store, join: type[Every | Some]) -> None:
    """The largest condition that is allowed is answered, flat or deep; a larger one is refused before it is asked."""
    await store.save(made(session("1")))
    one = Compare("id", Order.EQUAL, "1")
    deep: Filter = one
    for depth in range(MAX_DEPTH - 1):
        deep = Not(deep) if depth % 2 else join((deep,))
    for allowed in (join((one,) * (MAX_PARTS - 1)), deep):
        assert (await store.page(Listing(SESSION, allowed))).total in {0, 1}
    for refused in (join((one,) * MAX_PARTS), join((deep,))):
        with pytest.raises(InvalidArgument):
            await store.page(Listing(SESSION, refused))


async def test_threat_a_nested_query_overflows_the_parser(store: Store) -> None:
    """As deep as the API lets people ask, in every way of nesting, the database answers."""
    ways: tuple[tuple[int, Callable[[Filter], Filter]], ...] = (
        (MAX_DEPTH - 3, Not),
        (MAX_DEPTH - 3, lambda of: Every((of,))),
        (MAX_DEPTH - 3, lambda of: Some((Absent("email"), of))),
        ((MAX_DEPTH - 3) // 2, lambda of: Not(Every((Absent("email"), of)))),
    )
    for depth, way in ways:
        asked: Filter = Text("username", Match.EQUALS, "x")
        for _ in range(depth):
            asked = way(asked)
        deep = Listing(USER, Names("id", USER, Every((asked,))), "id", descending=False, offset=0, limit=1)
        assert (await store.page(deep)).total == 0


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 60])
@pytest.mark.parametrize("descending", [False, True])
async def test_the_rows_of_an_owner(store: Store, count: int, *, descending: bool) -> None:
    """An owner's rows are the same list whether they are few or many, whole or in parts, with their number."""
    await store.save(made(*(session(f"{n:02}", "100") for n in range(count)), session("x", "101")))
    where = Every((Compare("user_id", Order.EQUAL, "100"),))
    wanted = [f"{n:02}" for n in range(count)]
    if descending:
        wanted.reverse()
    for offset, limit in ((0, 100), (0, 3), (2, 3), (48, 10), (100, 10)):
        page = await store.page(Listing(SESSION, where, "id", descending, offset, limit))
        assert [row.id for row in page.items] == wanted[offset : offset + limit]
        assert page.total == count
