"""Laws that hold for every sequence of requests."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from ostiary.core.organization import INSTANCE
from ostiary.core.permission import Caller
from ostiary.core.session import SESSION, fold
from ostiary.core.user import AUTHENTICATOR, USER
from ostiary.errors import OstiaryError
from ostiary.factors.totp import TOTP
from ostiary.sessions.change import SessionChange, UserNamed
from ostiary.sessions.decide import View, decide
from ostiary.storage.memory import MemoryStore
from tests.sessions.conftest import House, Typed

KEYS = st.sampled_from(["a", "b", "c"])


@st.composite
def changes(draw: st.DrawFn) -> SessionChange:
    """Any change: perhaps a user, factors, metadata, a lifetime."""
    return SessionChange(
        user=draw(st.sampled_from([None, UserNamed("100"), UserNamed("900"), UserNamed("404")])),
        checks=((TOTP, Typed(code=draw(st.sampled_from(["000000", "now"])))),) if draw(st.booleans()) else (),
        metadata=draw(st.dictionaries(KEYS, st.sampled_from([b"", b"1", b"2"]), max_size=3)),
        lifetime=draw(st.sampled_from([None, timedelta(seconds=20), timedelta(hours=1)])),
    )


def dated(change: SessionChange, code: str) -> SessionChange:
    """With the code that is right at this time."""
    checks = tuple((f, Typed(code=code) if c.code == "now" else c) for f, c in change.checks)
    return SessionChange(change.user, checks, change.metadata, change.lifetime)


@settings(max_examples=60, deadline=None)
@given(st.lists(changes(), min_size=1, max_size=8))
async def test_the_row_is_what_its_events_make(steps: list[SessionChange]) -> None:
    """Folding the events that decisions return gives the saved row, whose version counts them; one token lives."""
    house = House(MemoryStore())
    await house.furnish()
    made = await house.create(SessionChange())
    events_seen, tokens = made.version, [made.token]
    for step in steps:
        house.effects.later(seconds=7)
        before = await house.store.get(SESSION, made.session_id)
        assert before is not None
        try:
            changed = await house.set(made.session_id, tokens[-1], dated(step, house.code()))
        except OstiaryError:
            assert await house.store.get(SESSION, made.session_id) == before
            continue
        events_seen = changed.version
        if changed.token:
            tokens.append(changed.token)
    row = await house.store.get(SESSION, made.session_id)
    assert row is not None
    assert row.version == events_seen
    assert [await is_live(house, made.session_id, token) for token in tokens] == [False] * (
        len(tokens) - 1
    ) + [True]


async def is_live(house: House, session_id: str, token: str) -> bool:
    """Whether a stranger can read the session with it."""
    try:
        await house.queries.get(Caller("0", "0"), session_id, token)
    except OstiaryError:
        return False
    return True


@settings(max_examples=60, deadline=None)
@given(changes())
async def test_a_decision_is_the_fold_of_its_events(step: SessionChange) -> None:
    """``decide`` answers the session that its events make of the one it was given."""
    house = House(MemoryStore())
    await house.furnish()
    made = await house.create(SessionChange(UserNamed("100")))
    view = await _view(house, made.session_id)
    decision = decide(dated(step, house.code()), view, b"h" * 32, house.tools)
    assert fold(decision.events, view.session) == decision.session
    assert (decision.refusal is None) or not decision.events


async def _view(house: House, session_id: str) -> View:
    session, user = await house.store.get(SESSION, session_id), await house.store.get(USER, "100")
    instance = await house.store.get(INSTANCE, "instance")
    assert session is not None
    assert instance is not None
    return View(house.effects.now(), session, user, await house.store.owned(AUTHENTICATOR, "100"), instance)
