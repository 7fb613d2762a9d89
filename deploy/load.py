"""Clients that create and end sessions through the proxy, and remember what was acknowledged."""

import http.client
import json
import threading
import time
from itertools import pairwise
from typing import Any, Final

_CLIENTS: Final = 8
_TIMEOUT_S: Final = 20
_PATIENCE: Final = 60
_ENDED: Final = 5  # of so many sessions that are created, one is ended


class Load:
    """Starts and stops; what is acknowledged is kept for all times."""

    def __init__(self, port: int, token: str) -> None:
        """``token`` may do everything."""
        self._port = port
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._lock = threading.Lock()
        self._leave = threading.Event()
        self._threads: list[threading.Thread] = []
        self._written_at: list[float] = []
        self.acknowledged: dict[str, bool] = {}  # by the session's id, whether it lives
        self.unknown = 0

    def start(self) -> None:
        """Begin."""
        self._leave.clear()
        self._threads = [threading.Thread(target=self._work) for _ in range(_CLIENTS)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let every client finish what it is at."""
        self._leave.set()
        for thread in self._threads:
            thread.join()

    def wait_for_write(self, since: float, seconds: float) -> None:
        """Until something that began later was acknowledged, so long at most."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not any(at > since + 0.5 for at in self._written_at[-1:]):
            time.sleep(0.05)

    def longest_gap_s(self, around: float) -> float:
        """The longest time without an acknowledged write that ended after ``around``."""
        times = sorted(self._written_at)
        gaps = [after - before for before, after in pairwise(times) if after > around]
        return max(gaps, default=float("inf"))

    def lost(self, since: int = 0) -> list[str]:
        """Sessions that were acknowledged as created and are not there, or as ended and are there again.

        ``since``: without the first so many, which were looked at before.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_TIMEOUT_S)
        looked_at = list(self.acknowledged.items())[since:]
        found = {id_: self._status(connection, f"/v2/sessions/{id_}") for id_, _lives in looked_at}
        connection.close()
        return [id_ for id_, lives in looked_at if found[id_] != (200 if lives else 404)]

    def _status(self, connection: http.client.HTTPConnection, path: str) -> int:
        """Of what is there or not; asked again for a while as long as nobody knows."""
        for _ in range(_PATIENCE):
            status, _answer = self._ask(connection, "GET", path)
            if status in {200, 404}:
                return status
            time.sleep(0.5)
        return 0

    def _work(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_TIMEOUT_S)
        count = 0
        while not self._leave.is_set():
            count += 1
            created = self._change(connection, "POST", "/v2/sessions", {})
            if created is None:
                continue
            session_id = created["sessionId"]
            with self._lock:
                self.acknowledged[session_id] = True
            if count % _ENDED == 0:
                self._end(connection, session_id)
        connection.close()

    def _end(self, connection: http.client.HTTPConnection, session_id: str) -> None:
        """From here on it may be gone; it must be once that was acknowledged."""
        with self._lock:
            del self.acknowledged[session_id]
        if self._change(connection, "DELETE", f"/v2/sessions/{session_id}", {}) is not None:
            with self._lock:
                self.acknowledged[session_id] = False

    def _change(self, connection: http.client.HTTPConnection, verb: str, path: str, body: object) -> Any:
        """The answer of a change that was acknowledged; None if nobody knows, or it was refused."""
        try:
            status, answer = self._ask(connection, verb, path, body)
        except (OSError, http.client.HTTPException, ValueError):
            connection.close()
            status, answer = 0, None
        if status in {200, 201}:
            with self._lock:
                self._written_at.append(time.monotonic())
            return answer
        with self._lock:
            self.unknown += 1
        time.sleep(0.1)
        return None

    def _ask(
        self, connection: http.client.HTTPConnection, verb: str, path: str, body: object = None
    ) -> tuple[int, Any]:
        connection.request(verb, path, None if body is None else json.dumps(body), self._headers)
        answer = connection.getresponse()
        content = answer.read()
        return answer.status, json.loads(content) if answer.status in {200, 201} else None
