"""The directly written JSON equals the messages' own."""

import json
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ostiary._pb.zitadel.object.v2 import object_pb
from ostiary._pb.zitadel.session.v2 import session_service_pb as pb
from ostiary.api.session_json import changed_json, json_name, session_json, sessions_json
from ostiary.api.session_messages import challenges_message, details_of, session_message, stamp
from ostiary.core.session import Session, UserAgent, VerifiedFactor
from ostiary.core.user import Profile, User
from ostiary.factors import FACTORS
from ostiary.sessions.change import Changed
from ostiary.sessions.queries import SessionPage, SessionView

NAMES = {factor.kind: json_name(factor.kind) for factor in FACTORS}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TIMES = st.integers(0, 2 * 10**17).map(lambda us: EPOCH + timedelta(microseconds=us))
ROUNDED = st.one_of(TIMES, TIMES.map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)))
TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
OPTIONAL = st.none() | TEXT
AGENTS = st.builds(
    UserAgent,
    OPTIONAL,
    OPTIONAL,
    OPTIONAL,
    st.dictionaries(TEXT, st.lists(TEXT, max_size=2).map(tuple), max_size=2),
)
FACTOR = st.builds(VerifiedFactor, ROUNDED)
VERIFIED = {
    factor.kind: st.builds(VerifiedFactor, ROUNDED, st.booleans()) if factor.wire == "web_auth_n" else FACTOR
    for factor in FACTORS
}
SESSIONS = st.builds(
    Session,
    id=st.just("1"),
    created_at=ROUNDED,
    changed_at=ROUNDED,
    creator_id=st.just("9"),
    user_id=st.sampled_from(["", "100"]),
    organization_id=st.just("500"),
    user_checked_at=st.none() | ROUNDED,
    factors=st.fixed_dictionaries({}, optional=VERIFIED),
    metadata=st.dictionaries(TEXT, st.binary(min_size=1, max_size=6), max_size=3),
    user_agent=AGENTS,
    expires_at=st.none() | ROUNDED,
    version=st.integers(1, 2**40),
)
USERS = st.none() | st.builds(
    User, st.just("100"), st.just("500"), TEXT, ROUNDED, ROUNDED, profile=st.builds(Profile, TEXT, TEXT)
)


@given(st.builds(SessionView, SESSIONS, USERS))
def test_a_session_is_written_as_its_message(view: SessionView) -> None:
    """Member for member, also where values are empty or absent."""
    message = pb.GetSessionResponse(session=session_message(view, FACTORS))
    assert json.loads(session_json(view, NAMES)) == json.loads(message.to_json())


@given(st.lists(st.builds(SessionView, SESSIONS, USERS), max_size=3).map(tuple), st.integers(0, 9), ROUNDED)
def test_a_list_is_written_as_its_message(items: tuple[SessionView, ...], total: int, at: datetime) -> None:
    """With all, some or none of those that are counted."""
    message = pb.ListSessionsResponse(
        details=object_pb.ListDetails(total_result=total, timestamp=stamp(at)),
        sessions=[session_message(view, FACTORS) for view in items],
    )
    assert json.loads(sessions_json(SessionPage(items, total, at), NAMES)) == json.loads(message.to_json())


@given(ROUNDED, st.sampled_from(["", "osts_1_x"]), st.integers(0, 3))
def test_an_answer_to_a_change_is_written_as_its_message(at: datetime, token: str, version: int) -> None:
    """CreateSession, SetSession and DeleteSession."""
    changed = Changed("1", version, at, token)
    details = details_of(changed, "42")
    made = pb.CreateSessionResponse(details=details, session_id="1", session_token=token)
    assert json.loads(changed_json(changed, "42", names_session=True)) == json.loads(made.to_json())
    was_set = pb.SetSessionResponse(details=details, session_token=token)
    assert json.loads(changed_json(changed, "42", names_session=False)) == json.loads(was_set.to_json())
    ended, was_ended = Changed("1", version, at), pb.DeleteSessionResponse(details=details)
    assert json.loads(changed_json(ended, "42", names_session=False)) == json.loads(was_ended.to_json())


def test_challenges_are_written_as_their_message() -> None:
    """A code is a text; a browser's options are a struct."""
    options = {"publicKey": {"challenge": "AAAA", "timeout": 300_000, "allowCredentials": []}}
    changed = Changed("1", 7, EPOCH, "t", {"web_auth_n": options, "otp_email": "12345678"})
    made = pb.CreateSessionResponse(
        details=details_of(changed, "42"),
        session_id="1",
        session_token="t",
        challenges=challenges_message(changed),
    )
    assert json.loads(changed_json(changed, "42", names_session=True)) == json.loads(made.to_json())


def test_thousandths_are_written_short() -> None:
    """As proto3 JSON does: three digits if they suffice."""
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(milliseconds=120)
    assert b'"2026-01-01T00:00:00.120Z"' in changed_json(Changed("1", 1, at), "42", names_session=True)
