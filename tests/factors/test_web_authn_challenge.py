"""Challenges of keys: what the browser is told, what is kept, and for whom there is none."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from ostiary.core.factor import Begun, Rejected, Verified
from ostiary.core.passkey import Enrolment, encode_enrolment
from ostiary.core.user import Authenticator, User, UserState
from ostiary.crypto.web_authn import base64url, from_base64url, lookup_hash
from ostiary.errors import FailedPrecondition, Internal
from ostiary.factors.web_authn import WEB_AUTHN, WITHOUT_AUTOFILL, begin, enrol, verify
from tests.doubles.effects import START
from tests.factors.conftest import USER, answered, attempt, credential, soft_key, tools

REQUIRED, PREFERRED, DISCOURAGED = 1, 2, 3


@dataclass
class Asked:
    """The wire's message, as the factor sees it."""

    user_verification_requirement: int = REQUIRED
    domain: str = "localhost"


def key(name: str, kind: str = "passkey", **values: Any) -> Authenticator:
    """A key of Alice's."""
    named = name.encode()
    record = credential(id=named, **values)
    return enrol(
        USER.id, encode_enrolment(Enrolment(name, kind, name, lookup_hash(named), record)), START, tools()
    )


PASSKEY, OTHER_PASSKEY = key("p1"), key("p2")
U2F, ELSEWHERE = key("u1", "u2f"), key("p3", rp_id="acme.test")
UNREADY = msgspec.structs.replace(key("p4"), is_ready=False)
OWNED = (PASSKEY, U2F, ELSEWHERE, UNREADY, OTHER_PASSKEY)


def options(asked: Asked, *owned: Authenticator, user: User | None = USER) -> dict[str, Any]:
    """What the browser is told."""
    begun = begin(asked, attempt(*owned, user=user))
    assert isinstance(begun, Begun)
    assert begun.challenge.expires_at == START + timedelta(minutes=5)
    assert begun.answer.keys() == {"publicKey"}
    public: dict[str, Any] = begun.answer["publicKey"]
    return public


def refusal(asked: Asked, *owned: Authenticator, user: User | None = USER) -> Rejected:
    """Why there is no challenge."""
    rejected = begin(asked, attempt(*owned, user=user))
    assert isinstance(rejected, Rejected)
    return rejected


@pytest.mark.parametrize(
    ("requirement", "spelt", "names"),
    [
        (REQUIRED, "required", ["p1", "p2"]),
        (PREFERRED, "preferred", ["u1"]),
        (DISCOURAGED, "discouraged", ["u1"]),
    ],
)
def test_options(requirement: int, spelt: str, names: list[str]) -> None:
    """Exactly the wire's members; passkeys where users must be verified, else U2F keys, of this relying party."""
    told = options(Asked(requirement, "LocalHost"), *OWNED)
    assert len(from_base64url(told.pop("challenge"))) == 32
    assert told == {
        "timeout": 300_000,
        "rpId": "localhost",
        "allowCredentials": [{"type": "public-key", "id": base64url(name.encode())} for name in names],
        "userVerification": spelt,
    }


def test_other_relying_party() -> None:
    """Keys are offered where they were made."""
    told = options(Asked(domain="acme.test"), *OWNED)
    assert [one["id"] for one in told["allowCredentials"]] == [base64url(b"p3")]


def test_no_usable_key() -> None:
    """None of the class, none there, none ready: the wire's internal error, with a reason."""
    for owned, asked in (
        ((U2F,), Asked()),
        ((PASSKEY,), Asked(PREFERRED)),
        ((UNREADY,), Asked()),
        ((), Asked()),
    ):
        error = refusal(asked, *owned).error
        assert isinstance(error, Internal)
        assert (error.id, "localhost" in error.hint) == ("WEBAU-4G8sw", True)


@pytest.mark.parametrize("state", [UserState.INACTIVE, UserState.LOCKED])
def test_user_is_not_active(state: UserState) -> None:
    """Nobody is challenged for a user who may not log in."""
    user = msgspec.structs.replace(USER, state=state)
    assert refusal(Asked(), *OWNED, user=user).error.id == "COMMAND-Df4b3"
    assert options(Asked(), *OWNED, user=msgspec.structs.replace(USER, state=UserState.INITIAL))


def test_autofill() -> None:
    """Without a user any passkey of the relying party may answer, and must verify its user."""
    for requirement in (REQUIRED, PREFERRED):
        told = options(Asked(requirement), user=None)
        assert (told["allowCredentials"], told["userVerification"]) == ([], "required")


def test_without_autofill() -> None:
    """Where it is switched off, a user must be named first."""
    assert WITHOUT_AUTOFILL.identify is None
    assert WITHOUT_AUTOFILL.begin is not None
    rejected = WITHOUT_AUTOFILL.begin(Asked(), attempt(user=None))
    assert isinstance(rejected, Rejected)
    assert isinstance(rejected.error, FailedPrecondition)
    assert rejected.error.id == "COMMAND-eeR2e"
    assert isinstance(WITHOUT_AUTOFILL.begin(Asked(), attempt(*OWNED)), Begun)


def test_answered() -> None:
    """What was begun is verified in its session, and opens in no other."""
    mine = soft_key(credential_id=b"p1")
    begun = begin(Asked(), attempt(PASSKEY))
    assert isinstance(begun, Begun)
    sent = answered(mine.get(begun.answer))
    here = attempt(PASSKEY, challenges=(begun.challenge,))
    assert isinstance(verify(sent, here), Verified)
    assert begun.answer["publicKey"]["challenge"].encode() not in begun.challenge.state
    moved = msgspec.structs.replace(begun.challenge, id="elsewhere")
    with pytest.raises(Exception, match="challenge"):
        verify(sent, attempt(PASSKEY, challenges=(moved,)))


def test_kinds() -> None:
    """A budget is never spent, but a locked user has one answer."""
    assert WEB_AUTHN.blocked(0).id == "COMMAND-Df4b3"
