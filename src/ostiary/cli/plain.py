"""The usual form of ``ostiary serve``, read without the command line's library.

That library takes a fifth of the time to the first answer. Whatever is not plain (help, a wrong name, a missing value)
is left to it, for it explains better.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ostiary.config.listing import switches, words
from ostiary.config.loading import load


def plain_options(arguments: list[str]) -> dict[str, Any] | None:
    """Options by the setting's name, ``config`` among them; None if something is not plain."""
    given: dict[str, Any] = {}
    left = iter(arguments)
    for argument in left:
        name, has_value, value = argument.removeprefix("--").partition("=")
        name = name.replace("-", "_")
        if not argument.startswith("--") or name in given:
            return None
        if name in switches() and not has_value:
            given[name] = True
        elif name == "config" or name in words():
            text = value if has_value else next(left, "-")
            if text.startswith("-"):
                return None
            given[name] = text
        else:
            return None
    return given


def serve_with(options: Mapping[str, Any]) -> int:
    """Run the server; its exit status."""
    given = dict(options)
    file = given.pop("config", None)
    settings = load(given, Path(file) if file else None)
    from ostiary.app.serving import serve_until_told

    return serve_until_told(settings)
