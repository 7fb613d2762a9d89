"""Recovery codes: shown once when they are made, each good once; only their hashes are kept.

One authenticator holds those that are left; a check spends one with the authenticator's version, so two sessions of a user
cannot use one code twice. Source: ZITADEL's wire contract, part 2.8; NIST SP 800-63B-4, 3.1.2 (look-up secrets).
"""

from datetime import datetime
from typing import Protocol

import msgspec

from ostiary.core.factor import Attempt, Evidence, Factor, Rejected, Tools, Verified
from ostiary.core.recovery_code import KIND, code_hash, decode, encode
from ostiary.core.secret import same_hash
from ostiary.core.session import VerifiedFactor
from ostiary.core.user import Authenticator
from ostiary.errors import FailedPrecondition, InvalidArgument, OstiaryError


class RecoveryCheck(Protocol):
    """The wire's CheckRecoveryCode."""

    @property
    def code(self) -> str:
        """As it was typed."""
        ...


def authenticator_id(user_id: str) -> str:
    """A user has one, for all codes."""
    return f"{user_id}:{KIND}"


def verify(check: RecoveryCheck, attempt: Attempt) -> Evidence:
    """Compare with each hash that is left, in constant time; the code is spent with the check."""
    if not check.code:
        return Rejected(InvalidArgument("COMMAND-u0b6c", "Code is empty"))
    if attempt.user is None:
        return Rejected(FailedPrecondition("COMMAND-4m9s2", "User ID missing"))
    owned = next((a for a in attempt.authenticators if a.is_ready), None)
    if owned is None:
        return Rejected(_none_left(), traced=True)
    kept = decode(attempt.tools.unseal(owned))
    if not kept:
        return Rejected(_none_left(), traced=True)
    typed = code_hash(check.code)
    left = tuple(one for one in kept if not same_hash(one, typed))
    if len(left) == len(kept):
        return Rejected(InvalidArgument("DOMAIN-6uvh0", "Recovery code is invalid"), guessed=True)
    spent = attempt.tools.seal(msgspec.structs.replace(owned, changed_at=attempt.now), encode(left))
    return Verified(VerifiedFactor(attempt.now), (spent,))


def _none_left() -> OstiaryError:
    return FailedPrecondition("COMMAND-84rgg", "No recovery codes are set up", hint="generate them first")


def enrol(user_id: str, hashes: bytes, now: datetime, tools: Tools) -> Authenticator:
    """A user's codes, of their encoded hashes."""
    return tools.seal(Authenticator(authenticator_id(user_id), user_id, KIND, now, now), hashes)


def blocked(_: int) -> OstiaryError:
    """The budget is spent; right and wrong codes get this one answer."""
    return FailedPrecondition(
        "COMMAND-2w6oa",
        "User is locked",
        hint="too many wrong codes in a row; remove the codes or unlock the user",
    )


RECOVERY_CODE = Factor(
    kind=KIND,
    wire="recovery_code",
    amr="otp",
    verify=verify,
    limit="max_otp_attempts",
    blocked=blocked,
    enrol=enrol,
)
