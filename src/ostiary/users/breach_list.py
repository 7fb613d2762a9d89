"""Known passwords: a file of SHA-1 hashes in order, in which a password's hash is looked up.

The hash is the key of such lists and protects nothing. Source: the ordered form of Have I Been Pwned's list.
"""

import hashlib
from pathlib import Path
from typing import BinaryIO

_HASH_LENGTH = 40


class BreachList:
    """A file with a hash in hexadecimal at the begin of each line, ``:`` and a count may follow; read as needed."""

    def __init__(self, file: Path) -> None:
        """The file may be replaced while we run."""
        self._file = file

    def holds(self, password: str) -> bool:
        """Whether the password is known: about 40 short reads; raises OSError when there is no such file."""
        wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
        with self._file.open("rb") as lines:
            low, high = 0, lines.seek(0, 2)
            while low < high:
                middle = (low + high) // 2
                if _hash_after(lines, middle) < wanted:
                    low = middle + 1
                else:
                    high = middle
            return _hash_after(lines, low) == wanted


def _hash_after(lines: BinaryIO, place: int) -> bytes:
    """The hash on the first line that begins at or after the place; beyond all hashes at the end."""
    lines.seek(max(place - 1, 0))
    if place:
        lines.readline()
    line = lines.readline()
    return line[:_HASH_LENGTH].upper() or b"~"
