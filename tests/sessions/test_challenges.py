"""A factor of the tests' own, twenty lines long: challenges, notifications, users named by their evidence."""

from datetime import timedelta

import pytest

from ostiary.core.factor import Attempt, Begun, Evidence, Factor, Rejected, Verified
from ostiary.core.notification import Notification, decode_notification, sealing_context
from ostiary.core.session import SESSION, Challenge, VerifiedFactor
from ostiary.core.user import AUTHENTICATOR, USER, Authenticator, UserState
from ostiary.errors import FailedPrecondition, InvalidArgument, OstiaryError
from ostiary.sessions.change import SessionChange, UserNamed
from ostiary.storage.memory import MemoryStore
from ostiary.storage.port import Changes, Put, Remove
from tests.doubles.effects import START
from tests.sessions.conftest import LOGIN_CLIENT, House


def _begin(asked: str, attempt: Attempt) -> Begun | Rejected:
    if attempt.user is None and asked != "nobody":
        return Rejected(FailedPrecondition("word.no_user", "User ID missing"))
    kept = Challenge(str(len(attempt.challenges)), attempt.now + timedelta(minutes=5), asked.encode())
    told = None if asked == "send" else {"word": asked}
    notice = Notification("word", "alice@example.com", "100", "500", code=asked) if asked == "send" else None
    return Begun(kept, told, notice, "email")


def _verify(check: str, attempt: Attempt) -> Evidence:
    if attempt.user is None:
        return Rejected(InvalidArgument("word.nobody", "Nobody has this word"))
    if any(one.state == check.encode() for one in attempt.challenges):
        return Verified(VerifiedFactor(attempt.now))
    return Rejected(InvalidArgument("word.wrong", "Wrong word"), guessed=True)


WORD = Factor(
    kind="word",
    wire="word",
    amr="kba",
    verify=_verify,
    limit="max_otp_attempts",
    blocked=lambda _: FailedPrecondition("word.blocked", "User is locked"),
    enrol=lambda user_id, _, now, __: Authenticator(f"{user_id}:word", user_id, "word", now, now),
    begin=_begin,
    identify=lambda check: check.removeprefix("of:") if check.startswith("of:") else None,
    challenge_tries=2,
    exhausted=lambda: FailedPrecondition("word.exhausted", "Ask for another word"),
)


def ask(word: str, *, named: bool = True) -> SessionChange:
    """A challenge, for alice or nobody."""
    return SessionChange(user=UserNamed("100") if named else None, challenges=((WORD, word),))


def say(word: str) -> SessionChange:
    """An answer."""
    return SessionChange(checks=((WORD, word),))


async def test_a_challenge_is_told_and_answered(house: House) -> None:
    """The answer spends it."""
    made = await house.create(ask("tree"))
    assert made.challenges == {"word": {"word": "tree"}}
    done = await house.set(made.session_id, made.token, say("tree"))
    view = await house.queries.get(LOGIN_CLIENT, made.session_id, done.token)
    assert set(view.session.factors) == {"word"}
    assert view.session.challenges == {}


async def test_recent_challenges_stay_open(house: House) -> None:
    """A page that was rendered again does not kill the one that is being answered."""
    made = await house.create(ask("tree"))
    again = await house.set(made.session_id, made.token, ask("bird"))
    assert (await house.set(made.session_id, again.token, say("tree"))).token


async def test_a_challenge_takes_so_many_wrong_answers(house: House) -> None:
    """Afterwards even the right one is refused, until there is a new challenge; the user's own budget goes on."""
    made = await house.create(ask("tree"))
    for _ in range(2):
        with pytest.raises(InvalidArgument):
            await house.set(made.session_id, "", say("bush"))
    for word in ("tree", "bush"):
        with pytest.raises(FailedPrecondition) as spent:
            await house.set(made.session_id, "", say(word))
        assert spent.value.id == "word.exhausted"
    house.effects.later(minutes=6)
    await house.set(made.session_id, "", ask("bird"))
    assert (await house.set(made.session_id, "", say("bird"))).token


async def test_a_refused_challenge_changes_nothing(house: House) -> None:
    """It needs a user here."""
    made = await house.create(SessionChange())
    with pytest.raises(FailedPrecondition) as refused:
        await house.set(made.session_id, made.token, ask("tree", named=False))
    assert refused.value.id == "word.no_user"
    session = await house.store.get(SESSION, made.session_id)
    assert session is not None
    assert session.version == made.version


async def test_what_cannot_begin_is_left_alone(house: House) -> None:
    """A factor without challenges ignores the asking."""
    plain = Factor("plain", "plain", "", _verify, "max_otp_attempts", WORD.blocked, WORD.enrol)
    made = await house.create(SessionChange(UserNamed("100"), challenges=((plain, "x"),)))
    assert made.challenges == {}


async def test_a_message_is_in_the_same_save(house: House) -> None:
    """Sealed, for its sender alone."""
    made = await house.create(ask("send"))
    assert made.challenges == {}
    if isinstance(house.store, MemoryStore):
        (message,) = house.store.outbox
        plain = house.sealer.open(message.sealed, sealing_context(message.id))
        assert decode_notification(plain).code == "send"


async def test_evidence_may_name_the_user(house: House) -> None:
    """By an authenticator's lookup hash; unknown evidence names nobody."""
    owned = Authenticator("100:word", "100", "word", START, START, lookup_hash="alices")
    await house.store.save(Changes(puts=(Put(AUTHENTICATOR, owned),)))
    made = await house.create(SessionChange(challenges=((WORD, "nobody"),)))
    known = Challenge("0", START.replace(year=2030), b"of:alices")
    await house.edit(SESSION, made.session_id, challenges={"word": (known,)})
    done = await house.set(made.session_id, made.token, say("of:alices"))
    view = await house.queries.get(LOGIN_CLIENT, made.session_id, done.token)
    assert view.session.user_id == "100"
    other = await house.create(SessionChange(challenges=((WORD, "nobody"),)))
    for evidence in ("of:bobs", "nobody"):
        with pytest.raises(OstiaryError) as unknown:
            await house.set(other.session_id, "", say(evidence))
        assert unknown.value.id == "word.nobody"


async def test_a_named_user_who_is_gone(house: House) -> None:
    """An authenticator may outlive its user for a moment."""
    owned = Authenticator("100:word", "100", "word", START, START, lookup_hash="alices")
    user = await house.store.get(USER, "100")
    assert user is not None
    removed = Remove(USER, "100", user.version)
    await house.store.save(Changes(puts=(Put(AUTHENTICATOR, owned),), removes=(removed,)))
    made = await house.create(SessionChange())
    with pytest.raises(InvalidArgument):
        await house.set(made.session_id, "", say("of:alices"))


async def test_an_inactive_user_is_not_let_in_by_evidence(house: House) -> None:
    """Nobody named them, they are refused all the same."""
    owned = Authenticator("100:word", "100", "word", START, START, lookup_hash="alices")
    await house.store.save(Changes(puts=(Put(AUTHENTICATOR, owned),)))
    await house.edit(USER, "100", state=UserState.INACTIVE)
    made = await house.create(SessionChange())
    with pytest.raises(FailedPrecondition) as refused:
        await house.set(made.session_id, "", say("of:alices"))
    assert refused.value.id == "SESSION-Gj4ko"
