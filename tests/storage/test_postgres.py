"""What PostgreSQL promises besides: its connections, its locks, its answers when it is away."""

import asyncio
import random
import re
import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from ostiary.core.organization import ORGANIZATION
from ostiary.core.session import SESSION
from ostiary.errors import Unavailable
from ostiary.storage.kinds import KINDS
from ostiary.storage.migrate import SchemaError, migrations
from ostiary.storage.port import (
    Audit,
    Budget,
    BudgetSpent,
    Changes,
    Conflict,
    Expect,
    Lease,
    Listing,
    Message,
    Put,
    Saved,
)
from ostiary.storage.postgres import points
from ostiary.storage.postgres.connecting import BY_INDEX, connect
from ostiary.storage.postgres.store import PostgresStore, open_store
from tests.doubles.effects import START
from tests.postgres import Postgres
from tests.storage.rows import changed, made, organization, session

LATER = START + timedelta(hours=1)


@pytest.fixture
async def two(postgres: Postgres) -> AsyncIterator[tuple[PostgresStore, PostgresStore]]:
    """Two nodes on one empty database."""
    first, second = await postgres.empty_store(), await open_store(postgres.shared, "the second")
    yield first, second
    await first.close()
    await second.close()


async def test_every_kind_has_its_table(two: tuple[PostgresStore, PostgresStore]) -> None:
    """Each kind can be read by key, by owner and as a list sorted by any of its columns."""
    for kind in KINDS:
        assert await two[0].get(kind, "1") is None
        assert await two[0].owned(kind, "1") == ()
        for column in ("id", *kind.columns):
            assert (await two[0].page(Listing(kind, order=column))).total == 0


def test_migrations_are_in_pairs() -> None:
    """Each schema has the same number and name on both databases, and makes the same columns."""
    there, here = migrations("postgres"), migrations("sqlite")
    assert [(one.number, one.name) for one in there] == [(one.number, one.name) for one in here]


async def test_folding(postgres: Postgres) -> None:
    """Each letter is folded as Python folds it."""
    await (await postgres.empty_store()).close()
    letters = [chr(code) for code in range(1, 0x110000) if not 0xD800 <= code < 0xE000]
    connection = await asyncpg.connect(postgres.shared)
    for start in range(0, len(letters), 50_000):
        some = [letter for letter in letters[start : start + 50_000] if letter.casefold() != letter]
        some += random.Random(start).sample(letters[start : start + 50_000], 100)
        rows = await connection.fetch("SELECT t, fold(t), fold('xÉ' || t) FROM unnest($1::text[]) t", some)
        assert [tuple(row) for row in rows] == [(t, t.casefold(), "xé" + t.casefold()) for t in some]
    await connection.close()


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        ("INSERT INTO schema_migration VALUES (9999, 'future', 'x')", "schema 9999"),
        ("UPDATE schema_migration SET checksum = 'x'", "changed after"),
        ("ALTER DATABASE {} SET default_transaction_read_only = on", "only be read"),
    ],
    ids=["newer schema", "edited migration", "read-only"],
)
async def test_other_databases_are_refused(postgres: Postgres, sql: str, word: str) -> None:
    """A database of a newer version, or one that may only be read, is refused in words."""
    url = postgres.new_database()
    await (await open_store(url, "first")).close()
    postgres.sql(url, sql.format(url.rpartition("/")[2]))
    with pytest.raises(SchemaError, match=word):
        await open_store(url, "second")


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("postgresql://postgres@127.0.0.1:{port}/nowhere", 'database "nowhere" does not exist'),
        ("postgresql://nobody:secret@127.0.0.1:{port}/postgres", 'role "nobody" does not exist'),
        ("postgresql://127.0.0.1:1/d", "nothing listens there"),
        ("postgresql://postgres@127.0.0.1:x/d", "cannot be used"),
    ],
)
async def test_wrong_urls(postgres: Postgres, url: str, word: str) -> None:
    """A URL that leads nowhere is refused in words, without its password."""
    with pytest.raises(SchemaError, match=re.escape(word)) as refused:
        await open_store(url.format(port=postgres.port), "me")
    assert "secret" not in str(refused.value)


async def test_several_first_starts(postgres: Postgres) -> None:
    """Nodes that start at once on an empty database make its schema once, and hold numbers of their own."""
    url = postgres.new_database()
    stores = await asyncio.gather(*(open_store(url, f"node {n}") for n in range(4)))
    assert len({store.node for store in stores}) == 4
    await asyncio.gather(*(store.save(made(session(str(n)))) for n, store in enumerate(stores)))
    assert (await stores[0].page(Listing(SESSION))).total == 4
    await asyncio.gather(*(store.close() for store in stores))


async def test_no_deadlocks(postgres: Postgres, two: tuple[PostgresStore, PostgresStore]) -> None:
    """Two nodes that write and rely on the same few rows, in every order, never wait for each other in a circle."""
    ids = [str(n) for n in range(6)]
    await two[0].save(made(*(session(key) for key in ids)))
    chance = random.Random(7)
    told = postgres.sql(
        postgres.shared, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    )

    async def one(store: PostgresStore) -> object:
        mine = chance.sample(ids, 4)
        rows = [row for key in mine if (row := await store.get(SESSION, key)) is not None]
        expects = tuple(Expect(SESSION, row.id, row.version) for row in rows[2:])
        budgets = tuple(Budget(key, START, LATER, add=1) for key in chance.sample("abc", 2))
        puts = (*changed(rows[0]).puts, *changed(rows[1]).puts)
        return await store.save(Changes(puts=puts, expects=expects, budgets=budgets))

    results: list[object] = []
    for _ in range(20):
        work = [one(store) for store in two for _ in range(10)]
        results += await asyncio.gather(*work, return_exceptions=True)
    assert {type(result) for result in results} == {Saved, Conflict}
    saved = sum(isinstance(result, Saved) for result in results)
    rows = (await two[0].page(Listing(SESSION))).items
    assert sum(row.version - 1 for row in rows) == 2 * saved
    assert sum([await two[1].counter(key, START) for key in "abc"]) == 2 * saved
    after = postgres.sql(
        postgres.shared, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    )
    assert after == told


async def test_guards_hold_across_nodes(two: tuple[PostgresStore, PostgresStore]) -> None:
    """Of two nodes that each rely on what the other writes, or on its absence, at most one saves."""
    for n in range(25):
        left, right = session(f"l{n}"), session(f"r{n}")
        await two[0].save(made(left, right))
        crossed = (
            Changes(puts=changed(left).puts, expects=(Expect(SESSION, right.id, 1),)),
            Changes(puts=changed(right).puts, expects=(Expect(SESSION, left.id, 1),)),
            Changes(puts=made(session(f"x{n}")).puts, expects=(Expect(SESSION, f"y{n}", 0),)),
            Changes(puts=made(session(f"y{n}")).puts, expects=(Expect(SESSION, f"x{n}", 0),)),
        )
        saves = [two[place % 2].save(one) for place, one in enumerate(crossed)]
        results = await asyncio.gather(*saves, return_exceptions=True)
        assert [type(result) for result in results].count(Saved) == 2


async def test_budgets_hold_across_nodes(two: tuple[PostgresStore, PostgresStore]) -> None:
    """No more is taken from a budget than there is, whoever takes."""
    one = Changes(budgets=(Budget("k", START, LATER, 10, 1),))
    saves = [two[n % 2].save(one) for n in range(60)]
    results = await asyncio.gather(*saves, return_exceptions=True)
    assert [type(result) for result in results].count(BudgetSpent) == 50
    assert await two[0].counter("k", START) == 10


async def test_messages_are_leased_once(two: tuple[PostgresStore, PostgresStore]) -> None:
    """Two nodes share the outbox: each message goes to one of them."""
    await two[0].save(Changes(outbox=tuple(Message(str(n), "mail", START, b"") for n in range(40))))
    lease = Changes(lease=Lease(START, LATER, 5))
    saved = await asyncio.gather(*(two[n % 2].save(lease) for n in range(20)))
    assert sorted(int(one.id) for answer in saved for one in answer.leased) == list(range(40))


async def test_a_node_whose_number_was_given_away(postgres: Postgres) -> None:
    """It saves nothing any more, and the app is told."""
    told: list[BaseException] = []
    store = await postgres.empty_store(on_fatal=told.append)
    await store.save(made(session("1")))
    postgres.sql(postgres.shared, "UPDATE writer SET holder = 'another'")
    with pytest.raises(Unavailable):
        await store.save(made(session("2")))
    assert [type(error).__name__ for error in told] == ["Fenced"]
    assert await store.get(SESSION, "2") is None
    await store.close()


async def test_values_that_no_text_can_be(two: tuple[PostgresStore, PostgresStore]) -> None:
    """What PostgreSQL cannot keep is not there; a save of it fails alone."""
    for key in ("\0", "a\0b", "\ud800"):
        assert await two[0].get(SESSION, key) is None
    saves = [made(session("1")), made(session("a\0")), made(session("\ud800")), made(session("2"))]
    results = await asyncio.gather(*(two[0].save(one) for one in saves), return_exceptions=True)
    assert [isinstance(result, Saved) for result in results] == [True, False, False, True]


async def test_list_ends_at_its_time(postgres: Postgres) -> None:
    """A list that takes too long ends in Unavailable, and the store goes on."""
    store = await postgres.empty_store(list_time_limit_s=0.2)
    await store.save(made(session("1")))
    connection = await asyncpg.connect(postgres.shared)
    await connection.execute("BEGIN; LOCK TABLE session IN ACCESS EXCLUSIVE MODE")
    with pytest.raises(Unavailable) as late:
        await store.page(Listing(SESSION))
    await connection.close()
    assert late.value.id == "storage.list_too_slow"
    assert (await store.page(Listing(SESSION))).total == 1
    await store.close()


async def test_reads_of_one_turn_are_one_round_trip(two: tuple[PostgresStore, PostgresStore]) -> None:
    """What is asked at once is of one state, and is asked of the database once."""
    await two[0].save(made(session("1"), organization("1")))
    asked = (two[0].get(SESSION, "1"), two[0].get(ORGANIZATION, "1"), two[0].generation())
    found = tuple(await asyncio.gather(*asked))
    assert found == (session("1"), organization("1"), 2)


async def test_few_rows_of_many_are_read_in_order(
    two: tuple[PostgresStore, PostgresStore], postgres: Postgres
) -> None:
    """The newest few of an owner are read by an index in their order; the rest, however much it is, is not sorted."""
    connection = await connect(postgres.shared, BY_INDEX)
    await connection.execute(
        "INSERT INTO session (id, version, user_id, creator_id, fingerprint_id, created_at, data)"
        " SELECT n, 1, n % 250, '', '', n, repeat('x', 600)::bytea FROM generate_series(1, 5000) n"
    )
    await connection.execute("ANALYZE session")
    asked = points.few(SESSION, newest=True).sql.format(keys="$1::text[]")
    plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {asked}", ["1"]))
    await connection.close()
    assert "Index Scan Backward using session_user_id" in plan
    assert "Sort" not in plan


async def test_given_up_save_is_saved(two: tuple[PostgresStore, PostgresStore]) -> None:
    """A request that goes away does not stop its save."""
    gone = asyncio.ensure_future(two[0].save(made(session("1"))))
    await asyncio.sleep(0)
    gone.cancel()
    await two[0].save(Changes(puts=(Put(SESSION, session("2")),), audit=Audit(START, "", "made", "2")))
    await two[0].close()
    assert await two[1].get(SESSION, "1") == session("1")


async def test_close_writes_what_is_queued(postgres: Postgres, tmp_path: Path) -> None:
    """Closing waits for queued saves, whose callers are answered; later ones are refused."""
    store = await postgres.empty_store()
    waiting = [asyncio.ensure_future(store.save(made(session(str(n))))) for n in range(300)]
    await asyncio.sleep(0)
    await store.close()
    with pytest.raises(Unavailable):
        await store.save(made(session("x")))
    assert [type(result) for result in await asyncio.gather(*waiting)] == [Saved] * 300


async def test_several_hosts(postgres: Postgres) -> None:
    """Of several hosts the one that can be written to is used, though another is gone or does not answer."""
    url = postgres.new_database()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hosts = f"127.0.0.1:1,127.0.0.1:{silent.getsockname()[1]},127.0.0.1:{postgres.port}"
        store = await open_store(url.replace(f"127.0.0.1:{postgres.port}", hosts), "me")
        await store.save(made(session("1")))
        await store.close()
