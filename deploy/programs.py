"""Programs that run in the background, each with a folder, a log and a pid file."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

PACKAGES: Final = {"etcd": "etcd-server", "patroni": "patroni", "haproxy": "haproxy", "psql": "postgresql"}
_STOP_S: Final = 40
_STEP_S: Final = 0.1


class Trouble(Exception):
    """What keeps the installation from running, in words."""


def install() -> None:
    """Have Debian's packages; where we may not install them, say which are missing."""
    missing = [package for program, package in PACKAGES.items() if not shutil.which(program)]
    if not missing:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Trouble(f"Install {' '.join(missing)} first (Debian: apt-get install {' '.join(missing)}).")
    quiet = {"env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, "stdout": subprocess.DEVNULL}
    subprocess.run(["apt-get", "update"], check=True, **quiet)  # type: ignore[call-overload]
    subprocess.run(["apt-get", "install", "-y", "--no-install-recommends", *missing], check=True, **quiet)  # type: ignore[call-overload]


class Program:
    """One program. Where we are root it may run as somebody else: PostgreSQL refuses to run as root."""

    def __init__(self, folder: Path, user: str = "") -> None:
        """``folder`` is made, and belongs to whom it runs as."""
        self.folder = folder
        self._user = user if user and os.geteuid() == 0 else None
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._user:
            shutil.chown(folder, self._user, self._user)

    @property
    def log(self) -> Path:
        """All it said."""
        return self.folder / "log"

    @property
    def pid(self) -> int:
        """Of the running program; 0 if it does not run."""
        file = self.folder / "pid"
        number = int(file.read_text()) if file.exists() else 0
        try:
            said = Path(f"/proc/{number}/environ").read_bytes()
        except OSError:
            return 0
        return number if f"DEPLOYED={self.folder}".encode() in said.split(b"\0") else 0

    def write(self, name: str, text: str) -> Path:
        """A file of its own, which nobody else can read."""
        file = self.folder / name
        file.touch(mode=0o600)
        file.write_text(text)
        if self._user:
            shutil.chown(file, self._user, self._user)
        return file

    def start(self, command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> None:
        """Start it, unless it runs."""
        if self.pid:
            return
        with self.log.open("ab") as log:
            started = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env={**os.environ, **(environment or {}), "DEPLOYED": str(self.folder)},
                user=self._user,
                group=self._user,
                extra_groups=[] if self._user else None,
                start_new_session=True,
            )
        (self.folder / "pid").write_text(str(started.pid))

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to leave and wait; who does not leave is ended."""
        pid = self.pid
        if not pid:
            return
        os.kill(pid, how)
        if not holds(lambda: not self.pid, _STOP_S):
            os.kill(pid, signal.SIGKILL)

    def last_words(self) -> str:
        """The end of its log."""
        return (
            "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-15:]) if self.log.exists() else ""
        )


def holds(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether it comes to hold within so many seconds."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(_STEP_S)
    return True
