"""Starting, refusing to start, and leaving."""

import json
import re
import resource
import shlex
import shutil
import signal
import stat
from pathlib import Path

import pytest

from ostiary.cli import run
from tests.cli.conftest import Start
from tests.cli.process import Serving, ostiary

FIRST_FILES = {"admin.pat", "login-client.pat", "admin.password", "master.key"}


def test_first_and_second_start(start: Start, tmp_path: Path) -> None:
    """The first start writes its secrets for their owner alone; the second changes none of them."""
    data = tmp_path / "data"
    first = start()
    assert first.stop() == 0
    before = {name: (data / name).read_bytes() for name in FIRST_FILES}
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert {stat.S_IMODE((data / name).stat().st_mode) for name in (*FIRST_FILES, "ostiary.db")} == {0o600}
    second = start()
    assert second.ask("GET", "/v2/settings", token=second.admin)[0] == 200
    assert second.stop() == 0
    assert {name: (data / name).read_bytes() for name in FIRST_FILES} == before


def test_restored(start: Start, tmp_path: Path) -> None:
    """A copy of database and master key serves as before, and its first screen names no file that is not there."""
    first = start()
    token = first.admin
    assert first.stop() == 0
    copy = tmp_path / "copy"
    copy.mkdir(mode=0o700)
    for name in ("ostiary.db", "master.key"):
        shutil.copy(tmp_path / "data" / name, copy / name)
    restored = Serving(copy)
    status = restored.ask("GET", "/v2/settings", token=token)[0]
    assert (restored.stop(), status) == (0, 200)
    assert "Ostiary" in restored.output
    assert "admin.p" not in restored.output


def test_roles_of_the_first_tokens(dev: Serving) -> None:
    """The administrator's token may make users, the login client's may not, and both may make sessions."""
    person = {"profile": {"givenName": "A", "familyName": "B"}, "email": {"email": "roles@example.com"}}
    login_client = (dev.data / "login-client.pat").read_text().strip()
    assert dev.ask("POST", "/v2/organizations", {"name": "Roles"}, token=dev.admin)[0] in {200, 201}
    assert dev.ask("POST", "/v2/organizations", {"name": "Roles 2"}, token=login_client)[0] == 403
    assert dev.ask("POST", "/v2/users/human", person, token=dev.admin)[0] in {200, 201}
    body = {"checks": {"user": {"loginName": "admin"}}}
    for token in (dev.admin, login_client):
        assert dev.ask("POST", "/v2/sessions", body, token=token)[0] in {200, 201}


def test_printed_commands_work(dev: Serving) -> None:
    """The commands of the first screen do what they say, as they are printed."""
    commands = [line for line in dev.log.read_text().splitlines() if line.startswith("  curl ")]
    answers = [_curl(dev, line) for line in commands]
    assert "sessionToken" in answers[0]
    assert "sessions" in answers[1]


def _curl(dev: Serving, line: str) -> str:
    text = re.sub(r"\$\(cat (.*?)\)", lambda found: (dev.data.parent / found[1]).read_text().strip(), line)
    words = shlex.split(text)
    headers = dict(words[at + 1].split(":", 1) for at, word in enumerate(words) if word == "-H")
    url = next(word for word in words if word.startswith("http://"))
    body = json.loads(words[words.index("-d") + 1])
    token = headers["Authorization"].split()[1]
    status, answer = dev.ask("POST", "/" + url.split("/", 3)[3], body, token=token)
    assert status in {200, 201}, answer
    return json.dumps(answer)


def test_administrator_logs_in(dev: Serving) -> None:
    """The password that the first start wrote is the administrator's."""
    password = (dev.data / "admin.password").read_text().strip()
    checks = {"user": {"loginName": "admin"}, "password": {"password": password}}
    assert dev.ask("POST", "/v2/sessions", {"checks": checks}, token=dev.admin)[0] in {200, 201}
    checks["password"] = {"password": "wrong"}
    assert dev.ask("POST", "/v2/sessions", {"checks": checks}, token=dev.admin)[0] == 400


def test_one_process_serves(dev: Serving, capsys: pytest.CaptureFixture[str]) -> None:
    """A second server and a migration are refused, and told who is there."""
    for command in ("serve", "migrate"):
        assert run([command, "--data", str(dev.data)]) == 1
        said = capsys.readouterr()
        assert f"in use by process {dev.process.pid}" in said.err
        assert said.out == ""


def test_taken_port(dev: Serving, tmp_path: Path) -> None:
    """A port that somebody has is told in a sentence, not in a traceback."""
    refused = ostiary("serve", "--data", str(tmp_path / "data"), "--port", str(dev.port))
    assert refused.returncode == 1
    assert f"Cannot serve on 127.0.0.1:{dev.port}" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_crash_between_files_and_save(start: Start, tmp_path: Path) -> None:
    """Secrets that a crash left without their instance are replaced by such that open it."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "admin.pat").write_text("of an instance that never was\n")
    serving = start()
    assert serving.ask("GET", "/v2/settings", token=serving.admin)[0] == 200


def test_kill_and_start(start: Start) -> None:
    """What was acknowledged before a kill is there after it."""
    first = start()
    body = {"checks": {"user": {"loginName": "admin"}}}
    _, made = first.ask("POST", "/v2/sessions", body, token=first.admin)
    assert first.stop(signal.SIGKILL) == -signal.SIGKILL
    second = start()
    assert second.ask("GET", f"/v2/sessions/{made['sessionId']}", token=second.admin)[0] == 200


def test_failed_disk(start: Start) -> None:
    """When a commit fails in a way that nobody can judge, the server says so and leaves with an error."""
    serving = start()
    resource.prlimit(serving.process.pid, resource.RLIMIT_FSIZE, (4096, 4096))
    body = {"checks": {"user": {"loginName": "admin"}}}
    assert serving.ask("POST", "/v2/sessions", body, token=serving.admin)[0] == 503
    assert serving.ended() == 1
    assert "server.failed" in serving.output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--dev", "--host", "0.0.0.0"], "refused on the address 0.0.0.0"),  # noqa: S104
        (["--test-clock"], "needs dev"),
        (["--workers", "2"], "one process serves"),
        (["--workers", "0", "--database", "postgresql://h/d"], "1 to 64 workers"),
        (["--database", "mysql://h/d"], "must be `sqlite`"),
        (["--tls-cert", "x"], "TLS needs both"),
        (["--port", "70000"], "no port 70000"),
        (["--external-url", "ftp://x"], "must be an http or https URL"),
        (["--external-url", "https://x/path"], "scheme, host and port only"),
        (["--log-level", "loud"], "It takes: debug or info"),
        (["--config", "nowhere.toml"], "no file nowhere.toml"),
        (["--tls-cert", ""], "tls_cert is empty"),
        (["--breached-passwords", "nowhere"], "breached_passwords: "),
        (["--smtp-ca", "nowhere"], "nowhere cannot be read: No such file"),
        (["--host", ""], "host is empty"),
        (["--drain-s=-1"], "drain_s cannot be less than 0"),
    ],
)
def test_refused_settings(
    arguments: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What does not go together is refused in a sentence, and nothing is made."""
    assert run(["serve", "--data", str(tmp_path / "data"), *arguments]) == 1
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


def test_empty_data(capsys: pytest.CaptureFixture[str]) -> None:
    """An empty name is not the folder we happen to be in."""
    assert run(["serve", "--data", ""]) == 1
    assert "data is empty" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("certificate", "sentence"),
    [
        (None, "cannot be read: No such file"),
        ("not a certificate", "are not a certificate and its key"),
    ],
)
def test_refused_certificate(
    certificate: str | None, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A certificate that is missing or none is told with its file's name."""
    file = tmp_path / "cert.pem"
    if certificate is not None:
        file.write_text(certificate)
    given = ["--tls-cert", str(file), "--tls-key", str(file), "--port", "0"]
    assert run(["serve", "--data", str(tmp_path / "data"), *given]) == 1
    said = capsys.readouterr().err
    assert str(file) in said
    assert sentence in said


def test_folder_of_others(start: Start, tmp_path: Path) -> None:
    """A folder that already holds something is used, and its mode left alone; our files in it are private."""
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    (data / "kept.txt").write_text("of somebody else")
    start().stop()
    assert stat.S_IMODE(data.stat().st_mode) == 0o755
    made = [path for path in data.iterdir() if path.name != "kept.txt"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o600}


def test_unknown_settings(tmp_path: Path) -> None:
    """A name that is no setting is refused wherever it stands, and the right one is guessed."""
    assert "Is it OSTIARY_PORT?" in ostiary("settings", OSTIARY_PROT="1").stderr
    file = tmp_path / "ostiary.toml"
    file.write_text("prot = 1\n")
    refused = ostiary("settings", "--config", str(file))
    assert (refused.returncode, "prot" in refused.stderr) == (1, True)


def test_wrong_master_key(start: Start, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another master key, or none, is noticed at the start."""
    data = tmp_path / "data"
    assert start().stop() == 0
    key = data / "master.key"
    key.write_text("1:" + "A" * 43 + "=\n")
    assert run(["session", "list", "--data", str(data)]) == 1
    assert "not the one this database was made with" in capsys.readouterr().err
    key.unlink()
    assert run(["session", "list", "--data", str(data)]) == 1
    assert "master key is missing" in capsys.readouterr().err
    assert not key.exists()
