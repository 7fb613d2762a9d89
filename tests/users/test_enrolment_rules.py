"""What the login policy forbids is not set up over the API either, whoever calls; what it allows is."""

from typing import Any

import pytest

from ostiary.core.policy import POLICY
from ostiary.errors import FailedPrecondition
from tests.users.conftest import ACME, ADMIN, House, caller, refused

PHONE = {"phone": "+41791234567", "isVerified": True}
SECOND = "user.second_factor_not_allowed"
OTHER_FACTOR = "user.factor_not_allowed"


@pytest.mark.parametrize(
    ("rpc", "forbids", "allows", "id_"),
    [
        ("RegisterTOTP", {"second_factors": ["u2f"]}, {"second_factors": ["totp"]}, SECOND),
        ("RegisterU2F", {"second_factors": ["totp"]}, {"second_factors": ["u2f"]}, SECOND),
        ("AddOTPSMS", {"second_factors": ["totp"]}, {"second_factors": ["otp_sms"]}, SECOND),
        ("AddOTPEmail", {"second_factors": []}, {"second_factors": ["otp_email"]}, SECOND),
        ("RegisterPasskey", {"passkeys_allowed": False}, {"passkeys_allowed": True}, OTHER_FACTOR),
    ],
)
async def test_policy(house: House, rpc: str, forbids: Any, allows: Any, id_: str) -> None:
    """Neither its user nor an administrator sets up a factor that the organisation's policy forbids."""
    user_id = await house.human(phone=PHONE, email={"email": "a@acme.test", "isVerified": True})
    await house.policy("login", ACME, **forbids)
    for who in (caller(user_id), ADMIN):
        with refused(FailedPrecondition, id_):
            await house.rpc(rpc, who, userId=user_id)
    await house.edit(POLICY, f"{ACME}:login", values=allows)
    assert await house.rpc(rpc, caller(user_id), userId=user_id)


@pytest.mark.parametrize("owner", ["instance", ACME])
async def test_codes_by_message(house: House, owner: str) -> None:
    """As in ZITADEL they are added while nobody has set which second factors there are, and by a list only if named."""
    user_id = await house.human(phone=PHONE, email={"email": "a@acme.test", "isVerified": True})
    await house.rpc("AddOTPEmail", caller(user_id), userId=user_id)
    await house.policy("login", owner, second_factors=["totp", "u2f"])
    with refused(FailedPrecondition, SECOND):
        await house.rpc("AddOTPSMS", caller(user_id), userId=user_id)
