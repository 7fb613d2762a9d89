"""The master key as text: one line for each of its versions, the highest number is the one in use.

A line is ``NUMBER:BASE64`` with 32 bytes; a line without a number is number 1. Several versions stand together while
what was sealed under the old one is sealed anew.
"""

import base64
import binascii
from collections.abc import Callable

from ostiary.crypto.seal import MASTER_KEY_BYTES

_LARGEST_NUMBER = 255


class BadMasterKey(Exception):
    """The text is no master key; the message says why and does not hold the text."""


def new_master_key(random_bytes: Callable[[int], bytes]) -> str:
    """The text of a first master key."""
    return f"1:{base64.b64encode(random_bytes(MASTER_KEY_BYTES)).decode()}\n"


def parse_master_keys(text: str) -> dict[int, bytes]:
    """The keys by number; raises BadMasterKey."""
    keys: dict[int, bytes] = {}
    for line in text.replace(",", "\n").split():
        number, _, encoded = line.rpartition(":")
        keys[_number(number)] = _key(encoded)
    if not keys:
        raise BadMasterKey("The master key is empty.")
    return keys


def _number(text: str) -> int:
    if not text:
        return 1
    if not (text.isascii() and text.isdigit() and int(text) <= _LARGEST_NUMBER):
        raise BadMasterKey(f"A master key's number is 0 to {_LARGEST_NUMBER}, followed by a colon.")
    return int(text)


def _key(encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        raise BadMasterKey("The master key is not base64.") from None
    if len(key) != MASTER_KEY_BYTES:
        raise BadMasterKey(f"The master key has {len(key)} bytes; it must have {MASTER_KEY_BYTES}.")
    return key
