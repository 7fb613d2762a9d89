"""A campaign: load, a fault in the middle of it, a look at what is there; nothing acknowledged is lost or revived (R-01)."""

import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.crash.ledger import Ledger, Operation
from tests.crash.load import Load, look
from tests.crash.oracle import Oracle, State
from tests.served import Served

LONGEST_S: Final = 0.5  # from the start of the load to the fault
READY_S: Final = 10.0  # far above what is measured, far below what a repair by hand would take
Fault = Callable[[Served], float]  # does it, and answers how long the server was not ready


def killed(server: Served) -> float:
    """kill -9 of the server, which starts again."""
    server.kill()
    return server.start()


class Campaign:
    """Lives and deaths of one server, or of its database."""

    def __init__(self, folder: Path, seed: int, server: Served, fault: Fault = killed) -> None:
        """The first start makes the data folder."""
        self.server = server
        self.server.start()
        self._fault = fault
        self._ledger = Ledger(folder / "ledger")
        self._load = Load(self._ledger, self.server.alice, seed)
        self._chance = random.Random(seed)
        self._oracle = Oracle()
        self._judged = 0
        self.told: list[str] = []

    def cycle(self) -> list[str]:
        """Load, fault, look; what is wrong."""
        self._load.start(self.server)
        time.sleep(self._chance.uniform(0.05, LONGEST_S))
        in_flight = self._ledger.in_flight
        ready_s = self._fault(self.server)
        self._load.join()
        done = [one for one in self._ledger.read().values() if one.number > self._judged]
        self._judged += len(done)
        wrong = self._oracle.judge(done, look(self.server, self._tokens(done)))
        if ready_s > READY_S:
            wrong.append(f"ready only after {ready_s:.1f} s")
        counted = Counter(one.result for one in done)
        self.told.append(f"{in_flight} in flight then, {dict(counted)}, ready after {ready_s:.2f} s")
        faults = {one.why for one in done if one.result == "unknown" and "'code': 13" in one.why}
        wrong += [f"was answered {why}, which is no 503" for why in faults]
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


def run(campaign: Campaign, cycles: int, seed: int) -> list[str]:
    """So many cycles, unless something is wrong; what is."""
    wrong: list[str] = []
    try:
        for number in range(cycles):
            wrong += (f"life {number + 1}, seed {seed}: {text}" for text in campaign.cycle())
            if wrong:
                break
        return wrong + campaign.last()
    finally:
        campaign.close()
