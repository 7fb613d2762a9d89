"""Password resets, invitations, and the second factor that was declined."""

import asyncio
from typing import Any

from ostiary.core.user import USER, UserState
from ostiary.errors import FailedPrecondition, InvalidArgument, NotFound, OstiaryError
from tests.users.conftest import ADMIN, PASSWORD, STRANGER, House, caller, human, refused

NEW = {"password": "Changed2?"}
RETURNED: dict[str, Any] = {"returnCode": {}}
VIEWER = caller("905", "IAM_OWNER_VIEWER")
OF_OTHER = caller("906", "ORG_OWNER", resource="organization:600")


async def invited(house: House, name: str = "bob") -> str:
    """A person who owns nothing to log in with, and an address that is not verified."""
    request = {**human(name), "email": {"email": f"{name}@example.com", "returnCode": {}}}
    return str((await house.rpc("AddHumanUser", **request)).user_id)


async def test_reset_by_mail(house: House) -> None:
    """The code goes to the email address with the caller's link; the new password verifies the address."""
    user_id = await house.human(email={"email": "a@example.com"})
    link = "https://app.example/set?code={{.Code}}&userId={{.UserID}}"
    answer = await house.rpc("PasswordReset", userId=user_id, sendLink={"urlTemplate": link})
    assert not answer.verification_code
    sent = house.sent()[-1]
    assert (sent.template, sent.recipient, sent.url_template) == ("reset_password", "a@example.com", link)
    done = {"userId": user_id, "newPassword": NEW, "verificationCode": sent.code}
    await house.rpc("SetPassword", **done)
    user = await house.user(user_id)
    assert user.email is not None
    assert user.email.is_verified
    with refused(FailedPrecondition, "COMMAND-2M9sd"):
        await house.rpc("SetPassword", **done)


async def test_reset_by_sms(house: House) -> None:
    """By SMS the code goes to the phone, which is verified by it; without a phone that is refused."""
    user_id = await house.human()
    by_sms = {"userId": user_id, "sendLink": {"notificationType": "NOTIFICATION_TYPE_SMS"}}
    with refused(FailedPrecondition, "user.reset_unreachable"):
        await house.rpc("PasswordReset", **by_sms)
    await house.rpc("SetPhone", userId=user_id, phone="+41791234567", **RETURNED)
    await house.rpc("PasswordReset", **by_sms)
    (sent,) = house.sent()
    assert (sent.template, sent.recipient) == ("reset_password", "+41791234567")
    await house.rpc("SetPassword", userId=user_id, newPassword=NEW, verificationCode=sent.code)
    phone = (await house.user(user_id)).phone
    assert phone is not None
    assert phone.is_verified


async def test_reset_returned(each_house: House) -> None:
    """A returned code sets one password; of many at once, one is set."""
    user_id = await each_house.human()
    code = (await each_house.rpc("PasswordReset", userId=user_id, **RETURNED)).verification_code
    tries = [
        each_house.rpc(
            "SetPassword", userId=user_id, newPassword={"password": f"Changed{n}?"}, verificationCode=code
        )
        for n in range(2)
    ]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(not isinstance(one, BaseException) for one in answers) == 1


async def test_reset_refused(house: House) -> None:
    """Who may not, for whom it is not, and codes that are wrong or old."""
    user_id, machine_id = await house.human(), await house.machine()
    with refused(NotFound, "AUTHZ-cdgFk"):
        await house.rpc("PasswordReset", STRANGER, userId=user_id)
    for who in (VIEWER, OF_OTHER):
        with refused(OstiaryError, "AUTH-AWfge"):
            await house.rpc("PasswordReset", who, userId=user_id)
    with refused(NotFound, "AUTHZ-cdgFk"):
        await house.rpc("PasswordReset", caller(user_id), userId=user_id, **RETURNED)
    await house.rpc("PasswordReset", caller(user_id), userId=user_id)
    with refused(NotFound, "COMMAND-SAF4f"):
        await house.rpc("PasswordReset", userId="404")
    with refused(FailedPrecondition, "user.password_reset_of_machine"):
        await house.rpc("PasswordReset", userId=machine_id)
    with refused(InvalidArgument, "DOMAIN-oGh5e"):
        await house.rpc("PasswordReset", userId=user_id, sendLink={"urlTemplate": "https://x/{{Code}}"})
    code = (await house.rpc("PasswordReset", userId=user_id, **RETURNED)).verification_code
    with refused(InvalidArgument, "CODE-woT0xc"):
        await house.rpc("SetPassword", userId=user_id, newPassword=NEW, verificationCode="000000")
    house.effects.later(hours=1)
    with refused(FailedPrecondition, "CODE-QvUQ4P"):
        await house.rpc("SetPassword", userId=user_id, newPassword=NEW, verificationCode=code)
    await house.edit(USER, user_id, state=UserState.INITIAL)
    with refused(FailedPrecondition, "COMMAND-Sfe4g"):
        await house.rpc("PasswordReset", userId=user_id)


async def test_invite_by_mail(house: House) -> None:
    """An invitation carries link and application, is sent again as it was, and verifies the address."""
    user_id = await invited(house)
    link = "https://app.example/join?code={{.Code}}"
    sending = {"urlTemplate": link, "applicationName": "Shop"}
    await house.rpc("CreateInviteCode", userId=user_id, sendCode=sending)
    await house.rpc("ResendInviteCode", userId=user_id)
    first, second = house.sent()
    assert (first.template, first.recipient) == ("invite", "bob@example.com")
    for sent in (first, second):
        assert (sent.url_template, sent.application_name) == (link, "Shop")
    with refused(InvalidArgument, "COMMAND-Wgn4q"):
        await house.rpc("VerifyInviteCode", userId=user_id, verificationCode=first.code)
    await house.rpc("VerifyInviteCode", userId=user_id, verificationCode=second.code)
    user = await house.user(user_id)
    assert user.email is not None
    assert user.email.is_verified
    with refused(FailedPrecondition, "COMMAND-Wr3gq"):
        await house.rpc("VerifyInviteCode", userId=user_id, verificationCode=second.code)


async def test_invite_returned(each_house: House) -> None:
    """A returned code lives 72 hours, may be replaced, cannot be sent again, and is good once."""
    user_id = await invited(each_house)
    dead = (await each_house.rpc("CreateInviteCode", userId=user_id, **RETURNED)).invite_code
    code = (await each_house.rpc("CreateInviteCode", userId=user_id, **RETURNED)).invite_code
    with refused(FailedPrecondition, "COMMAND-Wr3gq"):
        await each_house.rpc("ResendInviteCode", userId=user_id)
    with refused(InvalidArgument, "COMMAND-Wgn4q"):
        await each_house.rpc("VerifyInviteCode", userId=user_id, verificationCode=dead)
    each_house.effects.later(hours=71)
    tries = [each_house.rpc("VerifyInviteCode", userId=user_id, verificationCode=code) for _ in range(6)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(not isinstance(one, BaseException) for one in answers) == 1


async def test_invite_expires(house: House) -> None:
    """After 72 hours it is over."""
    user_id = await invited(house)
    code = (await house.rpc("CreateInviteCode", userId=user_id, **RETURNED)).invite_code
    house.effects.later(hours=72)
    with refused(FailedPrecondition, "CODE-QvUQ4P"):
        await house.rpc("VerifyInviteCode", userId=user_id, verificationCode=code)


async def test_invite_refused(house: House) -> None:
    """Only people who own nothing are invited, and only by who may write users, not by themselves."""
    user_id, known, machine_id = await invited(house), await house.human(), await house.machine()
    with refused(FailedPrecondition, "COMMAND-EF34g"):
        await house.rpc("CreateInviteCode", userId=known, **RETURNED)
    with refused(FailedPrecondition, "COMMAND-EF34g"):
        await house.rpc("ResendInviteCode", userId=known)
    with refused(FailedPrecondition, "COMMAND-Wgvn4"):
        await house.rpc("CreateInviteCode", userId="404")
    with refused(FailedPrecondition, "user.invite_of_machine"):
        await house.rpc("CreateInviteCode", userId=machine_id)
    with refused(InvalidArgument, "DOMAIN-oGh5e"):
        await house.rpc("CreateInviteCode", userId=user_id, sendCode={"urlTemplate": "https://x/{{"})
    for who in (STRANGER, caller(user_id)):
        with refused(NotFound, "AUTHZ-cdgFk"):
            await house.rpc("CreateInviteCode", who, userId=user_id)
    for who in (VIEWER, OF_OTHER):
        with refused(OstiaryError, "AUTH-AWfge"):
            await house.rpc("CreateInviteCode", who, userId=user_id)
        with refused(OstiaryError, "AUTH-AWfge"):
            await house.rpc("ResendInviteCode", who, userId=user_id)
        with refused(OstiaryError, "AUTH-AWfge"):
            await house.rpc("VerifyInviteCode", who, userId=user_id, verificationCode="ABCDEF")


async def test_mfa_init_skipped(house: House) -> None:
    """The time at which a second factor was declined is on the user; oneself or user.write may say so."""
    user_id, machine_id = await house.human(), await house.machine()
    answer = await house.rpc("HumanMFAInitSkipped", caller(user_id), userId=user_id)
    user = await house.user(user_id)
    assert user.mfa_init_skipped_at == house.effects.now()
    assert answer.details.sequence == user.version
    found = (await house.rpc("GetUserByID", ADMIN, userId=user_id)).user.type.value
    assert found.mfa_init_skipped is not None
    with refused(NotFound, "AUTHZ-cdgFk"):
        await house.rpc("HumanMFAInitSkipped", STRANGER, userId=user_id)
    with refused(NotFound, "QUERY-Dfbg2"):
        await house.rpc("HumanMFAInitSkipped", userId="404")
    with refused(FailedPrecondition, "user.mfa_init_of_machine"):
        await house.rpc("HumanMFAInitSkipped", userId=machine_id)


async def test_codes_are_not_stored_or_told(house: House) -> None:
    """No code stands in what is stored or written of it for people."""
    user_id = await house.human()
    code = (await house.rpc("PasswordReset", userId=user_id, **RETURNED)).verification_code
    done = await house.users.resets.begin(ADMIN, user_id, "")
    assert done.code is not None
    assert done.code not in repr(done)
    assert code not in str(vars(house.store))
    assert PASSWORD not in str(vars(house.store))
