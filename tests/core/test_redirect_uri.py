"""Redirect URIs: what may be registered, and what counts as registered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.core.client import ApplicationType
from ostiary.core.redirect_uri import (
    MAX_LENGTH,
    allowed,
    is_loopback,
    origin_of,
    require_endpoint,
    require_origin,
    require_registrable,
)
from ostiary.errors import InvalidArgument

WEB, NATIVE, USER_AGENT = ApplicationType.WEB, ApplicationType.NATIVE, ApplicationType.USER_AGENT


def refusal_of(uri: str, kind: ApplicationType, *, is_development: bool = False) -> str:
    """The id of the error, or empty."""
    try:
        require_registrable(uri, kind, is_development=is_development)
    except InvalidArgument as error:
        return error.id
    return ""


@pytest.mark.parametrize(
    ("uri", "web", "native", "development"),
    [
        ("https://a.example/cb", "", "", ""),
        ("HTTPS://A.Example:8443/cb?x=1", "", "", ""),
        ("https://[2001:db8::1]/cb", "", "", ""),
        ("http://localhost:9999/cb", "", "", ""),
        ("http://127.0.0.1/cb", "", "", ""),
        ("http://127.8.9.1/cb", "", "", ""),
        ("http://[::1]:1/cb", "", "", ""),
        ("http://a.example/cb", "client_uri.insecure", "client_uri.insecure", ""),
        ("http://localhost.example/cb", "client_uri.insecure", "client_uri.insecure", ""),
        ("com.example.app:/cb", "client_uri.scheme", "", "client_uri.scheme"),
        ("myapp://cb", "client_uri.scheme", "", "client_uri.scheme"),
        *(
            (uri, "client_uri.scheme", "client_uri.scheme", "client_uri.scheme")
            for uri in (
                "javascript:alert(1)",
                "JavaScript:alert(1)",
                "data:text/html,x",
                "vbscript:x",
                "file:///etc/passwd",
                "blob:https://a.example/x",
                "about:blank",
            )
        ),
        *(
            (uri, "redirect_uri.fragment", "redirect_uri.fragment", "redirect_uri.fragment")
            for uri in ("https://a.example/cb#x", "https://a.example/cb#", "com.example.app:/cb#x")
        ),
        *(
            (uri, "client_uri.host", "client_uri.host", "client_uri.host")
            for uri in (
                "https://user@a.example/cb",
                "https://user:word@a.example/cb",
                "https:///cb",
                "https:a.example",
                "https://a.example:port/cb",
                "https://a.example:123456/cb",
                "https://[not-an-address]/cb",
                "https://[::1/cb",
                "https://[1:2:3]/cb",
            )
        ),
        *(
            (uri, "client_uri.form", "client_uri.form", "client_uri.form")
            for uri in (
                "",
                "/cb",
                "//a.example/cb",
                "a.example/cb",
                "https://a.example/c b",
                "https://a.example\\@b.example/cb",
                "https://a.example/\x00",
                "https://a.example/cb\n",
                "https://ä.example/cb",
                f"https://a.example/{'x' * MAX_LENGTH}",
            )
        ),
    ],
)
def test_registrable(uri: str, web: str, native: str, development: str) -> None:
    """Absolute, no fragment, https but for this machine and development; schemes of their own for native apps."""
    assert refusal_of(uri, WEB) == web
    assert refusal_of(uri, USER_AGENT) == web
    assert refusal_of(uri, NATIVE) == native
    assert refusal_of(uri, WEB, is_development=True) == development


@pytest.mark.parametrize(
    ("registered", "presented", "web", "native"),
    [
        ("https://a.example/cb", "https://a.example/cb", True, True),
        ("https://a.example/cb", "https://a.example/cb/", False, False),
        ("https://a.example/cb", "https://A.example/cb", False, False),
        ("https://a.example/cb", "https://a.example:443/cb", False, False),
        ("https://a.example/cb", "https://a.example/cb?x=1", False, False),
        ("https://a.example/cb", "https://a.example:5000/cb", False, False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:5000/cb", False, True),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1:5000/cb", False, True),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1/cb", False, True),
        ("http://[::1]/cb", "http://[::1]:5000/cb", False, True),
        ("http://localhost:1/cb", "http://localhost:5000/cb", False, True),
        ("http://localhost/cb?x=1", "http://localhost:5000/cb?x=1", False, True),
        ("http://localhost/cb?x=1", "http://localhost:5000/cb?x=2", False, False),
        ("http://127.0.0.1/cb", "http://localhost:5000/cb", False, False),
        ("http://127.0.0.1/cb", "http://127.0.0.2:5000/cb", False, False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:5000/other", False, False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:5000/cb#x", False, False),
        ("http://127.0.0.1/cb", "https://127.0.0.1:5000/cb", False, False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:5000@evil.example/cb", False, False),
        ("http://a.example/cb", "http://a.example:5000/cb", False, False),
        ("http://127.0.0.1/cb", "com.example.app:/cb", False, False),
        ("com.example.app:/cb", "com.example.app:/cb", True, True),
    ],
)
def test_allowed(registered: str, presented: str, *, web: bool, native: bool) -> None:
    """Letter by letter; for native apps any port of the very loopback address that is registered."""
    others = ("https://other.example/", registered)
    assert allowed(others, presented, WEB) is web
    assert allowed(others, presented, USER_AGENT) is web
    assert allowed(others, presented, NATIVE) is native


@given(st.text(max_size=30), st.text(max_size=30), st.sampled_from(ApplicationType))
def test_allowed_never_fails(registered: str, presented: str, kind: ApplicationType) -> None:
    """Whatever is presented is judged, and only itself is allowed where no loopback is registered."""
    assert allowed((registered,), presented, kind) is (registered == presented)


def test_endpoints() -> None:
    """A URL that is called or opened is https, or of this machine, and has no fragment."""
    require_endpoint("https://a.example/logout", is_development=False)
    require_endpoint("http://localhost/logout", is_development=False)
    require_endpoint("http://a.example/logout", is_development=True)
    for uri, id_ in (
        ("https://a.example/#x", "client_uri.fragment"),
        ("http://a.example/", "client_uri.insecure"),
        ("com.example:/x", "client_uri.scheme"),
    ):
        with pytest.raises(InvalidArgument) as refused:
            require_endpoint(uri, is_development=False)
        assert refused.value.id == id_


def test_origins() -> None:
    """An origin has no path, no query, no fragment."""
    for uri in ("https://a.example", "https://a.example:8443", "http://localhost:3000"):
        require_origin(uri, is_development=False)
    for uri in ("https://a.example/", "https://a.example?x", "https://a.example#x"):
        with pytest.raises(InvalidArgument, check=lambda error: error.id == "client_uri.origin"):
            require_origin(uri, is_development=False)


@pytest.mark.parametrize(
    ("uri", "origin"),
    [
        ("https://A.example/cb", "https://a.example"),
        ("https://a.example:443/cb", "https://a.example"),
        ("https://a.example:80/cb", "https://a.example:80"),
        ("http://localhost:80/", "http://localhost"),
        ("http://[::1]:3000/", "http://[::1]:3000"),
        ("com.example.app:/cb", None),
    ],
)
def test_origin_of(uri: str, origin: str | None) -> None:
    """The origin as a browser writes it; a scheme of its own has none."""
    assert origin_of(uri) == origin


def test_loopback() -> None:
    """This machine by name and by address."""
    assert all(is_loopback(host) for host in ("localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "::1"))
    assert not any(is_loopback(host) for host in ("", "a.example", "10.0.0.1", "0.0.0.0", "::"))  # noqa: S104
