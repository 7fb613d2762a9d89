"""A thief who changes an account: its user is told where they were reached before, and other sessions end by policy."""

from collections.abc import Mapping
from typing import Any

import pytest

from ostiary.core.assurance import alive
from ostiary.core.organization import Instance
from ostiary.core.session import Session
from ostiary.crypto.otp import code_of, from_base32, step_of
from ostiary.delivery.texts import Texts
from ostiary.users.credential_change import TEMPLATE
from tests.doubles.effects import START
from tests.users.conftest import PASSWORD, House, caller

PHONE = "+41791234567"
NEW = {"password": "Another-1!"}
CHANGES: tuple[tuple[str, Mapping[str, Any], str], ...] = (
    ("AddOTPSMS", {}, "otp_sms_added"),
    ("RemoveOTPSMS", {}, "otp_sms_removed"),
    ("AddOTPEmail", {}, "otp_email_added"),
    ("RemoveOTPEmail", {}, "otp_email_removed"),
    ("GenerateRecoveryCodes", {"count": 1}, "recovery_codes_generated"),
    ("RemoveRecoveryCodes", {}, "recovery_codes_removed"),
    ("SetPassword", {"newPassword": NEW, "currentPassword": PASSWORD}, "password_changed"),
    ("RemovePhone", {}, "phone_removed"),
    ("SetEmail", {"email": "thief@example.com"}, "email_changed"),
)
INSTANCE = Instance("1", "500", START)


def notices(house: House) -> list[tuple[str, str]]:
    """To whom which changes were told."""
    return [(one.recipient, one.change) for one in house.sent() if one.template == TEMPLATE]


async def test_every_change_is_told(house: House) -> None:
    """Each goes to the address that was verified before it, whoever made it."""
    user_id = await house.human(phone={"phone": PHONE, "isVerified": True})
    for rpc, more, _ in CHANGES:
        await house.rpc(rpc, caller(user_id), userId=user_id, **more)
    assert notices(house) == [("alice@example.com", change) for _, _, change in CHANGES]


async def test_authenticator_app(house: House) -> None:
    """An app is told of once it is ready; what was never ready is nothing lost."""
    user_id = await house.human()
    await house.rpc("RegisterTOTP", userId=user_id)
    await house.rpc("RemoveTOTP", userId=user_id)
    secret = from_base32((await house.rpc("RegisterTOTP", userId=user_id)).secret)
    await house.rpc("VerifyTOTPRegistration", userId=user_id, code=code_of(secret, step_of(START)))
    await house.rpc("RemoveTOTP", userId=user_id)
    assert [change for _, change in notices(house)] == ["totp_added", "totp_removed"]


async def test_phone_of_who_has_no_mail(house: House) -> None:
    """Without a verified address of mail the phone is told; without either nobody."""
    user_id = await house.human(
        email={"email": "a@example.com", "returnCode": {}}, phone={"phone": PHONE, "isVerified": True}
    )
    await house.rpc("AddOTPSMS", userId=user_id)
    await house.rpc("SetPassword", userId=user_id, newPassword=NEW)
    await house.rpc("RemovePhone", userId=user_id)
    await house.rpc("GenerateRecoveryCodes", userId=user_id, count=1)
    assert notices(house) == [
        (PHONE, "otp_sms_added"),
        (PHONE, "password_changed"),
        (PHONE, "phone_removed"),
    ]


async def test_mailboxes_are_not_filled(house: House) -> None:
    """Changing to and fro tells a user ten times an hour, and is never refused for it."""
    user_id = await house.human()
    for _ in range(8):
        for rpc in ("AddOTPEmail", "RemoveOTPEmail"):
            await house.rpc(rpc, userId=user_id)
    assert len(notices(house)) == 10


@pytest.mark.parametrize("language", ["en", "de"])
async def test_words(house: House, language: str) -> None:
    """Each change has its words in each language, without a code or a link in them."""
    profile = {"givenName": "Alice", "familyName": "Doe", "preferredLanguage": language}
    user_id = await house.human(phone={"phone": PHONE, "isVerified": True}, profile=profile)
    for rpc, more, _ in CHANGES:
        await house.rpc(rpc, userId=user_id, **more)
    texts = Texts("https://acme.test")
    mails = [texts.mail(one).body for one in house.sent() if one.template == TEMPLATE]
    assert len(set(mails)) == len(CHANGES)
    assert all("alice" in mail and "https://" not in mail for mail in mails)
    (first, *_) = house.sent()
    assert "acme.test" in texts.sms(first)


def session(id: str) -> Session:  # noqa: A002
    """A session that was there before."""
    return Session(id, START, START, "900", user_id="1")


@pytest.mark.parametrize(
    ("ends", "rpc", "more"),
    [
        (False, "SetPassword", {"newPassword": NEW}),
        (True, "SetPassword", {"newPassword": NEW}),
        (True, "RemoveOTPEmail", {}),
        (True, "RemoveRecoveryCodes", {}),
    ],
)
async def test_other_sessions_end_by_policy(
    house: House, ends: bool, rpc: str, more: Mapping[str, Any]
) -> None:
    """Where the policy says so all sessions but the one it was done in end; by default none does."""
    await house.policy("login", credential_change_ends_sessions=ends)
    user_id = await house.human()
    await house.rpc("AddOTPEmail", userId=user_id)
    await house.rpc("GenerateRecoveryCodes", userId=user_id, count=1)
    house.effects.later(minutes=1)
    own = caller(user_id, session_id="1")
    proof = {"currentPassword": PASSWORD} if rpc == "SetPassword" else {}
    await house.rpc(rpc, own, userId=user_id, **more, **proof)
    user, now = await house.user(user_id), house.effects.now()
    assert alive(session("1"), user, INSTANCE, now)
    assert alive(session("2"), user, INSTANCE, now) is not ends
    # another end of everything spares nobody
    house.effects.later(minutes=1)
    await house.rpc("SetPassword", userId=user_id, newPassword={"password": "Third-123!"})
    user, now = await house.user(user_id), house.effects.now()
    assert alive(session("1"), user, INSTANCE, now) is not ends


async def test_what_is_added_ends_nothing(house: House) -> None:
    """A new factor makes no session weaker."""
    await house.policy("login", credential_change_ends_sessions=True)
    user_id = await house.human()
    await house.rpc("AddOTPEmail", caller(user_id, session_id="1"), userId=user_id)
    assert (await house.user(user_id)).valid_after is None
