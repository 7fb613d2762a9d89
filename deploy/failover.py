"""Kills the primary under load, again and again: nothing acknowledged may be lost, and how long nobody could write."""

import time
from dataclasses import dataclass
from typing import Final

from deploy.database import Database
from deploy.layout import Layout
from deploy.load import Load
from deploy.programs import Trouble

_BEFORE_S: Final = 3
_AFTER_S: Final = 3
_MOST_S: Final = 60


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill: who, what was acknowledged before and after, and how long nothing was."""

    node: str
    outage_s: float
    acknowledged: int
    unknown: int
    lost: int


class Campaign:
    """So many kills of one installation."""

    def __init__(self, layout: Layout, database: Database) -> None:
        """It must run."""
        token = (layout.of("node1") / "data" / "admin.pat").read_text().strip()
        self._database = database
        self._load = Load(layout.ports["proxy"], token)

    def run(self, kills: int) -> int:
        """Kill, tell, and bring back, so often; the exit status."""
        for number in range(kills):
            kill = self._kill()
            print(
                f"kill {number + 1} of {kill.node}: {kill.outage_s:.1f} s without a write, "
                f"so far {kill.acknowledged} acknowledged, {kill.unknown} refused or unknown, {kill.lost} lost",
                flush=True,
            )
            self._database.start_node(kill.node)
            self._database.wait_for_all()
        lost = len(self._load.lost())  # once more, all of them
        print("Nothing that was acknowledged is lost." if not lost else f"{lost} lost")
        return 1 if lost else 0

    def _kill(self) -> Kill:
        load, leader = self._load, self._database.leader()
        if not leader:
            raise Trouble("The database has no primary: start it first (deploy/start), or look at its logs.")
        before = len(load.acknowledged)
        load.start()
        time.sleep(_BEFORE_S)
        self._database.kill(leader)
        killed_at = time.monotonic()
        load.wait_for_write(since=killed_at, seconds=_MOST_S)
        time.sleep(_AFTER_S)
        load.stop()
        outage_s = load.longest_gap_s(around=killed_at)
        return Kill(leader, outage_s, len(load.acknowledged), load.unknown, len(load.lost(since=before)))
