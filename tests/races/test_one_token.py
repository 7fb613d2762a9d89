"""Many changes of one session at once (R-21), over two transports: one wins, the others learn nothing."""

from typing import Any

import pytest

from tests.races.clients import all_at_once, change, end
from tests.served import Served

CLIENTS = 64


def started(served: Served, user: str) -> tuple[str, str]:
    """A session and its token."""
    made = served.answer("session", "CreateSession", {"checks": {"user": {"userId": user}}})
    return made["sessionId"], made["sessionToken"]


def shown(served: Served, session: str, token: str = "") -> dict[str, Any]:
    """The session as it is."""
    asked = {"sessionId": session, **({"sessionToken": token} if token else {})}
    content: dict[str, Any] = served.answer("session", "GetSession", asked)["session"]
    return content


@pytest.mark.parametrize("_", range(3))
def test_set(served: Served, racer: str, _: int) -> None:
    """Of 64 calls with one token exactly one succeeds, and the session shows its change alone."""
    session, token = started(served, racer)
    answers = all_at_once(
        served,
        [
            change(session, {"sessionToken": token, "metadata": {"winner": f"{place:03}="}}, place)
            for place in range(CLIENTS)
        ],
    )
    won = [place for place, answer in enumerate(answers) if answer.is_ok]
    assert len(won) == 1
    assert {(one.status, one.id) for one in answers if not one.is_ok} == {(403, "COMMAND-sGr42")}
    assert not any("sessionToken" in one.content for one in answers if not one.is_ok)
    now = shown(served, session, answers[won[0]].content["sessionToken"])
    assert now["metadata"].keys() == {"winner"}
    assert now["sequence"] == answers[won[0]].content["details"]["sequence"]
    refused = served.connect("session", "GetSession", {"sessionId": session, "sessionToken": token})
    assert refused.status_code == 403


def test_set_against_delete(served: Served, racer: str) -> None:
    """Of changes and deletions with one token one wins; what is deleted stays so."""
    session, token = started(served, racer)
    guard = {"sessionToken": token}
    answers = all_at_once(
        served,
        [
            change(session, {**guard, "lifetime": "60s"}, place)
            if place % 4 < 2
            else end(session, guard, place)
            for place in range(CLIENTS)
        ],
    )
    set_won = [one for place, one in enumerate(answers) if one.is_ok and place % 4 < 2]
    ended = [one for place, one in enumerate(answers) if one.is_ok and place % 4 >= 2]
    assert len(set_won) + bool(ended) == 1  # deleting once more what is gone is no error
    assert {one.status for one in answers} <= {200, 400, 403, 404}
    status = served.connect("session", "GetSession", {"sessionId": session}).status_code
    assert status == (404 if ended else 200)


def test_set_against_deactivation(served: Served, racer: str) -> None:
    """Once a user's deactivation is answered, no check of that user succeeds any more."""
    session, token = started(served, racer)
    answers = all_at_once(
        served,
        [change(session, {"checks": {"user": {"userId": racer}}}, place) for place in range(8)],
    )
    assert all(one.is_ok for one in answers), "without a token, changes wait for each other"
    served.answer("user", "DeactivateUser", {"userId": racer})
    late = all_at_once(
        served,
        [change(session, {"checks": {"user": {"userId": racer}}}, place) for place in range(8)],
    )
    assert {(one.status, one.id) for one in late} == {(400, "SESSION-Gj4ko")}
    assert (
        served.connect("session", "GetSession", {"sessionId": session, "sessionToken": token}).status_code
        == 403
    )
