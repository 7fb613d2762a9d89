"""ZITADEL's login app as our server sees it: its published packages in a Node process, its calls in our words."""

import json
import subprocess
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import requests

from tests.served import Served

HERE: Final = Path(__file__).parent
AGENT: Final = {
    "fingerprintId": "fp-1",
    "ip": "203.0.113.7",
    "description": "Chrome, Linux",
    "header": {"user-agent": {"values": ["Mozilla/5.0"]}},
}
DAY: Final = "86400s"  # the lifetime it gives where the settings have none
Message = dict[str, Any]


class Refused(Exception):
    """A call's error as ConnectError tells it."""

    def __init__(self, told: Message) -> None:
        """``code`` is Connect's name of it, ``id`` and ``failed_attempts`` come from the typed detail."""
        detail = told["details"][0] if told["details"] else {}
        self.code: str = told["code"]
        self.message: str = told["message"]
        self.id: str = detail.get("id", "")
        self.failed_attempts: int = detail.get("failedAttempts", 0)
        super().__init__(f"{self.code}: {self.message}")


class Cookie(NamedTuple):
    """What the app keeps of a session."""

    session_id: str
    token: str


class App:
    """One process that calls with the token of the login client."""

    def __init__(self, served: Served, wire: str) -> None:
        """``wire`` is ``connect`` (its newest releases) or ``grpc`` (those before)."""
        self.base = f"http://localhost:{served.port}"
        self._token = (served.folder / "login-client.pat").read_text().strip()
        self._process = subprocess.Popen(
            ["node", "bridge.mjs", self.base, self._token, wire],
            cwd=HERE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self._process.communicate(timeout=30)

    def ask(self, asked: Message) -> Any:
        """What one line is answered with; raises Refused."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "refused" in answer:
            raise Refused(answer["refused"])
        return answer["told"]

    def call(self, service: str, method: str, message: Message | None = None) -> Message:
        """The answer to ``call("Session", "getSession", {…})``; raises Refused."""
        asked = {"service": f"{service}Service", "method": method, "message": message or {}}
        answer: Message = self.ask(asked)
        return answer

    def json(self, method: str, message: Message) -> Message:
        """The answer to what the published packages know no message for; raises Refused."""
        headers = {"Authorization": f"Bearer {self._token}"}
        answer = requests.post(f"{self.base}/{method}", json=message, headers=headers, timeout=30)
        content: Message = answer.json()
        if answer.status_code != 200:
            details = [one["debug"] for one in content.get("details", [])]
            raise Refused({**content, "details": details})
        return content

    def settings(self, what: str, organization: str = "") -> Message:
        """Settings in the context of an organisation, or of the instance."""
        context = {"orgId": organization} if organization else {"instance": True}
        answer: Message = self.call("Settings", f"get{what}Settings", {"ctx": context})["settings"]
        return answer

    def begin(self, checks: Message, **more: Any) -> tuple[Cookie, Message]:
        """A session with these checks and challenges, and the whole answer."""
        asked = {"checks": checks, "lifetime": DAY, "userAgent": AGENT, **more}
        made = self.call("Session", "createSession", asked)
        return Cookie(made["sessionId"], made["sessionToken"]), made

    def go_on(self, cookie: Cookie, checks: Message, **more: Any) -> tuple[Cookie, Message]:
        """The session with further checks or challenges: its new token, and the whole answer."""
        asked = {
            "sessionId": cookie.session_id,
            "sessionToken": cookie.token,
            "checks": checks,
            "metadata": {},
            "lifetime": DAY,
            **more,
        }
        changed = self.call("Session", "setSession", asked)
        return Cookie(cookie.session_id, changed["sessionToken"]), changed

    def session(self, cookie: Cookie) -> Message:
        """The session by its token."""
        asked = {"sessionId": cookie.session_id, "sessionToken": cookie.token}
        found: Message = self.call("Session", "getSession", asked)["session"]
        return found

    def methods(self, user_id: str) -> list[str]:
        """How a user can sign in."""
        told = self.call("User", "listAuthenticationMethodTypes", {"userId": user_id})
        return [kind.removeprefix("AUTHENTICATION_METHOD_TYPE_") for kind in told.get("authMethodTypes", [])]

    def user(self, user_id: str) -> Message:
        """A user."""
        found: Message = self.call("User", "getUserByID", {"userId": user_id})["user"]
        return found
