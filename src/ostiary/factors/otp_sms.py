"""Codes by SMS, to the user's verified phone. Source: ZITADEL's wire contract, part 2.7."""

from datetime import datetime
from typing import Final, Protocol

from ostiary.core.factor import Attempt, Begun, Evidence, Factor, Rejected, Tools
from ostiary.core.notification import PHONE_CHANNEL, Notification
from ostiary.core.user import Authenticator, User
from ostiary.errors import FailedPrecondition
from ostiary.factors import one_time_code
from ostiary.factors.one_time_code import CodeCheck

KIND: Final = "otp_sms"


class SmsRequest(Protocol):
    """The wire's RequestChallenges.OTPSMS."""

    @property
    def return_code(self) -> bool:
        """Answer with the code instead of sending it."""
        ...


def begin(asked: SmsRequest, attempt: Attempt) -> Begun | Rejected:
    """A new code, which replaces the earlier one: sent, or told to the caller."""
    user = attempt.user
    if user is None:
        return Rejected(FailedPrecondition("COMMAND-JKL3g", "User ID missing"))
    phone = user.phone.value if user.phone and user.phone.is_verified else ""
    if not one_time_code.is_ready(attempt) or not (phone or asked.return_code):
        hint = "add OTP SMS to the user, who needs a verified phone"
        return Rejected(
            FailedPrecondition("COMMAND-BJ2g3", "Multifactor OTP (OneTimePassword) isn't ready", hint=hint)
        )
    challenge, code = one_time_code.begun(KIND, attempt)
    if asked.return_code:
        return Begun(challenge, code)
    return Begun(challenge, None, _message(user, phone, code, attempt), PHONE_CHANNEL)


def _message(user: User, phone: str, code: str, attempt: Attempt) -> Notification:
    return Notification(
        KIND,
        phone,
        user.id,
        user.organization_id,
        code,
        language=user.preferred_language,
        display_name=user.display_name,
        login_name=user.login_names[0],
        session_id=attempt.session_id,
        asked_at=attempt.now,
        expires_at=attempt.now + one_time_code.LIVES,
    )


def verify(check: CodeCheck, attempt: Attempt) -> Evidence:
    """The newest code that was sent for this session."""
    return one_time_code.verified(KIND, check, attempt)


def enrol(user_id: str, _: bytes, now: datetime, tools: Tools) -> Authenticator:
    """That a user takes codes by SMS."""
    return one_time_code.enrolled(KIND, user_id, now, tools)


OTP_SMS = Factor(
    kind=KIND,
    wire="otp_sms",
    amr="otp",
    verify=verify,
    limit="max_otp_attempts",
    blocked=one_time_code.blocked,
    enrol=enrol,
    begin=begin,
    challenge_tries=one_time_code.TRIES,
    exhausted=one_time_code.exhausted,
)
