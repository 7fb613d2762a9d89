"""Many clients at once, half of them speaking REST and half Connect: all are connected before any of them sends."""

import json
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from typing import Any

from tests.served import SERVICES, Served

TIMEOUT_S = 30


@dataclass(frozen=True)
class Answer:
    """Status, content, and the error's id; status 0 is that of a client who hung up."""

    status: int
    content: Mapping[str, Any]

    @property
    def is_ok(self) -> bool:
        """Whether it succeeded."""
        return self.status in {200, 201}

    @property
    def id(self) -> str:
        """The id in the details of an error, in either transport's form."""
        details = self.content.get("details") if self.status >= 400 else None
        if not isinstance(details, list) or not details:
            return ""
        detail = details[0]
        return str(detail.get("debug", detail)["id"])

    @property
    def failed_attempts(self) -> int:
        """The number in the detail of a wrong password; 0 if there is none."""
        detail = self.content["details"][0]
        return int(detail.get("debug", detail).get("failedAttempts", 0))


@dataclass(frozen=True)
class Request:
    """One request on the wire."""

    verb: str
    path: str
    message: Mapping[str, Any]
    hangs_up: bool = False


def create(message: Mapping[str, Any], place: int, *, hangs_up: bool = False) -> Request:
    """CreateSession: REST at even places, Connect at odd ones."""
    if place % 2:
        return Request("POST", f"/{SERVICES['session']}/CreateSession", message, hangs_up)
    return Request("POST", "/v2/sessions", message, hangs_up)


def change(session: str, message: Mapping[str, Any], place: int) -> Request:
    """SetSession, likewise."""
    if place % 2:
        return Request("POST", f"/{SERVICES['session']}/SetSession", {"sessionId": session, **message})
    return Request("PATCH", f"/v2/sessions/{session}", message)


def end(session: str, message: Mapping[str, Any], place: int) -> Request:
    """DeleteSession, likewise."""
    if place % 2:
        return Request("POST", f"/{SERVICES['session']}/DeleteSession", {"sessionId": session, **message})
    return Request("DELETE", f"/v2/sessions/{session}", message)


def all_at_once(server: Served, requests: Sequence[Request]) -> list[Answer]:
    """The answers, in the order of the requests."""
    barrier = threading.Barrier(len(requests))
    headers = {**server.headers(), "Content-Type": "application/json"}
    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(lambda one: _answer(server, headers, one, barrier.wait), requests))


def _answer(
    server: Served, headers: Mapping[str, str], request: Request, together: Callable[[], object]
) -> Answer:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT_S)
    connection.connect()
    together()
    connection.request(request.verb, request.path, json.dumps(request.message), dict(headers))
    if request.hangs_up:
        connection.sock.shutdown(socket.SHUT_RDWR)
        connection.close()
        return Answer(0, {})
    response: HTTPResponse = connection.getresponse()
    content = json.loads(response.read())
    connection.close()
    return Answer(response.status, content)
