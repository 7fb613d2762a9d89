"""Keys of authenticators: three shapes, and nothing beside them."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from fido2 import cbor

from ostiary.crypto.cose import ALGORITHMS, BadKey, check_key, is_signed
from tests.doubles.authenticator import PrivateKey, cose_of, es256_key, sign

ES256_KEY = es256_key()
EDDSA_KEY = ed25519.Ed25519PrivateKey.generate()
RS256_KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
KEYS: tuple[PrivateKey, ...] = (ES256_KEY, EDDSA_KEY, RS256_KEY)
ES256, EDDSA, RS256 = (cose_of(key) for key in KEYS)
BIG = cose_of(rsa.generate_private_key(public_exponent=65_537, key_size=2048))


@pytest.mark.parametrize("key", KEYS, ids=["ES256", "EdDSA", "RS256"])
def test_signatures(key: PrivateKey) -> None:
    """The owner's is good; one of other bytes, of another key, or none, is not."""
    public, signature = cbor.encode(cose_of(key)), sign(key, b"message")
    assert cose_of(key)[3] in ALGORITHMS
    assert is_signed(public, signature, b"message")
    assert not is_signed(public, signature, b"massage")
    assert not is_signed(public, bytes(len(signature)), b"message")
    assert not is_signed(public, b"", b"message")


BAD: list[tuple[str, dict[Any, Any]]] = [
    ("empty", {}),
    ("no algorithm", {name: value for name, value in ES256.items() if name != 3}),
    ("algorithm is a list", {**ES256, 3: [-7]}),
    ("algorithm that was not offered", {**ES256, 3: -35}),
    ("algorithm of another type", {**ES256, 3: -8}),
    ("type of another algorithm", {**ES256, 1: 3}),
    ("another curve", {**ES256, -1: 2}),
    ("point off the curve", {**ES256, -3: bytes(32)}),
    ("point at infinity", {**ES256, -2: bytes(32), -3: bytes(32)}),
    ("coordinate too long", {**ES256, -2: b"\0" + ES256[-2]}),
    ("coordinate is a text", {**ES256, -2: "x" * 32}),
    ("no y", {name: value for name, value in ES256.items() if name != -3}),
    ("one more parameter", {**ES256, 2: b"kid"}),
    ("Ed25519 on another curve", {**EDDSA, -1: 7}),
    ("Ed25519 too short", {**EDDSA, -2: EDDSA[-2][1:]}),
    ("RSA with an exponent of one", {**RS256, -2: b"\1"}),
    ("RSA with an even exponent", {**RS256, -2: b"\2"}),
    ("RSA with a long exponent", {**RS256, -2: b"\1" + bytes(7) + b"\1"}),
    ("RSA with a large exponent", {**RS256, -2: b"\1\0\0\0\1"}),
    ("RSA too small", {**RS256, -1: RS256[-1][:128]}),
    ("RSA too large", {**RS256, -1: RS256[-1] * 3}),
]


@pytest.mark.parametrize("key", [key for _, key in BAD], ids=[name for name, _ in BAD])
def test_bad_keys(key: dict[Any, Any]) -> None:
    """What is not exactly one of the three shapes is refused, before anything is verified with it."""
    with pytest.raises(BadKey):
        check_key(key)
    with pytest.raises(BadKey):
        is_signed(cbor.encode(key), b"", b"")


def test_no_map() -> None:
    """A key is a map."""
    with pytest.raises(BadKey, match="map"):
        is_signed(cbor.encode([1]), b"", b"")


def test_good_keys() -> None:
    """Keys as authenticators write them are taken; of RSA up to 4096 bits."""
    for key in (ES256, EDDSA, RS256, BIG, cose_of(ec.generate_private_key(ec.SECP256R1()))):
        check_key(key)
