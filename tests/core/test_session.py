"""What a session is: the laws of folding its events."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ostiary.core.session import (
    CHALLENGES_KEPT,
    ENDED_SESSION,
    SESSION,
    Challenge,
    Ended,
    EndedSession,
    FactorChallenged,
    FactorChecked,
    LifetimeSet,
    MetadataSet,
    Session,
    SessionEvent,
    Started,
    TokenSet,
    UserAgent,
    UserChecked,
    VerifiedFactor,
    evolve,
    fold,
)
from tests.doubles.effects import START

TIMES = st.integers(0, 1000).map(lambda seconds: START + timedelta(seconds=seconds))
KINDS = st.sampled_from(["password", "totp", "passkey"])
TEXTS = st.text(max_size=3)
CHALLENGES = st.builds(Challenge, TEXTS, TIMES, st.binary(max_size=3))
STARTED = st.builds(Started, TIMES, TEXTS, TEXTS, st.builds(UserAgent, TEXTS))
CHANGES: st.SearchStrategy[SessionEvent] = st.one_of(
    st.builds(UserChecked, TIMES, TEXTS, TEXTS),
    st.builds(FactorChecked, TIMES, KINDS, st.builds(VerifiedFactor, TIMES, st.booleans())),
    st.builds(FactorChallenged, TIMES, KINDS, CHALLENGES),
    st.builds(MetadataSet, TIMES, st.dictionaries(TEXTS, st.binary(max_size=2), max_size=3)),
    st.builds(LifetimeSet, TIMES, TIMES),
    st.builds(TokenSet, TIMES, st.binary(max_size=3)),
)
ENDED = st.builds(Ended, TIMES, TEXTS)
EVENTS: st.SearchStrategy[list[SessionEvent]] = st.lists(st.one_of(STARTED, CHANGES, ENDED), max_size=20)


def begun(started: Started, *events: SessionEvent) -> Session:
    """The session after its start and these events."""
    session = fold((started, *events))
    assert session is not None
    return session


START_EVENT = Started(START, "1", "900", UserAgent())


@given(EVENTS, st.integers(0, 20))
def test_folding_in_parts(events: list[SessionEvent], cut: int) -> None:
    """Folding a part and then the rest is folding all, and folding is evolving step by step."""
    assert fold(events[cut:], fold(events[:cut])) == fold(events)
    session: Session | None = None
    for event in events:
        session = evolve(session, event)
    assert session == fold(events)


@given(STARTED, st.lists(CHANGES, max_size=20))
def test_every_event_counts_once(started: Started, changes: list[SessionEvent]) -> None:
    """The version counts the events, and the newest event dates the session; its beginning never changes."""
    session = begun(started, *changes)
    assert session.version == 1 + len(changes)
    assert session.changed_at == [started, *changes][-1].at
    assert (session.id, session.created_at) == (started.session_id, started.at)
    assert (session.creator_id, session.user_agent) == (started.creator_id, started.user_agent)


@given(st.lists(CHANGES, max_size=5), STARTED, st.lists(CHANGES, max_size=5), ENDED)
def test_nothing_before_the_start_or_after_the_end(
    early: list[SessionEvent], started: Started, changes: list[SessionEvent], ended: Ended
) -> None:
    """Events before a start and after an end make no session."""
    assert fold(early) is None
    assert fold((started, *changes, ended)) is None
    assert fold((started, ended, *changes)) is None
    assert fold((*early, started, *changes)) == begun(started, *changes)


@given(STARTED, st.lists(CHANGES, max_size=30))
def test_bounded_and_clean(started: Started, changes: list[SessionEvent]) -> None:
    """Of each kind a few challenges are kept, none of a kind just checked, and no metadata is empty."""
    session = begun(started, *changes)
    assert all(0 < len(some) <= CHALLENGES_KEPT for some in session.challenges.values())
    assert b"" not in session.metadata.values()
    if changes and isinstance(changes[-1], FactorChecked):
        assert changes[-1].kind not in session.challenges
        assert session.factors[changes[-1].kind] == changes[-1].verified


def test_user_is_checked() -> None:
    """A checked user is named with organisation and time."""
    session = begun(START_EVENT, UserChecked(START, "100", "500"))
    assert (session.user_id, session.organization_id, session.user_checked_at) == ("100", "500", START)


def test_newest_challenges_stay() -> None:
    """The newest challenges of a kind stay open, in order; a check spends those of its kind alone."""
    issued = [
        FactorChallenged(START, kind, Challenge(f"{n}", START))
        for n in range(7)
        for kind in ("passkey", "totp")
    ]
    session = begun(START_EVENT, *issued)
    assert [challenge.id for challenge in session.challenges["passkey"]] == ["2", "3", "4", "5", "6"]
    checked = evolve(session, FactorChecked(START, "passkey", VerifiedFactor(START)))
    assert checked is not None
    assert list(checked.challenges) == ["totp"]


def test_metadata_is_merged() -> None:
    """Keys are merged over events, a newer value wins, an empty one deletes."""
    changes: list[Any] = [{"a": b"1", "b": b"1"}, {"b": b"2", "c": b""}, {"a": b""}]
    session = begun(START_EVENT, *(MetadataSet(START, change) for change in changes))
    assert session.metadata == {"b": b"2"}


def test_newest_token_and_lifetime_win() -> None:
    """Only the newest token's hash is kept, and the newest end."""
    later = START + timedelta(hours=1)
    events = (
        TokenSet(START, b"old"),
        LifetimeSet(START, START),
        TokenSet(START, b"new"),
        LifetimeSet(START, later),
    )
    session = begun(START_EVENT, *events)
    assert (session.token_hash, session.expires_at) == (b"new", later)


def test_columns() -> None:
    """Lists see users, creators, devices and times of sessions, and of ended ones who and when."""
    session = Session("1", START, START, "900", user_id="100", user_agent=UserAgent("finger"))
    assert {name: column(session) for name, column in SESSION.columns.items()} == {
        "user_id": "100",
        "creator_id": "900",
        "fingerprint_id": "finger",
        "created_at": START,
        "expires_at": None,
    }
    ended = EndedSession("1", "100", "deleted", START, START)
    assert {name: column(ended) for name, column in ENDED_SESSION.columns.items()} == {
        "user_id": "100",
        "ended_at": START,
    }
    assert repr(SESSION) == "Kind(session)"
