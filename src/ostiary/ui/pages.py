"""Writes pages: a template in the reader's language, and the headers that every page carries.

Source: reliability requirements B.6; W3C Content Security Policy 3.
"""

import base64
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ostiary.http.message import Header, Request, Response
from ostiary.ui.assets import Assets
from ostiary.ui.look import Look
from ostiary.ui.texts import Catalogues, Say, language_of, sayer

_TEMPLATES: Final = Path(__file__).parent / "templates"
_NONCE_BYTES: Final = 16
_HOST: Final = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?\Z")
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*\Z")
_HEADERS: Final[tuple[Header, ...]] = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"vary", b"Cookie, Accept-Language, Sec-Fetch-Site, Sec-Fetch-Mode"),
)
_HTML: Final = (b"content-type", b"text/html; charset=utf-8")
_JSON: Final = (b"content-type", b"application/json")
_TLS_ONLY: Final = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
# With no-referrer browsers send "Origin: null" with our own forms too (Fetch standard, 3.2), and those that know no
# Fetch Metadata, or that reach us by plain HTTP, could not be told from another site. Nothing goes to others this way.
_WITH_FORM: Final = (b"referrer-policy", b"same-origin")
_NO_FRAME: Final = (
    b"x-frame-options",
    b"DENY",
)  # for browsers that know no frame-ancestors; it knows no origins
_WITHOUT_FORM: Final = (b"referrer-policy", b"no-referrer")


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a page: the language, the words in it, whose name is on top, how their pages look, who may frame them."""

    language: str
    say: Say
    brand: str = ""
    look: Look = Look()  # noqa: RUF009  a frozen value
    frames: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Leaf:
    """One page: its template, its status, and where its forms may lead beside here (a URL; empty: nowhere).

    ``scripted``: it has a script of its own; ``asks_keys``: passkeys are asked for, by a module that fetches from here.
    """

    template: str
    status: int = 200
    leads_to: str = ""
    posts: bool = True
    scripted: bool = False
    asks_keys: bool = False
    headers: Sequence[Header] = ()


class Pages:
    """All templates, compiled when they are first needed."""

    def __init__(
        self,
        assets: Assets,
        catalogues: Catalogues,
        random_bytes: Callable[[int], bytes],
        *,
        is_secure: bool,
    ) -> None:
        """``is_secure``: browsers reach us over TLS."""
        self._catalogues = catalogues
        self._random_bytes = random_bytes
        self._always = (*_HEADERS, _TLS_ONLY) if is_secure else _HEADERS
        self._templates = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._templates.globals["asset"] = assets.urls

    def reader(
        self,
        request: Request,
        locales: Sequence[str] = (),
        default: str = "en",
        brand: str = "",
        look: Look | None = None,
        frames: tuple[str, ...] = (),
    ) -> Reader:
        """The reader of an answer to this request; ``frames`` are the origins that may show it in a frame."""
        language = language_of(self._catalogues, request, locales, default)
        return Reader(language, sayer(self._catalogues, language), brand, look or Look(), frames)

    def write(self, leaf: Leaf, reader: Reader, **values: object) -> Response:
        """The page."""
        look = reader.look
        nonce = self.nonce() if leaf.scripted or leaf.asks_keys or look.css else ""
        text = self._templates.get_template(leaf.template).render(
            t=reader.say,
            lang=reader.language,
            brand=reader.brand,
            look=look,
            nonce=nonce,
            asks_keys=leaf.asks_keys,
            **values,
        )
        headers = (
            _HTML,
            *self._always,
            (b"content-security-policy", _policy(leaf, reader, nonce).encode()),
            *(() if reader.frames else (_NO_FRAME,)),
            _WITH_FORM if leaf.posts else _WITHOUT_FORM,
            (b"content-language", reader.language.encode()),
            *leaf.headers,
        )
        return Response(leaf.status, headers, text.encode())

    def redirect(self, location: str, *headers: Header) -> Response:
        """Go there by GET."""
        return Response(303, ((b"location", location.encode()), *self._always, _WITHOUT_FORM, *headers))

    def json(self, content: object, *headers: Header) -> Response:
        """An answer to our own script."""
        kept = (_JSON, *self._always, _WITHOUT_FORM, *headers)
        return Response(200, kept, msgspec.json.encode(content))

    def nonce(self) -> str:
        """A fresh unguessable text."""
        return base64.urlsafe_b64encode(self._random_bytes(_NONCE_BYTES)).rstrip(b"=").decode()


def _policy(leaf: Leaf, reader: Reader, nonce: str) -> str:
    look, own = reader.look, f" 'nonce-{nonce}'"
    forms = _sources(leaf.leads_to)
    images = _sources(look.logo_url, look.dark_logo_url, look.icon_url, look.dark_icon_url)
    font = f"font-src {_sources(look.font_url)}; " if look.font_url else ""
    frames = " ".join(reader.frames) or "'none'"
    script = f"script-src{own}; " if leaf.scripted or leaf.asks_keys else ""
    fetch = "connect-src 'self'; " if leaf.asks_keys else ""
    style = f"style-src 'self'{own if look.css else ''}"
    return (
        f"default-src 'none'; {script}{fetch}{style}; img-src {images}; {font}form-action {forms}; "
        f"base-uri 'none'; frame-ancestors {frames}"
    )


def _sources(*urls: str) -> str:
    return " ".join(dict.fromkeys(("'self'", *(source for url in urls if (source := source_of(url))))))


def source_of(url: str) -> str:
    """The URL's origin as a policy names it, or its scheme where that has no such form (IPv6, apps' own schemes)."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if not _SCHEME.match(parts.scheme):
        return ""
    if parts.scheme in {"http", "https"} and _HOST.match(parts.netloc):
        return f"{parts.scheme}://{parts.netloc}"
    return f"{parts.scheme}:"
