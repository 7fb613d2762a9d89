"""Authenticator apps registered, verified, removed; and what there is to prove oneself with."""

import asyncio
from urllib.parse import parse_qs, urlsplit

import pytest

from ostiary.core.factor import Attempt, Rejected, guess_key
from ostiary.core.user import AUTHENTICATOR, USER, UserState
from ostiary.crypto.otp import code_of, from_base32, step_of
from ostiary.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, OstiaryError
from ostiary.factors.totp import TOTP
from ostiary.users.totp import TypedCode
from tests.users.conftest import STRANGER, House, caller, refused


async def registered(house: House, user_id: str) -> bytes:
    """The secret of a registration."""
    answer = await house.rpc("RegisterTOTP", userId=user_id)
    return from_base32(answer.secret)


def code(house: House, secret: bytes) -> str:
    """The app's code now."""
    return code_of(secret, step_of(house.effects.now()))


async def test_enrolment(each_house: House) -> None:
    """Registered, verified by a code, and ready; the code's step is spent."""
    user_id = await each_house.human()
    own = caller(user_id)
    first = await registered(each_house, user_id)
    answer = await each_house.rpc("RegisterTOTP", own, userId=user_id)
    secret = from_base32(answer.secret)
    assert (len(secret), secret == first) == (20, False)
    uri = urlsplit(answer.uri)
    assert (uri.scheme, uri.netloc, uri.path) == ("otpauth", "totp", "/acme.test:alice")
    assert parse_qs(uri.query)["secret"] == [answer.secret]
    assert await methods(each_house, user_id) == ["PASSWORD"]
    typed = code(each_house, secret)
    verified = await each_house.rpc("VerifyTOTPRegistration", own, userId=user_id, code=typed)
    assert verified.details.sequence == 4
    assert await methods(each_house, user_id) == ["PASSWORD", "TOTP"]
    owned = await each_house.store.get(AUTHENTICATOR, f"{user_id}:totp")
    assert owned is not None
    assert (owned.is_ready, owned.version) == (True, 3)
    user = await each_house.user(user_id)
    attempt = Attempt(each_house.effects.now(), "", user, (owned,), (), each_house.tools)
    assert isinstance(TOTP.verify(TypedCode(typed), attempt), Rejected)


async def methods(house: House, user_id: str) -> list[str]:
    """The methods that are ready."""
    answer = await house.rpc("ListAuthenticationMethodTypes", userId=user_id)
    assert answer.details.total_result == len(answer.auth_method_types)
    return [method.name for method in answer.auth_method_types]


async def test_refused(house: House) -> None:
    """Each step out of order has its own answer."""
    user_id, machine_id = await house.human(), await house.machine()
    for wanted in (machine_id, "404"):
        with refused(FailedPrecondition, "COMMAND-SqyJz"):
            await house.rpc("RegisterTOTP", userId=wanted)
    with refused(FailedPrecondition, "COMMAND-3Mif9s"):
        await house.rpc("VerifyTOTPRegistration", userId=user_id, code="123456")
    with refused(NotFound, "COMMAND-Hd9sd"):
        await house.rpc("RemoveTOTP", userId=user_id)
    secret = await registered(house, user_id)
    with refused(InvalidArgument, "EVENT-8isk2"):
        await house.rpc("VerifyTOTPRegistration", userId=user_id, code="12345")
    await house.rpc("VerifyTOTPRegistration", userId=user_id, code=code(house, secret))
    with refused(FailedPrecondition, "COMMAND-qx4ls"):
        await house.rpc("VerifyTOTPRegistration", userId=user_id, code=code(house, secret))
    with refused(AlreadyExists, "COMMAND-do9se"):
        await house.rpc("RegisterTOTP", userId=user_id)


@pytest.mark.parametrize("name", ["RegisterTOTP", "VerifyTOTPRegistration", "RemoveTOTP"])
async def test_permission(house: House, name: str) -> None:
    """Others need user.credential.write."""
    user_id = await house.human()
    with refused(NotFound, "AUTHZ-cdgFk"):
        await house.rpc(name, STRANGER, userId=user_id)
    with refused(OstiaryError, "AUTH-AWfge"):
        await house.rpc(name, caller("905", "IAM_USER_MANAGER"), userId=user_id)


async def test_remove(each_house: House) -> None:
    """Removed with the guesses at it; pending ones too."""
    user_id = await each_house.human()
    secret = await registered(each_house, user_id)
    with refused(InvalidArgument, "EVENT-8isk2"):
        await each_house.rpc("VerifyTOTPRegistration", userId=user_id, code="1")
    key, now = guess_key(user_id, "totp"), each_house.effects.now()
    assert await each_house.store.counter(key, now) == 1
    await each_house.rpc("RemoveTOTP", caller(user_id), userId=user_id)
    assert await each_house.store.counter(key, now) == 0
    with refused(FailedPrecondition, "COMMAND-3Mif9s"):
        await each_house.rpc("VerifyTOTPRegistration", userId=user_id, code=code(each_house, secret))


async def test_budget(each_house: House) -> None:
    """However many codes come at once, no more are judged than the budget allows; the right one then helps no more."""
    user_id = await each_house.human()
    secret = await registered(each_house, user_id)
    await each_house.policy("lockout", max_otp_attempts=3)
    answers = await asyncio.gather(
        *(each_house.rpc("VerifyTOTPRegistration", userId=user_id, code="1") for _ in range(6)),
        return_exceptions=True,
    )
    ids = [answer.id for answer in answers if isinstance(answer, OstiaryError)]
    assert sorted(ids) == ["COMMAND-SF3fg"] * 3 + ["EVENT-8isk2"] * 3
    with refused(FailedPrecondition, "COMMAND-SF3fg"):
        await each_house.rpc("VerifyTOTPRegistration", userId=user_id, code=code(each_house, secret))
    assert (await each_house.user(user_id)).state is UserState.LOCKED


async def test_lock_when_due_is_not_of_others(house: House) -> None:
    """Who is not active any more is not locked by a policy."""
    user_id = await house.human()
    await registered(house, user_id)
    await house.policy("lockout", max_otp_attempts=1)
    await house.edit(USER, user_id, state=UserState.INACTIVE)
    with refused(InvalidArgument, "EVENT-8isk2"):
        await house.rpc("VerifyTOTPRegistration", userId=user_id, code="1")
    assert (await house.user(user_id)).state is UserState.INACTIVE


async def test_factors(house: House) -> None:
    """Second factors are listed when ready, others when asked for."""
    user_id = await house.human()
    await registered(house, user_id)
    ready = await house.rpc("ListAuthenticationFactors", userId=user_id)
    assert list(ready.result) == []
    states = ["AUTH_FACTOR_STATE_NOT_READY"]
    (pending,) = (await house.rpc("ListAuthenticationFactors", userId=user_id, states=states)).result
    assert (pending.state.name, pending.type.field) == ("NOT_READY", "otp")
    asked = await house.rpc("ListAuthenticationFactors", userId=user_id, authFactors=["U2F"], states=states)
    assert list(asked.result) == []
    assert list((await house.rpc("ListAuthenticationFactors", userId="404")).result) == []
    for name in ("ListAuthenticationFactors", "ListAuthenticationMethodTypes"):
        with refused(NotFound, "AUTHZ-cdgFk"):
            await house.rpc(name, STRANGER, userId=user_id)


async def test_no_secret_shows(house: House) -> None:
    """What carries a secret does not show it."""
    user_id = await house.human()
    made = await house.users.totp.register(caller(user_id), user_id)
    assert made.secret not in repr(made)
    assert "123456" not in repr(TypedCode("123456"))
