"""Assertions judged: each step of the relying party (WebAuthn Level 3, 7.2) is named, spoilt, and seen to refuse."""

import hashlib
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from fido2 import cbor

from ostiary.core.factor import Evidence, Rejected, Verified
from ostiary.core.session import Challenge
from ostiary.core.user import Authenticator
from ostiary.crypto.web_authn import Credential, base64url, lookup_hash
from ostiary.factors.web_authn import WEB_AUTHN, enrol, identify, verify
from tests.doubles.authenticator import AT, BE, BS, ED, UP, UV, SoftKey, cose_of, es256_key
from tests.doubles.effects import START
from tests.factors.conftest import ASKED, KEY, USER, answered, asked, attempt, key_enrolment, soft_key, tools

CHALLENGE = base64url(ASKED)
NOW = START + timedelta(minutes=1)
OTHER = b"another challenge of thirty-two."
CREDENTIAL, UNREADABLE, CLONE = "WEBAU-3M9si", "WEBAU-ADgv4", "WEBAU-4M90s"


def alices(kind: str = "passkey", **values: Any) -> Authenticator:
    """Alice's key; ``values`` are of its credential record."""
    return enrol(USER.id, key_enrolment(kind, **values), START, tools())


def judged(
    sent: dict[str, Any], *owned: Authenticator, challenges: tuple[Challenge, ...] | None = None
) -> Evidence:
    """What comes of an answer to Alice's one challenge."""
    challenges = (asked(),) if challenges is None else challenges
    return verify(answered(sent), attempt(*(owned or (alices(),)), now=NOW, challenges=challenges))


def refused(evidence: Evidence, id: str, why: str = "") -> None:  # noqa: A002
    """It is this refusal, which leaves a trace and counts nothing."""
    assert isinstance(evidence, Rejected)
    assert (evidence.error.id, evidence.guessed, evidence.traced) == (id, False, True)
    assert why in evidence.error.hint


STEPS: list[tuple[str, dict[str, Any], str, str]] = [
    ("3 type of the response", {"outer": {"type": "password"}}, UNREADABLE, "type"),
    ("3 no response", {"outer": {"response": {}}}, UNREADABLE, "JSON"),
    ("ours: id is not rawId", {"outer": {"id": "AAAA"}}, UNREADABLE, "id"),
    ("ours: rawId is not base64url", {"outer": {"rawId": "++++"}}, UNREADABLE, "base64url"),
    ("ours: empty id", {"outer": {"id": "", "rawId": ""}}, UNREADABLE, "id"),
    ("ours: id of 1024 bytes", {"outer": {"id": "A" * 1366, "rawId": "A" * 1366}}, UNREADABLE, ""),
    ("6 user handle of another", {"response": {"userHandle": base64url(b"999")}}, CREDENTIAL, "user handle"),
    ("7 client data is no JSON", {"raw_client_data": b"{"}, UNREADABLE, "JSON"),
    ("7 client data is no UTF-8", {"raw_client_data": b'{"type":"\xff"}'}, UNREADABLE, "JSON"),
    ("8 challenge is no text", {"client_data": {"challenge": 7}}, UNREADABLE, "JSON"),
    ("9 authenticator data cut", {"response": {"authenticatorData": "AAAA"}}, UNREADABLE, "authenticator"),
    ("10 type of a creation", {"client_data": {"type": "webauthn.create"}}, CREDENTIAL, "type"),
    ("11 another challenge", {"client_data": {"challenge": base64url(OTHER)}}, CREDENTIAL, "challenge"),
    ("12 origin", {"client_data": {"origin": "https://evil.test"}}, CREDENTIAL, "origin"),
    ("13 cross origin", {"client_data": {"crossOrigin": True}}, CREDENTIAL, "cross origin"),
    ("14 top origin", {"client_data": {"topOrigin": "https://evil.test"}}, CREDENTIAL, "cross origin"),
    ("15 relying party", {"rp_id": "evil.test"}, CREDENTIAL, "relying party"),
    ("16 user presence", {"flags": UV}, CREDENTIAL, "presence"),
    ("17 user verification", {"flags": UP}, CREDENTIAL, "verification"),
    ("18 backed up, not eligible", {"flags": UP | UV | BS}, CREDENTIAL, "backed up"),
    ("19 eligibility changed", {"flags": UP | UV | BE}, CREDENTIAL, "eligibility"),
    ("21 signature", {"signature": b"0" * 70}, CREDENTIAL, "signature"),
    ("22 counter stands still", {"count": 4}, CLONE, "counter"),
    ("22 counter goes back", {"count": 3}, CLONE, "counter"),
    ("22 counter is gone", {"count": 0}, CLONE, "counter"),
    ("23 trailing bytes", {"extensions": b"\0"}, UNREADABLE, "trailing"),
    ("23 no extensions", {"flags": UP | UV | ED}, UNREADABLE, "CBOR"),
    ("23 extensions are no map", {"flags": UP | UV | ED, "extensions": b"\1"}, UNREADABLE, "extensions"),
    ("23 more", {"flags": UP | UV | ED, "extensions": b"\xa0\0"}, UNREADABLE, "trailing"),
    ("23 cut", {"flags": UP | UV | ED, "extensions": b"\xa1\x61a\x43x"}, UNREADABLE, "CBOR"),
    ("23 without end", {"flags": UP | UV | ED, "extensions": b"\x81" * 9999}, UNREADABLE, "CBOR"),
    ("ours: it attests", {"flags": UP | UV | AT}, UNREADABLE, "attests"),
    ("ours: too much", {"extensions": bytes(20_000)}, UNREADABLE, "long"),
]


@pytest.mark.parametrize(
    ("spoilt", "id", "why"), [step[1:] for step in STEPS], ids=[step[0] for step in STEPS]
)
def test_step(spoilt: dict[str, Any], id: str, why: str) -> None:  # noqa: A002
    """Spoilt at one step it is refused there; its twin, which is whole, is verified."""
    refused(judged(soft_key().assertion(CHALLENGE, **spoilt)), id, why)
    assert isinstance(judged(soft_key().assertion(CHALLENGE)), Verified)


def test_accepted() -> None:
    """24, 25: the record is updated, the factor is verified now, by a user whom the key itself verified."""
    extended = soft_key().assertion(CHALLENGE, flags=UP | UV | ED, extensions=cbor.encode({"prf": True}))
    evidence = judged(extended)
    assert isinstance(evidence, Verified)
    assert (evidence.factor.verified_at, evidence.factor.user_verified) == (NOW, True)
    (spent,) = evidence.spends
    assert (spent.id, spent.version, spent.changed_at) == (alices().id, 1, NOW)
    kept = msgspec.json.decode(tools().unseal(spent), type=Credential)
    assert (kept.sign_count, kept.uv_initialized, kept.backed_up) == (5, True, False)
    refused(judged(extended, spent), CLONE)


def test_verification_by_result() -> None:
    """A key that verified its user says so whatever was asked, and one that did not says that."""
    for flags, is_verified in ((UP | UV, True), (UP, False)):
        wanted = asked(user_verification=False)
        evidence = judged(soft_key().assertion(CHALLENGE, flags=flags), alices("u2f"), challenges=(wanted,))
        assert isinstance(evidence, Verified)
        assert evidence.factor.user_verified is is_verified


def test_counter_that_never_counts() -> None:
    """22: keys without a counter say zero each time."""
    owned = alices(sign_count=0)
    evidence = judged(soft_key(count=None).assertion(CHALLENGE), owned)
    assert isinstance(evidence, Verified)
    assert isinstance(judged(soft_key(count=None).assertion(CHALLENGE), *evidence.spends), Verified)


def test_backup_state_may_change() -> None:
    """18, 19, 24: an eligible key may come to be backed up, and that is kept."""
    owned = alices(backup_eligible=True)
    evidence = judged(soft_key().assertion(CHALLENGE, flags=UP | UV | BE | BS), owned)
    assert isinstance(evidence, Verified)
    assert msgspec.json.decode(tools().unseal(evidence.spends[0]), type=Credential).backed_up
    refused(judged(soft_key().assertion(CHALLENGE), owned), CREDENTIAL, "eligibility")


def test_not_among_those_asked_for() -> None:
    """5: a key that is the user's, but was not in allowCredentials, is refused."""
    refused(judged(soft_key().assertion(CHALLENGE), challenges=(asked(allowed=("another",)),)), CREDENTIAL)


def test_key_of_another_user() -> None:
    """6: what the user does not own is refused, be it registered or not."""
    stranger = soft_key(credential_id=b"somebody else's", key=es256_key())
    refused(judged(stranger.assertion(CHALLENGE)), CREDENTIAL, "credential")
    refused(judged(soft_key().assertion(CHALLENGE), challenges=(asked(user_id="999"),)), CREDENTIAL)


def test_key_of_another_relying_party() -> None:
    """15: a credential of one relying party answers no challenge of another, whatever it signed."""
    refused(judged(soft_key().assertion(CHALLENGE), alices(rp_id="acme.test")), CREDENTIAL, "another relying")


def test_signed_by_another_key() -> None:
    """21: the credential's own key must have signed."""
    refused(judged(soft_key(key=es256_key()).assertion(CHALLENGE)), CREDENTIAL, "signature")
    assert soft_key().key is KEY


def test_open_challenges() -> None:
    """Any of several open challenges may be answered; one that is too old, or none, is not."""
    older, newer = asked(), Challenge("c1", START + timedelta(minutes=9), asked(START, OTHER).state)
    for challenge in (ASKED, OTHER):
        sent = soft_key().assertion(base64url(challenge))
        assert isinstance(judged(sent, challenges=(older, newer)), Verified)
    sent = soft_key().assertion(CHALLENGE)
    late = attempt(alices(), now=START + timedelta(minutes=5), challenges=(older, newer))
    refused(verify(answered(sent), late), CREDENTIAL, "challenge")
    refused(judged(sent, challenges=()), "COMMAND-Ioqu5", "five minutes")


def test_empty_check() -> None:
    """A check without evidence is unreadable, and names nobody."""
    nothing = type("Nothing", (), {"credential_assertion_data": None})()
    refused(verify(nothing, attempt(alices(), now=NOW, challenges=(asked(),))), UNREADABLE)
    assert identify(nothing) is None


def test_autofill() -> None:
    """6, user unknown: the credential names its user, and the user handle must say the same."""
    anybody = asked(user_id="", allowed=())
    sent = soft_key().assertion(CHALLENGE)
    assert identify(answered(sent)) == alices().lookup_hash == lookup_hash(SoftKey().credential_id)
    assert isinstance(judged(sent, challenges=(anybody,)), Verified)
    nameless = soft_key(user_handle=None).assertion(CHALLENGE)
    refused(judged(nameless, challenges=(anybody,)), CREDENTIAL, "user handle")
    assert isinstance(judged(nameless), Verified)
    other = soft_key(user_handle=b"999").assertion(CHALLENGE)
    refused(judged(other, challenges=(anybody,)), CREDENTIAL, "user handle")
    refused(judged(sent, alices("u2f"), challenges=(anybody,)), CREDENTIAL, "not a passkey")
    nobody = attempt(user=None, now=NOW, challenges=(anybody,))
    refused(verify(answered(sent), nobody), "COMMAND-Aej7i", "not registered")


@pytest.mark.parametrize("name", ["EdDSA", "RS256"])
def test_algorithms(name: str) -> None:
    """21: what is offered beside ES256 is verified too."""
    key = (
        ed25519.Ed25519PrivateKey.generate()
        if name == "EdDSA"
        else rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    )
    owned = alices(public_key=cbor.encode(cose_of(key)))
    assert isinstance(judged(soft_key(key=key).assertion(CHALLENGE), owned), Verified)
    refused(judged(soft_key(key=key).assertion(CHALLENGE, signature=bytes(256)), owned), CREDENTIAL)


def test_names() -> None:
    """A key is of the relying party's hash; both kinds of authenticator are the factor's."""
    assert hashlib.sha256(b"localhost").digest() in soft_key()._data(UP, None)
    assert WEB_AUTHN.authenticators == ("passkey", "u2f")
