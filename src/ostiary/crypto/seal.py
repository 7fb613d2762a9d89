"""Authenticated encryption of what a stolen database must not give away.

A sealed value is ``key id (1 byte) | nonce (12) | ciphertext and tag``: AES-256-GCM under a key derived from the master
key by HKDF-SHA-256, bound to its place by ``context`` (kind, row, column), so that a value moved to another row opens
nowhere. Source: NIST SP 800-38D, RFC 5869.
"""

from collections.abc import Callable, Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MASTER_KEY_BYTES = 32
_NONCE_BYTES = 12
_SHORTEST = 1 + _NONCE_BYTES + 16


class BrokenSeal(Exception):
    """The value was changed, moved, or sealed under a key that is not here."""


def derive(master_key: bytes, purpose: str, length: int = 32) -> bytes:
    """A key for one purpose; keys of two purposes say nothing of each other."""
    return HKDF(SHA256(), length, salt=None, info=f"ostiary {purpose}".encode()).derive(master_key)


class Sealer:
    """Seals with the newest master key, opens with every one it was given."""

    def __init__(self, master_keys: Mapping[int, bytes], random_bytes: Callable[[int], bytes]) -> None:
        """``master_keys`` maps key ids (0 to 255) to 32 bytes each; the highest id is the newest."""
        if not master_keys or any(len(key) != MASTER_KEY_BYTES for key in master_keys.values()):
            raise ValueError(f"master keys are {MASTER_KEY_BYTES} bytes each, and there is at least one")
        self._ciphers = {key_id: AESGCM(derive(key, "seal")) for key_id, key in master_keys.items()}
        self._newest = max(self._ciphers)
        self._master_key = master_keys[self._newest]
        self._random_bytes = random_bytes

    def subkey(self, purpose: str) -> bytes:
        """A key of the newest master key for one purpose."""
        return derive(self._master_key, purpose)

    def seal(self, plain: bytes, context: str) -> bytes:
        """The sealed value; ``context`` must be given again to open it."""
        nonce = self._random_bytes(_NONCE_BYTES)
        return (
            bytes([self._newest])
            + nonce
            + self._ciphers[self._newest].encrypt(nonce, plain, context.encode())
        )

    def open(self, sealed: bytes, context: str) -> bytes:
        """The plain value; raises BrokenSeal."""
        cipher = self._ciphers.get(sealed[0]) if len(sealed) >= _SHORTEST else None
        if cipher is None:
            raise BrokenSeal(context)
        try:
            return cipher.decrypt(sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :], context.encode())
        except InvalidTag:
            raise BrokenSeal(context) from None
