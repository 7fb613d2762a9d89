"""What operators register at the machine itself, beside a running server: it works at once."""

import json
import stat
from pathlib import Path

import pytest
import requests

from ostiary.cli import run
from tests.served import Served

Captured = pytest.CaptureFixture[str]


def test_application(served: Served, tmp_path: Path, capsys: Captured) -> None:
    """A client made by command authenticates with the secret in its file, which is for its owner alone."""
    file, place = tmp_path / "client.json", [*served.place]
    create = ["app", "create", "by-hand", "site", "--redirect-uri", "https://a.example/cb", *place]
    assert run([*create, "--file", str(file)]) == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    made = json.loads(file.read_text())
    said = capsys.readouterr().out
    assert made["client_id"] in said
    assert made["client_secret"] not in said
    answer = requests.post(
        f"{served.base}/oauth/v2/introspect",
        data={"token": "nothing"},
        auth=(made["client_id"], made["client_secret"]),
        timeout=30,
    )
    assert answer.json() == {"active": False}
    assert run([*create, "--file", str(file)]) == 1
    assert "is there already" in capsys.readouterr().err
    assert run(create) == 1
    assert "already exists" in capsys.readouterr().err


def test_kinds(served: Served, capsys: Captured) -> None:
    """A program that cannot keep a secret gets none; an API has no redirect; bad wishes are told."""
    place = [*served.place]
    create = ["app", "create", "kinds"]
    local = ["--redirect-uri", "http://localhost/cb"]
    assert run([*create, "cli", "--type", "native", *local, "--opaque", *place]) == 0
    assert "client_secret" not in capsys.readouterr().out
    assert run([*create, "api", "--type", "api", *place]) == 0
    assert "client_secret oscs_" in capsys.readouterr().out
    assert run([*create, "x", *place]) == 1
    assert run([*create, "x", "--redirect-uri", "http://a.example/cb", *place]) == 1
    assert run([*create, "x", "--redirect-uri", "http://a.example/cb", "--dev", *place]) == 0
    assert run([*create, "y", "--type", "toaster", *place]) == 1
    assert "--type is one of" in capsys.readouterr().err


def test_machine(served: Served, tmp_path: Path, capsys: Captured) -> None:
    """A service user's key file and client secret are written, and its secret opens the token endpoint."""
    key, secret = tmp_path / "service.json", tmp_path / "secret.json"
    create = ["machine", "create", "keyed", "--role", "ORG_USER_MANAGER", *served.place]
    assert run([*create, "--key", str(key), "--secret", str(secret)]) == 0
    assert "PRIVATE" not in capsys.readouterr().out
    file, made = json.loads(key.read_text()), json.loads(secret.read_text())
    assert {"type", "keyId", "key", "userId"} <= set(file)
    assert file["type"] == "serviceaccount"
    assert made["client_id"] == "keyed"
    answer = requests.post(
        f"{served.base}/oauth/v2/token",
        data={"grant_type": "client_credentials", "scope": "openid"},
        auth=(made["client_id"], made["client_secret"]),
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["access_token"]
