"""Elevation by a stolen session: a person who changes what they prove themselves with has just proved themselves, fully."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from ostiary.api.user import service
from ostiary.api.user_intents import intent_handlers
from ostiary.core.assurance import Proven, aal_within_reach
from ostiary.core.identity_provider import IDENTITY_PROVIDER, IdentityProvider
from ostiary.core.permission import Caller
from ostiary.core.user import AUTHENTICATOR, Authenticator
from ostiary.errors import OstiaryError, PermissionDenied
from ostiary.idp.intents import Intents
from ostiary.storage.port import Changes, Put
from tests.doubles.effects import START
from tests.users.conftest import ACME, PASSWORD, House, caller, refused

PHONE = "+41791234567"
# What people may do to themselves, and what they send for it.
CHANGES: Mapping[str, Mapping[str, Any]] = {
    "SetEmail": {"email": "new@example.com"},
    "SetPhone": {"phone": "+41791234568"},
    "RemovePhone": {},
    "UpdateHumanUser": {"email": {"email": "new@example.com"}},
    "UpdateUser": {"username": "alicia"},
    "RegisterPasskey": {"domain": "localhost"},
    "RegisterU2F": {"domain": "localhost"},
    "VerifyPasskeyRegistration": {"passkeyId": "1", "passkeyName": "k", "publicKeyCredential": {}},
    "VerifyU2FRegistration": {"u2fId": "1", "tokenName": "k", "publicKeyCredential": {}},
    "RemovePasskey": {"passkeyId": "1"},
    "RemoveU2F": {"u2fId": "1"},
    "RegisterTOTP": {},
    "VerifyTOTPRegistration": {"code": "000000"},
    "RemoveTOTP": {},
    "AddOTPSMS": {},
    "RemoveOTPSMS": {},
    "AddOTPEmail": {},
    "RemoveOTPEmail": {},
    "GenerateRecoveryCodes": {"count": 1},
    "RemoveRecoveryCodes": {},
    "RemoveIDPLink": {"idpId": "8", "linkedUserId": "sub"},
    "DeleteUser": {},
}
# A code or the present password is a proof of its own; a code that is sent shows nothing to who asks for it.
PROVED_OTHERWISE = {
    "SetPassword",
    "PasswordReset",
    "VerifyEmail",
    "VerifyPhone",
    "VerifyInviteCode",
    "ResendEmailCode",
    "SendEmailCode",
    "ResendPhoneCode",
}
# Nobody may do these to themselves without a permission; none of them is about factors or addresses.
OF_OTHERS = {
    "AddHumanUser", "CreateUser", "CreateInviteCode", "ResendInviteCode", "CreatePasskeyRegistrationLink",
    "AddIDPLink", "LockUser", "UnlockUser", "DeactivateUser", "ReactivateUser",
    "AddSecret", "RemoveSecret", "AddKey", "RemoveKey", "AddPersonalAccessToken", "RemovePersonalAccessToken",
}  # fmt: skip
ABOUT_NO_FACTOR = {
    "SetUserMetadata", "DeleteUserMetadata", "HumanMFAInitSkipped",
    "StartIdentityProviderIntent", "RetrieveIdentityProviderIntent",
}  # fmt: skip
READS = ("Get", "List")


async def instance_id() -> str:
    """The instance."""
    return "1"


async def alice(house: House) -> str:
    """A person with a verified phone, a password and the upstream provider that she may link."""
    intents = Intents(house.store, house.effects, house.sealer)
    more = intent_handlers(house.users, intents, instance_id)
    house.handlers = service(house.users, more).handlers
    provider = IdentityProvider("8", "Upstream", 1, START, START)
    await house.store.save(Changes(puts=(Put(IDENTITY_PROVIDER, provider),)))
    return await house.human(phone={"phone": PHONE, "isVerified": True})


async def asked(house: House, rpc: str, who: Caller, user_id: str) -> str:
    """The id of the refusal; empty for none."""
    try:
        await house.rpc(rpc, who, userId=user_id, **CHANGES[rpc])
    except OstiaryError as error:
        return error.id
    return ""


async def test_every_call_is_sorted(house: House) -> None:
    """No call of the service is forgotten here."""
    await alice(house)
    writes = {name for name in house.handlers if not name.startswith(READS)}
    assert writes == CHANGES.keys() | PROVED_OTHERWISE | OF_OTHERS | ABOUT_NO_FACTOR


@pytest.mark.parametrize("rpc", CHANGES)
async def test_stale_session(house: House, rpc: str) -> None:
    """A session that was fresh six minutes ago, or has verified nothing, changes nothing; a fresh one may."""
    user_id = await alice(house)
    before = await house.user(user_id)
    stale = Proven(2, START - timedelta(minutes=6))
    for proven in (None, stale):
        assert await asked(house, rpc, caller(user_id, proven=proven), user_id) == "user.step_up"
        # what a person is permitted does not help: it is their session that may be stolen
        assert (
            await asked(house, rpc, caller(user_id, "IAM_OWNER", proven=proven), user_id)
        ) == "user.step_up"
    assert await house.user(user_id) == before
    assert await asked(house, rpc, caller(user_id), user_id) != "user.step_up"


@pytest.mark.parametrize("rpc", CHANGES)
async def test_weak_session(house: House, rpc: str) -> None:
    """Who owns a passkey must have used it, or what is as strong."""
    user_id = await alice(house)
    key = Authenticator(f"{user_id}:key", user_id, "passkey", START, START)
    await house.store.save(Changes(puts=(Put(AUTHENTICATOR, key),)))
    assert await asked(house, rpc, caller(user_id, proven=Proven(1, START)), user_id) == "user.step_up"


@pytest.mark.parametrize("rpc", CHANGES)
async def test_service_users_are_not_asked(house: House, rpc: str) -> None:
    """Who has the permission as a service user has no session that could be fresh."""
    user_id = await alice(house)
    admin = caller("900", "IAM_OWNER", proven=None)
    assert await asked(house, rpc, admin, user_id) != "user.step_up"
    machine = Caller(user_id, ACME, admin.memberships, is_machine=True)
    assert await asked(house, rpc, machine, user_id) != "user.step_up"


async def test_password_by_permission_alone(house: House) -> None:
    """An administrator's own password takes a fresh session, or the present password as proof."""
    user_id = await alice(house)
    stale = caller(user_id, "IAM_OWNER", proven=None)
    new = {"password": "Another-1!"}
    with refused(PermissionDenied, "user.step_up"):
        await house.rpc("SetPassword", stale, userId=user_id, newPassword=new)
    await house.rpc("SetPassword", stale, userId=user_id, newPassword=new, currentPassword=PASSWORD)


@pytest.mark.parametrize(
    "rpc", ["PasswordReset", "SendEmailCode", "CreatePasskeyRegistrationLink", "ResendEmailCode"]
)
async def test_codes_of_their_own(house: House, rpc: str) -> None:
    """An administrator in a stale session is told no code that would prove for themselves what the session does not."""
    user_id = await alice(house)
    await house.rpc("SetEmail", userId=user_id, email="new@example.com", returnCode={})
    request = {"userId": user_id, "returnCode": {}}
    with refused(PermissionDenied, "user.step_up"):
        await house.rpc(rpc, caller(user_id, "IAM_OWNER", proven=None), **request)
    await house.rpc(rpc, caller(user_id, "IAM_OWNER"), **request)


async def test_names_of_people_are_free(house: House) -> None:
    """What a person is called in a greeting opens nothing."""
    user_id = await alice(house)
    profile = {"givenName": "Alicia", "familyName": "Doe"}
    await house.rpc("UpdateHumanUser", caller(user_id, proven=None), userId=user_id, profile=profile)


async def test_registration_of_another_session(house: House) -> None:
    """What one session began, another does not finish unless it could have begun it."""
    user_id = await alice(house)
    begun = await house.rpc("RegisterPasskey", caller(user_id, session_id="1"), userId=user_id)
    request = {
        "userId": user_id,
        "passkeyId": begun.passkey_id,
        "passkeyName": "k",
        "publicKeyCredential": {},
    }
    other = caller(user_id, session_id="2", proven=None)
    with refused(PermissionDenied, "user.step_up"):
        await house.rpc("VerifyPasskeyRegistration", other, **request)
    for fresh in (caller(user_id, session_id="1", proven=None), caller(user_id, session_id="2")):
        with pytest.raises(OstiaryError) as refusal:
            await house.rpc("VerifyPasskeyRegistration", fresh, **request)
        assert refusal.value.id == "WEBAU-sEr8c"  # it came as far as the browser's answer


@pytest.mark.parametrize(
    ("kinds", "level"),
    [
        ("", 1),
        ("password", 1),
        ("identity_link", 1),
        ("password recovery_code", 1),
        ("password otp_email", 1),
        ("totp otp_sms", 1),
        ("password totp", 2),
        ("password u2f", 2),
        ("password otp_sms", 2),
        ("passkey", 2),
    ],
)
def test_levels_within_reach(kinds: str, level: int) -> None:
    """What users own says how strongly they can prove themselves; what is not ready does not count."""
    owned = [Authenticator(kind, "1", kind, START, START) for kind in kinds.split()]
    unready = Authenticator("x", "1", "passkey", START, START, is_ready=False)
    assert aal_within_reach([*owned, unready]) == level
