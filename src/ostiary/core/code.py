"""Codes that prove somebody reads an address: upper-case letters and digits, six to be typed, twelve in a link."""

import hashlib
from datetime import timedelta

from ostiary.core.secret import same_hash

CODE_LENGTH = 6
LINK_CODE_LENGTH = 12
CODE_LIVES = timedelta(hours=1)
# Wrong tries after which a code counts as expired: 10 of 2**30.
CODE_GUESSES = 10
# 32 characters, so that five bits of a random byte choose one evenly; none of I, O, 0 and 1.
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def code_text(random: bytes) -> str:
    """A code of as many characters as there are random bytes."""
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in random)


def code_hash(place: str, code: str) -> bytes:
    """The hash of a code as it was typed: case and surrounding space do not matter. ``place`` is its record's id.

    So few characters can be searched through: whoever stores this seals it.
    """
    return hashlib.sha256(f"{place}\n{code.strip().upper()}".encode()).digest()


def is_code(place: str, code: str, expected_hash: bytes) -> bool:
    """Whether the typed code is the one; the hashes are compared in constant time."""
    return same_hash(code_hash(place, code), expected_hash)


def code_guess_key(place: str) -> str:
    """The counter of a code's wrong tries."""
    return f"guess:{place}:code"
