"""Every value of a policy is read where it counts, or docs/policies.md says why nothing reads it."""

import re
from pathlib import Path

import msgspec

from ostiary.core.policy import POLICY_TYPES, Theme

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src/ostiary"
# What merely stores, translates or tells values.
_TELLS = {
    "core/policy.py",
    "api/policy_bodies.py",
    "api/settings_messages.py",
    "api/settings_changes.py",
    "api/settings.py",
}
_HALVES = (ROOT / "docs/policies.md").read_text().split("## Kept for the wire")


def fields() -> set[tuple[str, str]]:
    """Group and name of every value, those of themes among branding's."""
    found = {
        (group, field.name) for group, kind in POLICY_TYPES.items() for field in msgspec.structs.fields(kind)
    }
    return found | {("branding", field.name) for field in msgspec.structs.fields(Theme)}


def reading() -> str:
    """All code and templates that could honour a value."""
    texts = [
        path.read_text()
        for kind in ("*.py", "*.html")
        for path in SOURCE.rglob(kind)
        if str(path.relative_to(SOURCE)) not in _TELLS and "_pb" not in path.parts
    ]
    return "\n".join(texts)


def test_read_or_kept() -> None:
    """A value is read as an attribute, or named as a text where fields are looked up; else it is told to be kept."""
    code = reading()
    read = {name for _, name in fields() if re.search(rf"\.{name}\b|\"{name}\"", code)}
    kept = set(re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", _HALVES[1], re.MULTILINE))
    assert {f"{group}.{name}" for group, name in fields() if name not in read} == kept


def test_told() -> None:
    """Every value stands in the table, itself or with all others of its group."""
    told = set(re.findall(r"`([a-z_]+)`", _HALVES[0]))
    whole = set(re.findall(r"^\| \*\*([a-z_]+)\*\* \(all", _HALVES[0], re.MULTILINE))
    kept = {name.partition(".")[2] for name in re.findall(r"`([a-z_]+\.[a-z_]+)`", _HALVES[1])}
    assert [one for one in fields() if one[1] not in told | kept and one[0] not in whole] == []
