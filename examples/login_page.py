"""A login page of one's own: name and password, a code if one is needed, and back to the application.

One file of the standard library, to read beside docs/login-ui.md. Start ``./serve --dev`` with
``--login-base-url http://localhost:3000``, then: ``python3 examples/login_page.py``. It knows authenticator apps alone, asks
for no consent, opens no accounts, and keeps its sessions in memory.
"""

import argparse
import html
import http.client
import json
import secrets
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

COOKIE: Final = "login"  # behind TLS: __Host-login, and Secure
LIFETIME: Final = "43200s"
WRONG: Final = "Login name or password is wrong."
WRONG_CODE: Final = "The code is wrong or was used before."
GONE: Final = "This sign-in has expired. Start again at the application."
FOREIGN: Final = "This form was not sent by our page."
SHOWN: Final = {"PROMPT_LOGIN", "PROMPT_SELECT_ACCOUNT", "PROMPT_CONSENT", "PROMPT_CREATE"}
HEADERS: Final = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "same-origin"),
)
PAGE: Final = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>
<h1>{title}</h1><p role="alert">{problem}</p>{form}"""
NAME_FORM: Final = """<form method="post" action="/login"><input type="hidden" name="request" value="{request}">
<p><label>Login name <input name="name" value="{name}" autocomplete="username" required></label></p>
<p><label>Password <input name="password" type="password" autocomplete="current-password" required></label></p>
<button>Sign in</button> <button name="cancel" value="1" formnovalidate>Cancel</button></form>"""
OUT_FORM: Final = """<form method="post" action="/logout"><input type="hidden" name="to" value="{to}">
<input type="hidden" name="client" value="{client}"><button>Sign out</button></form>"""
CODE_FORM: Final = """<form method="post" action="/login"><input type="hidden" name="request" value="{request}">
<p><label>Code of your app <input name="code" autocomplete="one-time-code" required autofocus></label></p>
<button>Sign in</button> <button name="cancel" value="1" formnovalidate>Cancel</button></form>"""


@dataclass
class Answer:
    """What Ostiary said: the message, or the id of an error and its hint."""

    body: dict[str, Any]
    error: str = ""
    hint: str = ""


@dataclass
class Session:
    """What this browser holds: the session and its newest token. They never leave this server."""

    id: str
    token: str


@dataclass
class LoginUi:
    """Ostiary's address, the login client's token, and the sessions of browsers by their cookie."""

    ostiary: str
    token: str
    held: dict[str, Session] = field(default_factory=dict)

    def call(self, method: str, path: str, message: object = None) -> Answer:
        """One call as the login client."""
        where = urlsplit(self.ostiary)
        kind = http.client.HTTPSConnection if where.scheme == "https" else http.client.HTTPConnection
        connection = kind(where.netloc, timeout=10)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        try:
            connection.request(method, path, json.dumps(message) if message else None, headers)
            response = connection.getresponse()
            body = json.loads(response.read())
        finally:
            connection.close()
        if response.status < 300:
            return Answer(body)
        details = body.get("details") or [{}]
        return Answer(body, details[0].get("id", "unknown"), response.headers.get("x-ostiary-hint", ""))

    def sign_in(self, name: str, password: str, agent: dict[str, object]) -> Session | None:
        """A session of whoever knows the password."""
        checks = {"user": {"loginName": name}, "password": {"password": password}}
        told = self.call("POST", "/v2/sessions", {"checks": checks, "lifetime": LIFETIME, "userAgent": agent})
        return None if told.error else Session(told.body["sessionId"], told.body["sessionToken"])

    def check_code(self, session: Session, code: str) -> bool:
        """Whether the code was good; then the session has a new token."""
        message = {"sessionToken": session.token, "checks": {"totp": {"code": code.replace(" ", "")}}}
        told = self.call("PATCH", f"/v2/sessions/{session.id}", message)
        session.token = told.body.get("sessionToken", session.token)
        return not told.error

    def finish(self, request: str, session: Session) -> Answer:
        """The URL that the browser goes back to; or what the session lacks."""
        proof = {"sessionId": session.id, "sessionToken": session.token}
        return self.call("POST", f"/v2/oidc/auth_requests/{request}", {"session": proof})

    def may_leave_for(self, client_id: str, url: str) -> bool:
        """Whether the application has registered that URL, to which only its state was added."""
        wanted = {"filters": [{"clientIdFilter": {"clientId": client_id}}]}
        told = self.call("POST", "/zitadel.application.v2.ApplicationService/ListApplications", wanted)
        registered = [
            uri
            for one in told.body.get("applications", ())
            for uri in one.get("oidcConfiguration", {}).get("postLogoutRedirectUris", ())
        ]
        return any(url == uri or url.startswith((f"{uri}?state=", f"{uri}&state=")) for uri in registered)

    def refuse(self, request: str, reason: str) -> Answer:
        """The URL that brings the browser back with an error."""
        message = {"error": {"error": f"ERROR_REASON_{reason}"}}
        return self.call("POST", f"/v2/oidc/auth_requests/{request}", message)


class Page(BaseHTTPRequestHandler):
    """``/login`` and ``/logout``; to where mails lead, there are Ostiary's own pages."""

    login: LoginUi

    def do_GET(self) -> None:
        """The page that is asked for."""
        address = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(address.query).items()}
        match address.path:
            case "/login":
                self._show_login(asked.get("authRequest", ""))
            case "/logout" if self._cookie() in self.login.held:
                to, client = asked.get("post_logout_redirect", ""), asked.get("client_id", "")
                self._page("", OUT_FORM, title="Sign out?", to=to, client=client)
            case "/logout" | "/logout/done":
                self._page("", "", title="You are signed out")
            case _:
                self._go(f"{self.login.ostiary}/ui/v2/login{self.path}")

    def do_POST(self) -> None:
        """What a form of ours asks for."""
        form = parse_qs(self.rfile.read(min(int(self.headers.get("Content-Length", "0")), 10_000)).decode())
        typed = {name: values[0] for name, values in form.items()}
        if self.headers.get("Origin") not in {None, f"http://{self.headers.get('Host')}"}:
            self._page(FOREIGN, "", 403)
        elif self.path == "/logout":
            self._sign_out(typed.get("client", ""), typed.get("to", ""))
        else:
            self._sign_in(typed)

    def _show_login(self, request: str) -> None:
        """Go back at once with a session that suffices; else ask who it is."""
        found = self.login.call("GET", f"/v2/oidc/auth_requests/{_segment(request)}")
        if found.error:
            return self._page(GONE, "", 404)
        asked = found.body["authRequest"]
        prompt, session = set(asked.get("prompt", ())), self.login.held.get(self._cookie())
        if session is not None and not prompt & SHOWN:
            told = self.login.finish(_segment(request), session)
            if not told.error:
                return self._go(told.body["callbackUrl"])
        if "PROMPT_NONE" in prompt:
            return self._back(self.login.refuse(_segment(request), "LOGIN_REQUIRED"))
        return self._page("", NAME_FORM, request=request, name=asked.get("loginHint", ""))

    def _sign_in(self, typed: dict[str, str]) -> None:
        """Verify what was typed, and finish if that suffices."""
        request = typed.get("request", "")
        if "cancel" in typed:
            return self._back(self.login.refuse(_segment(request), "ACCESS_DENIED"))
        cookie = self._cookie()
        session = self.login.held.get(cookie)
        if "code" in typed and session is not None:
            if not self.login.check_code(session, typed["code"]):
                return self._page(WRONG_CODE, CODE_FORM, 400, request=request)
        else:
            name = typed.get("name", "")
            session = self.login.sign_in(name, typed.get("password", ""), self._agent())
            if session is None:
                return self._page(WRONG, NAME_FORM, 400, request=request, name=name)
            self.login.held.pop(cookie, None)
            cookie = secrets.token_urlsafe(32)  # a new one for each login: nobody can have planted it
            self.login.held[cookie] = session
        told = self.login.finish(_segment(request), session)
        if told.error == "signin.not_satisfied" and "code" not in typed:
            return self._page("", CODE_FORM, cookie=cookie, request=request)
        if told.error:
            return self._page(told.hint or GONE, "", 400, cookie=cookie)
        return self._go(told.body["callbackUrl"], cookie)

    def _sign_out(self, client_id: str, url: str) -> None:
        """End the session; then to the application, if it may be gone to."""
        session = self.login.held.pop(self._cookie(), None)
        if session is not None:
            self.login.call("DELETE", f"/v2/sessions/{session.id}", {"sessionToken": session.token})
        self._go(url if url and self.login.may_leave_for(client_id, url) else "/logout/done")

    def _agent(self) -> dict[str, object]:
        """Whose browser it is; by its address guesses are limited."""
        return {"ip": self.client_address[0], "description": self.headers.get("User-Agent", "")[:200]}

    def _cookie(self) -> str:
        found = SimpleCookie(self.headers.get("Cookie", "")).get(COOKIE)
        return found.value if found else ""

    def _back(self, told: Answer) -> None:
        return self._page(GONE, "", 404) if told.error else self._go(told.body["callbackUrl"])

    def _go(self, url: str, cookie: str = "") -> None:
        self.send_response(303)
        self.send_header("Location", url)
        self._end(cookie)

    def _page(
        self,
        problem: str,
        form: str,
        status: int = 200,
        *,
        title: str = "Sign in",
        cookie: str = "",
        **values: str,
    ) -> None:
        escaped = {name: html.escape(value) for name, value in values.items()}
        self.send_response(status)
        for name, value in HEADERS:
            self.send_header(name, value)
        self._end(cookie)
        shown = PAGE.format(title=title, problem=html.escape(problem), form=form.format(**escaped))
        self.wfile.write(shown.encode())

    def _end(self, cookie: str) -> None:
        if cookie:
            self.send_header("Set-Cookie", f"{COOKIE}={cookie}; Path=/; HttpOnly; SameSite=Lax")
        self.end_headers()


def _segment(request: str) -> str:
    """The id as one segment of a path, whatever somebody typed into the address."""
    return request if request.isascii() and request.replace("_", "").isalnum() else "unknown"


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description="A login page for a server that runs with --dev.")
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument("--ostiary", default="http://localhost:8080")
    parser.add_argument("--token", type=Path, default=Path("ostiary-data/login-client.pat"))
    given = parser.parse_args()
    Page.login = LoginUi(given.ostiary, given.token.read_text().strip())
    server = ThreadingHTTPServer(("127.0.0.1", given.port), Page)
    print(f"login page at http://localhost:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
