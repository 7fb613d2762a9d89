"""The oracle can fail: each falsified history is told, each true one passes."""

from dataclasses import replace

from tests.crash.ledger import Operation
from tests.crash.oracle import Oracle, Seen, Shown

CREATE = Operation(1, "create", "s", result="ok", token="a")
SET = Operation(2, "set", "s", "a", result="ok", token="b")
DELETE = Operation(3, "delete", "s", "b", result="ok")


def seen(*marks: str, live: str = "", session: str = "s", has_password: bool = False) -> Seen:
    """The session with that mark, or none; all tokens were tried."""
    sessions = {session: Shown(marks[0], marks[-1], has_password)} if marks else {}
    return Seen(sessions, frozenset("abcd"), frozenset(live))


def judged(*operations: Operation, shows: Seen) -> str:
    """What one life's judgement says."""
    return "; ".join(Oracle().judge(operations, shows))


def unanswered(one: Operation) -> Operation:
    """The same operation, whose answer nobody got."""
    return replace(one, result="unknown", token="", session=one.session if one.kind != "create" else "")


def test_true_histories() -> None:
    """What an honest server shows passes."""
    assert judged(CREATE, shows=seen("1", live="a")) == ""
    assert judged(CREATE, SET, shows=seen("2", live="b")) == ""
    assert judged(CREATE, SET, DELETE, shows=seen()) == ""
    refused = Operation(4, "set", "s", "a", result="refused")
    assert judged(CREATE, SET, refused, shows=seen("2", live="b")) == ""
    again = Operation(4, "delete", "s", "a", result="ok")
    assert judged(CREATE, SET, DELETE, again, shows=seen()) == ""
    assert judged(replace(CREATE, with_password=True), shows=seen("1", live="a", has_password=True)) == ""


def test_unknown_happened_or_not() -> None:
    """An operation without an answer may have happened or not."""
    assert judged(unanswered(CREATE), shows=seen()) == ""
    assert judged(unanswered(CREATE), shows=seen("1")) == ""
    assert judged(CREATE, unanswered(SET), shows=seen("1", live="a")) == ""
    assert judged(CREATE, unanswered(SET), shows=seen("2")) == ""
    assert judged(CREATE, SET, unanswered(DELETE), shows=seen("2", live="b")) == ""
    assert judged(CREATE, SET, unanswered(DELETE), shows=seen()) == ""


def test_lost() -> None:
    """What was acknowledged and is not there."""
    assert judged(CREATE, shows=seen()) == "session s is lost"
    assert "shows change 1, not 2" in judged(CREATE, SET, shows=seen("1", live="a"))
    assert "shows change 1, not 2" in judged(CREATE, SET, shows=seen("1", live="b"))


def test_revived() -> None:
    """What was ended and is there, at once or later."""
    assert judged(CREATE, SET, DELETE, shows=seen("2")) == "session s was deleted and is there"
    oracle = Oracle()
    assert oracle.judge([CREATE, SET, DELETE], seen()) == []
    assert oracle.judge([], seen("2", live="b")) == ["session s was deleted and is there"]


def test_tokens() -> None:
    """A dead token that lives, two that live, a live one that does not."""
    for live in ("ab", "a", ""):
        assert "live tokens" in judged(CREATE, SET, shows=seen("2", live=live))


def test_two_winners() -> None:
    """One token that was spent twice, and one that was dead when it was spent."""
    other = Operation(4, "set", "s", "a", result="ok", token="c")
    assert "let operation 4 spend a dead token" in judged(CREATE, SET, other, shows=seen("2", live="b"))
    late = Operation(4, "delete", "s", "a", result="ok")
    assert "was deleted with a dead token" in judged(CREATE, SET, late, shows=seen("2", live="b"))
    after = Operation(4, "set", "s", "b", result="ok", token="c")
    assert "dead token" in judged(CREATE, SET, DELETE, after, shows=seen())


def test_halves() -> None:
    """A change that happened in part."""
    assert "half a change" in judged(CREATE, SET, shows=seen("1", "2", live="b"))
    assert "half a change" in judged(CREATE, unanswered(SET), shows=seen("1", "2", live="a"))


def test_from_nowhere() -> None:
    """A session that nobody made, or that one creation made twice."""
    assert judged(shows=seen("1")) == "session s came from nowhere"
    twice = Seen({"s": Shown("1", "1"), "t": Shown("1", "1")})
    assert judged(unanswered(CREATE), shows=twice) == "session t came from nowhere"
    assert "given twice" in judged(CREATE, replace(CREATE, number=2), shows=seen("1", live="a"))


def test_factors() -> None:
    """A password that was never sent counts as checked."""
    assert "password" in judged(CREATE, shows=seen("1", live="a", has_password=True))


def test_unknown_only_once() -> None:
    """What was seen not to have happened does not happen later, and what happened is not undone."""
    for first, then in ((seen("1", live="a"), seen("2")), (seen("2"), seen("1", live="a"))):
        oracle = Oracle()
        assert oracle.judge([CREATE, unanswered(SET)], first) == []
        assert oracle.judge([], then) != []
    oracle = Oracle()
    assert oracle.judge([unanswered(CREATE)], seen()) == []
    assert oracle.judge([], seen("1")) == ["session s came from nowhere"]


def test_refused_without_cause() -> None:
    """A live token that was refused, though nobody else used it."""
    refused = Operation(4, "set", "s", "b", result="refused", why="403")
    assert "though its token was alive" in judged(CREATE, SET, refused, shows=seen("2", live="b"))
    refused = Operation(4, "create", result="refused", why="403")
    assert judged(refused, shows=seen()) == "creation 4 was refused: 403"
