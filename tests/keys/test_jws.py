"""Signed tokens, against RFC 7515 and the advice of RFC 8725."""

import base64
import hmac
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from joserfc.jwk import ECKey, OctKey, OKPKey

from ostiary.crypto.jws import (
    ALGORITHMS,
    MAX_LENGTH,
    BadKey,
    BadToken,
    JwsKey,
    load,
    load_pem,
    new_private_jwk,
    public_jwk,
    sign,
    unverified,
    verify,
)

VECTORS = json.loads((Path(__file__).parent / "vectors" / "jws.json").read_text())
SHORT = 1024
CLAIMS = {"sub": "100", "exp": 7}


@cache
def private(algorithm: str) -> dict[str, Any]:
    """One key of each algorithm for all tests."""
    return new_private_jwk(algorithm)


def signer(algorithm: str, key_id: str = "k1") -> JwsKey:
    """Its private half."""
    return load(private(algorithm), key_id, algorithm)


def verifier(algorithm: str, key_id: str = "k1") -> dict[str, JwsKey]:
    """Its public half, as keys by id."""
    return {key_id: load(public_jwk(private(algorithm), key_id, algorithm), key_id, algorithm)}


def b64(content: bytes | dict[str, Any]) -> str:
    """base64url without padding."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def with_header(**header: Any) -> str:
    """A token with a good ES256 signature over the header's parts."""
    full = {"alg": "ES256", "kid": "k1", "typ": "JWT", **header}
    signed = f"{b64({name: value for name, value in full.items() if value is not None})}.{b64(CLAIMS)}"
    made = sign(CLAIMS, signer("ES256"), "JWT")
    assert made.count(".") == 2
    key = signer("ES256").key
    assert isinstance(key, ECKey)
    native = key.private_key
    assert native is not None
    return f"{signed}.{b64(raw_es256(native, signed.encode()))}"


def raw_es256(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    """r and s, 32 bytes each."""
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
    from cryptography.hazmat.primitives.hashes import SHA256

    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def refused(token: str, keys: dict[str, JwsKey] | None = None, typ: str = "JWT") -> str:
    """Why a token is none."""
    with pytest.raises(BadToken) as caught:
        verify(token, keys or verifier("ES256"), ALGORITHMS, typ)
    return str(caught.value)


@pytest.mark.parametrize("vector", VECTORS["tokens"], ids=lambda vector: vector["algorithm"])
def test_vectors(vector: dict[str, Any]) -> None:
    """The tokens of RFC 7515, A.2 and A.3, are good; they name no key, and there is one alone."""
    keys = {"k": load(vector["jwk"], "k", vector["algorithm"])}
    assert verify(vector["token"], keys, ALGORITHMS, "JWT") == VECTORS["claims"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_round_trip(algorithm: str) -> None:
    """What was signed is read back, under a header that names algorithm, key and type."""
    token = sign(CLAIMS, signer(algorithm), "at+jwt")
    assert verify(token, verifier(algorithm), (algorithm,), "at+jwt") == CLAIMS
    read = unverified(token)
    assert read.header == {"alg": algorithm, "kid": "k1", "typ": "at+jwt"}
    assert read.claims == CLAIMS


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_public_members(algorithm: str) -> None:
    """A published key has no private member."""
    shown = public_jwk(private(algorithm), "k1", algorithm)
    assert shown.keys().isdisjoint({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
    assert (shown["use"], shown["alg"], shown["kid"]) == ("sig", algorithm, "k1")


def test_repr_hides_keys() -> None:
    """The debugger's line of a key says nothing of it."""
    assert repr(signer("ES256")) == "JwsKey(id='k1', algorithm='ES256')"


def test_unsigned_is_refused() -> None:
    """`none` is never good, whatever is allowed."""
    assert refused(f"{b64({'alg': 'none', 'kid': 'k1'})}.{b64(CLAIMS)}.")
    assert refused(f"{b64({'alg': 'none', 'kid': 'k1'})}.{b64(CLAIMS)}.AA")


def test_public_key_as_shared_secret() -> None:
    """A public key is no HMAC secret (RFC 8725 2.1)."""
    shared = json.dumps(public_jwk(private("RS256"), "k1", "RS256")).encode()
    signed = f"{b64({'alg': 'HS256', 'kid': 'k1'})}.{b64(CLAIMS)}"
    forged = f"{signed}.{b64(hmac.digest(shared, signed.encode(), 'sha256'))}"
    with pytest.raises(BadToken):
        verify(forged, verifier("RS256"), (*ALGORITHMS, "HS256"), "JWT")


def test_algorithm_is_the_keys() -> None:
    """A header cannot pick another algorithm than its key's, nor one that is not allowed here."""
    assert "algorithm" in refused(with_header(alg="RS256"))
    assert "algorithm" in refused(with_header(alg=None))
    with pytest.raises(BadToken):
        verify(sign(CLAIMS, signer("ES256"), "JWT"), verifier("ES256"), ("RS256",), "JWT")


@pytest.mark.parametrize("name", ["crit", "b64", "jwk", "jku", "x5u", "x5c"])
def test_own_keys_and_extensions(name: str) -> None:
    """A token that brings its own key, an address of one, or an extension is refused though its signature is good."""
    assert "header" in refused(with_header(**{name: ["x"]}))


def test_unknown_header_is_ignored() -> None:
    """Other header members do no harm (RFC 7515 4)."""
    assert verify(with_header(x5t="abc"), verifier("ES256"), ALGORITHMS, "JWT") == CLAIMS


def test_key_is_named() -> None:
    """The header names a known key; only a sole key need not be named."""
    assert "unknown" in refused(with_header(kid="k2"))
    assert "unknown" in refused(with_header(kid=1))
    assert "unknown" in refused(with_header(kid=None), {**verifier("ES256"), **verifier("ES256", "k2")})
    assert verify(with_header(kid=None), verifier("ES256"), ALGORITHMS, "JWT") == CLAIMS


@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt"])
def test_type(typ: str) -> None:
    """Types are compared as media types, without their prefix (RFC 7515 4.1.9)."""
    assert verify(with_header(typ=typ), verifier("ES256"), ALGORITHMS, "at+jwt") == CLAIMS


def test_other_types() -> None:
    """A token of another type is none, and one without type is a JWT."""
    assert "type" in refused(with_header(typ="at+jwt"))
    assert "type" in refused(with_header(typ="JWT"), typ="at+jwt")
    assert "type" in refused(with_header(typ=None), typ="at+jwt")
    assert "type" in refused(with_header(typ=7))
    assert verify(with_header(typ=None), verifier("ES256"), ALGORITHMS, "JWT") == CLAIMS


def test_changed_parts() -> None:
    """Neither claims nor signature can be changed, nor a signature cut."""
    header, claims, signature = sign(CLAIMS, signer("ES256"), "JWT").split(".")
    assert "signature" in refused(f"{header}.{b64({'sub': '101'})}.{signature}")
    assert "signature" in refused(f"{header}.{claims}.{b64(bytes(64))}")
    assert refused(f"{header}.{claims}.{signature[:-4]}")


@pytest.mark.parametrize(
    "text",
    ["", "a.b", "a.b.c.d", "a..c", "é.b.c", "a.b.c=", " a.b.c", "a.b.c\n", f"{'a' * MAX_LENGTH}.b.c"],
)
def test_form(text: str) -> None:
    """Only the compact form is read, and no endless text."""
    assert "compact" in refused(text)
    with pytest.raises(BadToken):
        unverified(text)


def test_one_spelling() -> None:
    """Each part has one spelling, and header and claims are JSON objects."""
    header, claims, signature = sign(CLAIMS, signer("ES256"), "JWT").split(".")
    last = signature[-1]
    other = next(c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c != last)
    assert refused(f"{header}.{claims}.{signature[:-1]}{other}")
    assert "base64url" in refused(f"A.{claims}.{signature}")
    assert "spelling" in refused(f"AB.{claims}.{signature}")
    assert "object" in refused(f"{b64(b'[]')}.{claims}.{signature}")
    assert "object" in refused(f"{b64(b'nonsense')}.{claims}.{signature}")


def test_claims_are_an_object() -> None:
    """A good signature over something else than claims gives none."""
    signed = f"{b64({'alg': 'ES256', 'kid': 'k1'})}.{b64(b'[1]')}"
    key = signer("ES256").key
    assert isinstance(key, ECKey)
    assert key.private_key is not None
    assert "object" in refused(f"{signed}.{b64(raw_es256(key.private_key, signed.encode()))}")


def spki(key: Any) -> str:
    """A public key in PEM."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return str(key.public_bytes(serialization.Encoding.PEM, form).decode())


def test_pem() -> None:
    """A public key from PEM has the algorithm of its type."""
    assert load_pem(spki(rsa.generate_private_key(65537, 2048).public_key()), "k").algorithm == "RS256"
    assert load_pem(spki(ec.generate_private_key(ec.SECP256R1()).public_key()), "k").algorithm == "ES256"
    assert load_pem(spki(ed25519.Ed25519PrivateKey.generate().public_key()), "k").algorithm == "EdDSA"


def test_bad_pem() -> None:
    """Other curves, short keys, private keys and other texts are no keys of clients."""
    private_pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for pem in (
        spki(ec.generate_private_key(ec.SECP384R1()).public_key()),
        spki(rsa.generate_private_key(65537, SHORT).public_key()),
        spki(x25519.X25519PrivateKey.generate().public_key()),
        private_pem.decode(),
        "",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        "secret",
    ):
        with pytest.raises(BadKey):
            load_pem(pem, "k")


def test_bad_jwk() -> None:
    """A key is loaded for its one algorithm, and a shared secret for none."""
    shared = OctKey.generate_key(256, auto_kid=False).as_dict(private=True)
    okp = OKPKey.generate_key("X25519", auto_kid=False).as_dict()
    short = {"kty": "RSA", "n": b64(b"\xff" * 128), "e": "AQAB"}
    for jwk, algorithm in (
        (shared, "ES256"),
        (private("ES256"), "RS256"),
        (private("ES256"), "HS256"),
        (private("ES256"), "none"),
        (okp, "EdDSA"),
        (short, "RS256"),
        ({}, "ES256"),
        ({"kty": "EC", "crv": "P-256", "x": 7, "y": 7}, "ES256"),
        ({"kty": "EC", "crv": "P-256"}, "ES256"),
    ):
        with pytest.raises(BadKey):
            load(dict(jwk), "k", algorithm)


def test_unknown_algorithm() -> None:
    """No key is made for an algorithm that is none of ours."""
    with pytest.raises(BadKey):
        new_private_jwk("HS256")


def test_threat_a_deep_header_is_an_error_of_ours() -> None:
    """JSON that nests beyond what is read is a bad token like any other, for whoever sends it unauthenticated."""
    deep = base64.urlsafe_b64encode(b'{"alg":"ES256","kid":' + b"[" * 12_000).rstrip(b"=").decode()
    for token in (f"{deep}.e30.AA", f"e30.{deep}.AA"):
        with pytest.raises(BadToken):
            unverified(token)
    with pytest.raises(BadToken):
        verify(f"{deep}.e30.AA", verifier("ES256"), ALGORITHMS, "JWT")
