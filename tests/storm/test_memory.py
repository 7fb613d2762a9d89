"""How much memory a server takes: ready for logins, and with many sessions after many requests."""

import random
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
import uvloop

from ostiary.app.load import raw_request, send
from ostiary.app.seeding import requests
from tests.served import Served

IDLE_MB: Final = 60
BUSY_MB: Final = 200
CONNECTIONS: Final = 32
LONGEST_S: Final = 900
SHARES: Final = {"get_session": 0.7, "create_session": 0.2, "list_sessions": 0.1}


def mixed(sessions: int, token: str) -> list[bytes]:
    """As many requests as there are sessions, all over the table, in no order."""
    made: list[bytes] = []
    for operation, share in SHARES.items():
        values = list(requests(operation, int(sessions * share), sessions, 1))
        count = int(sessions * share)
        made.extend(_request(operation, values[number % len(values)], token) for number in range(count))
    random.shuffle(made)
    return made


def _request(operation: str, values: dict[str, str], token: str) -> bytes:
    user = values["user_id"]
    if operation == "get_session":
        return raw_request("GET", f"/v2/sessions/{values['session_id']}", token)
    if operation == "create_session":
        return raw_request(
            "POST", "/v2/sessions", token, b'{"checks":{"user":{"userId":"%b"}}}' % user.encode()
        )
    body = b'{"queries":[{"userIdQuery":{"id":"%b"}}]}' % user.encode()
    return raw_request("POST", "/v2/sessions/search", token, body)


@pytest.mark.parametrize("sessions", [20_000, pytest.param(1_000_000, marks=pytest.mark.nightly)])
def test_memory(tmp_path: Path, sessions: int) -> None:
    """60 MB ready for logins, 200 MB with a million sessions after a million requests: little of the file is mapped."""
    if Served.cluster is not None:
        pytest.skip("the seed is a file's")
    data = tmp_path / "data"
    seed = ("bench", "--seed-only", str(data), "--sessions", str(sessions))
    command = (sys.executable, "-c", "from ostiary.cli import main; main()", *seed)
    subprocess.run(command, check=True, timeout=600)
    with Served(data) as server:
        assert server.rest("GET", "/.well-known/openid-configuration").status_code == 200  # logins are loaded
        idle_mb = server.memory_mb
        sent = mixed(sessions, server.pat)
        done = uvloop.run(send(server.port, sent, CONNECTIONS, LONGEST_S))
        busy_mb = server.memory_mb
    assert (done.count, done.errors) == (len(sent), 0)
    assert idle_mb < IDLE_MB
    assert busy_mb < BUSY_MB
