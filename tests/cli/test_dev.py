"""What ``--dev`` and ``--test-clock`` add."""

import json
import time
from typing import Any

from tests.cli.process import Serving


def test_alice(dev: Serving) -> None:
    """The user of dev.json logs in with its password, and has a verified email address."""
    alice = json.loads((dev.data / "dev.json").read_text())
    checks = {"user": {"loginName": alice["login_name"]}, "password": {"password": alice["password"]}}
    status, made = dev.ask("POST", "/v2/sessions", {"checks": checks}, token=dev.admin)
    assert status in {200, 201}, made
    _, got = dev.ask("GET", f"/v2/sessions/{made['sessionId']}", token=dev.admin)
    user_id = got["session"]["factors"]["user"]["id"]
    _, user = dev.ask("GET", f"/v2/users/{user_id}", token=dev.admin)
    assert user["user"]["human"]["email"] == {"email": "alice@example.com", "isVerified": True}


def test_outbox(dev: Serving) -> None:
    """A code that would be mailed becomes a file and a line on the console, once."""
    person = {"profile": {"givenName": "O", "familyName": "B"}, "email": {"email": "outbox@example.com"}}
    assert dev.ask("POST", "/v2/users/human", person, token=dev.admin)[0] in {200, 201}
    mail = _mail_to(dev, "outbox@example.com")
    assert mail["template"] == "verify_email"
    assert mail["code"]
    time.sleep(0.5)
    assert dev.log.read_text().count("email to outbox@example.com") == 1


def _mail_to(dev: Serving, recipient: str) -> dict[str, Any]:
    until = time.monotonic() + 5
    while time.monotonic() < until:
        for file in (dev.data / "outbox").glob("*.json"):
            mail: dict[str, Any] = json.loads(file.read_text())
            if mail["recipient"] == recipient:
                return mail
        time.sleep(0.05)
    raise AssertionError("no mail")


def test_clock(dev: Serving) -> None:
    """Time moves when told to: a session of a minute is over after two."""
    body = {"checks": {"user": {"loginName": "alice"}}, "lifetime": "60s"}
    _, made = dev.ask("POST", "/v2/sessions", body, token=dev.admin)
    set_ = {"metadata": {"a": "YQ=="}, "sessionToken": made["sessionToken"]}
    assert dev.ask("POST", "/debug/clock", {"advance": "120s"})[0] == 200
    status, answer = dev.ask("PATCH", f"/v2/sessions/{made['sessionId']}", set_, token=dev.admin)
    assert status == 400, answer
    refused: tuple[object, ...] = ({"advance": "-1s"}, {"advance": "1h"}, {}, [], None)
    for wrong in refused:
        assert dev.ask("POST", "/debug/clock", wrong)[0] == 400


def test_operators_endpoints(dev: Serving) -> None:
    """Alive, ready, and counted by RPC and code."""
    assert dev.ask("GET", "/debug/healthz") == (200, "ok\n")
    assert dev.ask("GET", "/debug/ready") == (200, "ok\n")
    assert dev.ask("GET", "/debug/validate") == (200, {"ready": True, "problems": []})
    dev.ask("GET", "/v2/sessions/1", token=dev.admin)
    _, text = dev.ask("GET", "/metrics")
    assert 'ostiary_rpc_total{code="NOT_FOUND",rpc="zitadel.session.v2.SessionService/GetSession"}' in text
    assert "ostiary_writer_queued 0.0" in text
