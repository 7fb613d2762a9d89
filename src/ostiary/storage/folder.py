"""The data folder: private to its owner, written so that a crash leaves the old file or the new one, served by one.

Files are of mode 0600, a folder of our making of 0700. Who serves (or migrates) holds ``lock``; its text is that process's id.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER_MODE = 0o700
FILE_MODE = 0o600
LOCK = "lock"


class FolderInUse(Exception):
    """Another process holds the lock; the message names it."""


def prepare(folder: Path) -> None:
    """Make the folder, private, if it is not there or empty; one that holds something keeps its mode (see doctor)."""
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    if folder.stat().st_uid == os.geteuid() and not any(folder.iterdir()):
        folder.chmod(FOLDER_MODE)


def write_private(file: Path, text: str) -> None:
    """Replace the file in one step; it is on the disk when this returns."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE)
    with os.fdopen(descriptor, "w") as stream:
        os.fchmod(stream.fileno(), FILE_MODE)  # whatever an older draft had
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)
    _sync_folder(file.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock; the system lets it go when the process ends, however that happens. Raises FolderInUse."""
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, FILE_MODE)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise FolderInUse(f"{folder} is in use by {_named(holder(folder))}.") from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def holder(folder: Path) -> int:
    """The process that holds the lock, or 0. Nothing is written, for a folder may be there to be read only."""
    try:
        descriptor = os.open(folder / LOCK, os.O_RDONLY)
    except FileNotFoundError:
        return 0
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        text = os.pread(descriptor, 20, 0)
        return int(text) if text.isdigit() else -1
    finally:
        os.close(descriptor)
    return 0


def _named(process: int) -> str:
    return f"process {process}" if process > 0 else "another process"
