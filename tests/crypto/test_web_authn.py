"""Origins, ids and bytes as browsers send them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.crypto.web_authn import (
    Unreadable,
    base64url,
    decode_cbor,
    from_base64url,
    is_origin_of,
    read_credential_id,
)


@pytest.mark.parametrize(
    ("origin", "rp_id", "is_its"),
    [
        ("https://acme.test", "acme.test", True),
        ("https://acme.test:8443", "acme.test", True),
        ("https://login.acme.test", "acme.test", True),
        ("https://a.b.acme.test", "acme.test", True),
        ("http://localhost", "localhost", True),
        ("http://localhost:8080", "localhost", True),
        ("https://localhost:8443", "localhost", True),
        ("http://acme.localhost:8080", "localhost", True),
        ("http://acme.localhost:8080", "acme.localhost", True),
        ("https://intranet", "intranet", True),
        ("http://acme.test", "acme.test", False),
        ("https://acme.test", "login.acme.test", False),
        ("https://evilacme.test", "acme.test", False),
        ("https://acme.test.evil.test", "acme.test", False),
        ("https://evil.test/acme.test", "acme.test", False),
        ("https://evil.test#.acme.test", "acme.test", False),
        ("https://acme.test@evil.test", "acme.test", False),
        ("https://x@acme.test", "acme.test", False),
        ("https://acme.test/", "acme.test", False),
        ("https://acme.test?", "acme.test", False),
        ("https://ACME.test", "acme.test", False),
        ("https://acme.test:port", "acme.test", False),
        ("https://acme.test:", "acme.test", False),
        ("https://[::1]", "::1", False),
        ("https://[", "acme.test", False),
        ("https://acme.test\n", "acme.test", False),
        ("https://anything.test", "test", False),
        ("https://localhost.evil.test", "localhost", False),
        ("http://evil.test", "localhost", False),
        ("ftp://localhost", "localhost", False),
        ("android:apk-key-hash:AAAA", "acme.test", False),
        ("null", "null", False),
        ("", "", False),
    ],
)
def test_origin(origin: str, rp_id: str, is_its: bool) -> None:
    """The relying party's host or one below it, by https, or localhost; nothing that only looks so."""
    assert is_origin_of(origin, rp_id) is is_its


@given(st.binary(max_size=80))
def test_base64url(content: bytes) -> None:
    """Written without padding, read with or without."""
    text = base64url(content)
    assert "=" not in text
    assert from_base64url(text) == from_base64url(text + "=" * (-len(text) % 4)) == content


@pytest.mark.parametrize("text", ["+A==", "/A", "A", "A A", "ä", "AA=A", "AAAAA", "A" * 23])
def test_no_base64url(text: str) -> None:
    """The standard alphabet, white space, impossible lengths and what is too long are refused."""
    with pytest.raises(Unreadable):
        from_base64url(text, largest=16)


def test_credential_id() -> None:
    """It is said twice, once as bytes; up to 1023 of them."""
    longest = base64url(bytes(1023))
    assert read_credential_id(longest, longest + "=", "public-key") == bytes(1023)
    with pytest.raises(Unreadable):
        read_credential_id(longest + "A", longest + "A", "public-key")


@given(st.binary(max_size=60))
def test_cbor(content: bytes) -> None:
    """Whatever comes is read whole or refused."""
    try:
        _, rest = decode_cbor(content)
    except Unreadable:
        return
    assert content.endswith(rest)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x59\x01",  # a length that is cut
        b"\x43x",  # a byte string that is cut
        b"\x18\x01",  # a small number at length
        b"\xa2\x01\x01\x01\x02",  # one key twice
        b"\xa1\x80\x01",  # a list as a key
        b"\xc0\x01",  # a tag
        b"\x1f",  # no length
        b"\x61\xff",  # no UTF-8
        b"\x81" * 5000,
        b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",  # a list without end
    ],
)
def test_bad_cbor(content: bytes) -> None:
    """Cut, doubled, lengthened, tagged, endless."""
    with pytest.raises(Unreadable):
        decode_cbor(content)
