"""Guessing: wrong guesses come slower and slower, whoever sends them; what else the user owns still opens."""

import pytest

from ostiary.core.session import UserAgent
from ostiary.core.user import USER
from ostiary.errors import InvalidArgument, NotFound, OstiaryError
from ostiary.factors.password import PASSWORD
from ostiary.sessions.change import SessionChange, UserNamed
from tests.sessions.conftest import House, Typed, password_check, totp_check


@pytest.fixture(autouse=True)
def full_second(house: House) -> None:
    """Waits are told in whole seconds."""
    house.effects.later(microseconds=1_000_000 - house.effects.now().microsecond)


async def told(house: House, change: SessionChange, session_id: str = "") -> tuple[str, int | None]:
    """The id of the refusal and how long to wait; empty for none."""
    try:
        await (house.set(session_id, "", change) if session_id else house.create(change))
    except OstiaryError as error:
        return error.id, error.retry_after_s
    return "", None


def guess(name: str, text: str, ip: str | None = None) -> SessionChange:
    """A login with a password, from somewhere."""
    return SessionChange(
        user=UserNamed(login_name=name),
        checks=((PASSWORD, Typed(password=text)),),
        user_agent=UserAgent(ip=ip),
    )


async def test_guessing_a_password_slows_down(house: House) -> None:
    """Threat: guessing. After the fifth wrong password none is judged for 1 s, 2 s, 4 s …; not the right one either."""
    for _ in range(5):
        assert (await told(house, guess("alice", "wrong")))[0] == "COMMAND-3M0fs"
    for wait in (1, 2, 4, 8):
        for text in ("wrong", "Password1!"):
            assert await told(house, guess("alice", text)) == ("guess.too_soon", wait)
        house.effects.later(seconds=wait - 0.5)
        assert await told(house, guess("alice", "Password1!")) == ("guess.too_soon", 1)
        house.effects.later(seconds=0.5)
        assert (await told(house, guess("alice", "wrong")))[0] == "COMMAND-3M0fs"
    house.effects.later(seconds=16)
    assert await told(house, guess("alice", "Password1!")) == ("", None)
    assert (await told(house, guess("alice", "wrong")))[0] == "COMMAND-3M0fs"  # and begins anew


async def test_guessing_survives_a_pause_longer_than_the_process(house: House) -> None:
    """Threat: guessing around a restart. Who comes with a new worker over the same store waits as long."""
    for _ in range(10):
        await told(house, guess("alice", "wrong"))
        house.effects.later(minutes=15)
    await told(house, guess("alice", "wrong"))
    again = House(house.store)
    again.effects.later(seconds=(house.effects.now() - again.effects.now()).total_seconds())
    await again.cache.fresh()
    error, wait = await told(again, guess("alice", "Password1!"))
    assert error == "guess.too_soon"
    assert wait == 64
    again.pool.close()


async def test_guessing_an_unknown_name_slows_down_alike(house: House) -> None:
    """Threat: finding out who exists. Names that nobody has are slowed down as those of users are."""
    seen = []
    for name, wrong in (("alice", "COMMAND-3M0fs"), ("nobody", "QUERY-Dfbg2")):
        answers = [await told(house, guess(name, "wrong")) for _ in range(7)]
        assert {error for error, _ in answers[:5]} == {wrong}
        seen.append(answers[5:])
    assert seen[0] == seen[1] == [("guess.too_soon", 1)] * 2


async def test_long_names_are_slowed_down_alike(house: House) -> None:
    """Threat: finding out who exists. What slows a name down slows its long form down too, whether or not anybody has it."""
    seen = []
    for name in ("alice", "nobody"):
        for _ in range(6):
            await told(house, guess(name, "wrong"))
        seen.append((await told(house, guess(f"{name}@ACME.localhost", "wrong")))[0])
        seen.append((await told(house, guess(f"{name}@elsewhere.example", "wrong")))[0])
    assert seen == ["guess.too_soon", "QUERY-Dfbg2"] * 2


async def test_guessing_a_code_slows_down(house: House) -> None:
    """Threat: guessing. Five wrong codes in five minutes; then the right one waits too, until the window ends."""
    made = await house.create()
    for _ in range(5):
        assert (await told(house, totp_check("000000"), made.session_id))[0] == "EVENT-8isk2"
    error, wait = await told(house, totp_check(house.code()), made.session_id)
    assert error == "guess.too_soon"
    assert wait is not None
    assert 0 < wait <= 300
    # the password has counters of its own, and its success opens nothing for codes
    assert await told(house, password_check(), made.session_id) == ("", None)
    assert (await told(house, totp_check(house.code()), made.session_id))[0] == "guess.too_soon"
    house.effects.later(seconds=wait)
    assert await told(house, totp_check(house.code()), made.session_id) == ("", None)


async def test_spraying_one_password(house: House) -> None:
    """Threat: spraying. Ten wrong passwords from one network, at whomever, and it waits; others do not."""
    for number in range(10):
        name = "alice" if number == 9 else f"nobody{number}"
        with pytest.raises((NotFound, InvalidArgument)):
            await house.create(guess(name, "wrong", f"2001:db8::{number}"))
    error, wait = await told(house, guess("alice", "Password1!", "2001:db8::ffff"))
    assert error == "guess.too_soon"
    assert await told(house, guess("alice", "Password1!", "2001:db8:0:1::1")) == ("", None)
    assert await told(house, guess("alice", "Password1!")) == ("", None)
    assert wait is not None
    house.effects.later(seconds=wait)
    assert await told(house, guess("alice", "Password1!", "2001:db8::ffff")) == ("", None)


async def test_a_code_after_a_pause_of_the_password(house: House) -> None:
    """Threat: locking somebody out. A blocked password stops no other factor; the user is not locked by it."""
    for _ in range(8):
        await told(house, guess("alice", "wrong"))
    assert (await told(house, guess("alice", "Password1!")))[0] == "guess.too_soon"
    made = await house.create()
    assert await told(house, totp_check(house.code()), made.session_id) == ("", None)
    user = await house.store.get(USER, "100")
    assert user is not None
    assert user.state == "active"


async def test_right_passwords_do_not_wait(house: House) -> None:
    """Twin: somebody who knows the password may come as often as they like."""
    for _ in range(30):
        assert await told(house, guess("alice", "Password1!", "192.0.2.7")) == ("", None)


async def test_networks_need_not_be_counted(house: House) -> None:
    """An operator behind whose proxy all people share an address leaves networks uncounted."""
    house.commands._worker._guesses._counts_networks = False
    for number in range(12):
        error, _ = await told(house, guess(f"nobody{number}", "wrong", "192.0.2.1"))
        assert error == "QUERY-Dfbg2"
    answers = [await told(house, guess("alice", "wrong", "192.0.2.1")) for _ in range(6)]
    assert answers[-1][0] == "guess.too_soon"
