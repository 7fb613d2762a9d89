"""Guessing in parallel: of 64 connections, half REST and half Connect, no more guesses are judged than the budget has.

For everything that can be guessed: each factor, and each code that is sent to somebody.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from ostiary.core.code import CODE_GUESSES
from ostiary.crypto.otp import code_of, from_base32, step_of
from tests.races.clients import Request, all_at_once, change, create
from tests.served import SERVICES, Served

CONNECTIONS = 64
WINDOW = 5  # wrong codes in five minutes; two windows may meet
WRONG = {"otp": "99999999", "recovery": "0000000000000-0000000000000"}
Send = Callable[[int], Request]


@dataclass(frozen=True)
class Guess:
    """Wrong guesses by place, the ids of those that were judged and of those that were not, and how many may be."""

    send: Send
    judged: str
    unjudged: frozenset[str]
    budget: int


def call(rpc: str, message: Mapping[str, Any]) -> Request:
    """A call of the user service by Connect."""
    return Request("POST", f"/{SERVICES['user']}/{rpc}", message)


def set_up(served: Served, rpc: str, user: str, **more: Any) -> dict[str, Any]:
    """What an administrator does for the user."""
    return served.answer("user", rpc, {"userId": user, **more})


def session_of(served: Served, user: str, **more: Any) -> str:
    """A session of the user that waits for a factor."""
    made = served.answer("session", "CreateSession", {"checks": {"user": {"userId": user}}, **more})
    return str(made["sessionId"])


def factor(session: str, checks: Mapping[str, Any], judged: str, *unjudged: str) -> Guess:
    """A fast factor, guessed at in one session."""
    send: Send = lambda place: change(session, {"checks": checks}, place)  # noqa: E731
    return Guess(send, judged, frozenset({"guess.too_soon", *unjudged}), 2 * WINDOW)


def totp(served: Served, user: str) -> Guess:
    """An authenticator app."""
    secret = from_base32(set_up(served, "RegisterTOTP", user)["secret"])
    set_up(served, "VerifyTOTPRegistration", user, code=code_of(secret, step_of(datetime.now(UTC)) - 1))
    return factor(session_of(served, user), {"totp": {"code": "000000"}}, "EVENT-8isk2")


def sms(served: Served, user: str) -> Guess:
    """A code by SMS."""
    set_up(served, "SetPhone", user, phone="+41791234567", isVerified=True)
    set_up(served, "AddOTPSMS", user)
    session = session_of(served, user, challenges={"otpSms": {"returnCode": True}})
    return factor(session, {"otpSms": {"code": WRONG["otp"]}}, "CODE-woT0xc", "COMMAND-S34gh")


def email(served: Served, user: str) -> Guess:
    """A code by mail."""
    set_up(served, "AddOTPEmail", user)
    session = session_of(served, user, challenges={"otpEmail": {"returnCode": {}}})
    return factor(session, {"otpEmail": {"code": WRONG["otp"]}}, "CODE-woT0xc", "COMMAND-S34gh")


def recovery(served: Served, user: str) -> Guess:
    """A recovery code."""
    set_up(served, "GenerateRecoveryCodes", user, count=3)
    return factor(session_of(served, user), {"recoveryCode": {"code": WRONG["recovery"]}}, "DOMAIN-6uvh0")


def app_registration(served: Served, user: str) -> Guess:
    """The first code of an authenticator app."""
    set_up(served, "RegisterTOTP", user)
    message = {"userId": user, "code": "000000"}
    return Guess(
        lambda _: call("VerifyTOTPRegistration", message),
        "EVENT-8isk2",
        frozenset({"guess.too_soon"}),
        2 * WINDOW,
    )


def sent(rpc: str, judged: str, begin: str, asked: Mapping[str, Any], **message: Any) -> Any:
    """A code that is sent to somebody: ten wrong ones, then it has expired."""

    def prepared(served: Served, user: str) -> Guess:
        set_up(served, begin, user, **asked)
        whole = {"userId": user, **message}
        return Guess(lambda _: call(rpc, whole), judged, frozenset({"CODE-QvUQ4P"}), CODE_GUESSES)

    return prepared


def passkey_link(served: Served, user: str) -> Guess:
    """A registration link's code."""
    link = set_up(served, "CreatePasskeyRegistrationLink", user, returnCode={})["code"]
    message = {"userId": user, "code": {"id": link["id"], "code": "WRONGWRONGWR"}, "domain": "localhost"}
    return Guess(
        lambda _: call("RegisterPasskey", message), "COMMAND-Eeb2a", frozenset({"CODE-QvUQ4P"}), CODE_GUESSES
    )


CODE = "WRONG2"
NEW = {"email": "new@example.com", "returnCode": {}}
GUESSES: Mapping[str, Callable[[Served, str], Guess]] = {
    "totp": totp,
    "otp_sms": sms,
    "otp_email": email,
    "recovery_code": recovery,
    "app registration": app_registration,
    "email code": sent("VerifyEmail", "CODE-woT0xc", "SetEmail", NEW, verificationCode=CODE),
    "phone code": sent(
        "VerifyPhone",
        "CODE-woT0xc",
        "SetPhone",
        {"phone": "+41791234568", "returnCode": {}},
        verificationCode=CODE,
    ),
    "reset code": sent(
        "SetPassword",
        "CODE-woT0xc",
        "PasswordReset",
        {"returnCode": {}},
        verificationCode=CODE,
        newPassword={"password": "Another-123!"},
    ),
    "passkey link": passkey_link,
}


@pytest.mark.parametrize("name", GUESSES)
def test_budget(served: Served, racer: str, name: str) -> None:
    """Whatever is guessed, the judged guesses never exceed the budget; the others are told that nothing was judged."""
    guess = GUESSES[name](served, racer)
    answers = all_at_once(served, [guess.send(place) for place in range(CONNECTIONS)])
    ids = [one.id for one in answers]
    busy = {"hash_pool.full", "session.busy", "user.busy"}
    assert set(ids) <= {guess.judged} | guess.unjudged | busy
    assert 0 < ids.count(guess.judged) <= guess.budget


@pytest.mark.parametrize("by", ["session", "SetPassword"])
def test_password(served: Served, racer: str, by: str) -> None:
    """Passwords have the hard budget of a hundred in a row, and pauses long before that."""
    wrong = {"checks": {"user": {"userId": racer}, "password": {"password": "no"}}}
    new = {"userId": racer, "newPassword": {"password": "Another-123!"}, "currentPassword": "no"}
    judged = 0
    for _ in range(4):
        requests = [
            create(wrong, place) if by == "session" else call("SetPassword", new)
            for place in range(CONNECTIONS)
        ]
        ids = [one.id for one in all_at_once(served, requests)]
        assert set(ids) <= {"COMMAND-3M0fs", "guess.too_soon", "hash_pool.full"}
        judged += ids.count("COMMAND-3M0fs")
    # what was judged at once when the pause began, and in the second or two that the first pauses last
    assert 5 <= judged < 100
