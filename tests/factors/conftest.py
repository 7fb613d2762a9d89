"""What a factor is tried with: evidence that is right and wrong, and tools as the server has them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
from fido2 import cbor
from protobuf.wkt import Struct

from ostiary._pb.zitadel.session.v2.session_service_pb import CheckWebAuthN
from ostiary.core.factor import NO_ROWS, Attempt, Named, Rows, Tools
from ostiary.core.identity_link import ExternalAccount, encode_account
from ostiary.core.identity_provider import IDENTITY_PROVIDER, IdentityProvider
from ostiary.core.intent import INTENT, INTENT_TOKEN, Intent, IntentState
from ostiary.core.passkey import Enrolment, encode_enrolment
from ostiary.core.recovery_code import code_hash, encode
from ostiary.core.secret import secret_hash, token_text
from ostiary.core.session import Challenge
from ostiary.core.user import Authenticator, Profile, User
from ostiary.crypto.otp import code_of, step_of
from ostiary.crypto.password import hash_password
from ostiary.crypto.seal import Sealer
from ostiary.crypto.web_authn import Credential, base64url, lookup_hash
from ostiary.factors.web_authn import ChallengeState
from tests.doubles.authenticator import SoftKey, cose_of, es256_key
from tests.doubles.effects import START, SettableEffects

USER = User("100", "500", "alice", START, START, profile=Profile("Alice", "A"))
SECRET = b"12345678901234567890"
KEY = es256_key()
CODE = "12345678"
ASKED = b"thirty-two bytes of a challenge."


class Typed(msgspec.Struct, frozen=True):
    """The wire's check messages, as factors see them."""

    password: str = ""
    code: str = ""
    idp_intent_id: str = ""
    idp_intent_token: str = ""


@dataclass(frozen=True)
class Case:
    """One factor's evidence: the plain secret it keeps, what is right at a time, and what never is.

    ``challenges`` are those that are open at a time, in session 1, ``rows`` what the evidence rests on; who is not
    ``guessable`` has no budget.
    """

    secret: bytes
    right: Callable[[datetime], Any]
    wrong: Any
    challenges: Callable[[datetime], tuple[Challenge, ...]] = lambda _: ()
    guessable: bool = True
    rows: Rows = field(default_factory=lambda: NO_ROWS)


def soft_key(**values: Any) -> SoftKey:
    """Alice's key; its counter has been used four times."""
    return SoftKey(**{"key": KEY, "count": 4, "user_handle": USER.id.encode(), **values})


def credential(**values: Any) -> bytes:
    """The record of Alice's key, as it is sealed."""
    key = SoftKey()
    record = Credential(key.credential_id, cbor.encode(cose_of(KEY)), "localhost", sign_count=4)
    return msgspec.json.encode(msgspec.structs.replace(record, **values))


def key_enrolment(kind: str = "passkey", **values: Any) -> bytes:
    """What enrols Alice's key."""
    hashed = lookup_hash(SoftKey().credential_id)
    return encode_enrolment(Enrolment(f"{USER.id}:key", kind, "My key", hashed, credential(**values)))


def asked(now: datetime = START, challenge: bytes = ASKED, /, **values: Any) -> Challenge:
    """A challenge for Alice's key in session 1."""
    state = {"user_verification": True, "user_id": USER.id, "allowed": (f"{USER.id}:key",), **values}
    plain = msgspec.json.encode(ChallengeState(challenge, "localhost", **state))
    sealed = tools().close(plain, "challenge|1|web_auth_n|c1")
    return Challenge("c1", now + timedelta(minutes=5), sealed)


def answered(sent: dict[str, Any]) -> CheckWebAuthN:
    """The wire's check."""
    return CheckWebAuthN(credential_assertion_data=Struct.from_python(sent))


def coded(kind: str, now: datetime = START, code: str = CODE, challenge_id: str = "c1") -> Challenge:
    """A challenge for a code that was sent in session 1."""
    sealed = tools().close(code.encode(), f"challenge|1|{kind}|{challenge_id}")
    return Challenge(challenge_id, now + timedelta(minutes=5), sealed)


def sent_code(kind: str) -> Case:
    """The case of a factor that sends codes; it keeps no secret."""
    return Case(b"", lambda _: Typed(code=CODE), Typed(code="00000000"), lambda now: (coded(kind, now),))


INTENT_SECRET = token_text(INTENT_TOKEN, "7", bytes(32))
PROVIDER = IdentityProvider("8", "Upstream", 1, START, START)
SUCCEEDED = Intent(
    "7",
    PROVIDER.id,
    START,
    START,
    START + timedelta(hours=1),
    state=IntentState.SUCCEEDED,
    external_user_id="sub",
    user_id=USER.id,
    token_hash=secret_hash(INTENT_SECRET),
    succeeded_at=START,
)


# Each factor has its line; the contract fails for one that has none.
CASES = {
    "password": Case(
        hash_password("Password1!", bytes(16)).encode(),
        lambda _: Typed(password="Password1!"),
        Typed(password="password1!"),
    ),
    "totp": Case(SECRET, lambda now: Typed(code=code_of(SECRET, step_of(now))), Typed(code="000000")),
    "web_auth_n": Case(
        key_enrolment(),
        lambda _: answered(soft_key().assertion(base64url(ASKED))),
        answered(soft_key().assertion(base64url(ASKED), signature=b"no signature")),
        lambda now: (asked(now),),
        guessable=False,
    ),
    "otp_sms": sent_code("otp_sms"),
    "otp_email": sent_code("otp_email"),
    "intent": Case(
        encode_account(ExternalAccount(PROVIDER.id, "sub", "alice@upstream")),
        lambda _: Typed(idp_intent_id="7", idp_intent_token=INTENT_SECRET),
        Typed(idp_intent_id="7", idp_intent_token=token_text(INTENT_TOKEN, "7", b"1" * 32)),
        guessable=False,
        rows={Named(INTENT, "7"): SUCCEEDED, Named(IDENTITY_PROVIDER, "8"): PROVIDER},
    ),
    "recovery_code": Case(
        encode([code_hash(CODE), code_hash("another")]),
        lambda _: Typed(code=CODE),
        Typed(code="00000000"),
    ),
}


def tools() -> Tools:
    """Sealing bound to the authenticator's id, and chance that repeats."""
    effects = SettableEffects()
    sealer = Sealer({1: bytes(32)}, effects.random_bytes)
    return Tools(
        unseal=lambda owned: sealer.open(owned.data, owned.id),
        seal=lambda owned, plain: msgspec.structs.replace(owned, data=sealer.seal(plain, owned.id)),
        random_bytes=effects.random_bytes,
        open=sealer.open,
        close=sealer.seal,
    )


def attempt(
    *owned: Authenticator,
    user: User | None = USER,
    now: datetime = START,
    challenges: tuple[Challenge, ...] = (),
    rows: Rows = NO_ROWS,
) -> Attempt:
    """What evidence is judged against."""
    return Attempt(now, "1", user, owned, challenges, tools(), rows)
