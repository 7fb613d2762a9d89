"""What no tracked file may hold, and whether the lock says what the project asks for."""

import re
import tomllib
from typing import Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.source import TOP, tracked

# in parts, so that this file does not name them
REGISTRIES: Final = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"),
        ("yarnpkg", "com"), ("crates", "io"), ("proxy", "golang", "org"), ("rubygems", "org"),
        ("repo", "maven", "apache", "org"), ("repo1", "maven", "org"), ("anaconda", "org"),
    )
)  # fmt: skip
MACHINE_PATH: Final = re.compile(r"(?<![\w.~$}<>-])/(root|work|opt/wheels)/\S|(?<![\w.])/(home|Users)/\w+/\w")
BESIDE: Final = re.compile(r"\.\./shared")
MAY_LOOK_BESIDE: Final = (".ci/run", "bench/")
LOCKS: Final = ("serve.txt", "dev.txt")


def _text(path: str) -> str:
    return (TOP / path).read_text("utf-8", errors="replace")


def test_no_registry() -> None:
    """No tracked file names the host of a package registry."""
    found = [(path, host) for path in tracked() for host in REGISTRIES if host in _text(path)]
    assert found == []


def test_no_path_of_a_machine() -> None:
    """No tracked file names a path of the machine it was written on."""
    found = [(path, hit[0]) for path in tracked() if (hit := MACHINE_PATH.search(_text(path)))]
    assert found == []


def test_stands_alone() -> None:
    """Only CI and the benchmarks look beside the checkout."""
    found = [path for path in tracked() if BESIDE.search(_text(path))]
    assert [path for path in found if not path.startswith(MAY_LOOK_BESIDE)] == []


def test_no_uv_lock() -> None:
    """Locks that record download addresses stay out of git."""
    names = {path.rpartition("/")[2] for path in tracked()}
    assert not names & {"uv.lock", "poetry.lock"}


def _locked(name: str) -> dict[str, str]:
    text = (TOP / "requirements" / name).read_text("utf-8")
    return {
        canonicalize_name(package): version
        for package, version in re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==([^\s;]+)", text, re.MULTILINE)
    }


@pytest.mark.parametrize("name", LOCKS)
def test_lock_fits(name: str) -> None:
    """The lock holds what the project asks for, at versions it accepts."""
    project = tomllib.loads(_text("pyproject.toml"))
    asked = [*project["project"]["dependencies"], *project["dependency-groups"]["build"]]
    asked += project["project"]["optional-dependencies"]["postgres"]
    if name == "dev.txt":
        asked += project["dependency-groups"]["dev"]
        asked += tomllib.loads(_text("sdk/pyproject.toml"))["project"]["dependencies"]
    locked = _locked(name)
    for wanted in map(Requirement, asked):
        version = locked.get(canonicalize_name(wanted.name))
        assert version is not None, f"{wanted}: run tools/lock"
        assert wanted.specifier.contains(version), f"{wanted}, locked {version}: run tools/lock"


def test_locks_agree() -> None:
    """Tests run with the very versions the server runs with."""
    serve, dev = map(_locked, LOCKS)
    assert serve
    assert {name: dev.get(name) for name in serve} == serve


def test_locks_hold_hashes() -> None:
    """Every locked package has hashes, and no line is an option or an address."""
    for path in sorted((TOP / "requirements").glob("*.txt")):
        entries = re.split(r"\n(?=\S)", path.read_text("utf-8").strip())
        assert all(re.match(r"[\w.-]+(\[[\w,]+\])?==", entry) for entry in entries)
        assert all("--hash=sha256:" in entry for entry in entries)
