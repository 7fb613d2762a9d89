"""Key pairs: made here, or brought along as a public key."""

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ostiary.crypto.key_pair import KeyPair, new_rsa_pair, public_pem

PAIR = new_rsa_pair()


def test_new_pair() -> None:
    """Both halves fit, in the forms that clients read; the private one does not show."""
    private = serialization.load_pem_private_key(PAIR.private_pem.encode(), None)
    assert isinstance(private, rsa.RSAPrivateKey)
    assert private.key_size == 2048
    assert serialization.load_pem_public_key(PAIR.public_pem.encode()) == private.public_key()
    assert PAIR.private_pem.startswith("-----BEGIN RSA PRIVATE KEY-----")
    assert "PRIVATE" not in repr(KeyPair("PRIVATE", "public"))


def spki(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey) -> bytes:
    """The key as PEM."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def test_public_keys() -> None:
    """RSA in either form, P-256 and Ed25519 come out in one form."""
    public = serialization.load_pem_public_key(PAIR.public_pem.encode())
    assert isinstance(public, rsa.RSAPublicKey)
    assert public_pem(public.public_bytes(Encoding.PEM, PublicFormat.PKCS1)) == PAIR.public_pem
    assert public_pem(b"\n" + spki(public)) == PAIR.public_pem
    for key in (
        ec.generate_private_key(ec.SECP256R1()).public_key(),
        ed25519.Ed25519PrivateKey.generate().public_key(),
    ):
        assert public_pem(spki(key)).encode() == spki(key)


def test_refused() -> None:
    """No private key, no weak one, none of another kind, and nothing that is no key."""
    weak = rsa.generate_private_key(65537, 1024).public_key()  # noqa: S505  refused below
    other_curve = ec.generate_private_key(ec.SECP384R1()).public_key()
    old = (
        dsa.generate_private_key(1024)  # noqa: S505  refused below
        .public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    private = ed25519.Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    unknown = (
        b"-----BEGIN PUBLIC KEY-----\nMDIwEAYHKoZIzj0CAQYFK4EEAAYDHgAEwVpp77Um/cduY0+8NuEf5W1Py2qJkpQx"
        b"\nO/TIkQ==\n-----END PUBLIC KEY-----\n"  # on secp112r1
    )
    for pem in (spki(weak), spki(other_curve), old, private, unknown, b"", b"x" * 10_000, b"\xff"):
        with pytest.raises(ValueError, match=r".*"):
            public_pem(pem)
