"""The doctor tells a healthy set-up from an ill one."""

from pathlib import Path

import pytest

from ostiary.cli import run
from tests.cli.process import Serving, free_port
from tests.grpc.certificate import write_certificate

Captured = pytest.CaptureFixture[str]


def _examine(data: Path, capsys: Captured, *more: str) -> tuple[int, str]:
    status = run(["doctor", "--data", str(data), *more])
    return status, capsys.readouterr().out


def test_beside_a_server(dev: Serving, capsys: Captured) -> None:
    """A running server is found by its lock and asked whether it is ready."""
    status, text = _examine(dev.data, capsys, "--port", str(dev.port))
    assert f"Process {dev.process.pid} serves" in text
    assert "says that it is ready" in text
    assert "alice's password" in text
    assert status in {0, 1}  # a moved test clock is worth a word


def test_ill(tmp_path: Path, capsys: Captured) -> None:
    """Open folders, wrong keys, damaged databases and taken names are each told, and the status is 1."""
    data, port = tmp_path / "data", ["--port", str(free_port())]
    assert run(["migrate", "--data", str(data)]) == 0
    status, text = _examine(data, capsys, *port)
    assert (status, "WRONG" in text) == (0, False)
    (data / "admin.pat").chmod(0o644)
    assert "Others may look into" in _examine(data, capsys, *port)[1]
    (data / "admin.pat").chmod(0o600)
    key = (data / "master.key").read_text()
    (data / "master.key").write_text("1:" + "A" * 43 + "=\n")
    assert "not this database's" in _examine(data, capsys, *port)[1]
    (data / "master.key").write_text("not a key")
    assert _examine(data, capsys, *port)[0] == 1
    (data / "master.key").write_text(key)
    assert "not https" in _examine(data, capsys, "--external-url", "http://id.example.com", *port)[1]
    assert "breached_passwords: " in _examine(data, capsys, "--breached-passwords", "nowhere", *port)[1]
    (data / "ostiary.db").write_bytes(b"something else entirely" * 100)
    status, text = _examine(data, capsys, *port)
    assert (status, "cannot be read" in text) == (1, True)


def test_before_the_first_start(tmp_path: Path, capsys: Captured) -> None:
    """An empty place is no illness, and stays empty."""
    status, text = _examine(tmp_path / "none", capsys, "--port", str(free_port()))
    assert (status, "There is no data folder" in text) == (0, True)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("days", "host", "said", "expected"),
    [
        (-1, "localhost", "WRONG  The certificate", 1),
        (1, "localhost", " note  The certificate", 0),
        (30, "localhost", "  ok   The certificate", 0),
        (30, "id.example.com", "is not for id.example.com", 1),
    ],
)
def test_certificate(
    tmp_path: Path, capsys: Captured, days: int, host: str, said: str, expected: int
) -> None:
    """One that is over, ends soon or is for another host is told."""
    certificate, key = write_certificate(tmp_path, days)
    given = ["--tls-cert", str(certificate), "--tls-key", str(key), "--external-url", f"https://{host}"]
    status, text = _examine(tmp_path / "none", capsys, "--port", str(free_port()), *given)
    assert said in text
    assert status == expected


def test_no_certificate(tmp_path: Path, capsys: Captured) -> None:
    """Files that are none are named, as the start would."""
    file = tmp_path / "none.pem"
    status, text = _examine(tmp_path / "none", capsys, "--tls-cert", str(file), "--tls-key", str(file))
    assert f"{file} cannot be read" in text
    assert status == 1
