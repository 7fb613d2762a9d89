"""kill -9 in the middle of a load (R-01): nothing acknowledged is lost or revived, one token of a session lives."""

import random
from pathlib import Path

import pytest

from tests.crash.campaign import Campaign, run
from tests.served import Served


@pytest.mark.parametrize("cycles", [20, pytest.param(300, marks=pytest.mark.nightly)])
def test_kill(tmp_path: Path, capsys: pytest.CaptureFixture[str], cycles: int) -> None:
    """After each of so many kills the server shows what its answers promised, and goes on."""
    seed = random.randrange(10**6)
    campaign = Campaign(tmp_path, seed, Served(tmp_path / "data", "--dev"))
    try:
        assert run(campaign, cycles, seed) == []
    finally:
        with capsys.disabled():
            print(f"\nkill -9, seed {seed}", *campaign.told, sep="\n  ")  # noqa: T201
