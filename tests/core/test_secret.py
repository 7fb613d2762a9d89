"""Tokens: one spelling each, hashed as they are written, never shown."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.core.secret import (
    PERSONAL_ACCESS_TOKEN,
    SECRET_BYTES,
    SESSION_TOKEN,
    Secret,
    is_base64url,
    parse_token,
    same_hash,
    secret_hash,
    token_text,
    without_password,
)

BYTES = st.binary(min_size=SECRET_BYTES, max_size=SECRET_BYTES)
IDS = st.integers(0, 10**20 - 1).map(str)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@given(st.sampled_from([SESSION_TOKEN, PERSONAL_ACCESS_TOKEN]), IDS, BYTES)
def test_round_trip(kind: str, id: str, secret: bytes) -> None:  # noqa: A002
    """A token's parts are read back, its hash is that of its written secret, and it fits everywhere."""
    text = token_text(kind, id, secret)
    parsed = parse_token(text)
    assert parsed is not None
    assert (parsed.kind, parsed.id) == (kind, id)
    assert parsed.secret_hash == secret_hash(text) == hashlib.sha256(text[-43:].encode()).digest()
    assert is_base64url(text)
    assert len(text) <= 69


@given(BYTES, st.integers(0, 42), st.sampled_from(ALPHABET))
def test_not_malleable(secret: bytes, place: int, letter: str) -> None:
    """Another letter anywhere in the secret is another token, even where it decodes to the same bytes."""
    text = token_text(SESSION_TOKEN, "1", secret)
    at = len(text) - 43 + place
    other = text[:at] + letter + text[at + 1 :]
    parsed = parse_token(other)
    assert parsed is not None
    assert (parsed.secret_hash == secret_hash(text)) is (other == text)


GOOD = token_text(SESSION_TOKEN, "123", bytes(SECRET_BYTES))


@pytest.mark.parametrize(
    "text",
    [
        "", "osts", GOOD[:-1], GOOD + "A", GOOD + "=", GOOD + "\n", " " + GOOD, GOOD.replace("_", "-"),
        GOOD.upper(), GOOD.replace("osts", "ost"), GOOD.replace("123", ""), GOOD.replace("123", "1" * 41),
        GOOD.replace("123", "١٢٣"), GOOD.replace("123", "-1"), GOOD[:-1] + "+", GOOD[:-1] + "é", "A" * 200,
    ],
)  # fmt: skip
def test_no_other_spelling(text: str) -> None:
    """What is not written exactly as we write it is no token."""
    assert parse_token(text) is None
    with pytest.raises(ValueError, match="not a token"):
        secret_hash(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", True), ("aZ09-_", True), ("a+b", False), ("a=", False), ("\uff41", False), ("a\n", False)],
)
def test_base64url(text: str, expected: bool) -> None:
    """The alphabet is ASCII, without padding."""
    assert is_base64url(text) is expected


def test_secret_is_not_shown() -> None:
    """No way of printing a secret prints it; equal ones are equal, and only to their kind."""
    secret = Secret("hunter2")
    assert "hunter2" not in f"{secret}{secret!r}{[secret]}{vars(type(secret))}"
    assert secret.reveal() == "hunter2"
    assert secret == Secret("hunter2")
    assert secret != Secret("hunter3")
    assert secret != "hunter2"
    assert len({secret, Secret("hunter2"), Secret("x")}) == 2


def test_hashes_are_compared_whole() -> None:
    """Hashes are the same or not, of whatever length."""
    assert same_hash(b"abc", b"abc")
    assert not same_hash(b"abc", b"abd")
    assert not same_hash(b"", b"abc")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u@h/d", "postgresql://u@h/d"),
        ("postgresql://u:word@h1,h2:5433/d", "postgresql://u@h1,h2:5433/d"),
        ("postgresql://u:a@b@h/d", "postgresql://u@h/d"),
        ("postgresql:///d?host=/run&password=word&user=u", "postgresql:///d?host=/run&password=***&user=u"),
    ],
)
def test_url_without_password(url: str, shown: str) -> None:
    """A URL that is shown has no password, wherever it stood."""
    assert without_password(url) == shown
