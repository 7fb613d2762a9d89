"""Key pairs of clients and service users: made here and handed out once, or brought along as a public key."""

from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

RSA_BITS: Final = 2048
_EXPONENT: Final = 65537
_MAX_PEM: Final = 8192


@dataclass(frozen=True, slots=True)
class KeyPair:
    """Both halves as PEM: the private one in PKCS #1, the public one as SubjectPublicKeyInfo."""

    private_pem: str = field(repr=False)
    public_pem: str


def new_rsa_pair() -> KeyPair:
    """A fresh RSA-2048 pair; takes some 100 ms without the interpreter's lock, so call it in a thread."""
    private = rsa.generate_private_key(_EXPONENT, RSA_BITS)
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    return KeyPair(pem.decode(), _spki(private.public_key()))


def public_pem(pem: bytes) -> str:
    """A public key from its PEM, in one spelling; raises ValueError.

    RSA of 2048 bits or more, P-256 or Ed25519: what assertions may be signed with.
    """
    if len(pem) > _MAX_PEM:
        raise ValueError("too long")
    try:
        key = serialization.load_pem_public_key(pem)
    except UnsupportedAlgorithm:
        raise ValueError("unknown algorithm") from None
    match key:
        case rsa.RSAPublicKey() if key.key_size >= RSA_BITS:
            return _spki(key)
        case ec.EllipticCurvePublicKey() if isinstance(key.curve, ec.SECP256R1):
            return _spki(key)
        case ed25519.Ed25519PublicKey():
            return _spki(key)
        case _:
            raise ValueError("no RSA key of 2048 bits or more, and neither P-256 nor Ed25519")


def _spki(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey) -> str:
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()
