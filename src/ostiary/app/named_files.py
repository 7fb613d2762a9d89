"""The files that settings name, looked at before somebody needs them."""

from pathlib import Path
from typing import Final

from ostiary.config.settings import Settings, Trouble

_READ_LATER: Final = ("smtp_ca", "breached_passwords")


def require_files(settings: Settings) -> None:
    """Return if each file that is read only later can be read now. Raises Trouble that names the first other one."""
    for name in _READ_LATER:
        file = getattr(settings, name)
        if file is not None:
            require_file(name, file)


def require_file(name: str, file: Path) -> None:
    """Return if the file of that setting can be read. Raises Trouble."""
    try:
        with file.open("rb") as opened:
            opened.read(1)
    except OSError as error:
        raise Trouble(f"{name}: {file} cannot be read: {error.strerror}.") from None
