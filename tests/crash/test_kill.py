"""kill -9 in the middle of a load (R-01): nothing acknowledged is lost or revived, one token of a session lives."""

import random
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.crash.ledger import Ledger, Operation
from tests.crash.load import Load, look
from tests.crash.oracle import Oracle, State
from tests.served import Served

LONGEST_S = 0.5  # from the start of the load to the kill
READY_S = 10.0  # far above what is measured, far below what a repair by hand would take


class Campaign:
    """Lives and deaths of one server."""

    def __init__(self, folder: Path, seed: int) -> None:
        """The first start makes the data folder."""
        self.server = Served(folder / "data", "--dev")
        self.server.start()
        self._ledger = Ledger(folder / "ledger")
        self._load = Load(self._ledger, self.server.alice, seed)
        self._chance = random.Random(seed)
        self._oracle = Oracle()
        self._judged = 0
        self.told: list[str] = []

    def cycle(self) -> list[str]:
        """Load, kill, start, look; what is wrong."""
        self._load.start(self.server)
        time.sleep(self._chance.uniform(0.05, LONGEST_S))
        in_flight = self._ledger.in_flight
        self.server.kill()
        self._load.join()
        ready_s = self.server.start()
        done = [one for one in self._ledger.read().values() if one.number > self._judged]
        self._judged += len(done)
        wrong = self._oracle.judge(done, look(self.server, self._tokens(done)))
        if ready_s > READY_S:
            wrong.append(f"ready only after {ready_s:.1f} s")
        counted = Counter(one.result for one in done)
        self.told.append(f"{in_flight} in flight at the kill, {dict(counted)}, ready after {ready_s:.2f} s")
        return wrong + self._integrity()

    def last(self) -> list[str]:
        """What is wrong after all, with every token that ever was tried once more, and the audit counted."""
        tokens = {(name, token) for name, state in self._oracle.states.items() for token in state.tokens}
        wrong = self._oracle.judge([], look(self.server, tokens))
        rows = self.server.rows(
            "SELECT object_id, action, count(*) FROM audit WHERE action LIKE 'session.%' GROUP BY 1, 2"
        )
        audited = {(session, action): count for session, action, count in rows}
        for session, state in self._oracle.states.items():
            for action, count in _expected(state).items():
                if audited.get((session, action), 0) != count:
                    wrong.append(
                        f"session {session} has {audited.get((session, action), 0)} {action}, not {count}"
                    )
        return wrong

    def close(self) -> None:
        """Stop the server."""
        self._ledger.close()
        self.server.stop()

    def _tokens(self, done: list[Operation]) -> set[tuple[str, str]]:
        """Every token of the sessions that were touched in this life."""
        touched = {one.session for one in done}
        known = {
            (name, token)
            for name, state in self._oracle.states.items()
            if name in touched
            for token in state.tokens
        }
        return known | {(one.session, one.token) for one in done if one.token}

    def _integrity(self) -> list[str]:
        if self.server.database != "sqlite":
            return []
        ((answer,),) = self.server.rows("PRAGMA integrity_check")
        return [] if answer == "ok" else [f"integrity_check: {answer}"]


def _expected(state: State) -> dict[str, int]:
    """How many audit records of each action a session must have (I9)."""
    return {"session.created": 1, "session.set": state.changes, "session.ended": int(state.gone)}


@pytest.mark.parametrize("cycles", [20, pytest.param(300, marks=pytest.mark.nightly)])
def test_kill(tmp_path: Path, capsys: pytest.CaptureFixture[str], cycles: int) -> None:
    """After each of so many kills the server shows what its answers promised, and goes on."""
    seed = random.randrange(10**6)
    campaign = Campaign(tmp_path, seed)
    wrong: list[str] = []
    try:
        for number in range(cycles):
            wrong += (f"life {number + 1}, seed {seed}: {text}" for text in campaign.cycle())
            if wrong:
                break
        wrong += campaign.last()
    finally:
        campaign.close()
        with capsys.disabled():
            print(f"\nkill -9, seed {seed}", *campaign.told, sep="\n  ")  # noqa: T201
    assert wrong == []
