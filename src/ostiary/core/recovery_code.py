"""Recovery codes as texts and as the hashes that are kept of them."""

import hashlib
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

KIND: Final = "recovery_code"
MAX_CODES: Final = 10
# Crockford's base32, five bits a character: 26 of them hold 130 bits
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_CHARACTERS: Final = 26
_READ_AS: Final = str.maketrans({"o": "0", "i": "1", "l": "1", "-": None, " ": None})


class RecoveryCodes(msgspec.Struct, frozen=True):
    """What an authenticator keeps, sealed: the SHA-256 of each code that is left."""

    hashes: tuple[bytes, ...] = ()


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(RecoveryCodes).decode


def new_code(random_bytes: Callable[[int], bytes]) -> str:
    """A code of 130 random bits, with a hyphen in its middle."""
    drawn = "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in random_bytes(_CHARACTERS))
    return f"{drawn[: _CHARACTERS // 2]}-{drawn[_CHARACTERS // 2 :]}"


def code_hash(code: str) -> bytes:
    """Its hash; case, hyphens and spaces do not matter, and letters that look like digits are these."""
    return hashlib.sha256(code.lower().translate(_READ_AS).encode()).digest()


def encode(hashes: Iterable[bytes]) -> bytes:
    """The plain form of an authenticator's data."""
    return _encode(RecoveryCodes(tuple(hashes)))


def decode(plain: bytes) -> tuple[bytes, ...]:
    """The hashes of an unsealed authenticator."""
    return _decode(plain).hashes
