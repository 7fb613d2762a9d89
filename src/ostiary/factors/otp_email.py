"""Codes by mail, to the user's verified address, with a link. Source: ZITADEL's wire contract, part 2.7."""

from datetime import datetime
from typing import Any, Final, Protocol

from ostiary.core.factor import Attempt, Begun, Evidence, Factor, Rejected, Tools
from ostiary.core.notification import EMAIL_CHANNEL, Notification
from ostiary.core.url_template import OTP_PLACES, require_template
from ostiary.core.user import Authenticator, User
from ostiary.errors import FailedPrecondition, InvalidArgument
from ostiary.factors import one_time_code
from ostiary.factors.one_time_code import CodeCheck

KIND: Final = "otp_email"


class DeliveryType(Protocol):
    """The arm of the wire's oneof."""

    @property
    def field(self) -> str:
        """``send_code`` or ``return_code``."""
        ...

    @property
    def value(self) -> Any:
        """Its message."""
        ...


class EmailRequest(Protocol):
    """The wire's RequestChallenges.OTPEmail."""

    @property
    def delivery_type(self) -> DeliveryType | None:
        """How; None sends the code with the default link."""
        ...


def begin(asked: EmailRequest, attempt: Attempt) -> Begun | Rejected:
    """A new code, which replaces the earlier one: sent with a link, or told to the caller."""
    user, delivery = attempt.user, asked.delivery_type
    if user is None:
        return Rejected(FailedPrecondition("COMMAND-JK3gp", "User ID missing"))
    is_told = delivery is not None and delivery.field == "return_code"
    email = user.email.value if user.email and user.email.is_verified else ""
    if not one_time_code.is_ready(attempt) or not (email or is_told):
        hint = "add OTP Email to the user, who needs a verified email"
        return Rejected(
            FailedPrecondition("COMMAND-JKLJ3", "Multifactor OTP (OneTimePassword) isn't ready", hint=hint)
        )
    template = delivery.value.url_template if delivery is not None and not is_told else ""
    if template:
        try:
            require_template(template, OTP_PLACES)
        except InvalidArgument as error:
            return Rejected(error)
    challenge, code = one_time_code.begun(KIND, attempt)
    if is_told:
        return Begun(challenge, code)
    return Begun(challenge, None, _message(user, email, code, template, attempt), EMAIL_CHANNEL)


def _message(user: User, email: str, code: str, template: str, attempt: Attempt) -> Notification:
    return Notification(
        KIND,
        email,
        user.id,
        user.organization_id,
        code,
        template,
        user.preferred_language,
        user.display_name,
        login_name=user.login_names[0],
        session_id=attempt.session_id,
        asked_at=attempt.now,
        expires_at=attempt.now + one_time_code.LIVES,
    )


def verify(check: CodeCheck, attempt: Attempt) -> Evidence:
    """The newest code that was sent for this session."""
    return one_time_code.verified(KIND, check, attempt)


def enrol(user_id: str, _: bytes, now: datetime, tools: Tools) -> Authenticator:
    """That a user takes codes by mail."""
    return one_time_code.enrolled(KIND, user_id, now, tools)


OTP_EMAIL = Factor(
    kind=KIND,
    wire="otp_email",
    amr="otp",
    verify=verify,
    limit="max_otp_attempts",
    blocked=one_time_code.blocked,
    enrol=enrol,
    begin=begin,
    challenge_tries=one_time_code.TRIES,
    exhausted=one_time_code.exhausted,
)
