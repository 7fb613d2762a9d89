"""Signed tokens in JOSE's compact form: one key, one algorithm; what a token says of its own key is not believed.

Source: RFC 7515 (JWS), RFC 7518 (ES256, RS256), RFC 8037 (EdDSA), RFC 8725 (best practices).
"""

import base64
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

ES256: Final = "ES256"
RS256: Final = "RS256"
EDDSA: Final = "EdDSA"
ALGORITHMS: Final = (ES256, RS256, EDDSA)
RSA_BITS: Final = 2048
MAX_LENGTH: Final = 16_384

# RFC 8725 3.10: a key that comes with the token is the sender's word, and so is an address to fetch one from; RFC 7515
# 4.1.11: what must be understood and is not makes the token invalid (we understand no extension).
_REFUSED_HEADERS: Final = frozenset({"crit", "b64", "jwk", "jku", "x5u", "x5c"})
_PUBLIC_MEMBERS: Final = MappingProxyType(
    {"EC": ("kty", "crv", "x", "y"), "RSA": ("kty", "n", "e"), "OKP": ("kty", "crv", "x")}
)
_KEY_TYPES: Final[Mapping[str, type[ECKey | RSAKey | OKPKey]]] = MappingProxyType(
    {ES256: ECKey, RS256: RSAKey, EDDSA: OKPKey}
)
_EXPECTED: Final = MappingProxyType(
    {
        ES256: {"kty": "EC", "crv": "P-256"},
        RS256: {"kty": "RSA"},
        EDDSA: {"kty": "OKP", "crv": "Ed25519"},
    }
)
_SHORTEST_MODULUS: Final = 342  # 2048 bits in base64url
_COMPACT: Final = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)", re.ASCII)
_encode_json = msgspec.json.Encoder().encode
_decode_json = msgspec.json.Decoder(dict[str, Any]).decode


class BadToken(Exception):
    """The text is no token in the wanted form that one of these keys signed. The message is for the log."""


class BadKey(Exception):
    """The key is none for the algorithm; the message does not hold it."""


@dataclass(frozen=True, slots=True)
class JwsKey:
    """A key, loaded; ``id`` is its ``kid``. It is used with its one algorithm alone (RFC 8725 3.1)."""

    id: str
    algorithm: str
    key: ECKey | RSAKey | OKPKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unverified:
    """What a token says, believed by nobody yet: only to find out whose keys to judge it with."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]


def new_private_jwk(algorithm: str) -> dict[str, Any]:
    """A fresh private key as a JWK; an RSA key takes some 100 ms. Raises BadKey for an algorithm that is none of ours."""
    key: ECKey | RSAKey | OKPKey
    match algorithm:
        case "ES256":
            key = ECKey.generate_key("P-256", auto_kid=False)
        case "RS256":
            key = RSAKey.generate_key(RSA_BITS, auto_kid=False)
        case "EdDSA":
            key = OKPKey.generate_key("Ed25519", auto_kid=False)
        case _:
            raise BadKey("the algorithm is none of ours")
    return dict(key.as_dict(private=True))


def public_jwk(jwk: Mapping[str, Any], key_id: str, algorithm: str) -> dict[str, Any]:
    """What may be published of a key: its public members by name, so that none is ever forgotten."""
    members = {name: jwk[name] for name in _PUBLIC_MEMBERS[jwk["kty"]]}
    return {**members, "use": "sig", "alg": algorithm, "kid": key_id}


def load(jwk: Mapping[str, Any], key_id: str, algorithm: str) -> JwsKey:
    """A key from its JWK, private or public; raises BadKey when it is none for the algorithm."""
    judge = _algorithm(algorithm)
    wanted = _EXPECTED[algorithm]
    if any(jwk.get(name) != value for name, value in wanted.items()):
        raise BadKey("the key is of another type or curve")
    if algorithm == RS256 and len(str(jwk.get("n"))) < _SHORTEST_MODULUS:
        raise BadKey(f"the RSA key has less than {RSA_BITS} bits")
    try:
        key = _KEY_TYPES[algorithm].import_key(dict(jwk))
        judge.check_key(key)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise BadKey(f"no {algorithm} key: {type(error).__name__}") from None
    return JwsKey(key_id, algorithm, key)


def load_pem(pem: str, key_id: str) -> JwsKey:
    """A public key from PEM (SubjectPublicKeyInfo); its type says the algorithm. Raises BadKey."""
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise BadKey("it is no public key in PEM") from None
    if isinstance(key, RSAPublicKey) and key.key_size >= RSA_BITS:
        return JwsKey(key_id, RS256, RSAKey.import_key(pem))
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return JwsKey(key_id, ES256, ECKey.import_key(pem))
    if isinstance(key, Ed25519PublicKey):
        return JwsKey(key_id, EDDSA, OKPKey.import_key(pem))
    raise BadKey(f"a key is RSA with {RSA_BITS} bits or more, P-256 or Ed25519")


def sign(claims: Mapping[str, Any], key: JwsKey, typ: str) -> str:
    """The claims as a signed token; times must be numbers already."""
    header = _encode_json({"alg": key.algorithm, "kid": key.id, "typ": typ})
    signed = b"%b.%b" % (_encode(header), _encode(_encode_json(claims)))
    signature = _encode(_algorithm(key.algorithm).sign(signed, key.key))
    return f"{signed.decode()}.{signature.decode()}"


def verify(token: str, keys: Mapping[str, JwsKey], algorithms: Collection[str], typ: str) -> dict[str, Any]:
    """The claims of a token that one of the keys signed; raises BadToken. Neither times nor audience are judged here.

    The header names the key by ``kid`` (only a sole key need not be named) and its algorithm, which must be the key's
    own and allowed. ``typ`` is compared without ``application/`` and case; ``JWT`` also stands for none.
    """
    segments = _segments(token)
    header = _object(segments[0])
    key = _named_key(header, keys)
    if header.get("alg") != key.algorithm or key.algorithm not in algorithms:
        raise BadToken("the algorithm is not the key's, or not allowed")
    if _media_type(header.get("typ", "JWT")) != _media_type(typ):
        raise BadToken("the type is another")
    signed = f"{segments[0]}.{segments[1]}".encode()
    if not _algorithm(key.algorithm).verify(signed, _decode(segments[2]), key.key):
        raise BadToken("the signature is wrong")
    return _object(segments[1])


def unverified(token: str) -> Unverified:
    """Header and claims as they stand there; raises BadToken."""
    header, claims, _ = _segments(token)
    return Unverified(_object(header), _object(claims))


def _algorithm(name: str) -> Any:
    if name not in ALGORITHMS:
        raise BadKey("the algorithm is none of ours")
    return JWSRegistry.algorithms[name]


def _named_key(header: Mapping[str, Any], keys: Mapping[str, JwsKey]) -> JwsKey:
    if not _REFUSED_HEADERS.isdisjoint(header):
        raise BadToken("the header brings its own key, or an extension")
    key_id = header.get("kid")
    if key_id is None and len(keys) == 1:
        return next(iter(keys.values()))
    key = keys.get(key_id) if isinstance(key_id, str) else None
    if key is None:
        raise BadToken("the key is unknown")
    return key


def _media_type(text: Any) -> str:
    return text.lower().removeprefix("application/") if isinstance(text, str) else ""


def _segments(token: str) -> tuple[str, str, str]:
    found = _COMPACT.fullmatch(token) if len(token) <= MAX_LENGTH else None
    if found is None:
        raise BadToken("it is not in the compact form")
    return found[1], found[2], found[3]


def _object(segment: str) -> dict[str, Any]:
    try:
        return _decode_json(_decode(segment))
    except (msgspec.MsgspecError, RecursionError):
        raise BadToken("a part is no JSON object") from None


def _decode(segment: str) -> bytes:
    """The bytes of a segment in its one spelling."""
    try:
        content = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except ValueError:
        raise BadToken("a part is not base64url") from None
    if _encode(content).decode() != segment:
        raise BadToken("a part is not base64url in its one spelling")
    return content


def _encode(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")
