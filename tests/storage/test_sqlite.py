"""What SQLite promises besides: its file, its thread, its limits."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from ostiary.core.filter import Every, Match, Text
from ostiary.core.organization import ORGANIZATION
from ostiary.core.session import SESSION
from ostiary.errors import Unavailable
from ostiary.storage.kinds import KINDS
from ostiary.storage.migrate import SchemaError, migrate, migrations
from ostiary.storage.port import Audit, Budget, BudgetSpent, Changes, Conflict, Listing, Message, Saved
from ostiary.storage.sqlite import SqliteStore, connect
from tests.doubles.effects import START
from tests.storage.rows import changed, made, organization, session


def edit(file: Path, sql: str) -> None:
    """Change the file from outside."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute(sql)


@contextmanager
def held(file: Path) -> Iterator[None]:
    """The file's one writing place is taken, so that saves queue up."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def noted(file: Path) -> Callable[[], bytes]:
    """A file of words, and what is in it later."""
    file.write_bytes(b"no database " * 1000)
    return file.read_bytes


async def together(store: SqliteStore, file: Path, *changes: Changes) -> list[object]:
    """What becomes of saves that wait while the writer does another, and so make one commit."""
    with held(file):
        before = asyncio.ensure_future(store.save(Changes()))
        await asyncio.sleep(0.05)
        waiting = [asyncio.ensure_future(store.save(one)) for one in changes]
        await asyncio.sleep(0)
        assert store.queued == len(changes)
    await asyncio.wait([before])
    return await asyncio.gather(*waiting, return_exceptions=True)


async def test_reopened_file_has_everything(file: Path) -> None:
    """What was saved is there after a restart, and closing leaves one file."""
    store = SqliteStore(file)
    everything = Changes(
        puts=made(session("1"), organization("1")).puts,
        budgets=(Budget("k", START, START.replace(year=2030), add=1),),
        audit=Audit(START, "", "made", ""),
        outbox=(Message("1", "mail", START, b"sealed"),),
    )
    await store.save(everything)
    await store.page(Listing(SESSION))
    generation = await store.generation()
    await store.close()
    assert [found.name for found in file.parent.iterdir()] == [file.name]
    store = SqliteStore(file)
    assert await store.get(SESSION, "1") == session("1")
    assert await store.counter("k", START) == 1
    assert await store.generation() == generation
    await store.close()


async def test_every_kind_has_its_table(sqlite: SqliteStore) -> None:
    """Each kind can be read by key, by owner and as a list sorted by any of its columns."""
    for kind in KINDS:
        assert await sqlite.get(kind, "1") is None
        assert await sqlite.owned(kind, "1") == ()
        for column in ("id", *kind.columns):
            assert (await sqlite.page(Listing(kind, order=column))).total == 0


async def test_only_durable_connections_write(sqlite: SqliteStore, file: Path) -> None:
    """The writer flushes each commit to the disk, and readers cannot write."""
    assert sqlite._written.execute("PRAGMA synchronous").fetchone() == (2,)
    assert sqlite._written.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    with closing(connect(file, read_only=True)) as reader, pytest.raises(sqlite3.OperationalError):
        reader.execute("DELETE FROM session")


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        ("INSERT INTO schema_migration VALUES (9999, 'future', 'x')", "schema 9999"),
        ("UPDATE schema_migration SET checksum = 'x'", "changed after"),
    ],
    ids=["newer schema", "edited migration"],
)
async def test_other_schemas_are_refused(file: Path, sql: str, word: str) -> None:
    """A database of a newer version, or one that an edited migration made, is refused in words."""
    await SqliteStore(file).close()
    edit(file, sql)
    with pytest.raises(SchemaError, match=word):
        SqliteStore(file)


@pytest.mark.parametrize("path", ["notes.txt", ".", "nowhere/x.db"])
async def test_no_database(tmp_path: Path, path: str) -> None:
    """A file that is no database, or a folder, is refused in words."""
    notes = noted(tmp_path / "notes.txt")
    with pytest.raises(SchemaError, match="cannot be used"):
        SqliteStore(tmp_path / path)
    assert notes() == b"no database " * 1000


def test_migrations_run_once(file: Path) -> None:
    """Each migration is applied once, in order of numbers without gaps."""
    with closing(connect(file)) as connection:
        assert migrate(connection) == len(migrations())
        assert migrate(connection) == 0
    assert [migration.number for migration in migrations()] == list(range(1, len(migrations()) + 1))


async def test_list_ends_at_its_time(file: Path) -> None:
    """A list that takes too long ends in Unavailable, and the store goes on; waiting for a thread counts too."""
    store = SqliteStore(file, list_time_limit_s=0.05)
    await store.save(made(*(session(str(n), "x" * 50) for n in range(3000))))
    slow = Every(tuple(Text("user_id", Match.CONTAINS, "", ignore_case=True) for _ in range(300)))
    late = await asyncio.gather(
        *(store.page(Listing(SESSION, slow)) for _ in range(6)), return_exceptions=True
    )
    assert [type(one) for one in late] == [Unavailable] * 6
    assert (await store.page(Listing(SESSION, limit=1))).total == 3000
    await store.close()


async def test_list_of_a_broken_file(sqlite: SqliteStore, file: Path) -> None:
    """An error of the database that is not about time is not told as one."""
    edit(file, "DROP TABLE session")
    with pytest.raises(sqlite3.OperationalError):
        await sqlite.page(Listing(SESSION))


async def test_neighbours_in_one_commit(sqlite: SqliteStore, file: Path) -> None:
    """In a group that commits at once, each item has its own verdict."""
    await sqlite.save(made(organization("1"), organization("2"), session("1")))
    saves = [
        made(session("10")),
        made(organization("3", "1.example")),
        made(session("11")),
        made(session("12"), organization("4", "1.example")),
        changed(organization("2"), primary_domain="1.example"),
        changed(session("1", version=5)),
        Changes(budgets=(Budget("k", START, START.replace(year=2030), 1, 1),)),
        Changes(budgets=(Budget("k", START, START.replace(year=2030), 1, 1),)),
        made(session("\ud800")),
        made(session("13")),
    ]
    results = await together(sqlite, file, *saves)
    assert [type(result) for result in results] == [
        Saved, Conflict, Saved, Conflict, Conflict, Conflict, Saved, BudgetSpent, UnicodeEncodeError,
        Saved,
    ]  # fmt: skip
    found = await sqlite.page(Listing(SESSION))
    assert [row.id for row in found.items] == ["1", "10", "11", "13"]
    assert await sqlite.get(ORGANIZATION, "4") is None


async def test_one_row_twice_in_one_save(sqlite: SqliteStore) -> None:
    """A save that writes one row twice is refused whole."""
    twice = Changes(puts=(*made(session("1")).puts, *made(session("1", "100")).puts))
    with pytest.raises(Conflict):
        await sqlite.save(twice)
    await sqlite.save(made(session("1")))
    with pytest.raises(Conflict):
        await sqlite.save(Changes(puts=changed(session("1")).puts * 2))
    assert await sqlite.get(SESSION, "1") == session("1")


async def test_full_disk(sqlite: SqliteStore) -> None:
    """With no room a save answers Unavailable and changes nothing; with room again saves go on."""
    await sqlite.save(made(session("1")))
    (pages,) = sqlite._written.execute("PRAGMA page_count").fetchone()
    sqlite._written.execute(f"PRAGMA max_page_count = {pages}")
    large = session("2", metadata={"key": bytes(200_000)})
    with pytest.raises(Unavailable) as refused:
        await sqlite.save(Changes(puts=(*made(session("3")).puts, *made(large).puts)))
    assert (refused.value.id, refused.value.retry_after_s) == ("storage.write_failed", 2)
    assert [await sqlite.get(SESSION, key) for key in ("2", "3")] == [None, None]
    sqlite._written.execute("PRAGMA max_page_count = 1000000")
    await sqlite.save(made(large))
    assert await sqlite.get(SESSION, "2") == large


async def test_failure_of_unknown_meaning_stops_the_store(file: Path) -> None:
    """After a failure that says nothing of what is on the disk nothing is written any more, and the app is told."""
    told: list[BaseException] = []
    store = SqliteStore(file, told.append)
    edit(file, "DROP TABLE audit")
    taken = made(organization("5"), organization("2", "1.example"))
    noted = Changes(puts=made(session("1")).puts, audit=Audit(START, "", "made", ""))
    await store.save(made(organization("1")))
    results = await together(store, file, taken, noted, made(organization("3")))
    assert [type(result) for result in results] == [Conflict, Unavailable, Unavailable]
    assert [type(error) for error in told] == [sqlite3.OperationalError]
    with pytest.raises(Unavailable):
        await store.save(made(organization("4")))
    assert [await store.get(ORGANIZATION, key) for key in ("3", "4")] == [None, None]
    await store.close()


async def test_error_of_ours_stops_the_store(file: Path) -> None:
    """An error that the writer does not know answers everybody who waits, and stops it."""
    told: list[BaseException] = []
    store = SqliteStore(file, told.append)
    with pytest.raises(Unavailable):
        await store.save(Changes(expects=(None,)))  # type: ignore[arg-type]
    assert [type(error) for error in told] == [AttributeError]
    await store.close()


async def test_given_up_save_is_saved(sqlite: SqliteStore, file: Path) -> None:
    """A request that goes away does not stop its save."""
    with held(file):
        gone = asyncio.ensure_future(sqlite.save(made(session("1"))))
        await asyncio.sleep(0)
        gone.cancel()
    await sqlite.save(made(session("2")))
    assert gone.cancelled()
    assert await sqlite.get(SESSION, "1") == session("1")


async def test_close_writes_what_is_queued(file: Path) -> None:
    """Closing waits for queued saves, whose callers are answered; later ones are refused."""
    store = SqliteStore(file)
    with held(file):
        waiting = [asyncio.ensure_future(store.save(made(session(str(n))))) for n in range(300)]
        await asyncio.sleep(0)
        closing_ = asyncio.ensure_future(store.close())
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            await store.save(made(session("x")))
    await closing_
    assert [type(result) for result in await asyncio.gather(*waiting)] == [Saved] * 300
    store = SqliteStore(file)
    assert (await store.page(Listing(SESSION))).total == 300
    await store.close()


async def test_reads_of_one_turn_are_of_one_state(sqlite: SqliteStore, file: Path) -> None:
    """What another process commits in between is seen from the next turn of the loop on, whole."""
    await sqlite.save(made(session("1"), session("2")))
    before = await sqlite.get(SESSION, "1"), await sqlite.generation()
    edit(file, "DELETE FROM session")
    edit(file, "UPDATE generation SET value = value + 1")
    assert (await sqlite.get(SESSION, "2"), await sqlite.generation()) == (session("2"), before[1])
    await asyncio.sleep(0)
    assert (await sqlite.get(SESSION, "2"), await sqlite.generation()) == (None, before[1] + 1)


async def test_an_answered_save_is_seen_by_everybody(sqlite: SqliteStore) -> None:
    """Whoever is told of a save, or of it by someone who was, reads it, though others read all the while."""
    seen: list[bool] = []

    async def read_on() -> None:
        while len(seen) < 50:
            await sqlite.get(SESSION, "0")
            await asyncio.sleep(0)

    async def save(number: int) -> None:
        await sqlite.save(made(session(str(number))))
        seen.append(await sqlite.get(SESSION, str(number)) is not None)

    await asyncio.gather(read_on(), *(save(number) for number in range(50)))
    assert seen == [True] * 50
