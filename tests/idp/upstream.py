"""A small OpenID provider on loopback, and the client of it that a kind of provider will be."""

import asyncio
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec

from ostiary.core.intent import Information
from ostiary.idp.intents import Intents, Login
from ostiary.idp.redirect import failure_location, success_location

CALLBACK = "http://127.0.0.1/idps/callback"


@dataclass
class Upstream:
    """Whoever comes is ``subject``; a ``refusal`` is what it answers instead. Each code is good once."""

    port: int = 0
    subject: str = "sub"
    refusal: str = ""
    codes: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def authorize(self, query: dict[str, str]) -> str:
        """Where the browser is sent to."""
        code = secrets.token_urlsafe()
        self.codes[code] = self.subject
        answer = {"error": self.refusal} if self.refusal else {"code": code}
        return f"{query['redirect_uri']}?{urlencode({**answer, 'state': query['state']})}"

    def token(self, form: dict[str, str]) -> dict[str, str]:
        """An access token for a code."""
        token = secrets.token_urlsafe()
        self.tokens[token] = self.codes.pop(form["code"])
        return {"access_token": token, "token_type": "Bearer"}

    def user_info(self, bearer: str) -> dict[str, str]:
        """Claims of the token's subject."""
        subject = self.tokens[bearer.removeprefix("Bearer ")]
        return {"sub": subject, "preferred_username": f"{subject}@upstream"}


@contextmanager
def serving() -> Iterator[Upstream]:
    """A provider that listens meanwhile."""
    upstream = Upstream()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/authorize":
                self.send_response(302)
                self.send_header("location", upstream.authorize(_single(parts.query)))
                self.end_headers()
            else:
                self.answer(upstream.user_info(self.headers["authorization"]))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            self.answer(upstream.token(_single(body)))

        def answer(self, content: dict[str, str]) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(content).encode())

        def log_message(self, *_: object) -> None:
            """Not on the console of the tests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    upstream.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield upstream
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Browser:
    """Goes to the provider and back to us, where the adapter answers as a kind of provider will."""

    def __init__(self, intents: Intents, upstream: Upstream) -> None:
        self._intents = intents
        self._upstream = upstream

    async def log_in(self, intent_id: str) -> dict[str, str]:
        """What the login UI is told in the query of its success or failure URL."""
        query = urlencode({"redirect_uri": CALLBACK, "state": intent_id, "response_type": "code"})
        location = await asyncio.to_thread(self._get, f"/authorize?{query}")
        return _single(urlsplit(await self.callback(_single(urlsplit(location).query))).query)

    async def callback(self, query: dict[str, str]) -> str:
        """Where the browser goes from our callback."""
        if "error" in query:
            failed = await self._intents.fail(query["state"])
            return failure_location(failed, query["error"], "refused upstream")
        said = await asyncio.to_thread(self._user_info, query["code"])
        raw, token = msgspec.json.encode(said["claims"]), said["token"]
        information = Information(msgspec.Raw(raw), token)
        login = Login(said["claims"]["sub"], said["claims"]["preferred_username"], information)
        return success_location(await self._intents.succeed(query["state"], login))

    def _get(self, path: str) -> str:
        connection = HTTPConnection("127.0.0.1", self._upstream.port)
        connection.request("GET", path)
        location = connection.getresponse().headers["location"]
        connection.close()
        return str(location)

    def _user_info(self, code: str) -> dict[str, Any]:
        token = self._json("POST", "/token", urlencode({"code": code}), {})["access_token"]
        return {"token": token, "claims": self._json("GET", "/me", "", {"authorization": f"Bearer {token}"})}

    def _json(self, method: str, path: str, body: str, headers: dict[str, str]) -> dict[str, Any]:
        connection = HTTPConnection("127.0.0.1", self._upstream.port)
        connection.request(method, path, body, headers)
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
        connection.close()
        return answer


def _single(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}
