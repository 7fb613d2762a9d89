"""The names, ids and role keys that callers choose."""

import re

from ostiary.errors import InvalidArgument

MAX_LENGTH = 200
_ID = re.compile(r"[A-Za-z0-9._~-]{1,200}", re.ASCII)  # no colon: ids are joined with colons
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def name_of(text: str) -> str:
    """The name without surrounding space; raises InvalidArgument when it is empty, too long or not printable."""
    name = text.strip()
    if not name or len(name) > MAX_LENGTH or _CONTROL.search(name):
        hint = f"1 to {MAX_LENGTH} characters, none of them a control character"
        raise InvalidArgument("chosen.name_form", "Name is invalid", hint=hint)
    return name


def chosen_id_of(text: str) -> str:
    """An id that a caller chose, as it is; raises InvalidArgument for other than letters, digits and ``. _ ~ -``."""
    if not _ID.fullmatch(text):
        hint = f"1 to {MAX_LENGTH} letters, digits and . _ ~ -"
        raise InvalidArgument("chosen.id_form", "ID is invalid", hint=hint)
    return text


def role_key_of(text: str) -> str:
    """A role's key, as it is; raises InvalidArgument when it has spaces around it or is not printable."""
    if not text or text != text.strip() or len(text) > MAX_LENGTH or _CONTROL.search(text):
        hint = f"1 to {MAX_LENGTH} characters, no space around them, none of them a control character"
        raise InvalidArgument("chosen.role_key_form", "Role key is invalid", hint=hint)
    return text
