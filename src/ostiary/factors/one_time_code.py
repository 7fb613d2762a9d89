"""What codes sent by SMS and by mail have in common: eight digits, five minutes, one session, one challenge, five tries.

The newest challenge of a session counts; an earlier code is dead. The code is in the session's row alone, sealed, so the
save that takes it spends it by the session's version. Source: ZITADEL's wire contract, part 2.7; OWASP ASVS 6.5.5, 6.6.2.
"""

import hmac
from datetime import datetime, timedelta
from typing import Final, Protocol

from ostiary.core.factor import Attempt, Evidence, Rejected, Tools, Verified
from ostiary.core.session import Challenge, VerifiedFactor
from ostiary.core.user import Authenticator
from ostiary.errors import FailedPrecondition, InvalidArgument, OstiaryError

DIGITS: Final = 8
LIVES: Final = timedelta(minutes=5)
TRIES: Final = 5
_ID_BYTES: Final = 9
_DRAW_BYTES: Final = 4
_CODES: Final = 10**DIGITS
# the largest multiple of all codes that a draw can be below: a draw above it would favour some codes
_EVEN: Final = 256**_DRAW_BYTES // _CODES * _CODES


class CodeCheck(Protocol):
    """The wire's CheckOTP."""

    @property
    def code(self) -> str:
        """As it was typed."""
        ...


def authenticator_id(user_id: str, kind: str) -> str:
    """A user has one of each kind."""
    return f"{user_id}:{kind}"


def enrolled(kind: str, user_id: str, now: datetime, tools: Tools) -> Authenticator:
    """That a user takes codes this way. There is no secret in it: the address is the user's verified one."""
    return tools.seal(Authenticator(authenticator_id(user_id, kind), user_id, kind, now, now), b"")


def is_ready(attempt: Attempt) -> bool:
    """Whether the user takes codes this way."""
    return any(one.is_ready for one in attempt.authenticators)


def begun(kind: str, attempt: Attempt) -> tuple[Challenge, str]:
    """A new challenge and its code."""
    tools = attempt.tools
    code, challenge_id = _code(tools), tools.random_bytes(_ID_BYTES).hex()
    sealed = tools.close(code.encode(), _context(attempt, kind, challenge_id))
    return Challenge(challenge_id, attempt.now + LIVES, sealed), code


def verified(kind: str, check: CodeCheck, attempt: Attempt) -> Evidence:
    """Compare with the newest challenge's code, in constant time."""
    if attempt.user is None:
        return Rejected(InvalidArgument("COMMAND-S453v", "User ID missing"))
    typed = check.code.strip()
    if not typed:
        return Rejected(InvalidArgument("COMMAND-SJl2g", "Code is empty"))
    if not is_ready(attempt):
        return Rejected(
            FailedPrecondition("COMMAND-d2r52", "Multifactor OTP (OneTimePassword) isn't ready"), traced=True
        )
    if not attempt.challenges:
        return Rejected(_not_found("ask for a code first; each is good once"), traced=True)
    newest = attempt.challenges[-1]
    if newest.expires_at <= attempt.now:
        error = FailedPrecondition("CODE-QvUQ4P", "Code is expired", hint="ask for a new one")
        return Rejected(error, guessed=True)
    code = attempt.tools.open(newest.state, _context(attempt, kind, newest.id))
    if not hmac.compare_digest(code, typed.encode()):
        return Rejected(InvalidArgument("CODE-woT0xc", "Code is invalid"), guessed=True)
    return Verified(VerifiedFactor(attempt.now))


def exhausted() -> OstiaryError:
    """The challenge was answered wrongly too often; its right code gets this answer too."""
    return _not_found(f"a code takes {TRIES} wrong tries; ask for a new one")


def blocked(_: int) -> OstiaryError:
    """The user's budget is spent; right and wrong codes get this one answer."""
    return FailedPrecondition(
        "COMMAND-S6h4R",
        "User is locked",
        hint="too many wrong codes in a row; remove the factor or unlock the user",
    )


def _not_found(hint: str) -> OstiaryError:
    return FailedPrecondition("COMMAND-S34gh", "Code not found", hint=hint)


def _code(tools: Tools) -> str:
    while (drawn := int.from_bytes(tools.random_bytes(_DRAW_BYTES))) >= _EVEN:
        continue
    return f"{drawn % _CODES:0{DIGITS}}"


def _context(attempt: Attempt, kind: str, challenge_id: str) -> str:
    return f"challenge|{attempt.session_id}|{kind}|{challenge_id}"
