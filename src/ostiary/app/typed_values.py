"""Values as they are typed and shown: true or false, whole numbers, lists with commas, texts."""

from typing import Any


def text_of(value: object) -> str:
    """The value as it is typed."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(value) if isinstance(value, tuple) else str(value)


def typed(default: object, text: str) -> Any:
    """What was typed, in the form of the default; what is not of that form stays text, for others to refuse."""
    match default:
        case bool():
            return {"true": True, "false": False}.get(text.casefold(), text)
        case int():
            return int(text) if text.isascii() and text.isdigit() else text
        case tuple():
            return [one.strip() for one in text.split(",") if one.strip()]
        case _:
            return text
