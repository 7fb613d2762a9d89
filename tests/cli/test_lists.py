"""What operators list beside a running server: users, applications, the audit."""

import json
from datetime import datetime, timedelta

import pytest

from ostiary.cli import run
from tests.cli.process import Serving

Captured = pytest.CaptureFixture[str]


def listed(captured: Captured, *command: str) -> list[str]:
    """The lines that a command prints."""
    assert run(list(command)) == 0
    return captured.readouterr().out.splitlines()


def test_users(dev: Serving, capsys: Captured) -> None:
    """People and service users, of a name or a state if one is asked for."""
    place = ("--data", str(dev.data))
    assert any(" alice " in line for line in listed(capsys, "user", "list", *place))
    (alice,) = listed(capsys, "user", "list", "--named", "ALICE@", *place)
    assert ("active" in alice, alice.split()[1]) == (True, "alice")
    assert listed(capsys, "user", "list", "--state", "initial", "--named", "alice", *place) == []
    assert len(listed(capsys, "user", "list", "--limit", "2", *place)) == 2


def test_applications(dev: Serving, capsys: Captured) -> None:
    """Each with its project."""
    place = ("--data", str(dev.data))
    assert (
        run(["app", "create", "shop", "till", "--redirect-uri", "https://till.example.com/cb", *place]) == 0
    )
    client_id = capsys.readouterr().out.split()[1]
    (till,) = listed(capsys, "app", "list", "--named", "TILL", *place)
    assert till.startswith(client_id)
    assert till.endswith("shop / till")
    assert len(listed(capsys, "app", "list", *place)) > 1


def test_audit(dev: Serving, capsys: Captured) -> None:
    """Records by and of somebody, of a kind, since a time; in a table or as JSON."""
    place = ("--data", str(dev.data))
    assert run(["user", "create", "frank", "--email", "frank@example.com", *place]) == 0
    wrong = {"checks": {"user": {"loginName": "frank"}, "password": {"password": "wrong"}}}
    assert dev.ask("POST", "/v2/sessions", wrong, token=dev.admin)[0] == 400
    capsys.readouterr()
    (line,) = listed(
        capsys, "audit", "list", "--about", "frank", "--action", "session.r", "--limit", "1", *place
    )
    assert " session.refused " in line
    (text,) = listed(capsys, "audit", "list", "--action", "session.refused", "--limit", "1", "--json", *place)
    record = json.loads(text)
    assert record["detail"]["factor"] == "password"
    later = (datetime.fromisoformat(record["at"]) + timedelta(days=9000)).isoformat()
    assert listed(capsys, "audit", "list", "--since", later[:10], *place) == []
    assert listed(capsys, "audit", "list", "--about", "nobody-of-that-name", *place) == []
