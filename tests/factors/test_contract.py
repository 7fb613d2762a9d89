"""What every factor promises, whatever it verifies."""

from datetime import datetime, timedelta

import msgspec
import pytest

from ostiary._pb.zitadel.session.v2.session_pb import Factors
from ostiary._pb.zitadel.session.v2.session_service_pb import Checks
from ostiary.core.factor import Attempt, Evidence, Factor, Rejected, Verified
from ostiary.core.policy import LockoutPolicy
from ostiary.core.user import Authenticator, User
from ostiary.crypto.seal import BrokenSeal
from ostiary.errors import FailedPrecondition, Internal, InvalidArgument, PermissionDenied
from ostiary.factors import FACTORS
from tests.doubles.effects import START
from tests.factors.conftest import CASES, USER, attempt, tools

EVERY = pytest.mark.parametrize("factor", FACTORS, ids=lambda factor: factor.kind)


def enrolled(factor: Factor) -> Authenticator:
    """Alice's authenticator of the kind."""
    return factor.enrol(USER.id, CASES[factor.kind].secret, START, tools())


def tried(factor: Factor, *owned: Authenticator, user: User | None = USER, now: datetime = START) -> Attempt:
    """An attempt with the challenges that the factor's evidence answers."""
    case = CASES[factor.kind]
    return attempt(*owned, user=user, now=now, challenges=case.challenges(now), rows=case.rows)


def rejected(evidence: Evidence) -> Rejected:
    """The rejection that it is; keys that are not good are refused as the wire has it, as internal errors."""
    assert isinstance(evidence, Rejected)
    assert isinstance(evidence.error, FailedPrecondition | InvalidArgument | Internal | PermissionDenied)
    assert evidence.error.id
    return evidence


def test_kinds_are_apart() -> None:
    """No two factors share a kind or a name on the wire, and every one is tried here."""
    assert (
        len({factor.kind for factor in FACTORS}) == len({factor.wire for factor in FACTORS}) == len(FACTORS)
    )
    assert {factor.kind for factor in FACTORS} == set(CASES)


@EVERY
def test_named_on_the_wire(factor: Factor) -> None:
    """A factor is checked and shown under its names on the wire, and says its RFC 8176 value if it has one."""
    for message, name in ((Checks, factor.wire), (Factors, factor.kind)):
        assert name in {field.name for field in message.desc().fields}
    assert factor.amr in {"", "pwd", "otp", "hwk", "swk", "sms", "user", "fed"}
    assert factor.limit in LockoutPolicy.__struct_fields__


@EVERY
def test_enrolled(factor: Factor) -> None:
    """An enrolled authenticator is its user's, ready, new, and does not show its secret."""
    owned = enrolled(factor)
    assert factor.uses(owned)
    assert (owned.user_id, owned.version, owned.is_ready) == (USER.id, 1, True)
    assert (owned.created_at, owned.changed_at) == (START, START)
    secret = CASES[factor.kind].secret
    assert not secret or secret not in owned.data
    assert USER.id in owned.id


@EVERY
def test_right_evidence(factor: Factor) -> None:
    """Right evidence is verified at the time of the attempt; what it spends are the read authenticators."""
    owned = enrolled(factor)
    now = START + timedelta(minutes=5)
    evidence = factor.verify(CASES[factor.kind].right(now), tried(factor, owned, now=now))
    assert isinstance(evidence, Verified)
    assert evidence.factor.verified_at == now
    for spent in evidence.spends:
        assert (spent.id, spent.version, spent.changed_at) == (owned.id, owned.version, now)
        assert spent.data != owned.data


@EVERY
def test_wrong_evidence(factor: Factor) -> None:
    """Wrong evidence is a guess, or leaves a trace if it cannot be guessed."""
    case = CASES[factor.kind]
    wrong = rejected(factor.verify(case.wrong, tried(factor, enrolled(factor))))
    assert (wrong.guessed, wrong.guessed or wrong.traced) == (case.guessable, True)


@EVERY
def test_nothing_to_guess(factor: Factor) -> None:
    """Without a user, an authenticator or a ready one nothing is guessed; each says what is missing."""
    right = CASES[factor.kind].right(START)
    unready = msgspec.structs.replace(enrolled(factor), is_ready=False)
    nobody = rejected(factor.verify(right, tried(factor, user=None)))
    without = rejected(factor.verify(right, tried(factor)))
    not_ready = rejected(factor.verify(right, tried(factor, unready)))
    assert not any(one.guessed for one in (nobody, without, not_ready))
    assert without.error.id == not_ready.error.id != nobody.error.id


@EVERY
def test_pure(factor: Factor) -> None:
    """The same evidence against the same values has the same answer, and changes none of them."""
    owned = enrolled(factor)
    before = msgspec.json.encode(owned)
    for check in (CASES[factor.kind].right(START), CASES[factor.kind].wrong):
        answers = [factor.verify(check, tried(factor, owned)) for _ in range(2)]
        assert type(answers[0]) is type(answers[1])
        if isinstance(answers[0], Verified):
            assert answers[0] == answers[1]
    assert msgspec.json.encode(owned) == before


@EVERY
def test_one_time_evidence_is_spent(factor: Factor) -> None:
    """Against what it spent, one-time evidence is wrong."""
    owned, right = enrolled(factor), CASES[factor.kind].right(START)
    evidence = factor.verify(right, tried(factor, owned))
    assert isinstance(evidence, Verified)
    for spent in evidence.spends:
        again = rejected(factor.verify(right, tried(factor, spent)))
        assert again.guessed is CASES[factor.kind].guessable


@EVERY
def test_moved_authenticator(factor: Factor) -> None:
    """An authenticator's secret, if it has one, opens nowhere under another id."""
    if not CASES[factor.kind].secret:
        return
    moved = msgspec.structs.replace(enrolled(factor), id="elsewhere")
    with pytest.raises(BrokenSeal):
        factor.verify(CASES[factor.kind].right(START), tried(factor, moved))


@EVERY
def test_blocked(factor: Factor) -> None:
    """A spent budget has one answer with an id and a hint, and no evidence in it."""
    error = factor.blocked(100)
    assert isinstance(error, FailedPrecondition)
    assert error.id.startswith("COMMAND-") or "." in error.id
    assert error.hint


@EVERY
def test_slow_factors_pretend(factor: Factor) -> None:
    """A slow factor can cost the same for a user who does not exist."""
    assert (factor.pretend is not None) is factor.slow
    if factor.pretend is not None:
        factor.pretend(CASES[factor.kind].right(START))
