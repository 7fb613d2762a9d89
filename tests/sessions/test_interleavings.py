"""Laws of what happens at the same time, under every order of reads and saves that chance finds."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from datetime import timedelta
from itertools import cycle
from typing import Any

import msgspec
import pytest
from argon2 import PasswordHasher
from hypothesis import given, settings
from hypothesis import strategies as st

from ostiary.core.organization import INSTANCE, INSTANCE_KEY
from ostiary.core.policy import POLICY
from ostiary.core.record import AnyKind, Kind, RecordT
from ostiary.core.session import SESSION
from ostiary.core.user import AUTHENTICATOR, USER, Authenticator, UserState
from ostiary.crypto.hash_pool import HashPool, ResultT
from ostiary.errors import InvalidArgument, OstiaryError, PermissionDenied
from ostiary.sessions.change import Changed, SessionChange, UserNamed
from ostiary.storage.memory import MemoryStore
from ostiary.storage.port import Changes, Conflict, Put, Remove, Saved
from tests.sessions.conftest import PASSWORD_TEXT, House, Typed, password_check, totp_check, user_check

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
HASH, OTHER_HASH = CHEAP.hash(PASSWORD_TEXT), CHEAP.hash("Another-1!")
delays = st.lists(st.integers(0, 4), min_size=1, max_size=24)
laws = settings(max_examples=100, deadline=None)


class Slowed(MemoryStore):
    """Each read and save waits some turns of the loop, before and after. ``saved`` is the order of the commits."""

    def __init__(self, waits: Iterable[int]) -> None:
        """``waits`` are repeated for ever."""
        super().__init__()
        self._waits = cycle(waits)
        self.saved: list[Changes] = []

    async def _wait(self) -> None:
        for _ in range(next(self._waits)):
            await asyncio.sleep(0)

    async def get(self, kind: Kind[RecordT], id: str) -> RecordT | None:  # noqa: A002
        """By key, slowly."""
        await self._wait()
        found = await super().get(kind, id)
        await self._wait()
        return found

    async def owned(self, kind: Kind[RecordT], owner_id: str) -> tuple[RecordT, ...]:
        """By owner, slowly."""
        await self._wait()
        return await super().owned(kind, owner_id)

    async def save(self, changes: Changes) -> Saved:
        """Slowly; what is refused is not among the commits."""
        await self._wait()
        done = await super().save(changes)
        self.saved.append(changes)
        await self._wait()
        return done


class Inline(HashPool):
    """Hashes at once, so that the order of everything is the one that was drawn."""

    async def run(self, work: Callable[[], ResultT]) -> ResultT:
        """The work's result."""
        return work()


async def slow_house(waits: list[int]) -> House:
    """A furnished house in which everything takes its time; alice's password is cheap to hash."""
    store = Slowed(waits)
    house = House(store, Inline(1))
    await house.furnish()
    await house.edit(AUTHENTICATOR, "100:password", data=sealed(house, HASH).data)
    return house


def sealed(house: House, encoded: str) -> Authenticator:
    """Alice's password as it is kept."""
    blank = Authenticator("100:password", "100", "password", house.effects.now(), house.effects.now())
    return house.tools.seal(blank, encoded.encode())


async def at_once(calls: Iterable[Coroutine[Any, Any, Changed]]) -> tuple[list[Changed], list[OstiaryError]]:
    """Who won, and the refusals; anything else is raised."""
    done = await asyncio.gather(*calls, return_exceptions=True)
    lost = [one for one in done if isinstance(one, OstiaryError)]
    won = [one for one in done if isinstance(one, Changed)]
    assert len(won) + len(lost) == len(done), done
    return won, lost


CHANGES = st.sampled_from(
    [
        user_check(),
        password_check(),
        SessionChange(metadata={"a": b"1"}),
        SessionChange(lifetime=timedelta(hours=1)),
    ]
)


@laws
@given(delays, st.lists(CHANGES, min_size=2, max_size=6))
async def test_one_token_one_winner(waits: list[int], changes: list[SessionChange]) -> None:
    """Of parallel changes with one token exactly one is saved; its token lives, the others' is told dead."""
    house = await slow_house(waits)
    made = await house.create()
    won, lost = await at_once(house.set(made.session_id, made.token, change) for change in changes)
    assert [error.id for error in lost] == ["COMMAND-sGr42"] * (len(changes) - 1)
    (winner,) = won
    session = await house.store.get(SESSION, made.session_id)
    assert session is not None
    assert session.version == winner.version
    assert (await house.set(made.session_id, winner.token, SessionChange(metadata={"z": b"1"}))).token
    with pytest.raises(PermissionDenied):
        await house.set(made.session_id, made.token, SessionChange(metadata={"z": b"2"}))


@laws
@given(delays, st.integers(0, 4), st.integers(0, 4), st.integers(-1, 1))
async def test_one_code_is_spent_once(waits: list[int], old: int, new: int, step: int) -> None:
    """One code, shown in any number of sessions that are set and created, proves itself in one of them."""
    house = await slow_house(waits)
    sessions = [await house.create() for _ in range(old)]
    check = totp_check(house.code(step))
    named = SessionChange(UserNamed(login_name="alice"), check.checks)
    calls = [house.set(one.session_id, one.token, check) for one in sessions]
    won, lost = await at_once([*calls, *(house.create(named) for _ in range(new))])
    assert len(won) == min(1, old + new)
    assert {error.id for error in lost} <= {"EVENT-8isk2", "guess.too_soon"}


@laws
@given(delays, st.integers(1, 5), st.lists(st.booleans(), min_size=1, max_size=9), st.booleans())
async def test_guesses_stay_within_the_budget(
    waits: list[int], budget: int, guesses: list[bool], is_password: bool
) -> None:
    """However they overlap, of wrong guesses (True: in a new session) as many are judged as allowed, no more."""
    house = await slow_house(waits)
    await house.lockout(max_password_attempts=budget, max_otp_attempts=budget)
    made = await house.create()
    wrong = password_check("wrong") if is_password else totp_check("000000")
    named = SessionChange(UserNamed(login_name="alice"), wrong.checks)
    calls = [house.create(named) if anew else house.set(made.session_id, "", wrong) for anew in guesses]
    won, lost = await at_once(calls)
    judged = [error for error in lost if isinstance(error, InvalidArgument)]
    assert (won, len(judged)) == ([], min(budget, len(guesses)))
    right = password_check() if is_password else totp_check(house.code())
    won, _ = await at_once([house.set(made.session_id, "", right)])
    assert len(won) == (len(guesses) < budget)


# What each move of the world forbids from its commit on; all else must succeed.
EVIDENCE = {
    "user": user_check(),
    "password": password_check(user="alice"),
    "code": SessionChange(UserNamed(login_name="alice"), totp_check("now").checks),
    "user, again": user_check(),
    "password, again": password_check(),
    "code, again": totp_check("now"),
}
PASSWORDS, CODES = {"password", "password, again"}, {"code", "code, again"}
AGAIN = {shown for shown in EVIDENCE if shown.endswith("again")}  # in a session that is there
FORBIDS = {
    "lock": set(EVIDENCE),
    "deactivate": set(EVIDENCE),
    "delete user": set(EVIDENCE),
    "delete session": AGAIN,
    "end all sessions": AGAIN,
    "new password": PASSWORDS,
    "remove app": CODES,
    "lower limits": PASSWORDS | CODES,
}
CASES = [(move, shown) for move in FORBIDS for shown in EVIDENCE]


async def moved(house: House, move: str, session_id: str) -> None:
    """The world as another process moves it: a row is read and saved, and nobody's cache is told."""
    now, values = house.effects.now(), {"max_password_attempts": 2, "max_otp_attempts": 2}
    password = sealed(house, OTHER_HASH).data
    rows: dict[str, tuple[AnyKind, str, dict[str, object] | None]] = {
        "lock": (USER, "100", {"state": UserState.LOCKED}),
        "deactivate": (USER, "100", {"state": UserState.INACTIVE}),
        "delete user": (USER, "100", None),
        "delete session": (SESSION, session_id, None),
        "end all sessions": (INSTANCE, INSTANCE_KEY, {"epoch": now}),
        "new password": (AUTHENTICATOR, "100:password", {"data": password}),
        "remove app": (AUTHENTICATOR, "100:totp", None),
        "lower limits": (POLICY, "instance:lockout", {"values": values}),
    }
    kind, key, fields = rows[move]
    while True:
        row = await house.store.get(kind, key)
        assert row is not None
        changes = Changes(removes=(Remove(kind, key, row.version),))
        if fields is not None:
            after = msgspec.structs.replace(row, version=row.version + 1, **fields)
            changes = Changes(puts=(Put(kind, after, row.version),))
        with suppress(Conflict):
            await house.store.save(changes)
            return


@laws
@given(delays, st.sampled_from(CASES), st.integers(0, 40))
async def test_nothing_is_missed_between_read_and_save(
    waits: list[int], case: tuple[str, str], begins: int
) -> None:
    """No session is saved after the commit of what forbids it; what nothing forbids succeeds."""
    move, shown = case
    house = await slow_house(waits)
    await house.lockout(max_password_attempts=50, max_otp_attempts=50)
    made = await house.create()
    wrongs = [password_check("wrong")] * 2 + [totp_check("000000")] * 2
    await at_once(house.set(made.session_id, "", wrong) for wrong in wrongs)
    house.effects.later(seconds=5)
    store = house.store
    assert isinstance(store, Slowed)
    store.saved.clear()

    async def world() -> None:
        for _ in range(begins):
            await asyncio.sleep(0)
        await moved(house, move, made.session_id)

    change = dated(EVIDENCE[shown], house.code())
    call = house.set(made.session_id, "", change) if shown in AGAIN else house.create(change)
    done, _ = await asyncio.gather(call, world(), return_exceptions=True)
    moved_at = next(at for at, one in enumerate(store.saved) if one.audit is None and not one.budgets)
    saved_at = [
        at for at, one in enumerate(store.saved) if one.audit and any(p.kind is SESSION for p in one.puts)
    ]
    assert isinstance(done, Changed if saved_at else OstiaryError), done
    if shown in FORBIDS[move]:
        assert max(saved_at, default=-1) < moved_at
    else:
        assert saved_at


def dated(change: SessionChange, code: str) -> SessionChange:
    """With the code that is right at this time."""
    checks = tuple(
        (f, Typed(code=code) if isinstance(c, Typed) and c.code == "now" else c) for f, c in change.checks
    )
    return SessionChange(change.user, checks)
