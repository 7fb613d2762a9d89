"""How much callers may keep in a session: a session is read with every request that uses it."""

from collections.abc import Mapping
from typing import Final

from ostiary.errors import InvalidArgument, OstiaryError

MAX_KEYS: Final = 64
MAX_KEY_LENGTH: Final = 200
MAX_VALUE_BYTES: Final = 4096


def too_much(have: Mapping[str, bytes], wanted: Mapping[str, bytes]) -> OstiaryError | None:
    """The refusal of keys or values that are too long, or too many with those that are there."""
    for key, value in wanted.items():
        if len(key) > MAX_KEY_LENGTH or len(value) > MAX_VALUE_BYTES:
            return InvalidArgument(
                "session.metadata_too_long",
                "Session metadata is too long",
                hint=f"a key has at most {MAX_KEY_LENGTH} characters, a value {MAX_VALUE_BYTES} bytes",
            )
    kept = sum(1 for value in {**have, **wanted}.values() if value)
    if kept > MAX_KEYS and kept > len(have):
        return InvalidArgument(
            "session.metadata_full",
            "Session metadata has too many keys",
            hint=f"a session keeps at most {MAX_KEYS}; an empty value deletes a key",
        )
    return None
