"""Values as they are typed and shown: true or false, whole numbers, lists with commas, texts."""

from typing import Any, Final

from ostiary.config.settings import Trouble

_TRUTHS: Final = {"true": True, "false": False}


def text_of(value: object) -> str:
    """The value as it is typed."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(value) if isinstance(value, tuple) else str(value)


def typed(name: str, default: object, text: str) -> Any:
    """What was typed, in the form of the default. Raises: Trouble for what is not of that form."""
    match default:
        case bool():
            if text.casefold() not in _TRUTHS:
                raise Trouble(f"{name} is true or false, not {text}.")
            return _TRUTHS[text.casefold()]
        case int():
            if not text.isascii() or not text.isdigit():
                raise Trouble(f"{name} is a whole number, not {text}.")
            return int(text)
        case tuple():
            return [one.strip() for one in text.split(",") if one.strip()]
        case _:
            return text
