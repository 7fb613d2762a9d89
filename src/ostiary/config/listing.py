"""The settings as they are shown: their names, kinds, meanings and values; no secret is."""

from typing import get_type_hints

from ostiary.config.settings import Settings
from ostiary.core.secret import Secret, without_password


def names() -> tuple[str, ...]:
    """Every setting's name."""
    return Settings.__struct_fields__


def switches() -> frozenset[str]:
    """Settings that are true or false."""
    return frozenset(name for name in names() if isinstance(getattr(Settings(), name), bool))


def words() -> frozenset[str]:
    """Settings that take a value on the command line, where everybody may read it: no secret, therefore."""
    return frozenset(names()) - switches() - secrets()


def secrets() -> frozenset[str]:
    """Settings that nobody may see."""
    return frozenset(name for name in names() if isinstance(getattr(Settings(), name), Secret))


def table() -> list[tuple[str, str, str, str]]:
    """Name, unit, default and meaning of every setting."""
    hints, defaults = get_type_hints(Settings, include_extras=True), values(Settings())
    said = {name: hint.__metadata__ for name, hint in hints.items()}
    return [(name, said[name][0], defaults[name], said[name][1]) for name in names()]


def values(settings: Settings) -> dict[str, str]:
    """Every setting as it holds; secrets are stars."""
    shown = {name: _shown(getattr(settings, name)) for name in names()}
    return shown | {"database": without_password(settings.database)}


def _shown(value: object) -> str:
    if isinstance(value, Secret):
        return "***" if value.reveal() else ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
