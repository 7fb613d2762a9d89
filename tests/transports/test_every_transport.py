"""What holds on each transport alike."""

import time

import pytest

from tests.transports.clients import Client
from tests.transports.fake import FakeSessions


def test_an_answer(client: Client) -> None:
    """A call is answered with the message of the handler."""
    answer = client.call("GetSession", {"sessionId": "5"})
    assert (answer.code, answer.content) == (0, {"session": {"id": "5", "metadata": {"org": "Mg=="}}})


def test_all_methods(client: Client) -> None:
    """Each method takes its whole message, the path's variable included."""
    created = client.call("CreateSession", {"metadata": {"a": "AP8="}, "lifetime": "18000s"})
    assert created.content == {"details": {"sequence": "7"}, "sessionId": "1", "sessionToken": "1"}
    changed = client.call("SetSession", {"sessionId": "5", "sessionToken": "t"})
    assert changed.content == {"sessionToken": "5:t"}
    listed = client.call("ListSessions", {"query": {"limit": 9}, "sortingColumn": 1})
    assert listed.content == {"details": {"totalResult": "9", "processedSequence": "1"}}
    assert client.call("DeleteSession", {"sessionId": "5"}).code == 0


def test_a_large_answer(client: Client) -> None:
    """An answer of several kilobytes arrives whole, compressed or not."""
    answer = client.call("GetSession", {"sessionId": "large"}, headers={"Accept-Encoding": "gzip"})
    assert len(answer.content["session"]["metadata"]["a"]) > 5000


def test_the_organisation_of_the_call(client: Client) -> None:
    """The header x-zitadel-orgid is the organisation context."""
    answer = client.call("GetSession", {"sessionId": "5"}, headers={"x-zitadel-orgid": "77"})
    assert answer.content["session"]["metadata"]["org"] == "Nzc="


def test_the_idempotency_key(client: Client) -> None:
    """An Idempotency-Key reaches the handler; one that is none is refused."""
    answer = client.call("GetSession", {"sessionId": "5"}, headers={"Idempotency-Key": "k-1"})
    assert answer.content["session"]["metadata"]["key"] == "ay0x"
    assert client.call("GetSession", {"sessionId": "5"}, headers={"Idempotency-Key": "k" * 201}).code == 3


@pytest.mark.parametrize(
    ("session_id", "code", "message", "detail"),
    [
        ("missing", 5, "Session does not exist (QUERY-SFeaa)", "QUERY-SFeaa"),
        ("busy", 14, "come back later (ostiary.busy)", "ostiary.busy"),
        ("plain", 5, "no id here", ""),
    ],
)
def test_errors(client: Client, session_id: str, code: int, message: str, detail: str) -> None:
    """An error has its code, its text with the id, and its id in the detail."""
    answer = client.call("GetSession", {"sessionId": session_id})
    assert (answer.code, answer.message, answer.detail_id) == (code, message, detail)


def test_hint_and_retry(client: Client) -> None:
    """The hint for the integrator and the time to wait are said beside the error."""
    hinted = client.call("GetSession", {"sessionId": "missing"}).headers
    assert hinted["x-ostiary-hint"] == "L%C3%B6sche nie; look %22twice%22"
    assert client.call("GetSession", {"sessionId": "busy"}).headers["retry-after"] == "3"


def test_failed_password_checks(client: Client) -> None:
    """A wrong password's detail carries its id."""
    answer = client.call("CreateSession", {"checks": {"password": {"password": "wrong"}}})
    assert (answer.code, answer.detail_id) == (3, "COMMAND-3M0fs")


def test_german(client: Client) -> None:
    """The text follows Accept-Language, the id does not."""
    answer = client.call(
        "GetSession", {"sessionId": "missing"}, headers={"Accept-Language": "de-AT,de;q=0.9"}
    )
    assert answer.message == "Diese Sitzung gibt es nicht (QUERY-SFeaa)"


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (None, "auth header missing"),
        ("Basic abc", "invalid auth header (AUTH-toLo1)"),
        ("Bearer bad", "Token is invalid (AUTH-7fs1e)"),
    ],
)
def test_nobody_known(client: Client, header: str | None, message: str) -> None:
    """Without a good token the answer is Unauthenticated."""
    headers = {"Authorization": header} if header is not None else {}
    answer = client.call("GetSession", {"sessionId": "5"}, token="", headers=headers)
    assert (answer.code, answer.message) == (16, message)


def test_authentication_comes_first(client: Client) -> None:
    """Whoever is not known does not learn that the message is wrong."""
    body = b"{" if client.json else b"\xff"
    if type(client).__name__ == "Rest":
        assert client.send("CreateSession", body, {}).code == 16
    else:
        assert client.send("GetSession", body, {}).code == 16


def test_limits(client: Client) -> None:
    """A value outside its limits is refused in the wire's own sentence, without an id."""
    answer = client.call("GetSession", {"sessionId": "9" * 201})
    sentence = "invalid GetSessionRequest.SessionId: value length must be between 1 and 200 runes, inclusive"
    assert (answer.code, answer.message, answer.detail_id) == (3, sentence, "")
    nested = client.call("CreateSession", {"checks": {"user": {}}})
    assert nested.message == (
        "invalid CreateSessionRequest.Checks: embedded message failed validation | caused by: "
        "invalid Checks.User: embedded message failed validation | caused by: "
        "invalid CheckUser.Search: value is required"
    )


def test_faults_of_ours(client: Client, sessions: FakeSessions) -> None:
    """An unforeseen error is Internal, says nothing of itself, and is logged under the id the caller is told."""
    answer = client.call("GetSession", {"sessionId": "boom"})
    request_id = answer.headers["x-request-id"]
    assert answer.code == 13
    assert answer.message == f"An internal error occurred (request {request_id})"
    logged = [entry for entry in sessions.log if entry.get("request_id") == request_id]
    assert len(logged) == 1
    assert isinstance(logged[0]["exc_info"], ValueError)


def test_the_callers_request_id(client: Client, sessions: FakeSessions) -> None:
    """A well-formed request id of the caller is the one that is logged, another is not."""
    kept = client.call("GetSession", {"sessionId": "boom"}, headers={"X-Request-Id": "abc-1"})
    assert kept.headers["x-request-id"] == "abc-1"
    other = client.call("GetSession", {"sessionId": "boom"}, headers={"X-Request-Id": "a b{}"})
    assert other.headers["x-request-id"].startswith("request-")


TIMED = ["connect-json", "connect-binary", "grpc-web", "grpc-web-json", "grpc-web-text"]


def _limit(client: Client, value: str, grpc_value: str) -> dict[str, str]:
    name = type(client).__name__
    return {"Connect-Timeout-Ms": value} if name.startswith("Connect") else {"Grpc-Timeout": grpc_value}


@pytest.mark.parametrize("client", TIMED, indirect=True)
def test_deadlines(client: Client, sessions: FakeSessions) -> None:
    """A caller's time limit is kept, and what was begun goes on to its end."""
    before = len(sessions.finished)
    started = time.monotonic()
    answer = client.call("GetSession", {"sessionId": "slow"}, headers=_limit(client, "30", "30m"))
    assert answer.code == 4
    assert time.monotonic() - started < 0.25
    time.sleep(0.4)
    assert len(sessions.finished) == before + 1


@pytest.mark.parametrize("client", TIMED, indirect=True)
def test_bad_deadlines(client: Client) -> None:
    """A time limit that is none is refused."""
    assert client.call("GetSession", {"sessionId": "5"}, headers=_limit(client, "soon", "soon")).code == 3
