"""New credentials: what an authenticator attests, verified. Heavy to import (fido2's formats): only services that enrol do.

Three formats are known, for none is asked for: ``none``, ``packed`` and ``fido-u2f``; whose certificates these carry is not
looked at. Source: WebAuthn Level 3, 7.1 (the steps, by their numbers), 8.2, 8.6, 8.7.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from fido2 import cbor
from fido2.attestation.base import Attestation, InvalidAttestation
from fido2.attestation.packed import PackedAttestation
from fido2.attestation.u2f import FidoU2FAttestation
from fido2.webauthn import AuthenticatorData as FidoAuthenticatorData

from ostiary.crypto.cose import BadKey, check_key, decode_key
from ostiary.crypto.web_authn import (
    CREATE,
    LARGEST_ID,
    AuthenticatorData,
    ClientData,
    Credential,
    Expected,
    Refused,
    Unreadable,
    check_client_data,
    check_extensions,
    check_flags,
    decode_cbor,
    from_base64url,
    read_authenticator_data,
    read_credential_id,
    read_json,
)

_LARGEST_OBJECT = 65_536
_AAGUID_BYTES = 16
_MEMBERS: Final = {"fmt", "attStmt", "authData"}
_TRANSPORTS: Final = frozenset({"usb", "nfc", "ble", "smart-card", "hybrid", "internal"})
# what fido2 lets through of a statement of the wrong shape
_BROKEN: Final = (ValueError, LookupError, TypeError, AttributeError, AssertionError, NotImplementedError)


class AttestedCredential(msgspec.Struct, frozen=True):
    """A new credential as it stands in authenticator data; ``public_key`` is in COSE's form."""

    aaguid: bytes
    id: bytes
    public_key: bytes


class Registration(msgspec.Struct, frozen=True):
    """A browser's answer to creation options, read and not yet judged."""

    credential_id: bytes
    client_data: ClientData
    client_data_hash: bytes
    challenge: bytes
    format: str
    statement: dict[str, Any]
    signed: bytes
    authenticator_data: AuthenticatorData
    attested: AttestedCredential
    transports: tuple[str, ...]


class _AttestationResponse(msgspec.Struct, rename="camel"):
    client_data: str = msgspec.field(name="clientDataJSON")
    attestation_object: str
    transports: list[str] = []


class _AttestationJson(msgspec.Struct, rename="camel"):
    id: str
    raw_id: str
    type: str
    response: _AttestationResponse


def read_registration(sent: Mapping[str, Any]) -> Registration:
    """The JSON of a PublicKeyCredential with an attestation (steps 3, 5, 6, 13); raises Unreadable."""
    said = read_json(_AttestationJson, sent)
    credential_id = read_credential_id(said.id, said.raw_id, said.type)
    client_data = from_base64url(said.response.client_data)
    read = read_json(ClientData, client_data)
    members, rest = decode_cbor(from_base64url(said.response.attestation_object, _LARGEST_OBJECT))
    if rest or not isinstance(members, dict) or members.keys() != _MEMBERS:
        raise Unreadable("attestation object")
    signed, fmt, statement = members["authData"], members["fmt"], members["attStmt"]
    if not (isinstance(signed, bytes) and isinstance(fmt, str) and isinstance(statement, dict)):
        raise Unreadable("attestation object")
    data = read_authenticator_data(signed)
    return Registration(
        credential_id,
        read,
        hashlib.sha256(client_data).digest(),
        from_base64url(read.challenge),
        fmt,
        statement,
        signed,
        data,
        _attested(data),
        tuple(sorted(_TRANSPORTS.intersection(said.response.transports))),
    )


def _attested(data: AuthenticatorData) -> AttestedCredential:
    rest, head = data.rest, _AAGUID_BYTES + 2
    if not data.is_attested or len(rest) < head:
        raise Unreadable("no credential is attested")
    end = head + int.from_bytes(rest[_AAGUID_BYTES:head])
    key, after = decode_cbor(rest[end:])
    if not isinstance(key, dict):
        raise Unreadable("public key")
    check_extensions(data, after)
    return AttestedCredential(rest[:_AAGUID_BYTES], rest[head:end], cbor.encode(key))


def verify_registration(registration: Registration, expected: Expected) -> Credential:
    """The record of the new credential (steps 7 to 22, 25, 27); raises Refused.

    That nobody has registered it (26) is for the caller to judge.
    """
    if (
        registration.challenge != expected.challenge
    ):  # known to whoever registers: nothing to compare in secret
        raise Refused("challenge")
    check_client_data(registration.client_data, CREATE, expected.rp_id)
    data, attested = registration.authenticator_data, registration.attested
    check_flags(data, expected)
    if attested.id != registration.credential_id or len(attested.id) > LARGEST_ID:
        raise Refused("credential id")
    try:
        check_key(decode_key(attested.public_key))  # step 20
    except BadKey as bad:
        raise Refused(f"public key: {bad}") from None
    _verify_statement(registration)
    return Credential(
        attested.id,
        attested.public_key,
        expected.rp_id,
        data.sign_count,
        attested.aaguid,
        registration.transports,
        data.backup_eligible,
        data.backed_up,
        data.user_verified,
    )


def _verify_statement(registration: Registration) -> None:
    """Steps 21 and 22."""
    if registration.format == "none":
        if registration.statement:
            raise Refused("a statement of no format")
        return
    format_of: dict[str, type[Attestation]] = {"packed": PackedAttestation, "fido-u2f": FidoU2FAttestation}
    make = format_of.get(registration.format)
    if make is None:
        raise Refused("attestation format")
    try:
        data = FidoAuthenticatorData(registration.signed)
        make().verify(registration.statement, data, registration.client_data_hash)
    except (InvalidAttestation, InvalidSignature, UnsupportedAlgorithm, *_BROKEN) as error:
        raise Refused(f"attestation: {type(error).__name__}") from None
