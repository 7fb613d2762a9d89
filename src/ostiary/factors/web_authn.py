"""Passkeys and U2F keys, by WebAuthn.

A challenge that asks for user verification is answered with a passkey, any other with a U2F key. Without a user it is an
autofill challenge: any passkey of the relying party may answer, and its assertion says whose it is. Several challenges may be
open, so that a page that was drawn again does not spoil the one being signed. Source: WebAuthn Level 3, 7.2; ZITADEL's wire
contract, part 2.5.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import msgspec

from ostiary.core.factor import Attempt, Begun, Evidence, Factor, Rejected, Tools, Verified
from ostiary.core.passkey import CEREMONY_LASTS, PASSKEY, U2F, WEB_AUTHN_KIND, decode_enrolment
from ostiary.core.secret import same_hash
from ostiary.core.session import Challenge, VerifiedFactor
from ostiary.core.user import Authenticator, UserState
from ostiary.crypto.assertion import Assertion, Cloned, read_assertion, verify_assertion
from ostiary.crypto.web_authn import (
    CHALLENGE_BYTES,
    Credential,
    Expected,
    Refused,
    Unreadable,
    base64url,
    lookup_hash,
)
from ostiary.errors import CredentialRefused, FailedPrecondition, OstiaryError

_ID_BYTES = 9
_REQUIRED = 1
# The wire's numbers of UserVerificationRequirement, as browsers spell them.
_REQUIREMENTS: Final = ("", "required", "preferred", "discouraged")


class Sent(Protocol):
    """The wire's Struct."""

    def to_python(self) -> Any:
        """As dicts, lists, texts, numbers."""
        ...


class WebAuthnCheck(Protocol):
    """The wire's CheckWebAuthN."""

    @property
    def credential_assertion_data(self) -> Sent | None:
        """The JSON of the browser's PublicKeyCredential."""
        ...


class WebAuthnRequest(Protocol):
    """The wire's RequestChallenges.WebAuthN."""

    @property
    def domain(self) -> str:
        """The relying party's id."""
        ...

    @property
    def user_verification_requirement(self) -> int:
        """1 required, 2 preferred, 3 discouraged."""
        ...


class ChallengeState(msgspec.Struct, frozen=True):
    """What is kept of a challenge, sealed. ``allowed`` are ids of authenticators; without a user any may answer."""

    challenge: bytes
    rp_id: str
    user_verification: bool
    user_id: str = ""
    allowed: tuple[str, ...] = ()


_encode = msgspec.json.Encoder().encode
_decode_state = msgspec.json.Decoder(ChallengeState).decode
_decode_credential = msgspec.json.Decoder(Credential).decode


def begin(asked: WebAuthnRequest, attempt: Attempt) -> Begun | Rejected:
    """A challenge for the user's keys of the relying party; without a user, one for autofill."""
    if attempt.user is None:
        state = ChallengeState(_challenge(attempt), asked.domain.lower(), user_verification=True)
        return _begun(state, "required", (), attempt)
    return begin_for_user(asked, attempt)


def begin_for_user(asked: WebAuthnRequest, attempt: Attempt) -> Begun | Rejected:
    """A challenge for the user's keys of the relying party: passkeys if users must be verified, else U2F keys."""
    user, rp_id, wanted = attempt.user, asked.domain.lower(), asked.user_verification_requirement
    if user is None:
        return Rejected(
            FailedPrecondition("COMMAND-eeR2e", "User ID missing", hint="name the user in checks.user")
        )
    if user.state not in {UserState.ACTIVE, UserState.INITIAL}:
        return Rejected(_not_active())
    kind = PASSKEY if wanted == _REQUIRED else U2F
    ready = [(owned, _credential(owned, attempt)) for owned in attempt.authenticators if _is(owned, kind)]
    usable = [(owned, credential) for owned, credential in ready if credential.rp_id == rp_id]
    if not usable:
        hint = f"the user has no {kind} for {rp_id}"
        return Rejected(CredentialRefused("WEBAU-4G8sw", "WebAuthN begin login failed", hint=hint))
    state = ChallengeState(
        _challenge(attempt), rp_id, wanted == _REQUIRED, user.id, tuple(owned.id for owned, _ in usable)
    )
    return _begun(state, _REQUIREMENTS[wanted], tuple(credential.id for _, credential in usable), attempt)


def _begun(
    state: ChallengeState, requirement: str, credential_ids: tuple[bytes, ...], attempt: Attempt
) -> Begun:
    challenge_id = base64url(attempt.tools.random_bytes(_ID_BYTES))
    sealed = attempt.tools.close(_encode(state), _context(attempt, challenge_id))
    options = {
        "challenge": base64url(state.challenge),
        "timeout": CEREMONY_LASTS // timedelta(milliseconds=1),
        "rpId": state.rp_id,
        "allowCredentials": [{"type": "public-key", "id": base64url(one)} for one in credential_ids],
        "userVerification": requirement,
    }
    return Begun(Challenge(challenge_id, attempt.now + CEREMONY_LASTS, sealed), {"publicKey": options})


def verify(check: WebAuthnCheck, attempt: Attempt) -> Evidence:
    """Find the challenge that is answered and the key that answers; the key's counter is spent with the check."""
    states = [_state(one, attempt) for one in attempt.challenges if one.expires_at > attempt.now]
    if not states:
        hint = "ask for a challenge first; each is good for five minutes and one success"
        error = FailedPrecondition("COMMAND-Ioqu5", "Session without WebAuthN challenge", hint=hint)
        return Rejected(error, traced=True)
    try:
        assertion = read_assertion(_json(check))
    except Unreadable as unreadable:
        hint = f"unreadable: {unreadable}"
        return Rejected(
            CredentialRefused("WEBAU-ADgv4", "Error on validate login credentials", hint=hint), traced=True
        )
    if attempt.user is None:
        hint = "the credential is not registered here"
        error = FailedPrecondition("COMMAND-Aej7i", "Error on validate login credentials", hint=hint)
        return Rejected(error, traced=True)
    try:
        return _verified(assertion, states, attempt)
    except Cloned as cloned:
        hint = f"refused: {cloned}"
        return Rejected(
            CredentialRefused("WEBAU-4M90s", "Error on validate login credentials", hint=hint), traced=True
        )
    except Refused as refused:
        hint = f"refused: {refused}"
        return Rejected(
            CredentialRefused("WEBAU-3M9si", "Error on validate login credentials", hint=hint), traced=True
        )


def _verified(assertion: Assertion, states: list[ChallengeState], attempt: Attempt) -> Verified:
    """The check is good; raises Refused. Numbers are of the steps in WebAuthn Level 3, 7.2."""
    state = next((one for one in states if same_hash(one.challenge, assertion.challenge)), None)
    if state is None:  # 11
        raise Refused("challenge")
    wanted = lookup_hash(assertion.credential_id)
    owned = next((one for one in attempt.authenticators if one.is_ready and one.lookup_hash == wanted), None)
    if owned is None:  # 6
        raise Refused("credential")
    credential = _credential(owned, attempt)
    _require_meant(assertion, state, owned)
    expected = Expected(state.challenge, state.rp_id, state.user_verification)
    used = verify_assertion(assertion, credential, expected)
    spent = attempt.tools.seal(msgspec.structs.replace(owned, changed_at=attempt.now), _encode(used))
    is_user_verified = assertion.authenticator_data.user_verified
    return Verified(VerifiedFactor(attempt.now, is_user_verified), (spent,))


def _require_meant(assertion: Assertion, state: ChallengeState, owned: Authenticator) -> None:
    """Raise Refused unless the key may answer this challenge, for this user (5, 6)."""
    if state.user_id and (state.user_id != owned.user_id or owned.id not in state.allowed):
        raise Refused("the credential is not among those that were asked for")
    if not state.user_id and owned.kind != PASSKEY:
        raise Refused("the credential is not a passkey")
    if not state.user_id and not assertion.user_handle:
        raise Refused("an assertion without a user needs its user handle")
    if assertion.user_handle and assertion.user_handle != owned.user_id.encode():
        raise Refused("user handle")


def identify(check: WebAuthnCheck) -> str | None:
    """The hash of the credential's id, if it is readable."""
    try:
        return lookup_hash(read_assertion(_json(check)).credential_id)
    except Unreadable:
        return None


def enrol(user_id: str, secret: bytes, now: datetime, tools: Tools) -> Authenticator:
    """A key, of its encoded Enrolment."""
    made = decode_enrolment(secret)
    owned = Authenticator(
        made.id, user_id, made.kind, now, now, name=made.name, lookup_hash=made.credential_hash
    )
    return tools.seal(owned, made.credential)


def blocked(_: int) -> OstiaryError:
    """Nobody's keys are guessed; this is for a user who may not be verified at all."""
    return _not_active()


def _not_active() -> OstiaryError:
    return FailedPrecondition("COMMAND-Df4b3", "Errors.User.NotActive", hint="the user is not active")


def _json(check: WebAuthnCheck) -> dict[str, Any]:
    sent = check.credential_assertion_data
    if sent is None:
        raise Unreadable("nothing was sent")
    said: dict[str, Any] = sent.to_python()
    return said


def _is(owned: Authenticator, kind: str) -> bool:
    return owned.kind == kind and owned.is_ready


def _credential(owned: Authenticator, attempt: Attempt) -> Credential:
    return _decode_credential(attempt.tools.unseal(owned))


def _state(challenge: Challenge, attempt: Attempt) -> ChallengeState:
    return _decode_state(attempt.tools.open(challenge.state, _context(attempt, challenge.id)))


def _challenge(attempt: Attempt) -> bytes:
    return attempt.tools.random_bytes(CHALLENGE_BYTES)


def _context(attempt: Attempt, challenge_id: str) -> str:
    """A challenge is good in its own session alone."""
    return f"challenge|{attempt.session_id}|{WEB_AUTHN_KIND}|{challenge_id}"


WEB_AUTHN = Factor(
    kind=WEB_AUTHN_KIND,
    wire=WEB_AUTHN_KIND,
    amr="user",
    verify=verify,
    limit="max_otp_attempts",
    guessable=False,
    blocked=blocked,
    enrol=enrol,
    begin=begin,
    identify=identify,
    authenticators=(PASSKEY, U2F),
)
# Users are named before their keys are asked for, as in ZITADEL.
WITHOUT_AUTOFILL = replace(WEB_AUTHN, begin=begin_for_user, identify=None)
