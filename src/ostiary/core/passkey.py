"""Passkeys and U2F keys as authenticators of a user: what is kept while one is registered, and what makes it one."""

from datetime import datetime, timedelta

import msgspec

PASSKEY, U2F = "passkey", "u2f"
# By which kind of authenticator a session's WebAuthn check is made.
WEB_AUTHN_KIND = "web_auth_n"
CEREMONY_LASTS = timedelta(minutes=5)


class PendingCredential(msgspec.Struct, frozen=True):
    """What an authenticator that is not ready keeps, sealed: what was asked for, until when, by whom in which session.

    ``invited``: it was asked for by an invitation's code, which has to come back with the answer.
    """

    challenge: bytes
    rp_id: str
    user_verification: bool
    expires_at: datetime
    caller_id: str
    session_id: str = ""
    invited: bool = False

    def is_of(self, caller_id: str, session_id: str) -> bool:
        """Whether they began it: what one session was allowed is for no other."""
        return (self.caller_id, self.session_id) == (caller_id, session_id)


class Enrolment(msgspec.Struct, frozen=True):
    """What the WebAuthn factor enrols: an id and name for the authenticator, and its credential in plain JSON."""

    id: str
    kind: str
    name: str
    credential_hash: str
    credential: bytes


def encode_enrolment(enrolment: Enrolment) -> bytes:
    """As the factor takes it."""
    return msgspec.json.encode(enrolment)


def decode_enrolment(plain: bytes) -> Enrolment:
    """What was encoded."""
    return msgspec.json.decode(plain, type=Enrolment)
