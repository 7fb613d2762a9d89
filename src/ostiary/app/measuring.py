"""Our own operations, measured against a server of ours on this machine; no floors beside them."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import uvloop

from ostiary.app.load import Measured, raw_request, send
from ostiary.app.seeding import SEEDED_PASSWORD, requests
from ostiary.config.settings import Settings, Trouble

_START_S: Final = 20
_STEP_S: Final = 0.02
_WARM_UP_S: Final = 0.5
_MOST_A_SECOND: Final = 20_000
_HASHING: Final = 8  # connections where each request hashes: more would only be told to come again


@dataclass(frozen=True, slots=True)
class Row:
    """One operation; ``cpu_us`` is the server's processor time for each, None where the system does not tell."""

    operation: str
    measured: Measured
    cpu_us: float | None


@dataclass(frozen=True, slots=True)
class Plan:
    """How to measure; ``sessions`` are those that were seeded."""

    sessions: int
    seconds: float
    connections: int


_OPERATIONS: Final[tuple[tuple[str, str, str, object], ...]] = (
    ("get_session", "GET", "/v2/sessions/{session_id}", None),
    ("create_session", "POST", "/v2/sessions", {"checks": {"user": {"userId": "{user_id}"}}}),
    (
        "create_session_password",
        "POST",
        "/v2/sessions",
        {"checks": {"user": {"userId": "{user_id}"}, "password": {"password": SEEDED_PASSWORD}}},
    ),
    ("set_session_totp", "PATCH", "/v2/sessions/{session_id}", {"checks": {"totp": {"code": "{totp_code}"}}}),
    ("list_sessions", "POST", "/v2/sessions/search", {"queries": [{"userIdQuery": {"id": "{user_id}"}}]}),
    ("delete_session", "DELETE", "/v2/sessions/{session_id}", {}),
)


def measure(settings: Settings, plan: Plan) -> Iterator[Row]:
    """Serve what was seeded and measure one operation after the other."""
    with serving(settings) as (process, port):
        token = (settings.data / "admin.pat").read_text().strip()
        for name, method, path, body in _OPERATIONS:
            sent = list(_requests(name, method, path, body, token, plan))
            cut = len(sent) // 4
            connections = min(plan.connections, _HASHING) if "password" in name else plan.connections
            uvloop.run(send(port, sent[:cut], connections, _WARM_UP_S))
            before = _cpu_s(process)
            measured = uvloop.run(send(port, sent[cut:], connections, plan.seconds))
            after = _cpu_s(process)
            spent = (after - before) / measured.count * 1e6 if before and after and measured.count else None
            yield Row(name, measured, spent)


def _requests(name: str, method: str, path: str, body: object, token: str, plan: Plan) -> Iterator[bytes]:
    template = "" if body is None else msgspec.json.encode(body).decode()
    wanted = int(_MOST_A_SECOND * (plan.seconds + _WARM_UP_S))
    found = list(requests(name, wanted, plan.sessions, 0))
    if name not in {"set_session_totp", "delete_session"}:
        found *= wanted // len(found) + 1
    for values in found[:wanted]:
        text = template
        for key, value in values.items():
            text = text.replace(f"{{{key}}}", value)
        yield raw_request(method, path.format(**values), token, text.encode())


@contextmanager
def serving(settings: Settings) -> Iterator[tuple[int, int]]:
    """A server of the installation, as long as it is looked at: its process and port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    start = "from ostiary.cli import main; main()"
    place = ("--data", str(settings.data), "--database", settings.database)
    command = [sys.executable, "-c", start, "serve", *place, "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:  # noqa: S603
        try:
            asyncio.run(_ready(port, process))
            yield process.pid, port
        finally:
            process.terminate()


async def _ready(port: int, process: "subprocess.Popen[bytes]") -> None:
    async with asyncio.timeout(_START_S):
        while process.poll() is None:
            try:
                measured = await send(port, [raw_request("GET", "/debug/ready", "")], 1, 1)
                if not measured.errors:
                    return
            except OSError:
                await asyncio.sleep(_STEP_S)
    said = process.stderr.read().decode() if process.stderr else ""
    raise Trouble(f"The server to be measured did not start. {said}")


def _cpu_s(process: int) -> float:
    """Processor time of a process so far; 0 where there is no /proc."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
