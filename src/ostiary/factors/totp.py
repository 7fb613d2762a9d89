"""Codes of an authenticator app. Source: RFC 6238; a used step is never accepted again, on any session of the user."""

from dataclasses import replace
from datetime import datetime
from typing import Protocol

import msgspec

from ostiary.core.factor import Attempt, Evidence, Factor, Rejected, Tools, Verified
from ostiary.core.session import VerifiedFactor
from ostiary.core.user import Authenticator
from ostiary.crypto.otp import matched_step
from ostiary.errors import FailedPrecondition, InvalidArgument, OstiaryError


class TotpCheck(Protocol):
    """The wire's CheckTOTP."""

    @property
    def code(self) -> str:
        """Six digits."""
        ...


class TotpData(msgspec.Struct, frozen=True):
    """What an authenticator keeps, sealed: the shared secret and the newest step it was used at."""

    secret: bytes
    last_step: int = -1


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(TotpData).decode


def authenticator_id(user_id: str) -> str:
    """A user has one."""
    return f"{user_id}:totp"


def encode(data: TotpData) -> bytes:
    """The plain form of an authenticator's data."""
    return _encode(data)


def decode(plain: bytes) -> TotpData:
    """The data of an unsealed authenticator."""
    return _decode(plain)


def verify(check: TotpCheck, attempt: Attempt) -> Evidence:
    """Look for the code's step in the window and after the last used one; the step is spent with the check."""
    if attempt.user is None:
        return Rejected(InvalidArgument("COMMAND-8N9ds", "User ID missing"))
    owned = next((a for a in attempt.authenticators if a.is_ready), None)
    if owned is None:
        return Rejected(FailedPrecondition("COMMAND-3Mif9s", "Multifactor OTP (OneTimePassword) isn't ready"))
    data = decode(attempt.tools.unseal(owned))
    step = matched_step(data.secret, check.code, attempt.now, data.last_step)
    if step is None:
        return Rejected(InvalidArgument("EVENT-8isk2", "Invalid code"), guessed=True)
    used = msgspec.structs.replace(data, last_step=step)
    spent = attempt.tools.seal(msgspec.structs.replace(owned, changed_at=attempt.now), encode(used))
    return Verified(VerifiedFactor(attempt.now), (spent,))


def confirm(check: TotpCheck, attempt: Attempt) -> Evidence:
    """As :func:`verify`, for an app that is being set up: its first code makes it ready and counts as a check."""
    waiting = tuple(
        msgspec.structs.replace(a, is_ready=True) for a in attempt.authenticators if not a.is_ready
    )
    if attempt.user is not None and not waiting:
        text = "Multifactor OTP (OneTimePassword) is already set up"
        return Rejected(FailedPrecondition("COMMAND-qx4ls", text))
    return verify(check, msgspec.structs.replace(attempt, authenticators=waiting))


def enrol(user_id: str, secret: bytes, now: datetime, tools: Tools) -> Authenticator:
    """An authenticator app, of the secret it shares with us; no step is used yet."""
    owned = Authenticator(authenticator_id(user_id), user_id, "totp", now, now)
    return tools.seal(owned, encode(TotpData(secret)))


def blocked(_: int) -> OstiaryError:
    """The budget is spent; right and wrong codes get this one answer."""
    return FailedPrecondition(
        "COMMAND-SF3fg",
        "User is locked",
        hint="too many wrong codes in a row; remove the factor or unlock the user",
    )


TOTP = Factor(
    kind="totp",
    wire="totp",
    amr="otp",
    verify=verify,
    limit="max_otp_attempts",
    blocked=blocked,
    enrol=enrol,
)
# Who sets an app up while they log in types one code, which is good once: for both.
TOTP_CONFIRMATION = replace(TOTP, verify=confirm)
