"""Assertions that clients and service users sign. Source: RFC 7523 3, RFC 7521 4, RFC 8725."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ostiary.core.client import PublicKey
from ostiary.core.login_request import USED_ASSERTION, UsedAssertion
from ostiary.crypto.jws import ALGORITHMS, BadKey, BadToken, load_pem, unverified, verify
from ostiary.oidc.errors import OAuthError
from ostiary.storage.port import Changes, Conflict, Put, Store

LONGEST = timedelta(hours=1)
SKEW = timedelta(seconds=10)
KEPT_AFTER = timedelta(seconds=60)
_END_OF_TIME = 253_402_300_800  # seconds, the year 10000: dates end before it


@dataclass(frozen=True, slots=True)
class Assertion:
    """A verified assertion: who signed it, its ``jti`` if it has one, and the hash of all of it."""

    issuer: str
    jti: str
    digest: str
    expires_at: datetime


async def read_assertion(
    text: str,
    *,
    keys: Callable[[str], Awaitable[PublicKey | None]],
    audiences: tuple[str, ...],
    now: datetime,
    error: str,
) -> Assertion:
    """Verify signature, issuer, audience and times; raises the OAuth ``error``."""
    try:
        kid = str(unverified(text).header.get("kid", ""))
        key = await keys(kid)
        if key is None or key.expires_at <= now:
            raise OAuthError(error, "the assertion's key (kid) is unknown or has expired")
        claims = verify(text, {kid: load_pem(key.pem, kid)}, ALGORITHMS, "JWT")
    except (BadToken, BadKey) as bad:
        raise OAuthError(error, "the assertion does not verify", debug=repr(bad)) from bad
    return _checked(claims, text, key, audiences, now, error)


def _checked(
    claims: dict[str, Any], text: str, key: PublicKey, audiences: tuple[str, ...], now: datetime, error: str
) -> Assertion:
    issuer, audience = claims.get("iss"), claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if issuer != key.owner_id or claims.get("sub") != issuer:
        raise OAuthError(error, "the assertion's iss and sub are the owner of its key")
    # one that is also for another server could be replayed by it
    if not named or not all(name in audiences for name in named):
        raise OAuthError(error, f"the assertion's aud is {audiences[0]}, and nobody else")
    issued_at, expires_at = _time(claims, "iat", error), _time(claims, "exp", error)
    if expires_at <= now or issued_at > now + SKEW or now - issued_at > LONGEST:
        raise OAuthError(
            error, "the assertion has expired, or was issued more than an hour ago or in the future"
        )
    if expires_at - issued_at > LONGEST + SKEW:
        raise OAuthError(error, "the assertion lives longer than an hour")
    not_before = _time(claims, "nbf", error) if "nbf" in claims else issued_at
    if not_before > now + SKEW:
        raise OAuthError(error, "the assertion is not good yet")
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Assertion(str(issuer), str(claims.get("jti", "")), digest, expires_at)


def _time(claims: dict[str, Any], name: str, error: str) -> datetime:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _END_OF_TIME:
        raise OAuthError(error, f"the assertion's {name} is missing or no number of seconds")
    return datetime.fromtimestamp(value, UTC)


async def spend(store: Store, assertion: Assertion, *, error: str, is_read: bool = False) -> None:
    """Take an assertion, once; raises the OAuth ``error`` the second time.

    One without ``jti`` is known by its text. Some libraries send it several times within the second it was made in, so
    for questions (``is_read``) it may come again; it is spent for everything else nonetheless.
    """
    spent = f"{assertion.issuer}\n{assertion.jti}" if assertion.jti else assertion.digest
    used = UsedAssertion(hashlib.sha256(spent.encode()).hexdigest(), assertion.expires_at + KEPT_AFTER)
    try:
        await store.save(Changes(puts=(Put(USED_ASSERTION, used),)))
    except Conflict:
        if assertion.jti or not is_read:
            raise OAuthError(error, "the assertion was used already; sign another one, with a jti") from None
