"""What the server writes holds no secret."""

import io
import json
from datetime import UTC, datetime

from ostiary.core.secret import SESSION_TOKEN, Secret, token_text
from ostiary.logs import HIDDEN, open_log
from tests.cli.conftest import Start

PASSWORD = "Correct-horse-7-battery"


def test_whole_output_holds_no_secret(start: Start) -> None:
    """Passwords, tokens, codes and keys of a day's work are nowhere in what the server wrote."""
    serving = start("--access-log", "--log-level", "debug", "--log-format", "json")
    admin = serving.admin
    person = {
        "username": "carol",
        "profile": {"givenName": "C", "familyName": "D"},
        "email": {"email": "carol@example.com", "returnCode": {}},
        "password": {"password": PASSWORD},
    }
    _, made = serving.ask("POST", "/v2/users/human", person, token=admin)
    checks = {"user": {"loginName": "carol"}, "password": {"password": PASSWORD}}
    _, session = serving.ask("POST", "/v2/sessions", {"checks": checks}, token=admin)
    wrong = {"user": {"loginName": "carol"}, "password": {"password": f"{PASSWORD}-wrong"}}
    assert serving.ask("POST", "/v2/sessions", {"checks": wrong}, token=admin)[0] == 400
    rpc = "/zitadel.session.v2.SessionService/CreateSession"
    assert serving.ask("POST", rpc, {"checks": checks}, token=admin)[0] == 200
    assert serving.ask("POST", rpc, {"checks": {"password": PASSWORD}}, token=admin)[0] == 400
    got = f"/v2/sessions/{session['sessionId']}?sessionToken={session['sessionToken']}"
    assert serving.ask("GET", got, token=f"{admin}x")[0] == 401
    assert serving.ask("GET", got, token=admin)[0] == 200
    assert serving.ask("POST", "/v2/users/human", "not an object", token=admin)[0] == 400
    assert serving.stop() == 0
    first_password = (serving.data / "admin.password").read_text().strip()
    master_key = (serving.data / "master.key").read_text().strip().partition(":")[2]
    secrets = [PASSWORD, admin, session["sessionToken"], made["emailCode"], first_password, master_key]
    assert [secret for secret in secrets if secret in serving.output] == []
    events = [json.loads(line) for line in serving.output.splitlines() if line.startswith("{")]
    assert {"server.started", "call", "server.draining", "server.stopped"} <= {e["event"] for e in events}


def test_secrets_are_hidden_wherever_they_stand() -> None:
    """By the name of their field, by the form of our tokens, in nested values and in tracebacks."""
    token = token_text(SESSION_TOKEN, "17", bytes(32))
    written = io.StringIO()
    log = open_log(written, console=False, level="info", now=lambda: datetime(2030, 1, 1, tzinfo=UTC))
    log.info(
        "it", password="p1", nested=[{"client_secret": "p2", "fine": f"Bearer {PASSWORD}"}], o=Secret("p3")
    )
    log.warning("bytes", data=b"p4-bytes", text=f"header was {token}")
    try:
        raise ValueError(token)
    except ValueError:
        log.exception("failed")
    text = written.getvalue()
    assert [secret for secret in ("p1", "p2", "p3", "p4", PASSWORD, token) if secret in text] == []
    first, *_ = [json.loads(line) for line in text.splitlines()]
    assert first["at"] == "2030-01-01T00:00:00.000+00:00"
    assert first["nested"] == [{"client_secret": HIDDEN, "fine": HIDDEN}]


def test_levels_and_console() -> None:
    """Lines below the level are not written, and a terminal gets text."""
    written = io.StringIO()
    log = open_log(written, console=True, level="warning", now=lambda: datetime(2030, 1, 1, tzinfo=UTC))
    log.info("quiet")
    log.warning("loud", token="p1")
    assert "quiet" not in written.getvalue()
    assert "loud" in written.getvalue()
    assert "p1" not in written.getvalue()
