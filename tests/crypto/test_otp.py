"""One-time codes, against RFC 4226 and RFC 6238."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.crypto.otp import (
    PERIOD_S,
    base32,
    code_of,
    from_base32,
    matched_step,
    provisioning_uri,
    step_of,
)

VECTORS = json.loads((Path(__file__).parent / "vectors" / "otp.json").read_text())
SECRET = VECTORS["secret"].encode()
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
STEP = step_of(NOW)


@pytest.mark.parametrize(("counter", "code"), list(enumerate(VECTORS["hotp"]["codes"])))
def test_hotp(counter: int, code: str) -> None:
    """Codes of counters are those of RFC 4226, appendix D."""
    assert code_of(SECRET, counter) == code


@pytest.mark.parametrize(("second", "code"), list(VECTORS["totp"]["codes"].items()))
def test_totp(second: str, code: str) -> None:
    """Codes of times are those of RFC 6238, appendix B."""
    at = datetime.fromtimestamp(int(second), UTC)
    assert code_of(SECRET, step_of(at)) == code
    assert matched_step(SECRET, code, at) == step_of(at)


@pytest.mark.parametrize(("drift", "matches"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_drift(drift: int, matches: bool) -> None:
    """One step each way is taken, no more."""
    found = matched_step(SECRET, code_of(SECRET, STEP + drift), NOW)
    assert found == (STEP + drift if matches else None)


@given(st.integers(-1, 1), st.integers(-3, 3))
def test_used_steps(drift: int, last: int) -> None:
    """A step is taken only after the last used one."""
    found = matched_step(SECRET, code_of(SECRET, STEP + drift), NOW, STEP + last)
    assert found == (STEP + drift if drift > last else None)


@pytest.mark.parametrize("code", ["", "0", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "🙂"])
def test_other_texts(code: str) -> None:
    """What is not the six digits matches nothing, and breaks nothing."""
    assert matched_step(SECRET, code, NOW) is None


def test_step_boundaries() -> None:
    """A step begins at its first second and lasts its period."""
    first = datetime.fromtimestamp(STEP * PERIOD_S, UTC)
    assert [step_of(first + timedelta(seconds=s)) - STEP for s in (-1, 0, PERIOD_S - 1, PERIOD_S)] == [
        -1,
        0,
        0,
        1,
    ]


@given(st.binary(min_size=1, max_size=64))
def test_base32(secret: bytes) -> None:
    """Secrets are read back as apps and people write them: any case, spaces, hyphens, with and without padding."""
    text = base32(secret)
    assert "=" not in text
    groups = "-".join(text[n : n + 4] for n in range(0, len(text), 4))
    for written in (text, text.lower(), groups, groups.replace("-", " "), text + "=" * (-len(text) % 8)):
        assert from_base32(written) == secret


@pytest.mark.parametrize("text", ["", " - ", "=", "1", "A", "ABC1", "é"])
def test_no_base32(text: str) -> None:
    """What is no base32 is refused."""
    with pytest.raises(ValueError):  # noqa: PT011  the library's words
        from_base32(text)


def test_provisioning_uri() -> None:
    """The QR code says issuer, account and parameters, each escaped."""
    parts = urlsplit(provisioning_uri(SECRET, "Acme: & Co", "alice@acme.com"))
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert unquote(parts.path) == "/Acme: & Co:alice@acme.com"
    assert parts.path.count(":") == 1
    assert parse_qs(parts.query) == {
        "secret": [base32(SECRET)],
        "issuer": ["Acme: & Co"],
        "algorithm": ["SHA1"],
        "digits": ["6"],
        "period": ["30"],
    }
    assert "+" not in parts.query
