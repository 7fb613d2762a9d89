"""The load: clients that create, set and delete sessions, each intent in the ledger before it is sent."""

import json
import random
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from typing import Any, Final

from tests.crash.ledger import Ledger, Operation
from tests.crash.oracle import Seen, Shown
from tests.served import Served

CLIENTS: Final = 16
PAUSE_S: Final = 0.05  # before one who was told to come again does
_TIMEOUT_S: Final = 20
_PAGE: Final = 1000
_PASSWORDS: Final = 0.01  # of the creations; each takes the server a twentieth of a second
_RACES: Final = 0.1  # of the changes use a session that others may use at the same time


class Connection:
    """One kept-alive connection with the administrator's token."""

    def __init__(self, server: Served) -> None:
        """Connect with the first request."""
        self._http = HTTPConnection("127.0.0.1", server.port, timeout=_TIMEOUT_S)
        self._headers = {**server.headers(), "Content-Type": "application/json"}

    def call(self, verb: str, path: str, message: Mapping[str, Any] | None = None) -> tuple[int, Any]:
        """Status and content; raises OSError or HTTPException when there is no answer."""
        body = None if message is None else json.dumps(message)
        self._http.request(verb, path, body, self._headers)
        answer = self._http.getresponse()
        return answer.status, json.loads(answer.read() or b"{}")

    def close(self) -> None:
        """Hang up."""
        self._http.close()


class Load:
    """Runs against one life of a server, until it is killed; sessions are handed on to the next life."""

    def __init__(self, ledger: Ledger, user: Mapping[str, str], seed: int) -> None:
        """``user`` is who sessions are of: login name and password."""
        self._ledger = ledger
        self._user = user
        self._seed = seed
        self._lock = threading.Lock()
        self.sessions: list[tuple[str, str]] = []  # with their live tokens, as far as is known
        self._threads: list[threading.Thread] = []
        self._leave = threading.Event()

    def start(self, server: Served) -> None:
        """Set all clients to work."""
        self._seed += 1
        self._leave.clear()
        self._threads = [
            threading.Thread(target=self._work, args=(server, random.Random(f"{self._seed}/{number}")))
            for number in range(CLIENTS)
        ]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait until every client has noticed that the server is gone."""
        self._leave.set()
        for thread in self._threads:
            thread.join()

    def _work(self, server: Served, chance: random.Random) -> None:
        connection = Connection(server)
        while not self._leave.is_set() and self._one(connection, chance):
            pass
        connection.close()

    def _one(self, connection: Connection, chance: random.Random) -> bool:
        """Do one operation; whether it was answered."""
        own = self._taken(chance)
        if own is None:
            return self._create(connection, with_password=chance.random() < _PASSWORDS)
        session, token = own
        if chance.random() < 0.7:
            operation = self._ledger.intend("set", session, token)
            change = {"sessionToken": token, "metadata": _marks(operation)}
            return self._send(connection, operation, "PATCH", f"/v2/sessions/{session}", change)
        operation = self._ledger.intend("delete", session, token)
        return self._send(connection, operation, "DELETE", f"/v2/sessions/{session}", {"sessionToken": token})

    def _taken(self, chance: random.Random) -> tuple[str, str] | None:
        with self._lock:
            if not self.sessions or chance.random() < 0.4:
                return None
            place = chance.randrange(len(self.sessions))
            return self.sessions[place] if chance.random() < _RACES else self.sessions.pop(place)

    def _create(self, connection: Connection, *, with_password: bool) -> bool:
        operation = self._ledger.intend("create", with_password=with_password)
        checks: dict[str, Any] = {"user": {"loginName": self._user["login_name"]}}
        if with_password:
            checks["password"] = {"password": self._user["password"]}
        message = {"checks": checks, "metadata": _marks(operation)}
        return self._send(connection, operation, "POST", "/v2/sessions", message)

    def _send(
        self, connection: Connection, operation: Operation, verb: str, path: str, message: Mapping[str, Any]
    ) -> bool:
        try:
            status, content = connection.call(verb, path, message)
        except (OSError, HTTPException) as error:
            self._ledger.answered(operation, result="unknown", why=type(error).__name__)
            return False
        if status >= 500:
            self._ledger.answered(operation, result="unknown", why=str(content))
            time.sleep(PAUSE_S)
        elif status >= 400:
            self._ledger.answered(operation, result="refused", why=str(content.get("message")))
        else:
            session, token = content.get("sessionId", operation.session), content.get("sessionToken", "")
            self._ledger.answered(operation, result="ok", session=session, token=token)
            if token:
                with self._lock:
                    self.sessions.append((session, token))
        return True


def _marks(operation: Operation) -> dict[str, str]:
    mark = b64encode(operation.mark.encode()).decode()
    return {"first": mark, "last": mark}


def look(server: Served, tokens: Iterable[tuple[str, str]]) -> Seen:
    """All sessions that the server shows, and which of these tokens of sessions live."""
    connection = Connection(server)
    sessions: dict[str, Shown] = {}
    while True:
        query = {"asc": True, "offset": len(sessions), "limit": _PAGE}
        message = {"query": query, "sortingColumn": "SESSION_FIELD_NAME_CREATION_DATE"}
        status, page = connection.call("POST", "/v2/sessions/search", message)
        assert status == 200, page
        sessions |= {one["id"]: _shown(one) for one in page.get("sessions", ())}
        if len(page.get("sessions", ())) < _PAGE:
            break
    tried = sorted(tokens)
    pieces = [tried[start :: CLIENTS // 4] for start in range(CLIENTS // 4)]
    with ThreadPoolExecutor(len(pieces)) as pool:
        live = frozenset().union(*pool.map(lambda piece: _live(server, piece), pieces))
    connection.close()
    return Seen(sessions, frozenset(token for _, token in tried), live)


def _shown(session: Mapping[str, Any]) -> Shown:
    marks = session.get("metadata", {})
    first, last = (b64decode(marks.get(name, "")).decode() for name in ("first", "last"))
    return Shown(first, last, "password" in session.get("factors", {}))


def _live(server: Served, tokens: Iterable[tuple[str, str]]) -> frozenset[str]:
    connection = Connection(server)
    live = set()
    for session, token in tokens:
        status, content = connection.call("GET", f"/v2/sessions/{session}?sessionToken={token}")
        assert status in {200, 403, 404}, content
        if status == 200:
            live.add(token)
    connection.close()
    return frozenset(live)
