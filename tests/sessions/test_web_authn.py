"""Sessions and keys: challenges answered, replayed, carried elsewhere; users found by their passkey; what is left of it."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import pytest
from fido2 import cbor
from protobuf.wkt import Struct

from ostiary._pb.zitadel.session.v2.session_service_pb import CheckWebAuthN
from ostiary.core.factor import GUESSES_KEPT, guess_key
from ostiary.core.passkey import Enrolment, encode_enrolment
from ostiary.core.session import SESSION, Session
from ostiary.core.user import AUTHENTICATOR, USER, Profile, User, UserState
from ostiary.crypto.web_authn import Credential, lookup_hash
from ostiary.errors import FailedPrecondition, Internal, OstiaryError
from ostiary.factors.web_authn import WEB_AUTHN, WITHOUT_AUTOFILL
from ostiary.sessions.change import Changed, SessionChange, UserNamed
from ostiary.storage.memory import MemoryStore
from ostiary.storage.port import Budget, Changes, Put
from tests.doubles.authenticator import UP, SoftKey, cose_of
from tests.doubles.effects import START
from tests.sessions.conftest import House, password_check, user_check

REQUIRED, DISCOURAGED = 1, 3


@dataclass
class Asked:
    """The wire's message, as the factor sees it."""

    user_verification_requirement: int = REQUIRED
    domain: str = "localhost"


def challenge(change: SessionChange | None = None, requirement: int = REQUIRED) -> SessionChange:
    """A change that also asks for a challenge."""
    return msgspec.structs.replace(change or SessionChange(), challenges=((WEB_AUTHN, Asked(requirement)),))


def answer(sent: dict[str, Any]) -> SessionChange:
    """A check of the browser's JSON."""
    return SessionChange(
        checks=((WEB_AUTHN, CheckWebAuthN(credential_assertion_data=Struct.from_python(sent))),)
    )


def options(changed: Changed) -> dict[str, Any]:
    """What the browser is told."""
    told: dict[str, Any] = changed.challenges["web_auth_n"]
    return told


async def own(house: House, user_id: str = "100", kind: str = "passkey", name: str = "alice's") -> SoftKey:
    """A key that the user owns."""
    key = SoftKey(credential_id=name.encode(), user_handle=user_id.encode())
    if kind == "u2f":
        key.flags, key.user_handle = UP, None
    record = Credential(key.credential_id, cbor.encode(cose_of(key.key)), "localhost")
    made = Enrolment(f"{user_id}-{name}", kind, "Key", lookup_hash(record.id), msgspec.json.encode(record))
    row = WEB_AUTHN.enrol(user_id, encode_enrolment(made), START, house.tools)
    await house.store.save(Changes(puts=(Put(AUTHENTICATOR, row),)))
    return key


async def session(house: House, made: Changed) -> Session:
    """The stored session."""
    found = await house.store.get(SESSION, made.session_id)
    assert found is not None
    return found


async def refused(
    house: House,
    made: Changed,
    sent: dict[str, Any],
    id: str,  # noqa: A002
    *,
    traced: bool = True,
) -> None:
    """The check is refused with this id, leaves a trace and changes nothing of the session."""
    before = await session(house, made)
    with pytest.raises(OstiaryError, check=lambda error: error.id == id):
        await house.set(made.session_id, made.token, answer(sent))
    assert await session(house, made) == before
    if traced and isinstance(house.store, MemoryStore):
        trace = house.store.audits[-1]
        assert (trace.action, id.encode() in trace.detail) == ("session.refused", True)
    assert await house.store.counter("guess:100:web_auth_n", house.effects.now()) == 0


async def test_passkey(house: House) -> None:
    """Challenged with the user, answered, verified by the key's own check of its user; the challenge is spent."""
    key = await own(house)
    made = await house.create(challenge(user_check()))
    assert options(made)["publicKey"]["rpId"] == "localhost"
    sent = key.get(options(made))
    checked = await house.set(made.session_id, made.token, answer(sent))
    now = await session(house, made)
    assert (now.factors["web_auth_n"].user_verified, now.challenges) == (True, {})
    await refused(house, checked, sent, "COMMAND-Ioqu5")
    await refused(house, checked, key.get(options(made)), "COMMAND-Ioqu5")


async def test_a_passkey_passes_a_blocked_password(house: House) -> None:
    """Threat: locking somebody out by guessing. Their passkey opens all the same; once the user is locked nothing does."""
    key = await own(house)
    now = house.effects.now()
    spent = Budget(guess_key("100", "password"), now, now + GUESSES_KEPT, add=100)
    await house.store.save(Changes(budgets=(spent,)))
    with pytest.raises(FailedPrecondition, check=lambda error: error.id == "COMMAND-JLK35"):
        await house.create(password_check(user="alice"))
    made = await house.create(challenge(user_check()))
    done = await house.set(made.session_id, made.token, answer(key.get(options(made))))
    again = await house.set(made.session_id, done.token, challenge())
    await house.edit(USER, "100", state=UserState.LOCKED)
    await refused(house, again, key.get(options(again)), "COMMAND-Df4b3", traced=False)


async def test_u2f_beside_a_password(house: House) -> None:
    """A second factor that only was touched."""
    key = await own(house, kind="u2f")
    made = await house.create(challenge(password_check(user="alice"), DISCOURAGED))
    await house.set(made.session_id, made.token, answer(key.get(options(made))))
    now = await session(house, made)
    assert set(now.factors) == {"password", "web_auth_n"}
    assert not now.factors["web_auth_n"].user_verified


async def test_several_open_challenges(house: House) -> None:
    """A page that was drawn again leaves the challenge that is being signed good; all are spent by one answer."""
    key = await own(house)
    first = await house.create(challenge(user_check()))
    second = await house.set(first.session_id, first.token, challenge())
    assert options(first) != options(second)
    done = await house.set(first.session_id, second.token, answer(key.get(options(first))))
    await refused(house, done, key.get(options(second)), "COMMAND-Ioqu5")


async def test_oldest_of_many(house: House) -> None:
    """Only the newest few are kept."""
    key = await own(house)
    first = last = await house.create(challenge(user_check()))
    for _ in range(5):
        last = await house.set(first.session_id, last.token, challenge())
    await refused(house, last, key.get(options(first)), "WEBAU-3M9si")
    await house.set(first.session_id, last.token, answer(key.get(options(last))))


async def test_late(house: House) -> None:
    """A challenge is good for five minutes."""
    key = await own(house)
    made = await house.create(challenge(user_check()))
    house.effects.later(minutes=5)
    await refused(house, made, key.get(options(made)), "COMMAND-Ioqu5")


async def test_challenge_of_another_session(house: House) -> None:
    """What one session asked for is no answer in another."""
    key = await own(house)
    mine, other = [await house.create(challenge(user_check())) for _ in range(2)]
    await refused(house, other, key.get(options(mine)), "WEBAU-3M9si")
    await house.set(mine.session_id, mine.token, answer(key.get(options(mine))))


async def test_without_a_challenge(house: House) -> None:
    """Nothing can be answered at creation."""
    key = await own(house)
    made = await house.create()
    sent = key.get({"publicKey": {"challenge": "AAAA"}})
    await refused(house, made, sent, "COMMAND-Ioqu5")
    with pytest.raises(FailedPrecondition, check=lambda error: error.id == "COMMAND-Ioqu5"):
        await house.create(answer(sent))


async def test_autofill(house: House) -> None:
    """Without a user: the passkey says whose it is, and the session is that user's."""
    key = await own(house)
    made = await house.create(challenge())
    assert options(made)["publicKey"]["allowCredentials"] == []
    assert (await session(house, made)).user_id == ""
    await house.set(made.session_id, made.token, answer(key.get(options(made))))
    now = await session(house, made)
    assert (now.user_id, now.organization_id, now.user_checked_at) == ("100", "500", house.effects.now())
    assert now.factors["web_auth_n"].user_verified


async def test_autofill_refused(house: House) -> None:
    """A key that nobody registered, one without its user handle, and a U2F key name nobody."""
    key, u2f = await own(house), await own(house, kind="u2f", name="u2f")
    made = await house.create(challenge())
    stranger = SoftKey(credential_id=b"unknown", user_handle=b"100")
    await refused(house, made, stranger.get(options(made)), "COMMAND-Aej7i")
    await refused(house, made, u2f.get(options(made)), "WEBAU-3M9si")
    key.user_handle = None
    await refused(house, made, key.get(options(made)), "WEBAU-3M9si")
    key.user_handle = b"900"
    await refused(house, made, key.get(options(made)), "WEBAU-3M9si")
    key.user_handle = b"100"
    await house.set(made.session_id, made.token, answer(key.get(options(made))))


async def test_autofill_of_one_who_may_not(house: House) -> None:
    """Locked and deactivated users are refused, whatever they own."""
    key = await own(house)
    made = await house.create(challenge())
    for state, id_ in ((UserState.LOCKED, "COMMAND-Df4b3"), (UserState.INACTIVE, "SESSION-Gj4ko")):
        await house.edit(USER, "100", state=state)
        with pytest.raises(FailedPrecondition) as caught:
            await house.set(made.session_id, made.token, answer(key.get(options(made))))
        assert caught.value.id == id_
    await house.edit(USER, "100", state=UserState.ACTIVE)
    await house.set(made.session_id, made.token, answer(key.get(options(made))))


async def test_autofill_switched_off(house: House) -> None:
    """Then a user must be named first, and evidence names nobody."""
    asked = SessionChange(challenges=((WITHOUT_AUTOFILL, Asked()),))
    with pytest.raises(FailedPrecondition, check=lambda error: error.id == "COMMAND-eeR2e"):
        await house.create(asked)


async def test_key_of_another_user(house: House) -> None:
    """A session of Alice's takes no key of Bob's, whether it was asked for or found by autofill."""
    await own(house)
    await house.store.save(
        Changes(puts=(Put(USER, User("200", "500", "bob", START, START, profile=Profile("Bob", "B"))),))
    )
    bobs = await own(house, "200", name="bob's")
    made = await house.create(challenge(user_check()))
    await refused(house, made, bobs.get(options(made)), "WEBAU-3M9si")
    anybody = await house.create(challenge())
    named = await house.set(anybody.session_id, anybody.token, SessionChange(user=UserNamed("100")))
    await refused(house, named, bobs.get(options(anybody)), "WEBAU-3M9si")


async def test_no_key(house: House) -> None:
    """Without a usable key there is no challenge, and the session is as it was."""
    with pytest.raises(Internal, check=lambda error: error.id == "WEBAU-4G8sw"):
        await house.create(challenge(user_check()))


async def test_clone(house: House) -> None:
    """A counter that does not grow betrays a copy: refused and traced, whichever of the two is used second."""
    key = await own(house)
    copy = replace(key)
    for _ in range(2):
        made = await house.create(challenge(user_check()))
        made = await house.set(made.session_id, made.token, answer(key.get(options(made))))
    made = await house.create(challenge(user_check()))
    await refused(house, made, copy.get(options(made)), "WEBAU-4M90s")


async def test_one_count_in_two_sessions(house: House) -> None:
    """The counter is spent with the check: of two sessions that are sent one count at once, one wins."""
    key = await own(house)
    copy = replace(key)
    made = [await house.create(challenge(user_check())) for _ in range(2)]
    changes = [answer(one.get(options(of))) for one, of in zip((key, copy), made, strict=True)]
    answers = await asyncio.gather(
        *(house.set(of.session_id, of.token, change) for of, change in zip(made, changes, strict=True)),
        return_exceptions=True,
    )
    (lost,) = [one for one in answers if isinstance(one, OstiaryError)]
    assert lost.id == "WEBAU-4M90s"


async def test_refused_after_a_password(house: House) -> None:
    """A key that is refused takes no guess, though a password was judged before it."""
    await house.lockout(max_otp_attempts=1, max_password_attempts=5)
    key = await own(house, kind="u2f")
    made = await house.create(challenge(user_check(), DISCOURAGED))
    both = msgspec.structs.replace(
        password_check(), checks=(*password_check().checks, *answer(key.get(options(made), flags=0)).checks)
    )
    with pytest.raises(Internal, check=lambda error: error.id == "WEBAU-3M9si"):
        await house.set(made.session_id, made.token, both)
    user = await house.store.get(USER, "100")
    assert user is not None
    assert user.state is UserState.ACTIVE
