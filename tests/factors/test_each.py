"""What single factors do besides the contract."""

from datetime import timedelta

import msgspec
import pytest

from ostiary.core.factor import Rejected, Verified
from ostiary.crypto.otp import code_of, step_of
from ostiary.crypto.password import hash_password, needs_rehash, verify_password
from ostiary.factors import password, totp
from tests.doubles.effects import START
from tests.factors.conftest import SECRET, USER, Typed, attempt, tools


def test_password_of_current_form_spends_nothing() -> None:
    """A password may be used again and again, on any session."""
    owned = password.enrol(USER.id, hash_password("Password1!", bytes(16)).encode(), START, tools())
    evidence = password.verify(Typed(password="Password1!"), attempt(owned))
    assert isinstance(evidence, Verified)
    assert evidence.spends == ()


def test_outdated_hash_is_made_anew() -> None:
    """A right password with a hash of outdated form is spent as one of ours; a wrong one leaves it."""
    bcrypted = "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"
    assert needs_rehash(bcrypted)
    secret = "secret"
    assert verify_password(bcrypted, secret)
    owned = password.enrol(USER.id, bcrypted.encode(), START, tools())
    later = START + timedelta(days=1)
    evidence = password.verify(Typed(password=secret), attempt(owned, now=later))
    assert isinstance(evidence, Verified)
    (spent,) = evidence.spends
    fresh = tools().unseal(spent).decode()
    assert not needs_rehash(fresh)
    assert verify_password(fresh, secret)
    assert isinstance(password.verify(Typed(password="other"), attempt(owned)), Rejected)


def test_wrong_password_tells_of_failed_attempts() -> None:
    """A wrong password's error has room for the number of failed attempts; the budget fills it in."""
    owned = password.enrol(USER.id, hash_password("Password1!", bytes(16)).encode(), START, tools())
    evidence = password.verify(Typed(password="x"), attempt(owned))
    assert isinstance(evidence, Rejected)
    assert evidence.error.failed_attempts == 0
    assert password.blocked(7).failed_attempts == 7


@pytest.mark.parametrize(
    ("drift", "later", "accepted"), [(-1, 0, False), (0, 0, False), (1, 0, True), (0, 30, True)]
)
def test_totp_after_a_used_step(drift: int, later: int, accepted: bool) -> None:
    """After a used step only later steps are accepted, also those of the window before it."""
    owned = totp.enrol(USER.id, SECRET, START, tools())
    used = totp.verify(Typed(code=code_of(SECRET, step_of(START))), attempt(owned))
    assert isinstance(used, Verified)
    now = START + timedelta(seconds=later)
    again = Typed(code=code_of(SECRET, step_of(now) + drift))
    assert isinstance(totp.verify(again, attempt(*used.spends, now=now)), Verified if accepted else Rejected)


def test_totp_keeps_its_secret() -> None:
    """A spent authenticator keeps the shared secret and remembers the step."""
    owned = totp.enrol(USER.id, SECRET, START, tools())
    evidence = totp.verify(Typed(code=code_of(SECRET, step_of(START))), attempt(owned))
    assert isinstance(evidence, Verified)
    kept = totp.decode(tools().unseal(evidence.spends[0]))
    assert kept == totp.TotpData(SECRET, step_of(START))


def test_totp_that_is_set_up_is_not_confirmed() -> None:
    """A first code is asked for once, while the app is being set up."""
    owned = totp.enrol(USER.id, SECRET, START, tools())
    first = Typed(code=code_of(SECRET, step_of(START)))
    evidence = totp.confirm(first, attempt(msgspec.structs.replace(owned, is_ready=True)))
    assert isinstance(evidence, Rejected)
    assert evidence.error.id == "COMMAND-qx4ls"
    waiting = msgspec.structs.replace(owned, is_ready=False)
    assert isinstance(totp.confirm(first, attempt(waiting)), Verified)
