"""Whether a password is complex enough for its organisation.

Source: ZITADEL's wire contract, 5.2: lengths are bytes, letters and digits are ASCII, anything else is a symbol.
"""

import re

from ostiary.core.policy import PasswordComplexityPolicy
from ostiary.errors import InvalidArgument

_LOWER = re.compile(r"[a-z]")
_UPPER = re.compile(r"[A-Z]")
_NUMBER = re.compile(r"[0-9]")
_SYMBOL = re.compile(r"[^A-Za-z0-9]")


def require_complexity(password: str, policy: PasswordComplexityPolicy) -> None:
    """Raise InvalidArgument with the first thing that the password lacks."""
    if len(password.encode()) < policy.min_length:
        raise InvalidArgument(
            "DOMAIN-HuJf6", "Password is too short", hint=f"at least {policy.min_length} bytes"
        )
    if policy.requires_lowercase and not _LOWER.search(password):
        raise InvalidArgument("DOMAIN-co3Xw", "Password must contain a lower letter")
    if policy.requires_uppercase and not _UPPER.search(password):
        raise InvalidArgument("DOMAIN-VoaRj", "Password must contain an upper letter")
    if policy.requires_number and not _NUMBER.search(password):
        raise InvalidArgument("DOMAIN-ZBv4H", "Password must contain a number")
    if policy.requires_symbol and not _SYMBOL.search(password):
        raise InvalidArgument("DOMAIN-ZDLwA", "Password must contain a symbol")
