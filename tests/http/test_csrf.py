"""Which forms are ours."""

import pytest

from ostiary.http.csrf import is_embedded, is_foreign, origin_of, own_origins

OWN = own_origins("https://id.example.com:443/", "http", "localhost:8080")


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({"sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "same-site"}, True),
        ({"sec-fetch-site": "cross-site"}, True),
        ({"sec-fetch-site": "cross-site", "origin": "https://id.example.com"}, True),
        ({"sec-fetch-site": ""}, True),
        ({"origin": "https://id.example.com"}, False),
        ({"origin": "http://localhost:8080"}, False),
        ({"origin": "https://localhost:8080"}, True),
        ({"origin": "https://id.example.com.evil.example"}, True),
        ({"origin": "null"}, True),
        ({"origin": "https://evil.example", "referer": "https://id.example.com/"}, True),
        ({"referer": "https://id.example.com/ui?x=1"}, False),
        ({"referer": "https://id.example.com@evil.example/"}, True),
        ({"referer": "http://[/"}, True),
        ({}, True),
    ],
)
def test_foreign(headers: dict[str, str], foreign: bool) -> None:
    """Fetch Metadata decides; without it Origin, else Referer; without all of them it is foreign."""
    sent = {name.encode(): value.encode() for name, value in headers.items()}
    assert is_foreign(sent, OWN) is foreign


@pytest.mark.parametrize(
    ("site", "mode", "embedded"),
    [
        (None, "cors", False),
        ("none", "navigate", False),
        ("same-origin", "cors", False),
        ("cross-site", "navigate", False),
        ("cross-site", None, False),
        ("cross-site", "no-cors", True),
        ("same-site", "cors", True),
    ],
)
def test_embedded(site: str | None, mode: str | None, embedded: bool) -> None:
    """Another site may lead here and may not load us into its page."""
    given = {b"sec-fetch-site": site, b"sec-fetch-mode": mode}
    assert is_embedded({name: value.encode() for name, value in given.items() if value}) is embedded


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("HTTPS://ID.example.com:443/x", "https://id.example.com"),
        ("http://h:80", "http://h"),
        ("http://h:8080", "http://h:8080"),
        ("null", ""),
        ("", ""),
    ],
)
def test_origin(url: str, origin: str) -> None:
    """An origin is written as browsers write it."""
    assert origin_of(url) == origin
