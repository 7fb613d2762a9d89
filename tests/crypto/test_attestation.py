"""New credentials judged: each step of the relying party (WebAuthn Level 3, 7.1) is named, spoilt, and seen to refuse."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from ostiary.crypto.attestation import read_registration, verify_registration
from ostiary.crypto.web_authn import Credential, Expected, Refused, Unreadable, base64url, from_base64url
from tests.doubles.authenticator import AT, BE, BS, ED, UP, UV, SoftKey, cose_of, es256_key, sign
from tests.doubles.effects import START

ASKED = b"thirty-two bytes of a challenge."
CHALLENGE = base64url(ASKED)
EXPECTED = Expected(ASKED, "localhost", user_verification=True)
KEY = es256_key()


def soft_key(**values: Any) -> SoftKey:
    """A key that nobody has registered."""
    return SoftKey(**{"key": KEY, "aaguid": b"A" * 16, **values})


def registered(sent: dict[str, Any], expected: Expected = EXPECTED) -> Credential:
    """The record of a good one."""
    return verify_registration(read_registration(sent), expected)


def refused(sent: dict[str, Any], why: str) -> None:
    """It is readable and not good."""
    with pytest.raises(Refused, match=why):
        registered(sent)


def unreadable(sent: dict[str, Any], why: str) -> None:
    """It is not of the form that it must have."""
    with pytest.raises(Unreadable, match=why):
        read_registration(sent)


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("7 type of an assertion", {"client_data": {"type": "webauthn.get"}}, "type"),
    ("8 another challenge", {"client_data": {"challenge": base64url(b"another")}}, "challenge"),
    ("9 origin", {"client_data": {"origin": "https://evil.test"}}, "origin"),
    ("10 cross origin", {"client_data": {"crossOrigin": True}}, "cross origin"),
    ("11 top origin", {"client_data": {"topOrigin": "https://evil.test"}}, "cross origin"),
    ("14 relying party", {"rp_id": "evil.test"}, "relying party"),
    ("15 user presence", {"flags": UV}, "presence"),
    ("16 user verification", {"flags": UP}, "verification"),
    ("17 backed up, not eligible", {"flags": UP | UV | BS}, "backed up"),
    ("20 algorithm", {"cose": {**cose_of(KEY), 3: -35}}, "public key"),
    ("20 point off the curve", {"cose": {**cose_of(KEY), -2: bytes(32)}}, "public key"),
    ("20 one more parameter", {"cose": {**cose_of(KEY), 2: b"kid"}}, "public key"),
    ("21 format", {"fmt": "tpm"}, "format"),
    ("22 none says something", {"statement": {"sig": b""}}, "statement"),
    ("22 packed without a signature", {"fmt": "packed", "statement": {"alg": -7}}, "attestation"),
    ("22 packed with another", {"fmt": "packed", "statement": {"alg": -7, "sig": b"0" * 70}}, "attestation"),
    (
        "22 packed of another algorithm",
        {"fmt": "packed", "statement": {"alg": -8, "sig": b""}},
        "attestation",
    ),
    ("22 packed of no kind", {"fmt": "packed", "statement": {"alg": [], "sig": 7}}, "attestation"),
    ("22 packed with ECDAA", {"fmt": "packed", "statement": {"ecdaaKeyId": b""}}, "attestation"),
    (
        "22 packed with no certificate",
        {"fmt": "packed", "statement": {"alg": -7, "x5c": [b"x"]}},
        "attestation",
    ),
    ("22 packed with a number", {"fmt": "packed", "statement": {"alg": -7, "x5c": 7}}, "attestation"),
    ("22 fido-u2f with nothing", {"fmt": "fido-u2f", "statement": {"x5c": []}}, "attestation"),
    ("ours: another id than the browser says", {"credential_id": b"another"}, "credential id"),
]
UNREADABLE: list[tuple[str, dict[str, Any], str]] = [
    ("3 type of the response", {"outer": {"type": "password"}}, "type"),
    ("3 no response", {"outer": {"response": None}}, "JSON"),
    ("5 client data is no UTF-8", {"raw_client_data": b'{"type":"\xff"}'}, "JSON"),
    ("6 client data is no JSON", {"raw_client_data": b"[]"}, "JSON"),
    ("13 no CBOR", {"response": {"attestationObject": "AA"}}, "object"),
    ("13 cut", {"response": {"attestationObject": base64url(b"\xa1\x59")}}, "CBOR"),
    ("13 one more member", {"members": {"more": 1}}, "object"),
    ("13 format is a number", {"members": {"fmt": 1}}, "object"),
    ("13 statement is a list", {"members": {"attStmt": [1]}}, "object"),
    ("13 authenticator data is a text", {"members": {"authData": "x"}}, "object"),
    ("13 authenticator data cut", {"members": {"authData": bytes(36)}}, "authenticator"),
    ("13 no credential", {"members": {"authData": bytes(37)}}, "attested"),
    ("13 credential cut", {"members": {"authData": bytes(32) + bytes([AT]) + bytes(20)}}, "attested"),
    ("13 id cut", {"members": {"authData": bytes(32) + bytes([AT]) + bytes(4 + 16) + b"\1\1x"}}, "CBOR"),
    ("13 key is no map", {"members": {"authData": bytes(32) + bytes([AT]) + bytes(23)}}, "public key"),
    ("28 trailing bytes", {"after": b"\0"}, "trailing"),
    ("28 trailing bytes after extensions", {"flags": UP | UV | ED, "extensions": b"\xa0\0"}, "trailing"),
    ("ours: id is not rawId", {"outer": {"id": "AAAA"}}, "id"),
    ("25 id of 1024 bytes", {"outer": {"id": "A" * 1366, "rawId": "A" * 1366}}, "long"),
    ("ours: too much", {"members": {"attStmt": {"x": bytes(70_000)}}}, "long"),
]


@pytest.mark.parametrize(("spoilt", "why"), [step[1:] for step in REFUSED], ids=[step[0] for step in REFUSED])
def test_refused_step(spoilt: dict[str, Any], why: str) -> None:
    """Spoilt at one step it is refused there; its twin, which is whole, is registered."""
    refused(soft_key().attestation(CHALLENGE, **spoilt), why)
    assert registered(soft_key().attestation(CHALLENGE)).id == SoftKey().credential_id


@pytest.mark.parametrize(
    ("spoilt", "why"), [step[1:] for step in UNREADABLE], ids=[step[0] for step in UNREADABLE]
)
def test_unreadable_step(spoilt: dict[str, Any], why: str) -> None:
    """Of another form it is not even judged; its twin, which is whole, is registered."""
    unreadable(soft_key().attestation(CHALLENGE, **spoilt), why)
    assert registered(soft_key().attestation(CHALLENGE)).id == SoftKey().credential_id


def test_record() -> None:
    """27: the credential record holds all that later steps compare."""
    sent = soft_key(count=7).attestation(
        CHALLENGE, flags=UP | UV | BE | BS | ED, extensions=b"\xa1\x61x\xf5", fmt="packed"
    )
    record = registered(sent)
    assert (record.id, record.rp_id, record.sign_count) == (SoftKey().credential_id, "localhost", 7)
    assert (record.aaguid, record.transports) == (b"A" * 16, ("usb",))
    assert (record.backup_eligible, record.backed_up, record.uv_initialized) == (True, True, True)


def test_verification_that_was_not_asked_for() -> None:
    """16: a U2F key need not verify its user."""
    expected = Expected(ASKED, "localhost", user_verification=False)
    assert not registered(soft_key().attestation(CHALLENGE, flags=UP), expected).uv_initialized


def certificate() -> bytes:
    """Of a maker, over the same key."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Maker")])
    builder = x509.CertificateBuilder(name, name, KEY.public_key(), 1, START, START + timedelta(days=9))
    return builder.sign(KEY, SHA256()).public_bytes(Encoding.DER)


def test_fido_u2f() -> None:
    """22: keys of the first generation attest by a certificate of their maker, whom nobody is asked to trust."""
    plain = soft_key(aaguid=bytes(16)).attestation(CHALLENGE)
    client = hashlib.sha256(from_base64url(plain["response"]["clientDataJSON"])).digest()
    public = cose_of(KEY)
    point = b"\x04" + public[-2] + public[-3]
    signed = b"\0" + hashlib.sha256(b"localhost").digest() + client + SoftKey().credential_id + point
    statement = {"x5c": [certificate()], "sig": sign(KEY, signed)}
    good = soft_key(aaguid=bytes(16)).attestation(CHALLENGE, fmt="fido-u2f", statement=statement)
    assert registered(good).public_key
    refused(
        soft_key().attestation(CHALLENGE, fmt="fido-u2f", statement={**statement, "sig": sign(KEY, b"")}),
        "attestation",
    )


@given(st.data())
def test_any_byte_changed(data: st.DataObject) -> None:
    """Whatever byte of an attestation that is signed is changed, it is refused or unreadable."""
    fixed = Ed25519PrivateKey.from_private_bytes(bytes(32))
    sent = soft_key(key=fixed).attestation(CHALLENGE, fmt="packed")
    part = data.draw(st.sampled_from(["clientDataJSON", "attestationObject"]))
    content = bytearray(from_base64url(sent["response"][part]))
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    sent["response"][part] = base64url(bytes(content))
    with pytest.raises((Refused, Unreadable)):
        registered(sent)
