"""Our server on a PostgreSQL of its own, for the benchmark: `bench/ostiary postgres DIR PORT SESSIONS [WORKERS]`.

The cluster (the tests' wheel) flushes to its disk. Both are children of this process, so what is measured counts both.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.postgres import Postgres

OSTIARY = str(Path(sys.executable).with_name("ostiary"))
SETTINGS = {"fsync": "on", "full_page_writes": "on", "shared_buffers": "512MB", "max_wal_size": "4GB"}


def main(folder: str, port: str, sessions: str, workers: str = "1") -> int:
    """Seed and serve until told to leave; the server's exit status."""
    data = str(Path(folder) / "data")
    cluster = Postgres()
    try:
        cluster.start(**SETTINGS)
        place = ("--database", cluster.new_database())
        subprocess.run([OSTIARY, "bench", "--seed-only", data, "--sessions", sessions, *place], check=True)
        serve = [OSTIARY, "serve", "--data", data, *place, "--port", port, "--workers", workers]
        with subprocess.Popen(serve) as server:
            signal.signal(signal.SIGTERM, lambda *_: os.kill(server.pid, signal.SIGTERM))
            return server.wait()
    finally:
        cluster.__exit__()


sys.exit(main(*sys.argv[1:]))
