"""What scenes are played on: a server with --dev, people of their own, and a browser for each scene."""

import json
import time
from base64 import b32decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

import requests
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, expect

from ostiary.crypto.otp import code_of, step_of
from ostiary.effects import SystemEffects
from tests.browser.chromium import Browser
from tests.served import Served

PASSWORD: Final = "Correct-horse-1!"
_MAIL_TAKES_S: Final = 15


@dataclass
class Person:
    """Somebody who signs in; ``secret`` is that of their authenticator app."""

    user_id: str
    name: str
    secret: bytes = field(default=b"", repr=False)

    @property
    def code(self) -> str:
        """What the app shows now."""
        return code_of(self.secret, step_of(SystemEffects().now()))


@dataclass
class Stage:
    """One scene's browser and the server that it sees."""

    served: Served
    browser: Browser

    password = PASSWORD

    @property
    def page(self) -> Page:
        """What is seen in the end."""
        return self.browser.page

    def url(self, path: str, **query: str) -> str:
        """An address of ours; passkeys need the host's name."""
        return f"http://localhost:{self.served.port}{path}" + (f"?{urlencode(query)}" if query else "")

    def call(self, verb: str, path: str, /, **message: Any) -> dict[str, Any]:
        """A call of the administrator's that must succeed."""
        response = self.served.rest(verb, path, message if verb != "GET" else None)
        assert response.status_code in {200, 201}, response.text
        content: dict[str, Any] = response.json()
        return content

    def person(
        self, *, app: bool = False, verified: bool = True, offered: bool = False, **more: Any
    ) -> Person:
        """A new user with a password, and an authenticator app if they wish; ``offered``: they are asked for a second factor."""
        name = f"grace-{uuid4().hex[:6]}"
        made = self.call(
            "POST",
            "/v2/users/human",
            **{
                "username": name,
                "profile": {"givenName": "Grace", "familyName": "Hopper"},
                "email": {"email": f"{name}@example.com", **({"isVerified": True} if verified else {})},
                "password": {"password": PASSWORD, "changeRequired": False},
                **more,
            },
        )
        person = Person(str(made["userId"]), name)
        if not offered:
            self.call("POST", f"/v2/users/{person.user_id}/mfa_init_skipped")
        if app:
            started = self.call("POST", f"/v2/users/{person.user_id}/totp")
            person.secret = b32decode(started["secret"])
            code = code_of(person.secret, step_of(SystemEffects().now()) - 1)
            self.call("POST", f"/v2/users/{person.user_id}/totp/verify", code=code)
        return person

    def authorization(self, **parameters: str) -> str:
        """Where the application of --dev sends a browser."""
        alice = self.served.alice
        return self.url(
            "/oauth/v2/authorize",
            **{
                "client_id": alice["client_id"],
                "redirect_uri": alice["redirect_uri"],
                "response_type": "code",
                "scope": "openid profile email offline_access",
                "state": "st",
                **parameters,
            },
        )

    async def come_to_application(self, person: Person) -> None:
        """Sign in to the application, which takes the code that the browser brings it."""
        back = f"{self.served.alice['redirect_uri']}**"
        await self.page.route(back, lambda route: route.fulfill(body="Hello"))
        await self.sign_in(person, self.authorization())
        await self.page.wait_for_url(back)
        self._redeem(self.page.url)

    def _redeem(self, callback: str) -> None:
        alice = self.served.alice
        (code,) = parse_qs(urlsplit(callback).query)["code"]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": alice["redirect_uri"]}
        answer = requests.post(
            self.url("/oauth/v2/token"), form, auth=(alice["client_id"], alice["client_secret"]), timeout=30
        )
        assert answer.status_code == 200, answer.text

    def device_code(self) -> str:
        """The user code of a device that waits for somebody."""
        alice = self.served.alice
        answer = requests.post(
            self.url("/oauth/v2/device_authorization"),
            {"scope": "openid profile email offline_access"},
            auth=(alice["client_id"], alice["client_secret"]),
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["user_code"])

    def mail(self, recipient: str) -> dict[str, Any]:
        """The newest message to an address; waits until it is there."""
        return mail_of(self.served, recipient)

    async def open(self, url: str) -> None:
        """Go there. A server that was given any free port writes links with port 0."""
        await self.page.goto(url.replace("http://localhost:0/", self.url("/")))

    async def fill(self, **fields: str) -> None:
        """Type into fields by their names, and press the form's button."""
        for name, value in fields.items():
            await self.page.locator(f"[name={name}]:visible").first.fill(value)
        last = self.page.locator(f"[name={list(fields)[-1]}]:visible").first
        await last.locator("xpath=ancestor::form//button").first.click()
        await self.page.wait_for_load_state()

    async def press(self, button: str) -> None:
        """Press a button, and wait for what it leads to."""
        heading = self.page.get_by_role("heading", level=1)
        was = await heading.text_content()
        await self.page.get_by_role("button", name=button, exact=True).click()
        await expect(heading).not_to_have_text(was or "")

    async def sign_in(self, person: Person, url: str = "") -> None:
        """Name and password, and the app's code where there is an app."""
        await self.open(url or self.url("/ui/v2/login"))
        await self.fill(login_name=person.name)
        await self.fill(password=PASSWORD)
        if person.secret:
            await self.fill(code=person.code)


@asynccontextmanager
async def staged(chromium: Chromium, served: Served, *, has_scripts: bool = True) -> AsyncIterator[Stage]:
    """A stage with a browser that knows nothing yet."""
    context = await chromium.new_context(
        locale="en", reduced_motion="reduce", java_script_enabled=has_scripts
    )
    page = await context.new_page()
    devtools = await context.new_cdp_session(page)
    await devtools.send("WebAuthn.enable")
    try:
        yield Stage(served, Browser(page, devtools))
    finally:
        await context.close()


def mail_of(served: Served, recipient: str) -> dict[str, Any]:
    """The newest message to an address; waits until it is there."""
    until = time.monotonic() + _MAIL_TAKES_S
    while time.monotonic() < until:
        files = (served.folder / "outbox").glob("*.json")
        found = [one for one in map(_read, files) if one["recipient"] == recipient]
        if found:
            return max(found, key=lambda one: int(one["id"]))
        time.sleep(0.05)
    raise AssertionError(f"no message to {recipient}")


def _read(file: Any) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(file.read_text())
    return content
