"""The password. Slow: it runs in the hash pool, and its guess is counted before it is judged."""

from datetime import datetime
from typing import Protocol

import msgspec

from ostiary.core.factor import Attempt, Evidence, Factor, Rejected, Tools, Verified
from ostiary.core.session import VerifiedFactor
from ostiary.core.user import Authenticator
from ostiary.crypto.password import NOBODY, SALT_BYTES, hash_password, needs_rehash, verify_password
from ostiary.errors import FailedPrecondition, InvalidArgument, OstiaryError


class PasswordCheck(Protocol):
    """The wire's CheckPassword."""

    @property
    def password(self) -> str:
        """As it was typed."""
        ...


def authenticator_id(user_id: str) -> str:
    """A user has one password."""
    return f"{user_id}:password"


def verify(check: PasswordCheck, attempt: Attempt) -> Evidence:
    """Compare with the user's hash; a hash of outdated form is made anew and spent with the check."""
    if attempt.user is None:
        return Rejected(FailedPrecondition("COMMAND-Sfw3f", "User ID missing"))
    owned = next((a for a in attempt.authenticators if a.is_ready), None)
    if owned is None:
        verify_password(NOBODY, check.password)
        return Rejected(FailedPrecondition("COMMAND-3nJ4t", "User has not set a password"))
    stored = attempt.tools.unseal(owned).decode()
    if not verify_password(stored, check.password):
        return Rejected(
            InvalidArgument("COMMAND-3M0fs", "Password is invalid", failed_attempts=0), guessed=True
        )
    return Verified(VerifiedFactor(attempt.now), _rehashed(owned, stored, check.password, attempt))


def _rehashed(
    owned: Authenticator, stored: str, password: str, attempt: Attempt
) -> tuple[Authenticator, ...]:
    if not needs_rehash(stored):
        return ()
    fresh = hash_password(password, attempt.tools.random_bytes(SALT_BYTES))
    return (attempt.tools.seal(msgspec.structs.replace(owned, changed_at=attempt.now), fresh.encode()),)


def enrol(user_id: str, encoded_hash: bytes, now: datetime, tools: Tools) -> Authenticator:
    """A user's password, of its hash in encoded form."""
    return tools.seal(Authenticator(authenticator_id(user_id), user_id, "password", now, now), encoded_hash)


def pretend(check: PasswordCheck) -> None:
    """Cost what a known user's check costs."""
    verify_password(NOBODY, check.password)


def blocked(failed_attempts: int) -> OstiaryError:
    """The budget is spent; right and wrong passwords get this one answer."""
    return FailedPrecondition(
        "COMMAND-JLK35",
        "User is locked",
        hint="too many wrong passwords in a row; set a new password or unlock the user",
        failed_attempts=failed_attempts,
    )


PASSWORD = Factor(
    kind="password",
    wire="password",
    amr="pwd",
    verify=verify,
    limit="max_password_attempts",
    blocked=blocked,
    enrol=enrol,
    slow=True,
    pretend=pretend,
)
