"""Commands beside a running server: what they change holds from its next request on."""

import stat
from pathlib import Path

import pytest

from ostiary.cli import run
from tests.cli.process import Serving, ostiary

Captured = pytest.CaptureFixture[str]


def test_help(capsys: Captured) -> None:
    """Help names defaults that say something, and offers no flag that empties a list."""
    assert run(["app", "create", "--help"]) == 0
    text = capsys.readouterr().out
    assert "[default: web]" in text
    assert 'default: ""' not in text
    assert "--empty-" not in text


def test_person(dev: Serving, capsys: Captured) -> None:
    """A person made by command logs in, is locked out, let in, and gets a new password."""
    place = ["--data", str(dev.data)]
    assert run(["user", "create", "dave", "--email", "dave@example.com", *place]) == 0
    first = capsys.readouterr().out.split("password ")[1].strip()
    assert _login(dev, "dave", first) == 201
    assert run(["user", "lock", "dave", *place]) == 0
    assert _login(dev, "dave", first) == 400
    assert run(["user", "unlock", "dave", *place]) == 0
    assert _login(dev, "dave", first) == 201
    capsys.readouterr()
    assert run(["user", "password", "dave", *place]) == 0
    second = capsys.readouterr().out.split("password ")[1].strip()
    assert (_login(dev, "dave", first), _login(dev, "dave", second)) == (400, 201)


def _login(dev: Serving, name: str, password: str) -> int:
    checks = {"user": {"loginName": name}, "password": {"password": password}}
    return (
        201 if dev.ask("POST", "/v2/sessions", {"checks": checks}, token=dev.admin)[0] in {200, 201} else 400
    )


def test_password_from_file(dev: Serving, tmp_path: Path, capsys: Captured) -> None:
    """A given password is taken from a file, never printed, and held against the rules."""
    file, place = tmp_path / "password", ["--data", str(dev.data)]
    file.write_text("short\n")
    create = ["user", "create", "erin", "--email", "erin@example.com", "--password-file", str(file), *place]
    assert run(create) == 1
    assert "at least 8 bytes" in capsys.readouterr().err
    file.write_text("Long-enough-9\n")
    assert run(create) == 0
    assert "Long-enough" not in capsys.readouterr().out
    assert _login(dev, "erin", "Long-enough-9") == 201


def test_machine(dev: Serving, tmp_path: Path, capsys: Captured) -> None:
    """A service user's token works at once, lies in a private file, and never replaces another."""
    file, place = tmp_path / "login.pat", ["--data", str(dev.data)]
    create = ["machine", "create", "login", "--role", "IAM_LOGIN_CLIENT", "--pat", str(file), *place]
    assert run(create) == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    token = file.read_text().strip()
    assert token not in capsys.readouterr().out
    body = {"checks": {"user": {"loginName": "admin"}}}
    assert dev.ask("POST", "/v2/sessions", body, token=token)[0] in {200, 201}
    assert dev.ask("POST", "/v2/organizations", {"name": "No"}, token=token)[0] == 403
    assert run(create) == 1
    assert file.read_text().strip() == token
    assert run(["machine", "create", "other", "--role", "NOBODY", *place]) == 1
    assert run(["machine", "create", "other", "--role", "ORG_OWNER", "--org", "nowhere", *place]) == 1
    assert (
        run(["machine", "create", "other", "--role", "ORG_OWNER", "--org", "ostiary.localhost", *place]) == 0
    )


def test_sessions(dev: Serving, capsys: Captured) -> None:
    """Sessions are listed, and one that was ended is gone from the next request on."""
    place = ["--data", str(dev.data)]
    body = {"checks": {"user": {"loginName": "admin"}}}
    _, made = dev.ask("POST", "/v2/sessions", body, token=dev.admin)
    session_id = made["sessionId"]
    assert run(["session", "list", "--user", "admin", *place]) == 0
    assert session_id in capsys.readouterr().out
    assert run(["session", "end", session_id, *place]) == 0
    assert dev.ask("GET", f"/v2/sessions/{session_id}", token=dev.admin)[0] == 404
    assert run(["session", "end", session_id, *place]) == 1
    assert run(["session", "list", "--user", "nobody", *place]) == 1


def test_totp(dev: Serving, capsys: Captured) -> None:
    """The code of a secret is six digits, and what is no secret is told."""
    assert run(["totp", "GEZD GNBV-gy3t qojq GEZDGNBVGY3TQOJQ"]) == 0
    code = capsys.readouterr().out.strip()
    assert (len(code), code.isdigit()) == (6, True)
    assert run(["totp", "8"]) == 1
    assert run(["totp", "--user", "admin", "--data", str(dev.data)]) == 1
    assert "no authenticator app" in capsys.readouterr().err


def test_before_the_first_start(tmp_path: Path, capsys: Captured) -> None:
    """Commands on an empty folder say what to do, and make nothing."""
    assert run(["user", "lock", "admin", "--data", str(tmp_path / "none")]) == 1
    assert "`ostiary serve` makes one" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_migrate_makes_an_installation(tmp_path: Path, capsys: Captured) -> None:
    """Without a server, migrate does what the first start does, once."""
    place = ["--data", str(tmp_path / "data")]
    assert run(["migrate", *place]) == 0
    assert "A new installation" in capsys.readouterr().out
    assert run(["migrate", *place]) == 0
    assert "of this version" in capsys.readouterr().out


def test_alone_it_lists_its_commands() -> None:
    """Without arguments the program says what it can do."""
    shown = ostiary()
    assert shown.returncode == 0
    assert all(name in shown.stdout for name in ("serve", "doctor", "user", "machine", "session", "bench"))


def test_clean(dev: Serving, capsys: Captured) -> None:
    """Beside the server, what is over is removed; what is not stays."""
    session = dev.ask("POST", "/v2/sessions", {"checks": {"user": {"loginName": "alice"}}}, token=dev.admin)
    assert run(["clean", "--data", str(dev.data)]) == 0
    assert "session" not in capsys.readouterr().out
    path = f"/v2/sessions/{session[1]['sessionId']}"
    assert dev.ask("GET", path, token=dev.admin)[0] == 200
