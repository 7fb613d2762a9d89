"""Codes by SMS and mail, and recovery codes, as users get and lose them."""

from contextlib import AbstractContextManager

import pytest

from ostiary.core.factor import guess_key
from ostiary.core.recovery_code import MAX_CODES, code_hash, decode
from ostiary.core.user import AUTHENTICATOR, USER, Address
from ostiary.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, ResourceExhausted
from ostiary.storage.port import Budget, Changes
from tests.users.conftest import STRANGER, House, caller, refused

SMS = ("OTPSMS", "otp_sms", "COMMAND-Q54j2", "COMMAND-Ad3g2", "COMMAND-Sr3h3")
EMAIL = ("OTPEmail", "otp_email", "COMMAND-KLJ2d", "COMMAND-MKL2s", "COMMAND-b312D")
PHONE = {"phone": "+41791234567", "isVerified": True}


@pytest.mark.parametrize(("rpc", "kind", "unverified", "exists", "missing"), [SMS, EMAIL])
async def test_enrolled_and_removed(
    each_house: House, rpc: str, kind: str, unverified: str, exists: str, missing: str
) -> None:
    """A user with a verified address takes codes there once, until it is removed, with the guesses at them."""
    user_id = await each_house.human(phone=PHONE)
    own = caller(user_id)
    await each_house.rpc(f"Add{rpc}", own, userId=user_id)
    with refused(AlreadyExists, exists):
        await each_house.rpc(f"Add{rpc}", own, userId=user_id)
    methods = await each_house.rpc("ListAuthenticationMethodTypes", userId=user_id)
    assert kind.upper() in {one.name for one in methods.auth_method_types}
    (listed,) = (await each_house.rpc("ListAuthenticationFactors", userId=user_id)).result
    assert listed.type.field == kind
    asked = await each_house.rpc("ListAuthenticationFactors", userId=user_id, authFactors=[kind.upper()])
    assert len(asked.result) == 1
    now = each_house.effects.now()
    key = guess_key(user_id, kind)
    await each_house.store.save(Changes(budgets=(Budget(key, now, now.replace(year=2030), 5, 1),)))
    await each_house.rpc(f"Remove{rpc}", own, userId=user_id)
    assert await each_house.store.counter(key, now) == 0
    with refused(NotFound, missing):
        await each_house.rpc(f"Remove{rpc}", own, userId=user_id)


@pytest.mark.parametrize(("rpc", "kind", "unverified", "exists", "missing"), [SMS, EMAIL])
async def test_unverified_address(
    house: House, rpc: str, kind: str, unverified: str, exists: str, missing: str
) -> None:
    """Nobody is enrolled without a verified address."""
    user_id = await house.human()
    for address in (None, Address("+41791234567")):
        await house.edit(USER, user_id, phone=address, email=address)
        with refused(FailedPrecondition, unverified):
            await house.rpc(f"Add{rpc}", userId=user_id)
    assert await house.store.get(AUTHENTICATOR, f"{user_id}:{kind}") is None


async def test_strangers(house: House) -> None:
    """Only oneself and who may write credentials; a stranger does not learn who exists."""
    user_id = await house.human(phone=PHONE)
    for rpc in ("AddOTPSMS", "RemoveOTPSMS", "AddOTPEmail", "RemoveOTPEmail", "RemoveRecoveryCodes"):
        for named in (user_id, "404"):
            with refused(NotFound, "AUTHZ-cdgFk"):
                await house.rpc(rpc, STRANGER, userId=named)
    with refused(NotFound, "AUTHZ-cdgFk"):
        await house.rpc("GenerateRecoveryCodes", STRANGER, userId=user_id, count=3)


async def test_recovery_codes(each_house: House) -> None:
    """Codes are told once, kept as hashes, at most so many; removed, none is left."""
    user_id = await each_house.human()
    made = await each_house.rpc("GenerateRecoveryCodes", caller(user_id), userId=user_id, count=3)
    codes = list(made.recovery_codes)
    assert len(set(codes)) == 3
    assert all(len(code) == 27 and code[13] == "-" and code == code.lower() for code in codes)
    row = await each_house.store.get(AUTHENTICATOR, f"{user_id}:recovery_code")
    assert row is not None
    assert decode(each_house.tools.unseal(row)) == tuple(map(code_hash, codes))
    more = await each_house.rpc("GenerateRecoveryCodes", userId=user_id, count=MAX_CODES - 3)
    row = await each_house.store.get(AUTHENTICATOR, f"{user_id}:recovery_code")
    assert row is not None
    assert row.version == 2
    assert len(decode(each_house.tools.unseal(row))) == MAX_CODES
    assert not set(codes) & set(more.recovery_codes)
    with refused(AlreadyExists, "COMMAND-8f2k9"):
        await each_house.rpc("GenerateRecoveryCodes", userId=user_id, count=1)
    methods = await each_house.rpc("ListAuthenticationMethodTypes", userId=user_id)
    assert "RECOVERY_CODE" in {one.name for one in methods.auth_method_types}
    await each_house.rpc("RemoveRecoveryCodes", userId=user_id)
    with refused(FailedPrecondition, "COMMAND-84rgg"):
        await each_house.rpc("RemoveRecoveryCodes", userId=user_id)


async def test_numbers_of_codes(house: House) -> None:
    """Too few and too many are refused, and so are those of nobody."""
    user_id = await house.human()
    for count in (0, -1, MAX_CODES + 1):
        with refused(InvalidArgument, "COMMAND-7c0nx"):
            await house.rpc("GenerateRecoveryCodes", userId=user_id, count=count)
    with refused(NotFound, "COMMAND-4kje7"):
        await house.rpc("GenerateRecoveryCodes", userId="404", count=1)
    with refused(NotFound, "COMMAND-d9u8q"):
        await house.rpc("RemoveRecoveryCodes", userId="404")
    generated = await house.users.recovery_codes.generate(caller(user_id), user_id, 1)
    assert generated.codes[0] not in repr(generated)


@pytest.mark.parametrize("typed", ["{}", " {} ", "upper", "plain", "looks"])
def test_spelling(typed: str) -> None:
    """However a code is typed off a sheet, it is that code."""
    code = "0123456789abc-defghjkmnp1rs"
    spelt = {
        "upper": code.upper(),
        "plain": code.replace("-", ""),
        "looks": code.replace("0", "O").replace("1", "l"),
    }.get(typed, typed.format(code))
    assert code_hash(spelt) == code_hash(code)
    assert code_hash(code[:-1]) != code_hash(code)


async def test_messages_are_counted(house: House) -> None:
    """The sixth message within an hour, and the eleventh within a day, are refused with the time to wait."""
    user_id = await house.human()
    sent = len([one for one in house.sent() if one.code])

    async def ask(name: str) -> None:
        email = {"email": f"{name}@example.com", "sendCode": {}}
        await house.rpc("UpdateHumanUser", userId=user_id, email=email)

    for hour in range(2):
        for number in range(5):
            await ask(f"a{hour}{number}")
        with refused_for(house, hours=0):
            await ask("late")
        house.effects.later(hours=1)
    assert len([one for one in house.sent() if one.code]) == sent + 10
    with refused_for(house, hours=23 - house.effects.now().hour):
        await ask("late")
    phone = {"phone": "+41791234567", "sendCode": {}}
    await house.rpc("UpdateHumanUser", userId=user_id, phone=phone)
    house.effects.later(days=1)
    await ask("tomorrow")


def refused_for(house: House, hours: int) -> AbstractContextManager[object]:
    """The block is refused for the rest of this hour and so many more."""
    now = house.effects.now()
    left = (hours + 1) * 3600 - now.minute * 60 - now.second
    return pytest.raises(
        ResourceExhausted, check=lambda error: (error.id, error.retry_after_s) == ("send.too_many", left)
    )
