"""Public keys of authenticators, in COSE's form: three algorithms, each of one shape, and nothing beside it.

Source: RFC 9052 (section 7), RFC 9053 (sections 2.1 and 7), RFC 8230 (section 4); WebAuthn Level 3, 5.8.5 and 6.5.1.1.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256
from fido2 import cbor

ES256, EDDSA, RS256 = -7, -8, -257
ALGORITHMS: Final = (ES256, EDDSA, RS256)
_TYPE, _ALGORITHM, _CURVE, _X, _Y, _N, _E = 1, 3, -1, -2, -3, -1, -2
_OKP, _EC2, _RSA, _P_256, _ED25519 = 1, 2, 3, 1, 6
_COORDINATE_BYTES = 32
_RSA_BITS = range(2048, 4097)
_LARGEST_EXPONENT = 2**32

Verifier = Callable[[bytes, bytes], None]


class BadKey(ValueError):
    """It is no public key of ours: another algorithm, shape or size, or a point that is not on its curve."""


def is_signed(key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the message was signed by the owner of the encoded key; raises BadKey."""
    try:
        _verifier(decode_key(key))(signature, message)
    except InvalidSignature:
        return False
    return True


def check_key(key: Mapping[Any, Any]) -> None:
    """Raise BadKey unless signatures can be verified with it."""
    _verifier(key)


def decode_key(key: bytes) -> Mapping[Any, Any]:
    """The key as a map, of bytes that :mod:`ostiary.crypto.web_authn` has read as CBOR; raises BadKey."""
    decoded = cbor.decode(key)
    if not isinstance(decoded, dict):
        raise BadKey("no map")
    return decoded


def _verifier(key: Mapping[Any, Any]) -> Verifier:
    algorithm = key.get(_ALGORITHM)
    make = _MAKERS.get(algorithm) if isinstance(algorithm, int) else None
    if make is None:
        raise BadKey("algorithm")
    try:
        return make(key)
    except BadKey:
        raise
    except ValueError:
        raise BadKey("value") from None  # a point off its curve, an exponent of one


def _require(key: Mapping[Any, Any], said: Mapping[int, int], sizes: Mapping[int, range]) -> None:
    """Exactly these numbers, and byte strings of these sizes. WebAuthn 6.5.1.1: no other parameters."""
    if key.keys() != {*said, *sizes}:
        raise BadKey("parameters")
    if any(key[name] != value for name, value in said.items()):
        raise BadKey("type or curve")
    if any(not isinstance(key[name], bytes) or len(key[name]) not in size for name, size in sizes.items()):
        raise BadKey("size")


def _es256(key: Mapping[Any, Any]) -> Verifier:
    whole = range(_COORDINATE_BYTES, _COORDINATE_BYTES + 1)
    _require(key, {_TYPE: _EC2, _ALGORITHM: ES256, _CURVE: _P_256}, {_X: whole, _Y: whole})
    x, y = (int.from_bytes(key[name]) for name in (_X, _Y))
    public = EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()
    return lambda signature, message: public.verify(signature, message, ECDSA(SHA256()))


def _eddsa(key: Mapping[Any, Any]) -> Verifier:
    whole = range(_COORDINATE_BYTES, _COORDINATE_BYTES + 1)
    _require(key, {_TYPE: _OKP, _ALGORITHM: EDDSA, _CURVE: _ED25519}, {_X: whole})
    public = Ed25519PublicKey.from_public_bytes(key[_X])
    return public.verify


def _rs256(key: Mapping[Any, Any]) -> Verifier:
    _require(key, {_TYPE: _RSA, _ALGORITHM: RS256}, {_N: range(1, 513), _E: range(1, 9)})
    n, e = (int.from_bytes(key[name]) for name in (_N, _E))
    if n.bit_length() not in _RSA_BITS or e >= _LARGEST_EXPONENT:
        raise BadKey("size")
    public = RSAPublicNumbers(e, n).public_key()
    return lambda signature, message: public.verify(signature, message, PKCS1v15(), SHA256())


_MAKERS: Final[Mapping[int, Callable[[Mapping[Any, Any]], Verifier]]] = MappingProxyType(
    {ES256: _es256, EDDSA: _eddsa, RS256: _rs256}
)
