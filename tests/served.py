"""A real server for tests: our own program, started on a free port with a data folder of its own."""

import asyncio
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

import asyncpg
import pytest
import requests

from tests.postgres import Postgres

if TYPE_CHECKING:  # plugins load before coverage begins: nothing of the server may
    from ostiary.config.settings import Settings

START_S: Final = 30
STOP_S: Final = 30
_ADDRESS: Final = re.compile(r"^Ostiary \S+ at (https?)://localhost:(\d+)$", re.MULTILINE)
_PROGRAM: Final = (sys.executable, "-c", "from ostiary.cli import main; main()")


class Served:
    """One data folder and the process that serves it, which may end and start again; ``log`` is all it said."""

    cluster: ClassVar[Postgres | None] = None  # with --postgres

    def __init__(self, folder: Path, *options: str, database: str = "") -> None:
        """Nothing is started yet; ``folder`` is made by the first start. ``database``: the URL of an own PostgreSQL."""
        self.folder = folder
        self.database = database or (Served.cluster.new_database() if Served.cluster else "sqlite")
        self.log = folder.with_name(f"{folder.name}.log")
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self._said = 0  # how long the log was when this life began
        self.port = 0

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End whatever still runs."""
        self.kill()

    def start(self) -> float:
        """Start, and wait until it is ready; the seconds that took."""
        began = time.monotonic()
        self.begin()
        if not self.comes():
            raise RuntimeError(f"the server does not start:\n{self.log.read_text()[self._said :]}")
        return time.monotonic() - began

    def begin(self) -> None:
        """Start, and wait for nothing."""
        port = () if "--port" in self._options else ("--port", "0")
        arguments = ("serve", *self.place, *port, *self._options)
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("OSTIARY_", "PYTHONDONT"))
        }  # it starts as it does for anybody: with its compiled code kept
        self._said = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                [*_PROGRAM, *arguments],
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                env=environment,
                cwd=self.folder.parent,
                start_new_session=True,
            )

    def comes(self) -> bool:
        """Wait until it is ready; False if it ended, or was ended because it took too long."""
        until = time.monotonic() + START_S
        while self._process is not None and not self._is_ready(self._said):
            if self._process.poll() is not None or time.monotonic() > until:
                self.kill()
                return False
            time.sleep(0.01)
        return True

    @property
    def pid(self) -> int:
        """Its process; 0 when there is none."""
        return self._process.pid if self._process else 0

    @property
    def memory_mb(self) -> int:
        """What its process holds alone, and its share of the rest (PSS)."""
        lines = Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) // 1024

    def _is_ready(self, said: int) -> bool:
        found = _ADDRESS.search(self.log.read_text()[said:])
        if found is None:
            return False
        self.port = int(found[2])
        if found[1] == "https":
            return True
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        connection.request("GET", "/debug/ready")
        ready = connection.getresponse().status == 200
        connection.close()
        return ready

    def kill(self) -> None:
        """End the process group at once, as a crash would."""
        self._end(signal.SIGKILL)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Meanwhile the server stands still, while what is sent to it waits in its sockets."""
        if self._process is None:
            raise RuntimeError("the server does not run")
        os.killpg(self._process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self._process.pid, signal.SIGCONT)

    def stop(self) -> int:
        """Ask the server to leave; its exit status."""
        return self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        if process.poll() is None:
            os.killpg(process.pid, how)
        try:
            return process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise

    @property
    def base(self) -> str:
        """Where REST and Connect are found."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def address(self) -> str:
        """Where gRPC is found."""
        return f"127.0.0.1:{self.port}"

    @property
    def place(self) -> tuple[str, ...]:
        """The options that name it to commands."""
        return ("--data", str(self.folder), "--database", self.database)

    @property
    def settings(self) -> "Settings":
        """For what an operator does beside it."""
        from ostiary.config.loading import load

        return load({"data": self.folder, "database": self.database})

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What the database itself answers."""
        if self.database == "sqlite":
            with closing(sqlite3.connect(f"file:{self.folder / 'ostiary.db'}?mode=ro", uri=True)) as database:
                return database.execute(sql).fetchall()

        async def fetched() -> list[tuple[Any, ...]]:
            connection = await asyncpg.connect(self.database)
            rows = [tuple(row) for row in await connection.fetch(sql)]
            await connection.close()
            return rows

        return asyncio.run(fetched())

    @property
    def pat(self) -> str:
        """The token of a machine that may do everything."""
        return (self.folder / "admin.pat").read_text().strip()

    @property
    def alice(self) -> dict[str, str]:
        """Login name and password of the user of ``--dev``."""
        content: dict[str, str] = json.loads((self.folder / "dev.json").read_text())
        return content

    def said(self) -> str:
        """Standard output and standard error, of all its lives."""
        return self.log.read_text("utf-8", "replace")

    def connect(self, service: str, rpc: str, message: object, *, token: str = "") -> requests.Response:
        """Connect with JSON: ``connect("session", "GetSession", {…})``."""
        path = f"{self.base}/{SERVICES[service]}/{rpc}"
        return requests.post(path, json=message, headers=self.headers(token), timeout=30)

    def rest(
        self, verb: str, path: str, message: object = None, *, token: str = "", **query: str
    ) -> requests.Response:
        """REST."""
        body = None if message is None else json.dumps(message)
        headers = {"Content-Type": "application/json", **self.headers(token)}
        return requests.request(verb, self.base + path, data=body, params=query, headers=headers, timeout=30)

    def headers(self, token: str = "") -> dict[str, str]:
        """Who is calling: the administrator unless another token is given."""
        return {"Authorization": f"Bearer {token or self.pat}"}

    def answer(self, service: str, rpc: str, message: object, *, token: str = "") -> dict[str, Any]:
        """The answer to a call that must succeed."""
        response = self.connect(service, rpc, message, token=token)
        assert response.status_code == 200, response.text
        content: dict[str, Any] = response.json()
        return content


SERVICES: Final = {
    "session": "zitadel.session.v2.SessionService",
    "user": "zitadel.user.v2.UserService",
    "settings": "zitadel.settings.v2.SettingsService",
    "org": "zitadel.org.v2.OrganizationService",
    "oidc": "zitadel.oidc.v2.OIDCService",
}


@pytest.fixture(scope="session", autouse=True)
def served_on_postgres(request: pytest.FixtureRequest) -> Iterator[None]:
    """With ``--postgres`` every server has a database in one cluster."""
    if request.config.getoption("--postgres"):
        Served.cluster = request.getfixturevalue("postgres")
    yield
    Served.cluster = None


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server with ``--dev`` for all tests that make what they need and spoil nothing that others use."""
    with Served(tmp_path_factory.mktemp("served") / "data", "--dev") as server:
        yield server
        assert server.stop() == 0
