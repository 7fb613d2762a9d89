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
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key
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
    return _checked(dict(jwk), key_id, algorithm)


def load_pem(pem: str, key_id: str) -> JwsKey:
    """A public key from PEM (SubjectPublicKeyInfo); its type says the algorithm. Raises BadKey."""
    for algorithm in ALGORITHMS:
        try:
            loaded = _checked(pem, key_id, algorithm)
        except BadKey:
            continue
        if loaded.key.is_private:
            raise BadKey("the PEM is a private key")
        return loaded
    raise BadKey(f"the PEM is no public key of {RSA_BITS} bits RSA or more, P-256 or Ed25519")


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


def _checked(material: str | dict[str, Any], key_id: str, algorithm: str) -> JwsKey:
    try:
        key = import_key(material)
        _algorithm(algorithm).check_key(key)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise BadKey(f"no {algorithm} key: {type(error).__name__}") from None
    if not isinstance(key, ECKey | RSAKey | OKPKey):
        raise BadKey("the key is a shared secret")
    if isinstance(key, RSAKey) and key.raw_value.key_size < RSA_BITS:
        raise BadKey(f"the RSA key has less than {RSA_BITS} bits")
    if isinstance(key, OKPKey) and key.curve_name != "Ed25519":
        raise BadKey("the curve is another")
    return JwsKey(key_id, algorithm, key)


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
    except msgspec.MsgspecError:
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
