"""The names people log in with: a username, and ``username@domain`` of their organisation, each of one user only."""

import unicodedata
from typing import Final

from ostiary.core.user import login_name_id
from ostiary.errors import InvalidArgument

USERNAME_MAX_LENGTH = 200
ID_MAX_LENGTH = 200
# Controls, formats (zero width, direction), halves of pairs, breaks: two names must not look the same. RFC 8264, 4.2.3
_UNSEEN: Final = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))


def username_of(text: str) -> str:
    """The username without surrounding space; raises InvalidArgument when it is empty or not printable."""
    username = text.strip()
    if not username or len(username) > USERNAME_MAX_LENGTH or _hides(username):
        hint = f"1 to {USERNAME_MAX_LENGTH} characters that can all be seen"
        raise InvalidArgument("user.username_form", "Username is invalid", hint=hint)
    return username


def chosen_id_of(text: str) -> str:
    """An id that a caller chose, as it is; raises InvalidArgument when it is not printable."""
    if not text or len(text) > ID_MAX_LENGTH or _hides(text):
        hint = f"1 to {ID_MAX_LENGTH} characters that can all be seen"
        raise InvalidArgument("user.id_form", "User ID is invalid", hint=hint)
    return text


def _hides(text: str) -> bool:
    return any(unicodedata.category(character) in _UNSEEN for character in text)


def claimed_domain(username: str) -> str:
    """What stands behind its last ``@`` in lower case; empty without one."""
    return username.rpartition("@")[2].casefold() if "@" in username else ""


def without_own_domain(username: str, domain: str) -> str:
    """The username that is meant where login names end in the organisation's domain anyway."""
    name, ending = username[: -len(domain) - 1], username[-len(domain) - 1 :]
    return name if name and ending.casefold() == f"@{domain}".casefold() else username


def rivals(username: str, domain: str, *, is_of_domain: bool = False) -> tuple[str, ...]:
    """Keys of the names that would share a login name with this one in an organisation of that domain.

    ``is_of_domain``: ``username@domain`` is the only one.
    """
    key, ending = login_name_id(username), f"@{domain.casefold()}"
    if is_of_domain:
        return (key,)
    longer = f"{key}{ending}"
    return (longer, key.removesuffix(ending)) if key.endswith(ending) else (longer,)
