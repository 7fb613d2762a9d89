"""What a browser is asked for when a key is made. Source: WebAuthn Level 3, 5.4."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from fido2.rpid import verify_rp_id

from ostiary.core.passkey import CEREMONY_LASTS
from ostiary.core.user import User
from ostiary.crypto.cose import ALGORITHMS
from ostiary.crypto.web_authn import Credential, base64url
from ostiary.errors import InvalidArgument

_LABEL: Final = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST: Final = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*\Z")


@dataclass(frozen=True, slots=True)
class Creation:
    """A key to be made. ``excluded`` are the user's others there: no authenticator makes a second one."""

    user: User
    challenge: bytes
    rp_id: str
    rp_name: str
    attachment: str
    excluded: Sequence[Credential]


def require_relying_party(domain: str) -> str:
    """The relying party's id of a domain; raises InvalidArgument unless a browser could take it.

    It is a host's name in lower case, no address and no public suffix, or else anybody below it could ask for its keys.
    """
    rp_id = domain.lower()
    labels = rp_id.split(".")
    if not _HOST.match(rp_id) or labels[-1].isdigit() or not verify_rp_id(rp_id, f"https://below.{rp_id}"):
        hint = "it is the host name of your login UI, or a domain above that"
        raise InvalidArgument("user.key_domain", "Domain is not one that keys can be made for", hint=hint)
    return rp_id


def creation_options(creation: Creation, *, is_passkey: bool) -> Mapping[str, Any]:
    """Passkeys are found without a name and verify their user; U2F keys need neither."""
    user, wanted = creation.user, "required" if is_passkey else "discouraged"
    selection: dict[str, Any] = {
        "residentKey": wanted,
        "requireResidentKey": is_passkey,
        "userVerification": wanted,
    }
    if creation.attachment:
        selection["authenticatorAttachment"] = creation.attachment
    return {
        "publicKey": {
            "rp": {"name": creation.rp_name, "id": creation.rp_id},
            "user": {
                "id": base64url(user.id.encode()),
                "name": user.login_names[0],
                "displayName": user.display_name,
            },
            "challenge": base64url(creation.challenge),
            "pubKeyCredParams": [{"type": "public-key", "alg": algorithm} for algorithm in ALGORITHMS],
            "timeout": CEREMONY_LASTS // timedelta(milliseconds=1),
            "excludeCredentials": [_descriptor(one) for one in creation.excluded],
            "authenticatorSelection": selection,
            "attestation": "none",
        }
    }


def _descriptor(credential: Credential) -> dict[str, Any]:
    said: dict[str, Any] = {"type": "public-key", "id": base64url(credential.id)}
    return {**said, "transports": list(credential.transports)} if credential.transports else said
