"""An authenticator in software, and the browser around it: makes attestations and assertions, right or spoilt.

Every part can be set, so that a test says what is wrong in one word.
"""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from fido2 import cbor

from ostiary.crypto.web_authn import base64url, from_base64url

UP, UV, BE, BS, AT, ED = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80
ORIGIN = "http://localhost:8080"
PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


def es256_key() -> ec.EllipticCurvePrivateKey:
    """A key on P-256."""
    return ec.generate_private_key(ec.SECP256R1())


def cose_of(key: PrivateKey) -> dict[int, Any]:
    """Its public half, as authenticators write it."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        point = key.public_key().public_numbers()
        return {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)}
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return {1: 1, 3: -8, -1: 6, -2: key.public_key().public_bytes_raw()}
    numbers = key.public_key().public_numbers()
    return {1: 3, 3: -257, -1: numbers.n.to_bytes(numbers.n.bit_length() // 8), -2: numbers.e.to_bytes(3)}


def sign(key: PrivateKey, message: bytes) -> bytes:
    """As its algorithm does."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(message, ec.ECDSA(SHA256()))
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(message)
    return key.sign(message, padding.PKCS1v15(), SHA256())


@dataclass
class SoftKey:
    """One credential of one relying party. ``count`` grows before each use, unless it is None (it stays zero)."""

    rp_id: str = "localhost"
    key: PrivateKey = field(default_factory=es256_key)
    credential_id: bytes = b"credential-1-of-the-software-key"
    count: int | None = 0
    flags: int = UP | UV
    user_handle: bytes | None = None
    origin: str = ORIGIN
    aaguid: bytes = bytes(16)

    def create(self, options: dict[str, Any], **spoilt: Any) -> dict[str, Any]:
        """The browser's JSON for creation options; ``spoilt`` sets parts of it, see :meth:`attestation`."""
        public = options["publicKey"]
        self.rp_id = public["rp"]["id"]
        if public["authenticatorSelection"]["residentKey"] == "required":
            self.user_handle = from_base64url(public["user"]["id"])
        return self.attestation(public["challenge"], **spoilt)

    def attestation(
        self,
        challenge: str,
        *,
        client_data: dict[str, Any] | None = None,
        raw_client_data: bytes | None = None,
        flags: int | None = None,
        rp_id: str | None = None,
        cose: dict[Any, Any] | None = None,
        credential_id: bytes | None = None,
        fmt: str = "none",
        statement: dict[str, Any] | None = None,
        extensions: bytes = b"",
        after: bytes = b"",
        members: dict[str, Any] | None = None,
        outer: dict[str, Any] | None = None,
        response: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """An attestation of the key. ``fmt="packed"`` without a statement attests itself."""
        client = raw_client_data or self._client("webauthn.create", challenge, client_data)
        attested = self.credential_id if credential_id is None else credential_id
        public = cbor.encode(cose if cose is not None else cose_of(self.key))
        credential = self.aaguid + len(attested).to_bytes(2) + attested + public
        data = (
            self._data(AT | (self.flags if flags is None else flags), rp_id) + credential + extensions + after
        )
        if fmt == "packed" and statement is None:
            signature = sign(self.key, data + hashlib.sha256(client).digest())
            statement = {"alg": cose_of(self.key)[3], "sig": signature}
        object_ = {"fmt": fmt, "attStmt": statement or {}, "authData": data, **(members or {})}
        said = {
            "clientDataJSON": base64url(client),
            "attestationObject": base64url(cbor.encode(object_)),
            "transports": ["usb", "of the future"],
            **(response or {}),
        }
        return self._json(said, outer)

    def get(self, options: dict[str, Any], **spoilt: Any) -> dict[str, Any]:
        """The browser's JSON for request options; ``spoilt`` sets parts of it, see :meth:`assertion`."""
        return self.assertion(options["publicKey"]["challenge"], **spoilt)

    def assertion(
        self,
        challenge: str,
        *,
        client_data: dict[str, Any] | None = None,
        raw_client_data: bytes | None = None,
        flags: int | None = None,
        rp_id: str | None = None,
        count: int | None = None,
        extensions: bytes = b"",
        signature: bytes | None = None,
        outer: dict[str, Any] | None = None,
        response: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """An assertion by the key, right unless something is spoilt."""
        if self.count is not None:
            self.count += 1
        client = raw_client_data or self._client("webauthn.get", challenge, client_data)
        data = self._data(self.flags if flags is None else flags, rp_id, count) + extensions
        said = {
            "clientDataJSON": base64url(client),
            "authenticatorData": base64url(data),
            "signature": base64url(signature or sign(self.key, data + hashlib.sha256(client).digest())),
            "userHandle": None if self.user_handle is None else base64url(self.user_handle),
            **(response or {}),
        }
        return self._json(said, outer)

    def _client(self, type_: str, challenge: str, spoilt: dict[str, Any] | None) -> bytes:
        said = {"type": type_, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps({**said, "of the future": 1, **(spoilt or {})}).encode()

    def _data(self, flags: int, rp_id: str | None, count: int | None = None) -> bytes:
        count = (self.count or 0) if count is None else count
        return hashlib.sha256((rp_id or self.rp_id).encode()).digest() + bytes([flags]) + count.to_bytes(4)

    def _json(self, response: dict[str, Any], spoilt: dict[str, Any] | None) -> dict[str, Any]:
        name = base64url(self.credential_id)
        return {
            "type": "public-key",
            "id": name,
            "rawId": name,
            "authenticatorAttachment": "cross-platform",
            "clientExtensionResults": {},
            "response": {name: value for name, value in response.items() if value is not None},
            **(spoilt or {}),
        }
