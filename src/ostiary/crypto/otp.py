"""Time-based one-time passwords.

Source: RFC 6238 (SHA-1, 30 s, 6 digits, one step of drift each way) and RFC 4226.
"""

import base64
import hmac
from datetime import datetime
from urllib.parse import quote, urlencode

PERIOD_S = 30
DIGITS = 6
DRIFT_STEPS = 1
SECRET_BYTES = 20


def step_of(at: datetime) -> int:
    """The number of whole periods since 1970."""
    return int(at.timestamp()) // PERIOD_S


def code_of(secret: bytes, step: int) -> str:
    """The six digits of a step. Source: RFC 4226, 5.3."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")  # the RFC's and every app's algorithm
    offset = digest[-1] & 0xF
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def matched_step(secret: bytes, code: str, at: datetime, last_step: int = -1) -> int | None:
    """The step whose code this is, within the drift and after ``last_step``; None if there is none.

    Every allowed step is compared in constant time, whichever matches. RFC 6238 5.2: a second use of a code must be
    refused, so the caller stores the returned step as the next ``last_step`` in the save that takes the code.
    """
    now, given, found = step_of(at), code.encode(), None
    for step in range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1):
        same = hmac.compare_digest(code_of(secret, step).encode(), given)
        if same and step > last_step:
            found = step
    return found


def base32(secret: bytes) -> str:
    """The secret as authenticator apps take it: upper case, no padding."""
    return base64.b32encode(secret).decode().rstrip("=")


def from_base32(text: str) -> bytes:
    """The secret of a text that people and other systems write: any case, spaces, hyphens, missing padding.

    Raises ValueError when it is not base32.
    """
    plain = text.replace(" ", "").replace("-", "").rstrip("=").upper()
    if not plain:
        raise ValueError("empty secret")
    return base64.b32decode(plain + "=" * (-len(plain) % 8))


def provisioning_uri(secret: bytes, issuer: str, account: str) -> str:
    """What the QR code of an enrolment says."""
    label = f"{quote(issuer, safe='')}:{quote(account, safe='')}"
    query = {
        "algorithm": "SHA1",
        "digits": str(DIGITS),
        "issuer": issuer,
        "period": str(PERIOD_S),
        "secret": base32(secret),
    }
    return f"otpauth://totp/{label}?{urlencode(query, quote_via=quote)}"
