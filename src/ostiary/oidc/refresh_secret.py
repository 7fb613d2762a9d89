"""Refresh tokens: random, and with a mark that shows that we made them.

The mark (a truncated HMAC over the family and the random part) tells a token that was issued long ago from a guess: the
first is a replay and ends the family, the second is nobody's business. The store keeps SHA-256 of the whole secret.
"""

import base64
import hmac
from collections.abc import Callable

from ostiary.core.grant import REFRESH_TOKEN
from ostiary.core.secret import new_token, parse_token
from ostiary.crypto.seal import MASTER_KEY_BYTES, Sealer, derive

_RANDOM_BYTES = 22
_MARK_BYTES = 10


class RefreshSecrets:
    """Makes and recognises the secrets of refresh tokens."""

    def __init__(self, key: bytes) -> None:
        """``key``: 32 bytes that stay the same over the life of refresh tokens."""
        self._key = key

    def make(self, grant_id: str, random_bytes: Callable[[int], bytes]) -> tuple[str, bytes]:
        """A token's text and the hash that is kept of it."""
        drawn = random_bytes(_RANDOM_BYTES)
        return new_token(REFRESH_TOKEN, grant_id, drawn + self._mark(grant_id, drawn))

    def is_ours(self, text: str) -> bool:
        """Whether we made it, ever; the mark is compared in constant time."""
        parts = parse_token(text)
        if parts is None or parts.kind != REFRESH_TOKEN:
            return False
        secret = base64.urlsafe_b64decode(text.split("_", 2)[2] + "=")
        drawn, mark = secret[:_RANDOM_BYTES], secret[_RANDOM_BYTES:]
        return hmac.compare_digest(mark, self._mark(parts.id, drawn))

    def _mark(self, grant_id: str, drawn: bytes) -> bytes:
        return hmac.digest(self._key, grant_id.encode() + b"|" + drawn, "sha256")[:_MARK_BYTES]


def successor_sealer(spent: str, random_bytes: Callable[[int], bytes]) -> Sealer:
    """Seals the answer that replaced a refresh token under a key that only the spent token's text gives."""
    return Sealer({0: derive(spent.encode(), "refresh successor", MASTER_KEY_BYTES)}, random_bytes)
