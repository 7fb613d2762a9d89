"""Password hashes: ours, those that came from elsewhere, and what is none."""

import bcrypt
import pytest
from argon2.low_level import Type, hash_secret

from ostiary.crypto.password import (
    NOBODY,
    SALT_BYTES,
    hash_password,
    is_supported,
    needs_rehash,
    verify_password,
)

SALT = bytes(range(SALT_BYTES))
CHEAP = b"$2b$04$" + b"abcdefghijklmnopqrstuO"


def argon2(kind: Type, *, memory: int = 64, passes: int = 1, lanes: int = 1) -> str:
    """A foreign argon2 hash of ``secret``."""
    return hash_secret(b"secret", SALT, passes, memory, lanes, 32, kind).decode()


def test_ours() -> None:
    """Our hash is argon2id with 19 MiB, two passes, one lane; it verifies its password alone."""
    stored = hash_password("Password1!", SALT)
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert verify_password(stored, "Password1!")
    assert not verify_password(stored, "password1!")
    assert not verify_password(stored, "")
    assert not needs_rehash(stored)
    assert is_supported(stored)
    assert hash_password("Password1!", bytes(SALT_BYTES)) != stored


def test_unicode() -> None:
    """Passwords are bytes of UTF-8; nothing is folded or cut."""
    stored = hash_password("pässwörd🙂" * 20, SALT)
    assert verify_password(stored, "pässwörd🙂" * 20)
    assert not verify_password(stored, "pässwörd🙂" * 19 + "pässwörd")


@pytest.mark.parametrize("kind", Type)
def test_argon2_of_others(kind: Type) -> None:
    """Every kind of argon2 verifies, and is made anew at the next login."""
    stored = argon2(kind)
    assert verify_password(stored, "secret")
    assert not verify_password(stored, "other")
    assert is_supported(stored)
    assert needs_rehash(stored)


@pytest.mark.parametrize("prefix", ["$2a$", "$2b$", "$2y$"])
def test_bcrypt(prefix: str) -> None:
    """Every prefix of bcrypt verifies, long passwords as bcrypt cuts them, and is made anew at the next login."""
    for password in ("secret", "x" * 100):
        stored = bcrypt.hashpw(password.encode()[:72], CHEAP).decode().replace("$2b$", prefix)
        assert verify_password(stored, password)
        assert not verify_password(stored, "other")
        assert is_supported(stored)
        assert needs_rehash(stored)


@pytest.mark.parametrize(
    "stored",
    [
        "", "x", "$2b$", "$2b$04$tooshort", "$2b$99$" + "a" * 53, "$argon2", "$argon2id$v=19$m=x,t=2,p=1$YQ$YQ",
        "$argon2id$v=19$m=19456,t=2,p=1$YQ", "$argon2q$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$aGFzaA",
        "$1$abc$def", "$6$rounds=1$abc$def", "plain",
    ],
)  # fmt: skip
def test_no_hash(stored: str) -> None:
    """What is no hash that we know verifies nothing, and is not taken from anybody."""
    assert not verify_password(stored, "secret")
    assert not verify_password(stored, "")
    assert not is_supported(stored)
    assert needs_rehash(stored)


@pytest.mark.parametrize(
    "stored",
    [
        "$2b$17$" + "a" * 53,
        "$2b$03$" + "a" * 53,
        "$argon2id$v=19$m=262145,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo",
        "$argon2id$v=19$m=65536,t=17,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo",
        "$argon2id$v=19$m=64,t=1,p=17$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo",
    ],
)
def test_too_dear(stored: str) -> None:
    """A hash that would take seconds, or far too little, is not taken."""
    assert not is_supported(stored)


def test_nobody() -> None:
    """What stands in for a missing hash has our cost, and no likely password."""
    assert not needs_rehash(NOBODY)
    assert not any(verify_password(NOBODY, guess) for guess in ("", "nobody", "Password1!"))
