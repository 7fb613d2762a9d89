"""The database: etcd, and PostgreSQL on three nodes under Patroni, of which one is written to and two follow."""

import json
import os
import shutil
import signal
import subprocess
import urllib.request
from contextlib import suppress
from pathlib import Path
from string import Template
from typing import Any, Final

from deploy.layout import DATABASES, Layout
from deploy.programs import Program, Trouble, holds

_READY_S: Final = 90
_HERE: Final = Path(__file__).parent


class Database:
    """All of it."""

    def __init__(self, layout: Layout) -> None:
        """Nothing is started."""
        self._layout = layout
        self._etcd = Program(layout.of("etcd"), "postgres")
        self._nodes = {name: Program(layout.of(name), "postgres") for name in DATABASES}

    def start(self) -> None:
        """Start what does not run, and wait until a commit is on two nodes; raises Trouble."""
        self._start_etcd()
        for name in DATABASES:
            self.start_node(name)
        self.wait_for_all()
        self._make_database()

    def start_node(self, name: str) -> None:
        """Start one PostgreSQL with the Patroni that keeps it."""
        node = self._nodes[name]
        file = node.write("patroni.yml", self._configuration(name))
        node.start(["patroni", file])

    def wait_for_all(self) -> None:
        """Until one leads, one has every commit of it, and one follows; raises Trouble."""
        if not holds(self._is_whole, _READY_S):
            words = "\n".join(f"{name}: {node.last_words()}" for name, node in self._nodes.items())
            raise Trouble(f"The database did not come up in {_READY_S} s.\n{words}")

    def stop(self) -> None:
        """End those that follow, then the one that leads, then etcd."""
        leader = self.leader()
        for name in sorted(DATABASES, key=lambda name: name == leader):
            self._nodes[name].stop()
        self._etcd.stop()

    def leader(self) -> str:
        """Which node is written to; empty if none is."""
        return next((name for name in DATABASES if self._is_leader(name)), "")

    def kill(self, name: str) -> None:
        """As if the machine had lost its power: Patroni, PostgreSQL and every process of it, at once."""
        node = self._nodes[name]
        processes = [node.pid, *_tree(_postmaster(node.folder))]
        for pid in processes:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)  # nobody acts while others are already gone
        for pid in processes:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _start_etcd(self) -> None:
        ports = self._layout.ports
        client, peer = (f"http://127.0.0.1:{ports[name]}" for name in ("etcd", "etcd_peer"))
        self._etcd.start(
            [
                *("etcd", "--name", "one", "--data-dir", "data", "--initial-cluster", f"one={peer}"),
                *("--listen-client-urls", client, "--advertise-client-urls", client),
                *("--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer),
            ]
        )

    def _configuration(self, name: str) -> str:
        ports, passwords = self._layout.ports, self._layout.passwords
        return Template((_HERE / "patroni.yml").read_text()).substitute(
            name=name,
            folder=self._layout.of(name),
            bin_dir=_bin_dir(),
            shared_buffers="128MB",
            etcd_port=ports["etcd"],
            pg_port=ports[name],
            rest_port=ports[f"{name}_rest"],
            **{f"{whose}_password": password for whose, password in passwords.items()},
        )

    def _is_whole(self) -> bool:
        leader = self.leader()
        if not leader:
            return False
        members = self._asked(leader, "cluster").get("members", ())
        running = [one["role"] for one in members if one["state"] in {"running", "streaming"}]
        return sorted(running) == ["leader", "replica", "sync_standby"]

    def _is_leader(self, name: str) -> bool:
        return bool(self._asked(name, "primary"))

    def _asked(self, name: str, what: str) -> dict[str, Any]:
        """What Patroni of a node says; nothing if that is no or none."""
        url = f"http://127.0.0.1:{self._layout.ports[f'{name}_rest']}/{what}"
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                said: dict[str, Any] = json.load(answer)
                return said
        except (OSError, ValueError):
            return {}

    def _make_database(self) -> None:
        """The servers' role and database, if they are not there."""
        password = self._layout.passwords["ostiary"]
        if self._sql("SELECT 1 FROM pg_roles WHERE rolname = 'ostiary'"):
            return
        self._sql(f"CREATE ROLE ostiary LOGIN PASSWORD '{password}'")
        self._sql("CREATE DATABASE ostiary OWNER ostiary")

    def _sql(self, text: str) -> str:
        environment = {**os.environ, "PGPASSWORD": self._layout.passwords["superuser"]}
        port = str(self._layout.ports[self.leader()])
        command = ["psql", "-h", "127.0.0.1", "-p", port, "-U", "postgres", "-Atq", "-c", text]
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


def _bin_dir() -> str:
    """Of the newest PostgreSQL there is."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if found:
        return str(found[-1])
    return str(Path(shutil.which("postgres") or "/usr/bin/postgres").parent)


def _postmaster(folder: Path) -> int:
    file = folder / "data" / "postmaster.pid"
    return int(file.read_text().split("\n", 1)[0]) if file.exists() else 0


def _tree(pid: int) -> list[int]:
    """A process and its children."""
    if not pid:
        return []
    children = Path(f"/proc/{pid}/task/{pid}/children")
    found = children.read_text().split() if children.exists() else []
    return [pid, *map(int, found)]
