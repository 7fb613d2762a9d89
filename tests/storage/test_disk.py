"""Disks without room, disks that are only read, damaged files: small disks of their own, gone with their process."""

import subprocess
import sys
from pathlib import Path

import pytest

from ostiary.storage.migrate import SchemaError
from ostiary.storage.sqlite import SqliteStore

_ON_A_SMALL_DISK = """
mount -t tmpfs -o size=2m tmpfs "$1" || exit 77
"$2" -c "from ostiary.cli import main; main()" migrate --data "$1/data" || exit 1
cat /dev/zero > "$1/fill" 2> /dev/null
"$2" -c "from ostiary.cli import main; main()" session list --data "$1/data"
rm -f "$1/fill" "$1"/data/*.db-*
mount -o remount,ro "$1"
"$2" -c "from ostiary.cli import main; main()" session list --data "$1/data"
"$2" -c "from ostiary.cli import main; main()" doctor --data "$1/data" --port 0
exit 0
"""


def test_disks(tmp_path: Path) -> None:
    """What is wrong with the disk is told in words, by commands and by the doctor; nothing ends in a traceback."""
    alone = ["unshare", "--mount", "--map-root-user", "sh", "-c", _ON_A_SMALL_DISK, "sh"]
    done = subprocess.run(
        [*alone, str(tmp_path), sys.executable], capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("no disk may be mounted here")
    assert done.returncode == 0, done.stderr
    full, read_only = done.stderr.splitlines()
    assert full.endswith(" The disk is full: make room.")
    assert "cannot be used as Ostiary's database" in read_only
    assert "The database cannot be read" in done.stdout


def damage(file: Path) -> None:
    """Write over all but the first pages."""
    content = file.read_bytes()
    file.write_bytes(content[:8192] + bytes([7]) * (len(content) - 8192))


async def test_damaged(file: Path) -> None:
    """A file whose pages are not what they were is refused in words."""
    await SqliteStore(file).close()
    damage(file)
    with pytest.raises(SchemaError, match="restore a backup"):
        SqliteStore(file)
