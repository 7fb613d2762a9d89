"""NAME=VALUE, as commands that set something are given it."""

from collections.abc import Sequence


def pairs(values: Sequence[str]) -> dict[str, str]:
    """The values by name; none if one of them has another form."""
    split = [value.partition("=") for value in values]
    return {name: value for name, _, value in split} if all(joint for _, joint, _ in split) else {}
