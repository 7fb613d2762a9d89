"""Two servers on one database behind HAProxy, as deploy/ sets it up, restarted in turn: no request fails (R-36)."""

import http.client
import json
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import Final

import pytest

from tests.cli.process import free_port
from tests.postgres import Postgres
from tests.served import Served

HAPROXY: Final = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
CONFIGURATION: Final = Path(__file__).parents[2] / "deploy" / "haproxy.cfg"
CLIENTS: Final = 8
SEEN_S: Final = 1.5  # until the proxy has looked again

pytestmark = pytest.mark.skipif(
    HAPROXY is None, reason="haproxy is not installed, and ./test could not install it"
)


class Clients:
    """Each creates, reads and ends sessions, on one connection to the proxy; whatever is not good is noted."""

    def __init__(self, port: int, headers: dict[str, str]) -> None:
        """At work as soon as they are made."""
        self._port = port
        self._headers = {**headers, "Content-Type": "application/json"}
        self._leave = threading.Event()
        self.answers = 0
        self.failures: list[str] = []
        self._threads = [threading.Thread(target=self._work) for _ in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let each finish what it is at."""
        self._leave.set()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        while not self._leave.is_set():
            try:
                created = self._ask(connection, "POST", "/v2/sessions", "{}")
                path = f"/v2/sessions/{created['sessionId']}"
                self._ask(connection, "GET", path)
                self._ask(connection, "DELETE", path, "{}")
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.failures.append(f"{time.strftime('%X')} {error!r}")
                connection.close()
        connection.close()

    def _ask(
        self, connection: http.client.HTTPConnection, verb: str, path: str, body: str | None = None
    ) -> dict[str, str]:
        connection.request(verb, path, body, self._headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status not in {200, 201}:
            raise ValueError(f"{verb} {path}: {answer.status} {content.decode()[:200]}")
        self.answers += 1
        said: dict[str, str] = json.loads(content)
        return said


@pytest.fixture
def nodes(tmp_path: Path, postgres: Postgres) -> Iterator[tuple[Served, Served]]:
    """Two servers on one database."""
    database, key = postgres.new_database(), tmp_path / "one" / "master.key"
    one, two = (
        Served(tmp_path / name, "--port", str(free_port()), "--drain-notice-s", "3", database=database)
        for name in ("one", "two")
    )
    with one:
        two.folder.mkdir(mode=0o700)
        shutil.copy(key, two.folder)
        with two:
            yield one, two


@pytest.fixture
def proxy(tmp_path: Path, nodes: tuple[Served, Served]) -> Iterator[int]:
    """The port of HAProxy before them."""
    assert HAPROXY is not None
    port, file = free_port(), tmp_path / "haproxy.cfg"
    ports = {"proxy_port": port, "node1_port": nodes[0].port, "node2_port": nodes[1].port}
    file.write_text(Template(CONFIGURATION.read_text()).substitute(ports))
    with subprocess.Popen([HAPROXY, "-f", file, "-db"]) as process:
        time.sleep(SEEN_S)
        yield port
        process.terminate()


@pytest.mark.parametrize("rolls", [1, pytest.param(25, marks=pytest.mark.nightly)])
def test_rolling_restart(nodes: tuple[Served, Served], proxy: int, rolls: int) -> None:
    """Each is told to leave, ends in good order and comes back, while clients go on as if nothing were."""
    clients = Clients(proxy, nodes[0].headers())
    time.sleep(1)
    for _ in range(rolls):
        for node in nodes:
            assert node.stop() == 0
            node.start()
            time.sleep(SEEN_S)
    clients.stop()
    assert clients.failures == []
    assert clients.answers > 100 * rolls
