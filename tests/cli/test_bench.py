"""What ``ostiary bench`` measures with."""

import pytest

from ostiary.app.enumeration import mann_whitney
from ostiary.cli import run


def test_mann_whitney() -> None:
    """Samples of one distribution are likely, shifted ones are not."""
    even, odd = [float(n) for n in range(0, 200, 2)], [float(n) for n in range(1, 200, 2)]
    assert mann_whitney(even, odd) == pytest.approx(0.903, abs=0.001)
    assert mann_whitney(even, [value + 60 for value in odd]) < 0.001


def test_known_and_unknown_names(capsys: pytest.CaptureFixture[str]) -> None:
    """Both kinds of names are sent, and the difference is told."""
    status = run(["bench", "--enumeration", "--sessions", "20", "--samples", "5"])
    assert "Mann-Whitney p =" in capsys.readouterr().out
    assert status in {0, 1}  # so few samples judge nothing


def test_operations(capsys: pytest.CaptureFixture[str]) -> None:
    """Every operation is measured without an error."""
    assert run(["bench", "--sessions", "400", "--seconds", "0.2", "--connections", "4"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[2:]]
    assert [row[0] for row in rows] == [
        "get_session",
        "create_session",
        "create_session_password",
        "set_session_totp",
        "list_sessions",
        "delete_session",
    ]
    assert {row[-1] for row in rows} == {"0"}, rows
