"""Email addresses and phone numbers: set, verified, removed."""

import asyncio
from typing import Any

import pytest

from ostiary.core.code import CODE_GUESSES
from ostiary.core.permission import Caller
from ostiary.core.user import VERIFICATION_CODE
from ostiary.errors import FailedPrecondition, InvalidArgument, NotFound, OstiaryError, PermissionDenied
from ostiary.storage.memory import MemoryStore
from ostiary.users.change import NewPassword
from tests.users.conftest import ACME, ADMIN, PASSWORD, STRANGER, House, caller, refused

NUMBER = "+41791234567"
RETURNED: dict[str, Any] = {"returnCode": {}}


async def test_set_and_verify_email(each_house: House) -> None:
    """A new email address is not verified until its code is typed, once."""
    user_id = await each_house.human()
    answer = await each_house.rpc("SetEmail", userId=user_id, email="new@example.com", **RETURNED)
    email = (await each_house.user(user_id)).email
    assert email is not None
    assert (email.value, email.is_verified) == ("new@example.com", False)
    typed = answer.verification_code.lower()
    done = await each_house.rpc("VerifyEmail", caller(user_id), userId=user_id, verificationCode=typed)
    user = await each_house.user(user_id)
    assert user.email is not None
    assert user.email.is_verified
    assert done.details.sequence == user.version
    with refused(InvalidArgument, "COMMAND-eis9R"):
        await each_house.rpc("VerifyEmail", userId=user_id, verificationCode=typed)


async def test_set_and_verify_phone(each_house: House) -> None:
    """A phone number likewise; it is stored as E.164 writes it."""
    user_id = await each_house.human()
    answer = await each_house.rpc("SetPhone", userId=user_id, phone="+41 79 123 45 67", **RETURNED)
    typed = answer.verification_code
    await each_house.rpc("VerifyPhone", userId=user_id, verificationCode=typed)
    phone = (await each_house.user(user_id)).phone
    assert phone is not None
    assert (phone.value, phone.is_verified) == (NUMBER, True)
    with refused(InvalidArgument, "COMMAND-eis9R"):
        await each_house.rpc("VerifyPhone", userId=user_id, verificationCode=typed)


async def test_code_is_sent(house: House) -> None:
    """Unless it is returned the code goes to the new address, with the caller's link."""
    user_id = await house.human()
    link = "https://localhost:8443/verify?code={{.Code}}"
    answer = await house.rpc(
        "SetEmail", caller(user_id), userId=user_id, email="new@example.com", sendCode={"urlTemplate": link}
    )
    await house.rpc("SetPhone", caller(user_id), userId=user_id, phone=NUMBER)
    assert not answer.verification_code
    mail, notice, sms = house.sent()
    assert (notice.recipient, notice.change) == ("alice@example.com", "email_changed")
    assert (mail.template, mail.recipient, mail.url_template) == ("verify_email", "new@example.com", link)
    assert (sms.template, sms.recipient) == ("verify_phone", NUMBER)
    await house.rpc("VerifyEmail", caller(user_id), userId=user_id, verificationCode=mail.code)
    await house.rpc("VerifyPhone", caller(user_id), userId=user_id, verificationCode=sms.code)


ELSEWHERE = (
    "https://evil.example/{{.Code}}",
    "https://localhost@evil.example/",
    "https://localhost.evil.example/",
    "https://evil.example\\@localhost/",
    "https://{{.Code}}.evil.example/",
    "//localhost/",
    "javascript://localhost/%0a1",
    "Call us at https://localhost/",
)


@pytest.mark.parametrize("link", ELSEWHERE)
async def test_nobody_has_us_mail_their_own_links(house: House, link: str) -> None:
    """People may type any address as theirs, so what its reader is sent leads to us, unless somebody answers for it."""
    user_id = await house.human()
    own, sent = {"userId": user_id}, {"sendCode": {"urlTemplate": link}}
    asked: tuple[tuple[str, dict[str, Any]], ...] = (
        ("SetEmail", {**own, "email": "reader@example.com", **sent}),
        ("SendEmailCode", {**own, **sent}),
        ("UpdateHumanUser", {**own, "email": {"email": "reader@example.com", **sent}}),
        ("UpdateUser", {**own, "human": {"email": {"email": "reader@example.com", **sent}}}),
        ("PasswordReset", {**own, "sendLink": {"urlTemplate": link}}),
    )
    for rpc, message in asked:
        with refused(PermissionDenied, "user.link_elsewhere"):
            await house.rpc(rpc, caller(user_id), **message)
    assert house.sent() == []
    await house.rpc("SetEmail", **own, email="reader@example.com", **sent)
    assert house.sent()[0].url_template == link


async def test_only_its_owner_is_called_by_name(house: House) -> None:
    """What people call themselves is not mailed to an address that may be a stranger's."""
    user_id = await house.human()
    await house.rpc("SetEmail", userId=user_id, email="reader@example.com")
    await house.rpc("PasswordReset", userId=user_id)
    strange = [mail.display_name for mail in house.sent() if mail.recipient == "reader@example.com"]
    assert strange == ["", ""]
    await house.rpc("SetEmail", userId=user_id, email="alice@example.com", isVerified=True)
    await house.rpc("PasswordReset", userId=user_id)
    assert house.sent()[-1].display_name


async def test_verified_at_once(house: House) -> None:
    """Who may write users can say that an address is verified, of one that is there already too."""
    user_id = await house.human()
    await house.rpc("SetEmail", userId=user_id, email="new@example.com")
    answer = await house.rpc("SetEmail", userId=user_id, email="new@example.com", isVerified=True)
    assert not answer.verification_code
    email = (await house.user(user_id)).email
    assert email is not None
    assert email.is_verified
    assert await house.store.get(VERIFICATION_CODE, f"{user_id}:email") is None


async def test_unchanged(house: House) -> None:
    """Setting what is set already is refused and changes nothing, not even the pending code."""
    user_id = await house.human()
    await house.rpc("SetPhone", userId=user_id, phone=NUMBER, isVerified=True)
    before = await house.user(user_id)
    for more in (RETURNED, {"isVerified": True}, {}):
        with refused(FailedPrecondition, "COMMAND-Uch5e"):
            await house.rpc("SetEmail", userId=user_id, email="alice@example.com", **more)
        with refused(FailedPrecondition, "COMMAND-Uch5e"):
            await house.rpc("SetPhone", userId=user_id, phone=NUMBER, **more)
    assert await house.user(user_id) == before


async def test_bad_addresses(house: House) -> None:
    """What is no address is refused, as is a link that cannot be filled."""
    user_id, machine_id = await house.human(), await house.machine()
    with refused(InvalidArgument, "EMAIL-599BI"):
        await house.rpc("SetEmail", userId=user_id, email="nobody")
    with refused(InvalidArgument, "PHONE-so0wa"):
        await house.rpc("SetPhone", userId=user_id, phone="12")
    with refused(InvalidArgument, "DOMAIN-ieYa7"):
        await house.rpc("SendEmailCode", userId=user_id, sendCode={"urlTemplate": "https://x/{{.Password}}"})
    with refused(FailedPrecondition, "user.address_of_machine"):
        await house.rpc("SetEmail", userId=machine_id, email="robot@example.com")


async def test_codes_where_none_is_good_fill_nothing(house: House) -> None:
    """Whoever types codes where none was sent leaves one counter for each user, and no audit records."""
    user_id = await house.human()
    assert isinstance(house.store, MemoryStore)
    before = len(house.store.audits)
    for _ in range(20):
        with refused(InvalidArgument, "COMMAND-eis9R"):
            await house.rpc("VerifyPhone", caller(user_id), userId=user_id, verificationCode="ABCDEF")
        with refused(InvalidArgument, "CODE-woT0xc"):
            await house.users.passwords.set_for_nobody("nobody", ACME, NewPassword(PASSWORD))
    assert len(house.store.audits) == before


async def test_resend_needs_a_pending_code(house: House) -> None:
    """Only a pending code can be sent again; SendEmailCode makes one in any case, and the last one counts."""
    user_id = await house.human()
    with refused(FailedPrecondition, "EMAIL-5w5ilin4yt"):
        await house.rpc("ResendEmailCode", userId=user_id, **RETURNED)
    with refused(FailedPrecondition, "PHONE-5xrra88eq8"):
        await house.rpc("ResendPhoneCode", userId=user_id)
    first = (await house.rpc("SendEmailCode", userId=user_id, **RETURNED)).verification_code
    second = (await house.rpc("ResendEmailCode", userId=user_id, **RETURNED)).verification_code
    with refused(InvalidArgument, "CODE-woT0xc"):
        await house.rpc("VerifyEmail", userId=user_id, verificationCode=first)
    await house.rpc("VerifyEmail", userId=user_id, verificationCode=second)
    await house.rpc("SetPhone", userId=user_id, phone=NUMBER)
    await house.rpc("ResendPhoneCode", caller(user_id), userId=user_id, sendCode={})
    assert [one.template for one in house.sent()] == ["verify_phone", "verify_phone"]
    again = (await house.rpc("ResendPhoneCode", userId=user_id, **RETURNED)).verification_code
    await house.rpc("VerifyPhone", userId=user_id, verificationCode=again)


async def test_remove_phone(each_house: House) -> None:
    """A removed phone is gone with its code; removing none is refused."""
    user_id = await each_house.human()
    with refused(NotFound, "COMMAND-p6rsc"):
        await each_house.rpc("RemovePhone", userId=user_id)
    typed = (await each_house.rpc("SetPhone", userId=user_id, phone=NUMBER, **RETURNED)).verification_code
    await each_house.rpc("RemovePhone", caller(user_id), userId=user_id)
    assert (await each_house.user(user_id)).phone is None
    with refused(InvalidArgument, "COMMAND-eis9R"):
        await each_house.rpc("VerifyPhone", userId=user_id, verificationCode=typed)
    with refused(NotFound, "COMMAND-p6rsc"):
        await each_house.rpc("RemovePhone", userId=user_id)


async def test_code_expires(house: House) -> None:
    """After an hour a code is expired, and after too many wrong ones too."""
    user_id = await house.human()
    typed = (await house.rpc("SendEmailCode", userId=user_id, **RETURNED)).verification_code
    house.effects.later(hours=1)
    with refused(FailedPrecondition, "CODE-QvUQ4P"):
        await house.rpc("VerifyEmail", userId=user_id, verificationCode=typed)
    typed = (await house.rpc("SendEmailCode", userId=user_id, **RETURNED)).verification_code
    for _ in range(CODE_GUESSES):
        with refused(InvalidArgument, "CODE-woT0xc"):
            await house.rpc("VerifyEmail", userId=user_id, verificationCode="000000")
    with refused(FailedPrecondition, "CODE-QvUQ4P"):
        await house.rpc("VerifyEmail", userId=user_id, verificationCode=typed)
    with refused(InvalidArgument, "COMMAND-Fia4a"):
        await house.rpc("VerifyEmail", userId=user_id, verificationCode="  ")


CALLS: list[tuple[str, dict[str, Any]]] = [
    ("SetEmail", {"email": "new@example.com"}),
    ("SendEmailCode", {}),
    ("ResendEmailCode", {}),
    ("SetPhone", {"phone": "+41791234568"}),
    ("ResendPhoneCode", {}),
    ("RemovePhone", {}),
]


@pytest.mark.parametrize(("rpc", "more"), CALLS, ids=[rpc for rpc, _ in CALLS])
async def test_permissions(house: House, rpc: str, more: dict[str, Any]) -> None:
    """Oneself and user.write may, nobody else; unknown users are unknown."""
    user_id = await house.human(phone={"phone": NUMBER}, email={"email": "a@example.com"})
    with refused(NotFound, "AUTHZ-cdgFk"):
        await house.rpc(rpc, STRANGER, userId=user_id, **more)
    for nobody in (
        caller("905", "IAM_OWNER_VIEWER"),
        caller("906", "ORG_OWNER", resource="organization:600"),
    ):
        with refused(OstiaryError, "AUTH-AWfge"):
            await house.rpc(rpc, nobody, userId=user_id, **more)
    with refused(NotFound, "QUERY-Dfbg2"):
        await house.rpc(rpc, ADMIN, userId="404", **more)
    await house.rpc(rpc, caller(user_id), userId=user_id, **more)


@pytest.mark.parametrize("rpc", [rpc for rpc, _ in CALLS if rpc != "RemovePhone"])
async def test_own_code_is_not_told(house: House, rpc: str) -> None:
    """Nobody has the code of their own address told: it would prove nothing."""
    user_id = await house.human(phone={"phone": NUMBER}, email={"email": "a@example.com"})
    more = {"returnCode": {}, **dict(CALLS)[rpc]}
    with refused(NotFound, "AUTHZ-cdgFk"):
        await house.rpc(rpc, caller(user_id), userId=user_id, **more)
    answer = await house.rpc(rpc, userId=user_id, **more)
    assert len(answer.verification_code) == 6


@pytest.mark.parametrize("rpc", ["SetEmail", "SetPhone"])
async def test_own_address_is_not_declared_verified(house: House, rpc: str) -> None:
    """Nobody says of their own address that it is verified."""
    user_id = await house.human()
    with refused(NotFound, "AUTHZ-cdgFk"):
        await house.rpc(rpc, caller(user_id), userId=user_id, isVerified=True, **dict(CALLS)[rpc])


@pytest.mark.parametrize("who", [STRANGER, caller("905", "IAM_OWNER_VIEWER")], ids=["stranger", "viewer"])
async def test_others_do_not_verify(house: House, who: Caller) -> None:
    """Neither strangers nor viewers may type codes for others; the code stays good."""
    user_id = await house.human()
    typed = (await house.rpc("SendEmailCode", userId=user_id, **RETURNED)).verification_code
    with pytest.raises(OstiaryError):
        await house.rpc("VerifyEmail", who, userId=user_id, verificationCode=typed)
    await house.rpc("VerifyEmail", userId=user_id, verificationCode=typed)


async def test_one_code_in_parallel(each_house: House) -> None:
    """Of many who type one code at once, one succeeds."""
    user_id = await each_house.human()
    typed = (await each_house.rpc("SendEmailCode", userId=user_id, **RETURNED)).verification_code
    tries = [each_house.rpc("VerifyEmail", userId=user_id, verificationCode=typed) for _ in range(8)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    won = [one for one in answers if not isinstance(one, BaseException)]
    lost = [one for one in answers if isinstance(one, OstiaryError)]
    assert (len(won), len(lost)) == (1, 7)
    assert {one.id for one in lost} <= {"COMMAND-eis9R", "user.busy"}


async def test_old_address_opens_nothing(house: House) -> None:
    """Codes that went to an address are dead once there is another address."""
    user_id = await house.human()
    await house.rpc("PasswordReset", userId=user_id)
    (reset,) = house.sent()
    await house.rpc("SetEmail", userId=user_id, email="new@example.com", isVerified=True)
    with refused(FailedPrecondition, "COMMAND-2M9sd"):
        await house.rpc(
            "SetPassword",
            userId=user_id,
            newPassword={"password": "Changed2?"},
            verificationCode=reset.code,
        )


async def test_change_with_reset_code_and_new_email(house: House) -> None:
    """An update that changes the address and spends a reset code is one save."""
    user_id = await house.human()
    code = (await house.rpc("PasswordReset", userId=user_id, **RETURNED)).verification_code
    await house.rpc(
        "UpdateHumanUser",
        userId=user_id,
        email={"email": "new@example.com", "isVerified": True},
        password={"password": {"password": "Changed2?"}, "verificationCode": code},
    )
    assert await house.store.get(VERIFICATION_CODE, f"{user_id}:password_reset") is None
