"""The process that keeps the workers, with workers that only wait: signals at any moment, and others' children."""

import subprocess
import sys

import pytest

_KEEP = """
import ctypes, os, signal, time
from ostiary.app.workers import Workers

def wait(number):
    {first}
    while True:
        time.sleep(1)

ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # orphans come to us, as to the first process of a container
raise SystemExit(Workers({count}, wait, "error", console=False).run())
"""
_TELLS = "number or os.kill(os.getppid(), signal.SIGTERM)"
_LEAVES_AN_ORPHAN = """keeper = os.getppid()
    if not os.fork():
        os.fork() and os._exit(0)
        time.sleep(0.2)
        os._exit(0)
    os.wait()
    time.sleep(1)
    os.kill(keeper, signal.SIGTERM)"""


@pytest.mark.parametrize(
    ("first", "count"), [(_TELLS, 48), (_LEAVES_AN_ORPHAN, 1)], ids=["told while it starts", "orphan"]
)
def test_all_leave(first: str, count: int) -> None:
    """Told to leave, all leave: those that are being started too, and whatever children of others ended before."""
    keep = _KEEP.format(first=first, count=count)
    done = subprocess.run(
        [sys.executable, "-c", keep], timeout=20, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
