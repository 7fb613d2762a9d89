"""Passwords that we make up: for the first users, and for operators who give none."""

from collections.abc import Callable
from typing import Final

from ostiary.core.secret import Secret

_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that look alike
_GROUPS: Final = 4
_GROUP_LENGTH: Final = 5
_WHOLE: Final = 256 - 256 % len(_ALPHABET)  # bytes from here on would make some letters likelier


def generated_password(random_bytes: Callable[[int], bytes]) -> Secret:
    """Twenty letters and digits in groups (115 bits), with every kind of character that a policy may ask for."""
    while True:
        letters = [_letter(random_bytes) for _ in range(_GROUPS * _GROUP_LENGTH)]
        if all(any(kind(letter) for letter in letters) for kind in (str.islower, str.isupper, str.isdigit)):
            groups = (letters[at : at + _GROUP_LENGTH] for at in range(0, len(letters), _GROUP_LENGTH))
            return Secret("-".join(map("".join, groups)))


def _letter(random_bytes: Callable[[int], bytes]) -> str:
    while True:
        (drawn,) = random_bytes(1)
        if drawn < _WHOLE:
            return _ALPHABET[drawn % len(_ALPHABET)]
