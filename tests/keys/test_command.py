"""``ostiary key``, and the schedule of a serving process."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from ostiary.app.beginning import begin
from ostiary.app.installation import SERVE_NODE, Installation, opened
from ostiary.app.schedule import schedule
from ostiary.app.upkeep import prepare_installation
from ostiary.cli import run
from ostiary.config.settings import Settings
from ostiary.core.signing_key import SIGNING_KEY
from ostiary.errors import Unavailable
from ostiary.storage.folder import prepare

Captured = pytest.CaptureFixture[str]
WAIT_S = 10


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new installation."""
    path = tmp_path_factory.mktemp("installation") / "data"
    prepare_installation(Settings(data=path))
    return path


def listed(folder: Path, capsys: Captured) -> list[list[str]]:
    """The rows of ``ostiary key list``."""
    capsys.readouterr()
    assert run(["key", "list", "--data", str(folder)]) == 0
    return [line.split("  ") for line in capsys.readouterr().out.splitlines()]


def test_commands(folder: Path, capsys: Captured) -> None:
    """Keys are listed, rotated after a day or at once, and taken back; the last one that signs is not."""
    place = ["--data", str(folder)]
    first = listed(folder, capsys)
    assert sorted((row[1], row[2], row[4]) for row in first) == [
        ("ES256", "signs", "-"),
        ("RS256", "signs", "-"),
    ]
    old = next(row[0] for row in first if row[1] == "ES256")
    assert run(["key", "retire", old, *place]) == 1
    assert "rotate --now" in capsys.readouterr().err
    assert run(["key", "rotate", *place]) == 0
    assert sorted(row[2] for row in listed(folder, capsys)) == ["signs", "signs", "waits", "waits"]
    assert run(["key", "rotate", "--now", *place]) == 0
    assert capsys.readouterr().out.count("signs") == 2
    assert sorted(row[2] for row in listed(folder, capsys)) == ["signs", "signs", "verifies", "verifies"]
    assert run(["key", "retire", old, *place]) == 0
    assert old not in {row[0] for row in listed(folder, capsys)}
    assert run(["key", "retire", old, *place]) == 1


@pytest.fixture
async def installation(tmp_path: Path) -> AsyncIterator[Installation]:
    """An installation, open."""
    settings = Settings(data=tmp_path / "data")
    prepare(settings.data)
    async with opened(settings, SERVE_NODE) as made:
        await begin(made)
        yield made


async def test_schedule(installation: Installation) -> None:
    """A serving process makes the successor when its time has come."""
    failed: list[BaseException] = []
    installation.effects.advance(timedelta(days=29))
    async with asyncio.timeout(WAIT_S), schedule(installation, failed.append, 0.01):
        while len(await installation.store.owned(SIGNING_KEY, "RS256")) < 2:  # noqa: ASYNC110  it is another task
            await asyncio.sleep(0.01)
    assert failed == []
    assert len(await installation.store.owned(SIGNING_KEY, "ES256")) <= 2


async def test_the_database_is_away_for_a_while(installation: Installation) -> None:
    """The schedule goes on as if nothing had been: a failover must not end every process."""

    class Away:
        """Answers from the third question on."""

        asked = 0

        def __getattr__(self, name: str) -> Any:
            return getattr(installation.store, name)

        async def owned(self, kind: Any, owner_id: str) -> Any:
            self.asked += 1
            if self.asked < 3:
                raise Unavailable("storage.away", "The database does not answer")
            return await installation.store.owned(kind, owner_id)

    failed: list[BaseException] = []
    installation.effects.advance(timedelta(days=29))
    shaken = replace(installation, store=cast("Any", Away()))
    async with asyncio.timeout(WAIT_S), schedule(shaken, failed.append, 0.01):
        while len(await installation.store.owned(SIGNING_KEY, "RS256")) < 2:  # noqa: ASYNC110  it is another task
            await asyncio.sleep(0.01)
    assert failed == []


async def test_schedule_fails(installation: Installation) -> None:
    """What goes wrong in the schedule is fatal: the process is told, and ends."""
    failed: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
    await installation.store.close()
    async with asyncio.timeout(WAIT_S), schedule(installation, failed.set_result, 0.01):
        error = await failed
    assert isinstance(error, Exception)
