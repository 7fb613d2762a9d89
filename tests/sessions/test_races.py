"""What happens between read and save, and at the same time."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from ostiary.core.policy import POLICY, Policy
from ostiary.core.record import AnyKind
from ostiary.core.session import SESSION
from ostiary.core.user import AUTHENTICATOR, USER, UserState
from ostiary.errors import (
    Aborted,
    FailedPrecondition,
    Internal,
    InvalidArgument,
    NotFound,
    OstiaryError,
    PermissionDenied,
)
from ostiary.sessions.change import Changed, SessionChange
from ostiary.storage.memory import MemoryStore
from ostiary.storage.port import Changes, Conflict, Put, Remove, Saved
from tests.sessions.conftest import LOGIN_CLIENT, STRANGER, House, password_check, totp_check, user_check


class Interrupted(MemoryStore):
    """A store in which something happens just before the next save that writes a session."""

    def __init__(self) -> None:
        super().__init__()
        self.before: list[Callable[[], Awaitable[None]]] = []
        self._moving = False

    async def save(self, changes: Changes) -> Saved:
        """Let the world move first."""
        if self.before and not self._moving and any(put.kind is SESSION for put in changes.puts):
            self._moving = True
            await self.before.pop(0)()
            self._moving = False
        return await super().save(changes)


@pytest.fixture
async def busy() -> House:
    """A house whose store can be interrupted."""
    made = House(Interrupted())
    await made.furnish()
    return made


def interrupt(house: House, *steps: Callable[[], Awaitable[None]]) -> None:
    """Before each of the next saves of a session, one step."""
    store = house.store
    assert isinstance(store, Interrupted)
    store.before.extend(steps)


async def outcomes(*calls: Awaitable[Changed]) -> tuple[list[Changed], list[BaseException]]:
    """Those that won and the errors of those that lost."""
    done = await asyncio.gather(*calls, return_exceptions=True)
    return [d for d in done if isinstance(d, Changed)], [d for d in done if isinstance(d, BaseException)]


async def test_one_token_has_one_winner(house: House) -> None:
    """Sixteen calls with the same token: one changes the session, fifteen learn that their token is dead."""
    made = await house.create()
    calls = [
        house.set(made.session_id, made.token, SessionChange(metadata={"n": bytes([n])})) for n in range(16)
    ]
    won, lost = await outcomes(*calls)
    assert len(won) == 1
    assert {error.id for error in lost if isinstance(error, OstiaryError)} == {"COMMAND-sGr42"}
    view = await house.queries.get(LOGIN_CLIENT, made.session_id, won[0].token)
    assert view.session.version == made.version + 2


async def test_calls_without_a_token_are_serialised(house: House) -> None:
    """Each of them changes the session and rotates the token; the last one's token lives."""
    made = await house.create()
    calls = [house.set(made.session_id, "", SessionChange(metadata={str(n): b"1"})) for n in range(32)]
    won, lost = await outcomes(*calls)
    assert (len(won), lost) == (32, [])
    latest = max(won, key=lambda changed: changed.version)
    view = await house.queries.get(LOGIN_CLIENT, made.session_id, latest.token)
    assert set(view.session.metadata) == {str(n) for n in range(32)}


async def test_a_code_is_spent_once_across_sessions(house: House) -> None:
    """Five sessions of alice, one code: one of them gets it, in this step and not again."""
    sessions = [await house.create() for _ in range(5)]
    code = house.code()
    won, lost = await outcomes(*(house.set(s.session_id, s.token, totp_check(code)) for s in sessions))
    assert len(won) == 1
    assert {error.id for error in lost if isinstance(error, OstiaryError)} == {"EVENT-8isk2"}
    with pytest.raises(InvalidArgument):
        await house.create(SessionChange(user_check().user, totp_check(code).checks))
    house.effects.later(minutes=5)
    fresh = await house.create(SessionChange(user_check().user, totp_check(house.code()).checks))
    assert fresh.version == 4


@pytest.mark.parametrize(("factor", "error_id"), [("password", "COMMAND-JLK35"), ("totp", "COMMAND-SF3fg")])
async def test_parallel_guesses_never_exceed_the_budget(house: House, factor: str, error_id: str) -> None:
    """Thirty guesses at once with a budget of five: five are judged, the rest learn nothing."""
    await house.lockout(max_password_attempts=5, max_otp_attempts=5)
    made = await house.create()
    wrong = password_check("wrong") if factor == "password" else totp_check("000000")
    _, lost = await outcomes(*(house.set(made.session_id, "", wrong) for _ in range(30)))
    judged = [error for error in lost if isinstance(error, InvalidArgument)]
    refused = {e.id for e in lost if isinstance(e, FailedPrecondition)}
    assert len(judged) == 5
    assert refused <= {error_id, "COMMAND-JLK35"}
    right = password_check() if factor == "password" else totp_check(house.code())
    with pytest.raises(FailedPrecondition):
        await house.set(made.session_id, "", right)
    user = await house.store.get(USER, "100")
    assert user is not None
    assert user.state is UserState.LOCKED


async def test_at_the_hard_limit_only_the_authenticator_is_blocked(house: House) -> None:
    """The user may still come in by another factor."""
    await house.lockout(max_otp_attempts=0)
    made = await house.create()
    for _ in range(100):
        house.effects.later(hours=1)
        with pytest.raises(InvalidArgument):
            await house.set(made.session_id, "", totp_check("000000"))
    with pytest.raises(FailedPrecondition) as blocked:
        await house.set(made.session_id, "", totp_check(house.code()))
    assert blocked.value.id == "COMMAND-SF3fg"
    assert (await house.set(made.session_id, "", password_check())).token


async def test_wrong_passwords_say_how_many(house: House) -> None:
    """The count is in the answer, and a right one clears it."""
    made = await house.create()
    for number in (1, 2):
        with pytest.raises(InvalidArgument) as wrong:
            await house.set(made.session_id, "", password_check("wrong"))
        assert wrong.value.failed_attempts == number
    await house.set(made.session_id, "", password_check())
    with pytest.raises(InvalidArgument) as wrong:
        await house.set(made.session_id, "", password_check("wrong"))
    assert wrong.value.failed_attempts == 1


async def test_a_lock_between_read_and_save_is_not_missed(busy: House) -> None:
    """The decision is made again and refuses."""
    interrupt(busy, lambda: busy.edit(USER, "100", state=UserState.LOCKED))
    with pytest.raises(FailedPrecondition) as refused:
        await busy.create(password_check(user="alice"))
    assert refused.value.id == "SESSION-Gj4ko"


async def test_a_password_change_between_read_and_save_is_not_missed(busy: House) -> None:
    """The old password was right when it was read; it is judged again and counted again."""
    owned = await busy.store.get(AUTHENTICATOR, "100:password")
    assert owned is not None
    other = busy.tools.seal(owned, b"$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA").data
    interrupt(busy, lambda: busy.edit(AUTHENTICATOR, owned.id, data=other))
    with pytest.raises(InvalidArgument) as refused:
        await busy.create(password_check(user="alice"))
    assert refused.value.id == "COMMAND-3M0fs"


async def test_a_delete_between_read_and_save_is_not_missed(busy: House) -> None:
    """Of the user, and of the session itself."""

    async def remove(kind: AnyKind, key: str) -> None:
        row = await busy.store.get(kind, key)
        assert row is not None
        await MemoryStore.save(_memory(busy), Changes(removes=(Remove(kind, key, row.version),)))

    interrupt(busy, lambda: remove(USER, "100"))
    with pytest.raises(NotFound) as unknown:
        await busy.create()
    assert unknown.value.id == "QUERY-Dfbg2"
    made = await busy.create(SessionChange())
    interrupt(busy, lambda: remove(SESSION, made.session_id))
    with pytest.raises(NotFound) as gone:
        await busy.set(made.session_id, made.token, SessionChange(metadata={"a": b"1"}))
    assert gone.value.id == "COMMAND-Flk38"


async def test_a_policy_change_between_read_and_save_is_not_missed(busy: House) -> None:
    """The generation moved, so everything is decided again under the new policy."""
    made = await busy.create()
    for _ in range(3):
        with pytest.raises(InvalidArgument):
            await busy.set(made.session_id, "", totp_check("000000"))

    async def tighten() -> None:
        row = Policy("instance:lockout", "instance", "lockout", {"max_otp_attempts": 3})
        await busy.store.save(Changes(puts=(Put(POLICY, row),)))
        await busy.cache.fresh()

    interrupt(busy, tighten)
    with pytest.raises(FailedPrecondition) as refused:
        await busy.set(made.session_id, "", totp_check(busy.code()))
    assert refused.value.id == "COMMAND-SF3fg"


async def test_changes_elsewhere_hold_nobody_up(busy: House) -> None:
    """A generation that moves before each save, for rows that do not count here, costs one more decision."""

    async def elsewhere() -> None:
        await busy.store.save(Changes(raises_generation=True))
        await busy.cache.fresh()

    interrupt(busy, *([elsewhere] * 10))
    assert (await busy.create()).token
    assert len(_interrupted(busy).before) == 8


@pytest.mark.parametrize("owner", ["instance", "500"])
@pytest.mark.parametrize("known", [False, True])
async def test_a_policy_change_after_another_is_not_missed(busy: House, owner: str, known: bool) -> None:
    """The second try relies on the policies themselves, of the instance and the organisation, new or changed."""
    made = await busy.create()
    for _ in range(3):
        with pytest.raises(InvalidArgument):
            await busy.set(made.session_id, "", totp_check("000000"))

    async def keep(version: int, attempts: int) -> None:
        row = Policy(f"{owner}:lockout", owner, "lockout", {"max_otp_attempts": attempts}, version)
        await busy.store.save(Changes(puts=(Put(POLICY, row, version - 1),)))

    async def elsewhere() -> None:
        await busy.store.save(Changes(raises_generation=True))

    if known:
        await keep(1, 50)
        await busy.cache.fresh()
    interrupt(busy, elsewhere, lambda: keep(1 + known, 3))
    with pytest.raises(FailedPrecondition) as refused:
        await busy.set(made.session_id, "", totp_check(busy.code()))
    assert refused.value.id == "COMMAND-SF3fg"


async def test_evidence_is_carried_over_a_lost_race(busy: House) -> None:
    """A right password is hashed and counted once, though the session was changed by somebody in between."""
    made = await busy.create()

    async def meddle() -> None:
        await busy.set(made.session_id, "", SessionChange(metadata={"a": b"1"}))

    interrupt(busy, meddle)
    done = await busy.set(made.session_id, "", password_check())
    assert done.version == made.version + 4
    actions = [audit.action for audit in _memory(busy).audits]
    assert actions.count("session.set") == 2


async def test_a_race_lost_too_often_is_told(busy: House) -> None:
    """After five tries the caller is asked to come again."""
    made = await busy.create()

    async def meddle() -> None:
        session = await busy.store.get(SESSION, made.session_id)
        assert session is not None
        await busy.edit(SESSION, made.session_id, metadata={"n": bytes([session.version])})

    interrupt(busy, *([meddle] * 40))
    with pytest.raises(Aborted):
        await busy.set(made.session_id, "", SessionChange(metadata={"a": b"1"}))


async def test_ending_wins_or_loses_whole(house: House) -> None:
    """Set and end at once: either the set came first, or it finds the session ended; the end always succeeds."""
    for _ in range(5):
        made = await house.create()
        change = house.set(made.session_id, made.token, SessionChange(metadata={"a": b"1"}))
        end = house.commands.end(LOGIN_CLIENT, made.session_id, "")
        _, lost = await outcomes(change, end)
        assert all(isinstance(e, FailedPrecondition | PermissionDenied) for e in lost)
        assert await house.store.get(SESSION, made.session_id) is None


def _interrupted(house: House) -> Interrupted:
    assert isinstance(house.store, Interrupted)
    return house.store


def _memory(house: House) -> MemoryStore:
    assert isinstance(house.store, MemoryStore)
    return house.store


class Losing(MemoryStore):
    """A store in which every save of certain kinds is lost to somebody else."""

    def __init__(self) -> None:
        super().__init__()
        self.lost: set[str] = set()

    async def save(self, changes: Changes) -> Saved:
        """Lose, or save."""
        writes = [*(put.kind for put in changes.puts), *(remove.kind for remove in changes.removes)]
        if any(kind.name in self.lost for kind in writes):
            raise Conflict
        return await super().save(changes)


async def test_an_end_that_always_loses_says_so() -> None:
    """Deleting and logging out alike."""
    store = Losing()
    house = House(store)
    await house.furnish()
    made = await house.create()
    store.lost = {"session"}
    with pytest.raises(Aborted):
        await house.commands.end(LOGIN_CLIENT, made.session_id, "")
    with pytest.raises(Aborted):
        await house.commands.log_out("100", made.session_id)


async def test_a_lock_that_always_loses_lets_nobody_in() -> None:
    """The budget holds all the same."""
    store = Losing()
    house = House(store)
    await house.furnish()
    await house.lockout(max_otp_attempts=2)
    made = await house.create()
    store.lost = {"user"}
    for _ in range(2):
        with pytest.raises(InvalidArgument):
            await house.set(made.session_id, "", totp_check("000000"))
    with pytest.raises(FailedPrecondition) as blocked:
        await house.set(made.session_id, "", totp_check(house.code()))
    assert blocked.value.id == "COMMAND-SF3fg"


async def test_logging_out(house: House) -> None:
    """Only of the user the ID token named; again is no error."""
    made = await house.create()
    assert not await house.commands.log_out("900", made.session_id)
    assert await house.commands.log_out("100", made.session_id)
    assert await house.commands.log_out("100", made.session_id)
    ended = await house.commands.end(STRANGER, made.session_id, made.token)
    assert ended.version == 0


async def test_without_an_instance_nothing_begins() -> None:
    """A database that was emptied under us is our fault."""
    house = House(MemoryStore())
    with pytest.raises(Internal):
        await house.create(SessionChange())
