"""kill -9 of the server, of one PostgreSQL backend, of the postmaster, under load (R-02): as with a file."""

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.crash.campaign import READY_S, Campaign, Fault, killed, run
from tests.postgres import Postgres
from tests.served import Served

BACKENDS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'ostiary'"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Postgres]:
    """One that may be killed, which the other tests' may not."""
    with Postgres() as own:
        yield own


def ready_again(server: Served) -> float:
    """The seconds until the server, which was left alone, is ready."""
    began = time.monotonic()
    while time.monotonic() - began < 2 * READY_S:
        if requests.get(f"{server.base}/debug/ready", timeout=READY_S).status_code == 200:
            return time.monotonic() - began
        time.sleep(0.02)
    raise AssertionError(f"the server does not recover:\n{server.said()[-3000:]}")


def faults(cluster: Postgres) -> dict[str, Fault]:
    """Each way to die."""

    def backend(server: Served) -> float:
        victims = cluster.sql(server.database, BACKENDS).split()
        os.kill(int(random.choice(victims)), signal.SIGKILL)
        time.sleep(0.05)  # until the postmaster has noticed, and ends the others
        return ready_again(server)

    def postmaster(server: Served) -> float:
        cluster.kill()
        cluster.start()
        return ready_again(server)

    def stopped(server: Served) -> float:
        cluster.stop()
        cluster.start()
        return ready_again(server)

    return {"server": killed, "backend": backend, "postmaster": postmaster, "restart": stopped}


@pytest.mark.parametrize("fault", ["server", "backend", "postmaster", "restart"])
@pytest.mark.parametrize("cycles", [4, pytest.param(50, marks=pytest.mark.nightly)])
def test_kill(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], cluster: Postgres, fault: str, cycles: int
) -> None:
    """After each of so many faults the server shows what its answers promised, and goes on without a restart."""
    seed = random.randrange(10**6)
    server = Served(tmp_path / "data", "--dev", database=cluster.new_database())
    campaign = Campaign(tmp_path, seed, server, faults(cluster)[fault])
    try:
        assert run(campaign, cycles, seed) == []
    finally:
        with capsys.disabled():
            print(f"\nkill -9 of {fault}, seed {seed}", *campaign.told, sep="\n  ")  # noqa: T201
