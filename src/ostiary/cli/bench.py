"""``ostiary bench``."""

import tempfile
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ostiary.config.loading import load
from ostiary.config.settings import Settings


def bench(
    *,
    sessions: Annotated[int, Parameter(help="So many, of a twentieth as many users.")] = 20_000,
    seconds: Annotated[float, Parameter(help="For each operation.")] = 2.0,
    connections: Annotated[int, Parameter(help="At once.")] = 32,
    seed_only: Annotated[Path | None, Parameter(help="Only make that data folder, for other tools.")] = None,
    enumeration: Annotated[
        bool,
        Parameter(help="Instead: whether a login takes as long with an unknown name as with a known one."),
    ] = False,
    samples: Annotated[int, Parameter(help="For that, of each kind.")] = 2000,
    database: Annotated[str | None, Parameter(help="An empty PostgreSQL database instead of a file.")] = None,
) -> int:
    """Seed a folder, serve it, measure create, get, set, list and delete over HTTP."""
    from ostiary.app.seeding import seed

    if seed_only is not None:
        seed(load({"data": seed_only, "database": database}), sessions)
        return 0
    with tempfile.TemporaryDirectory(prefix="ostiary-bench-") as folder:
        settings = load({"data": Path(folder) / "data", "database": database})
        print(f"seeding {sessions} sessions", flush=True)
        seed(settings, sessions)
        if enumeration:
            return _enumeration(settings, sessions, samples)
        _table(settings, sessions, seconds, connections)
    return 0


def _table(settings: Settings, sessions: int, seconds: float, connections: int) -> None:
    from ostiary.app.measuring import Plan, measure

    print(f"{'operation':26}{'ops/s':>8}{'p50 ms':>9}{'p99 ms':>9}{'CPU us/op':>11}{'errors':>8}", flush=True)
    for row in measure(settings, Plan(sessions, seconds, connections)):
        this = row.measured
        spent = "-" if row.cpu_us is None else f"{row.cpu_us:.0f}"
        rate = this.count / this.seconds
        print(
            f"{row.operation:26}{rate:8.0f}{this.p50_ms:9.2f}{this.p99_ms:9.2f}{spent:>11}{this.errors:8}",
            flush=True,
        )
        if this.last_error:
            print(f"    {' '.join(this.last_error.split())}", flush=True)


def _enumeration(settings: Settings, sessions: int, samples: int) -> int:
    from ostiary.app.enumeration import TOLERATED_MS, compare

    print(f"sending {samples} wrong passwords with a known name, and as many with an unknown one", flush=True)
    found = compare(settings, sessions, samples)
    print(
        f"known {found.known_ms:.2f} ms, unknown {found.unknown_ms:.2f} ms; difference {found.effect_ms:+.3f} ms "
        f"(tolerated: {TOLERATED_MS:g}), Mann-Whitney p = {found.chance:.2g}"
    )
    return 0 if found.is_even else 1
