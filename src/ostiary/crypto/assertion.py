"""Assertions: the answers of authenticators to a challenge, verified against a stored credential.

fido2's CBOR is used, not its ceremony: that loads for 45 ms at a start, and looks at neither counter, backup flags nor the
shape of a key. Source: WebAuthn Level 3, 7.2 (the steps, by their numbers).
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from ostiary.crypto.cose import is_signed
from ostiary.crypto.web_authn import (
    GET,
    AuthenticatorData,
    ClientData,
    Credential,
    Expected,
    Refused,
    Unreadable,
    check_client_data,
    check_extensions,
    check_flags,
    from_base64url,
    read_authenticator_data,
    read_credential_id,
    read_json,
)


class Cloned(Refused):
    """Its counter did not grow: somebody else has used a copy of the key."""


class Assertion(msgspec.Struct, frozen=True):
    """A browser's answer to a challenge, read and not yet judged. ``user_handle`` is empty where none was sent."""

    credential_id: bytes
    client_data: ClientData
    client_data_hash: bytes
    challenge: bytes
    authenticator_data: AuthenticatorData
    signed: bytes
    signature: bytes
    user_handle: bytes


class _AssertionResponse(msgspec.Struct, rename="camel"):
    client_data: str = msgspec.field(name="clientDataJSON")
    authenticator_data: str
    signature: str
    user_handle: str | None = None


class _AssertionJson(msgspec.Struct, rename="camel"):
    id: str
    raw_id: str
    type: str
    response: _AssertionResponse


def read_assertion(sent: Mapping[str, Any]) -> Assertion:
    """The JSON of a PublicKeyCredential with an assertion (steps 3, 7 to 9); raises Unreadable."""
    said = read_json(_AssertionJson, sent)
    credential_id = read_credential_id(said.id, said.raw_id, said.type)
    client_data = from_base64url(said.response.client_data)
    signed = from_base64url(said.response.authenticator_data)
    read = read_json(ClientData, client_data)
    data = read_authenticator_data(signed)
    if data.is_attested:
        raise Unreadable("an assertion attests nothing")
    check_extensions(data, data.rest)
    return Assertion(
        credential_id,
        read,
        hashlib.sha256(client_data).digest(),
        from_base64url(read.challenge),
        data,
        signed,
        from_base64url(said.response.signature),
        from_base64url(said.response.user_handle or ""),
    )


def verify_assertion(assertion: Assertion, credential: Credential, expected: Expected) -> Credential:
    """The credential as it is after its use (steps 10 to 24); raises Refused or Cloned.

    The caller has compared the challenge (11), for one of several may be meant, and knows whose credential it is (5, 6).
    """
    check_client_data(assertion.client_data, GET, expected.rp_id)
    data = assertion.authenticator_data
    check_flags(data, expected)
    if credential.rp_id != expected.rp_id:
        raise Refused("the credential is of another relying party")
    if data.backup_eligible != credential.backup_eligible:  # step 19
        raise Refused("backup eligibility has changed")
    if not is_signed(
        credential.public_key, assertion.signature, assertion.signed + assertion.client_data_hash
    ):
        raise Refused("signature")
    if (data.sign_count or credential.sign_count) and data.sign_count <= credential.sign_count:  # step 22
        raise Cloned("the counter did not grow")
    return msgspec.structs.replace(
        credential,
        sign_count=data.sign_count,
        backed_up=data.backed_up,
        uv_initialized=credential.uv_initialized or data.user_verified,
    )
