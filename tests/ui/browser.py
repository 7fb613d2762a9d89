"""A browser that knows HTML and cookies and no JavaScript: it opens pages, fills in forms, follows redirects."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

Answer = tuple[int, list[tuple[str, str]], str]
SendTo = Callable[[str, str, Mapping[str, str], bytes], Awaitable[Answer]]
MOST_REDIRECTS = 10


@dataclass
class Form:
    """A form as it stands: its fields with their values, its named buttons."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: dict[str, str] = {}
        self.labelled: set[str] = set()
        self.visible: list[tuple[str, dict[str, str | None]]] = []
        self.language = ""
        self._href = ""
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "html":
            self.language = found.get("lang") or ""
        elif tag == "form":
            self.forms.append(Form(found.get("action") or ""))
        elif tag == "label" and found.get("for"):
            self.labelled.add(found["for"] or "")
        elif tag == "a":
            self._href, self._text = found.get("href") or "", []
        elif tag == "input":
            self._input(found)
        elif tag == "button" and found.get("name"):
            self.forms[-1].buttons.append((found["name"] or "", found.get("value") or ""))

    def _input(self, found: dict[str, str | None]) -> None:
        kind = found.get("type") or "text"
        if kind not in {"checkbox", "radio"} or "checked" in found:
            self.forms[-1].fields[found.get("name") or ""] = found.get("value") or ""
        if kind not in {"hidden", "checkbox", "radio"}:
            self.visible.append((found.get("name") or "", found))

    @property
    def invalid(self) -> list[str]:
        """The fields that are said to be wrong, and have the focus for it."""
        return [name for name, found in self.visible if "aria-invalid" in found and "autofocus" in found]

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._href:
            self.links[" ".join("".join(self._text).split())] = self._href
            self._href = ""

    def handle_data(self, data: str) -> None:
        if self._href:
            self._text.append(data)


class Browser:
    """One person's browser. ``send`` carries a request to the server and its answer back."""

    def __init__(self, send: SendTo, origin: str, *, knows_fetch_metadata: bool = True) -> None:
        self.cookies: dict[str, str] = {}
        self.language = ""
        self.user_agent = "Test/1.0"
        self.place = ""
        self.url = self.text = ""
        self.status = 0
        self.headers: dict[str, str] = {}
        self.page = _Reader()
        self.redirects: list[str] = []
        self._send = send
        self._origin = origin
        self._modern = knows_fetch_metadata

    async def open(self, url: str) -> "Browser":
        """What typing an address, or a link from elsewhere, does."""
        return await self._go("GET", urljoin(self.url or self._origin, url), {"sec-fetch-site": "none"}, b"")

    async def submit(
        self, number: int = 0, button: tuple[str, str] | None = None, **values: str
    ) -> "Browser":
        """Fill in a form of the page and send it."""
        return await self.send_form(self.page.forms[number], button, **values)

    async def fill(self, typed: Mapping[str, str]) -> "Browser":
        """Fill in the page's first form and send it."""
        self.page.forms[0].fields.update(typed)
        return await self.submit()

    def form(self, step: str) -> Form:
        """The form of the page that takes this step."""
        return next(form for form in self.page.forms if form.fields.get("step") == step)

    async def press(self, step: str, **values: str) -> "Browser":
        """Send the form that takes this step."""
        return await self.send_form(self.form(step), None, **values)

    async def send_form(self, form: Form, button: tuple[str, str] | None = None, **values: str) -> "Browser":
        """Send a form, maybe of a page that is left (the back button, a double click)."""
        content = {**form.fields, **values, **dict([button] if button else [])}
        headers = {"sec-fetch-site": "same-origin", "origin": self._origin}
        headers["content-type"] = "application/x-www-form-urlencoded"
        return await self._go("POST", urljoin(self.url, form.action), headers, urlencode(content).encode())

    async def fetch(self, form: Form, **values: str) -> Any:
        """What a script of the page does: it sends a form, and reads the JSON of the answer."""
        sent = {"sec-fetch-site": "same-origin", "origin": self._origin, "accept": "application/json"}
        sent["content-type"] = "application/x-www-form-urlencoded"
        kept = self.url, self.text, self.page
        content = urlencode({**form.fields, **values}).encode()
        await self._once("POST", urljoin(self.url, form.action), sent, content)
        answer, (self.url, self.text, self.page) = json.loads(self.text), kept
        return answer

    async def follow(self, text: str) -> "Browser":
        """Click a link."""
        url = urljoin(self.url, self.page.links[text])
        return await self._go("GET", url, {"sec-fetch-site": "same-origin"}, b"")

    @property
    def heading(self) -> str:
        """What stands on top."""
        return self.text.partition("<h1>")[2].partition("</h1>")[0]

    async def _go(self, method: str, url: str, headers: dict[str, str], body: bytes) -> "Browser":
        self.redirects = []
        for _ in range(MOST_REDIRECTS):
            self.url = url
            if not url.startswith(f"{self._origin}/"):
                return self  # it went to an application
            await self._once(method, url, headers, body)
            if self.status not in {302, 303}:
                return self
            url = urljoin(url, self.headers["location"])
            self.redirects.append(url)
            method, body = "GET", b""
            headers = {"sec-fetch-site": headers["sec-fetch-site"]}
        raise AssertionError(f"a loop: {self.redirects}")

    async def _once(self, method: str, url: str, headers: dict[str, str], body: bytes) -> None:
        sent = {"host": urlsplit(url).netloc, "user-agent": self.user_agent, **headers}
        if self.place:
            sent["x-place"] = self.place
        if not self._modern:
            del sent["sec-fetch-site"]
        if self.cookies:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if self.language:
            sent["accept-language"] = self.language
        self.status, received, self.text = await self._send(method, url, sent, body)
        self.headers = dict(received)
        for name, value in received:
            if name == "set-cookie":
                self._keep(value)
        self.page = _Reader()
        self.page.feed(self.text)

    def _keep(self, header: str) -> None:
        pair, *attributes = header.split("; ")
        name, _, value = pair.partition("=")
        if "Max-Age=0" in attributes:
            self.cookies.pop(name, None)
        else:
            self.cookies[name] = value
