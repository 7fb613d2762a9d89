"""The ledger outside the server: what a client is about to do, and what it was told, each on the disk before going on."""

import json
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["create", "set", "delete"]
Result = Literal["ok", "refused", "unknown"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One change: ``guard`` is the token it spends, ``mark`` what it leaves in the session's metadata.

    ``token`` is the one it was given. An operation without an answer, or answered 5xx, is ``unknown``: it may have
    happened or not.
    """

    number: int
    kind: Kind
    session: str = ""
    guard: str = ""
    with_password: bool = False
    result: Result = "unknown"
    token: str = ""
    why: str = ""

    @property
    def mark(self) -> str:
        """What it leaves."""
        return str(self.number)


class Ledger:
    """One file; an intent is in it before it is sent, an answer before it is used."""

    def __init__(self, path: Path) -> None:
        """Make the file."""
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._path = path
        self._lock = threading.Lock()
        self._next = 0
        self._in_flight = 0

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)

    def intend(
        self, kind: Kind, session: str = "", guard: str = "", *, with_password: bool = False
    ) -> Operation:
        """Note what is about to be sent."""
        with self._lock:
            self._next += 1
            operation = Operation(self._next, kind, session, guard, with_password)
        self._write(asdict(operation))
        with self._lock:
            self._in_flight += 1
        return operation

    def answered(self, operation: Operation, **answer: str) -> None:
        """Note what came back."""
        with self._lock:
            self._in_flight -= 1
        self._write({"number": operation.number, **answer})

    @property
    def in_flight(self) -> int:
        """Operations sent and not answered."""
        with self._lock:
            return self._in_flight

    def read(self) -> dict[int, Operation]:
        """All operations so far, from the file alone."""
        found: dict[int, Operation] = {}
        for line in self._path.read_text().splitlines():
            entry = json.loads(line)
            known = found.get(entry["number"])
            found[entry["number"]] = Operation(**({**asdict(known), **entry} if known else entry))
        return found

    def _write(self, entry: Mapping[str, object]) -> None:
        os.write(self._file, json.dumps(entry).encode() + b"\n")
        os.fdatasync(self._file)
