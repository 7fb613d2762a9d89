"""What a factor is tried with: evidence that is right and wrong, and tools as the server has them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from ostiary.core.factor import Attempt, Tools
from ostiary.core.user import Authenticator, Profile, User
from ostiary.crypto.otp import code_of, step_of
from ostiary.crypto.password import hash_password
from ostiary.crypto.seal import Sealer
from tests.doubles.effects import START, SettableEffects

USER = User("100", "500", "alice", START, START, profile=Profile("Alice", "A"))
SECRET = b"12345678901234567890"


class Typed(msgspec.Struct, frozen=True):
    """The wire's check messages, as factors see them."""

    password: str = ""
    code: str = ""


@dataclass(frozen=True)
class Case:
    """One factor's evidence: the plain secret it keeps, what is right at a time, and what never is."""

    secret: bytes
    right: Callable[[datetime], Any]
    wrong: Any


# Each factor has its line; the contract fails for one that has none.
CASES = {
    "password": Case(
        hash_password("Password1!", bytes(16)).encode(),
        lambda _: Typed(password="Password1!"),
        Typed(password="password1!"),
    ),
    "totp": Case(SECRET, lambda now: Typed(code=code_of(SECRET, step_of(now))), Typed(code="000000")),
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


def attempt(*owned: Authenticator, user: User | None = USER, now: datetime = START) -> Attempt:
    """What evidence is judged against."""
    return Attempt(now, "1", user, owned, (), tools())
