"""Where settings come from: options of the command line, over ``OSTIARY_*``, over ``ostiary.toml``, over the defaults."""

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

import msgspec

from ostiary.config.listing import names
from ostiary.config.rules import refusal
from ostiary.config.settings import Settings, SettingsError
from ostiary.core.secret import Secret

PREFIX: Final = "OSTIARY_"
FILE: Final = Path("ostiary.toml")
_OF_OTHERS: Final = ("OSTIARY_BENCH_",)  # variables of the benchmarks, not ours
_FIELD: Final = re.compile(r"`\$\.(\w+)`")


def load(given: Mapping[str, Any], file: Path | None = None) -> Settings:
    """The settings as they hold; ``given`` are options of the command line (None: not given). Raises SettingsError."""
    here = Path.cwd()
    said = _of_file(file) | _of_environment(here) | _placed(given, here)
    try:
        settings = msgspec.convert(
            {"data": here / Settings().data, **said}, Settings, strict=False, dec_hook=_decoded
        )
    except msgspec.ValidationError as error:
        raise SettingsError(_told(str(error))) from None
    refused = refusal(settings)
    if refused:
        raise SettingsError(refused)
    return settings


def _of_file(file: Path | None) -> dict[str, Any]:
    if file is None and not FILE.exists():
        return {}
    path = (file or FILE).absolute()
    try:
        said = tomllib.loads(path.read_text())
    except FileNotFoundError:
        raise SettingsError(f"There is no file {file}.") from None
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read: {error}.") from None
    said = {name.replace("-", "_"): value for name, value in said.items()}
    for name in said.keys() - set(names()):
        raise SettingsError(f"{path} has {name}, which is no setting.{_meant(name, names())}")
    return _placed(said, path.parent)


def _of_environment(here: Path) -> dict[str, Any]:
    known = {f"{PREFIX}{name.upper()}": name for name in names()}
    said: dict[str, Any] = {}
    for variable, value in os.environ.items():
        if variable in known:
            said[known[variable]] = value
        elif variable.startswith(PREFIX) and not variable.startswith(_OF_OTHERS):
            advice = _meant(variable, tuple(known))
            raise SettingsError(f"The environment has {variable}, which is no setting.{advice}")
    return _placed(said, here)


def _placed(said: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """What was said, without what was not; paths are meant from that folder. Raises SettingsError."""
    paths = {"data", "tls_cert", "tls_key", "smtp_ca", "breached_passwords"}
    for name in paths & said.keys():
        if said[name] == "":  # it would be the folder itself
            raise SettingsError(f"{name} is empty: give it a path, or leave it out.")
    return {
        name: folder / value if name in paths and isinstance(value, str | Path) else value
        for name, value in said.items()
        if value is not None
    }


def _meant(name: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f" Is it {near[0]}?" if near else " `ostiary settings` lists all."


def _decoded(kind: type, value: Any) -> Any:
    if not isinstance(value, str | Path):
        raise ValueError("a text is expected")  # noqa: TRY004  as msgspec wants it
    return Secret(str(value)) if kind is Secret else Path(value)


def _told(message: str) -> str:
    """The setting that an error is about: its name and what it takes, never the value, which may be a secret."""
    field = _FIELD.search(message)
    if field is None:
        return "A setting has a value of the wrong form; `ostiary settings` lists all."
    kind, *said = get_args(get_type_hints(Settings, include_extras=True)[field[1]])
    choices = [choice for choice in get_args(kind) if choice] if get_origin(kind) is Literal else []
    expected = " or ".join(choices) or (f"a whole number, {said[0]}" if kind is int else said[0])
    return f"The setting {field[1]} has a value of the wrong form. It takes: {expected}."
