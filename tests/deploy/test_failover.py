"""The recipe for many machines, on this one: it starts by one command, and a failover loses nothing."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

TOP: Final = Path(__file__).parents[2]
NEEDED: Final = ("etcd", "patroni", "haproxy", "psql")
MAY_INSTALL: Final = os.geteuid() == 0 and shutil.which("apt-get") is not None

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(
        not MAY_INSTALL and not all(map(shutil.which, NEEDED)),
        reason="etcd-server, patroni, haproxy and postgresql are not installed, and we may not install them",
    ),
]


@pytest.fixture
def installation() -> Iterator[Path]:
    """It runs; in a folder that the user postgres can enter."""
    folder = Path(tempfile.mkdtemp(prefix="ostiary-deploy-"))
    folder.chmod(0o711)
    try:
        subprocess.run([TOP / "deploy" / "start", folder], check=True, timeout=600)
        yield folder
    finally:
        subprocess.run([TOP / "deploy" / "stop", folder], check=True, timeout=120)
        shutil.rmtree(folder)


def test_failover(installation: Path) -> None:
    """Of ten primaries killed under load none takes an acknowledged write with it; it is started twice without harm."""
    subprocess.run([TOP / "deploy" / "start", installation], check=True, timeout=120)
    told = subprocess.run(
        [TOP / "deploy" / "failover", installation, "--kills", "10"],
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert told.stdout.endswith("Nothing that was acknowledged is lost.\n")
