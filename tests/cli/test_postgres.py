"""The program on PostgreSQL: one setting, several nodes and workers, and what is said when something is wrong."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.process import ostiary
from tests.postgres import Postgres
from tests.served import Served

PERSON = {"profile": {"givenName": "Mini", "familyName": "Mouse"}, "email": {"email": "m@example.com"}}


@pytest.fixture
def database(postgres: Postgres) -> str:
    """The URL of an empty one."""
    return postgres.new_database()


@pytest.fixture
def first(tmp_path: Path, database: str) -> Iterator[Served]:
    """The node that makes the first start, by two workers."""
    with Served(tmp_path / "first", "--workers=2", database=database) as server:
        yield server
        assert server.stop() == 0


def children(server: Served) -> list[int]:
    """The workers' processes."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children")
    return [int(child) for child in children.read_text().split()]


def wait_until(holds: Callable[[], bool]) -> None:
    """For twenty seconds at most."""
    until = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_commands(first: Served) -> None:
    """Commands find the installation by the same option, beside running servers."""
    machine = ostiary(
        "machine", "create", "robot", "--role", "IAM_OWNER", "--pat", f"{first.folder}/x", *first.place
    )
    assert machine.returncode == 0, machine.stderr
    token = (first.folder / "x").read_text().strip()
    assert first.rest("POST", "/v2/sessions/search", {}, token=token).status_code == 200
    assert ostiary("migrate", *first.place).stdout == "The database is of this version.\n"
    assert ostiary("key", "list", *first.place).returncode == 0
    alone = ostiary("user", "lock", "robot", "--data", str(first.folder))
    assert "say so here too" in alone.stderr


def test_a_second_node(first: Served, tmp_path: Path) -> None:
    """Another machine serves the same sessions with the same master key, and refuses to start without it or with another."""
    folder = tmp_path / "second"
    missing = ostiary("serve", "--data", str(folder), "--database", first.database, "--port", "0")
    assert "The master key is missing" in missing.stderr
    (folder / "master.key").write_text((first.folder / "master.key").read_text())
    with Served(folder, database=first.database) as second:
        user = first.answer("user", "AddHumanUser", PERSON)["userId"]
        headers = {"token": first.pat}
        made = second.answer("session", "CreateSession", {"checks": {"user": {"userId": user}}}, **headers)
        shown = first.answer("session", "GetSession", {"sessionId": made["sessionId"]})
        assert shown["session"]["id"] == made["sessionId"]
        first.answer("session", "DeleteSession", {"sessionId": made["sessionId"]})
        gone = second.connect("session", "GetSession", {"sessionId": made["sessionId"]}, **headers)
        assert gone.status_code == 404
        assert second.stop() == 0
    other = ostiary(
        *("serve", "--data", str(folder), "--database", first.database, "--port", "0"),
        OSTIARY_MASTER_KEY="1:" + "A" * 43 + "=",
    )
    assert "not the one this database was made with" in other.stderr or "master key" in other.stderr


def test_nodes_that_start_first_at_once(tmp_path: Path, database: str) -> None:
    """Of nodes that find an empty database at the same moment one makes the installation; the others say what to do."""
    nodes = [Served(tmp_path / f"node{n}", database=database) for n in range(3)]
    for node in nodes:
        node.begin()
    ended = [node.comes() for node in nodes]
    winners = [node for node, is_ready in zip(nodes, ended, strict=True) if is_ready]
    assert len(winners) == 1
    for node in nodes:
        if node not in winners:
            assert "Copy its master.key" in node.said() or "The master key is missing" in node.said()
            assert not (node.folder / "admin.pat").exists()
            assert not (node.folder / "master.key").exists()
    assert winners[0].rest("POST", "/v2/sessions/search", {}).status_code == 200
    assert winners[0].stop() == 0


def test_workers_are_kept(first: Served) -> None:
    """A worker that dies is started anew, while the other goes on."""
    wait_until(lambda: first.said().count("server.started") == 2)
    (victim, other) = children(first)
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: victim not in children(first))
    assert first.rest("POST", "/v2/sessions/search", {}).status_code == 200
    wait_until(lambda: len(children(first)) == 2)
    assert other in children(first)


def test_workers_end_with_who_keeps_them(first: Served) -> None:
    """A crash of the process that keeps them leaves none behind, and the folder can be served again."""
    left = children(first)
    first.kill()
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in left))
    first.start()


def test_doctor(first: Served, postgres: Postgres) -> None:
    """It looks into the database, also before there is a data folder, and says when that cannot be."""
    looked = ostiary("doctor", *first.place, "--port", str(first.port))
    assert "fsync = off" in looked.stdout
    away = ostiary("doctor", "--data", str(first.folder), "--database", "postgresql://u:word@127.0.0.1:1/d")
    assert "postgresql://u@127.0.0.1:1/d cannot be used: nothing listens there" in away.stdout
    assert ":word" not in away.stdout
    before = ostiary("doctor", "--data", str(first.folder / "none"), "--database", first.database)
    assert "fsync = off" in before.stdout


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        (
            "postgresql://u:word@127.0.0.1:1/d",
            "postgresql://u@127.0.0.1:1/d cannot be used: nothing listens there.",
        ),
        ("postgresql://postgres@127.0.0.1:{port}/nowhere", 'database "nowhere" does not exist.'),
    ],
)
def test_wrong_database(tmp_path: Path, postgres: Postgres, url: str, sentence: str) -> None:
    """A start with a database that cannot be had ends with a sentence and status 1; so do commands."""
    place = ("--data", str(tmp_path / "data"), "--database", url.format(port=postgres.port))
    for command in (("serve", "--port", "0"), ("user", "lock", "alice"), ("migrate",)):
        told = ostiary(*command, *place)
        assert told.returncode == 1
        assert told.stderr.rstrip().endswith(sentence)
        assert "word@" not in told.stderr


def test_shown_without_password(tmp_path: Path) -> None:
    """The list of settings shows no password of the database."""
    shown = ostiary("settings", OSTIARY_DATABASE="postgresql://u:word@h/d").stdout
    assert "postgresql://u@h/d" in shown
    assert ":word" not in shown


def test_shared_port_is_not_shared_with_others(first: Served, tmp_path: Path, database: str) -> None:
    """Another server cannot slip in beside the workers on their port."""
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / "master.key").write_text((first.folder / "master.key").read_text())
    place = ("--data", str(tmp_path / "second"), "--database", database, "--port", str(first.port))
    told = ostiary("serve", "--workers", "2", *place)
    assert told.returncode == 1
    assert "Stop what has it" in told.stderr
