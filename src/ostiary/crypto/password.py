"""Password hashes: argon2id for ours, bcrypt for those that came from elsewhere.

Source: OWASP password storage (argon2id m=19 MiB, t=2, p=1), RFC 9106. Every call here takes tens of milliseconds and
belongs into the hash pool.
"""

import re

import bcrypt
from argon2 import Parameters, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type, hash_secret, verify_secret

SALT_BYTES = 16
_BCRYPT_PREFIXES = ("$2a$", "$2b$", "$2y$")
_BCRYPT_LIMIT = 72
_BCRYPT = re.compile(r"\$2[aby]\$([0-9]{2})\$[./A-Za-z0-9]{53}", re.ASCII)
_BCRYPT_CHEAPEST, _BCRYPT_DEAREST = 4, 16  # two to this power rounds: 16 takes some seconds
_ARGON2_MOST_KIB = 256 * 1024
_ARGON2_MOST_WORK = 1024 * 1024  # passes times KiB: about a second
_ARGON2_MOST_LANES = 16
_ARGON2_PREFIX = "$argon2"

CURRENT = Parameters(
    type=Type.ID, version=19, salt_len=SALT_BYTES, hash_len=32, time_cost=2, memory_cost=19_456, parallelism=1
)
# Verified in place of a hash that is not there, so that an unknown user costs what a known one costs.
NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm8xNg$J2wziDxSIpEmG7Av8GsprBSLmLiYOAqBjuDDl508HLs"


def hash_password(password: str, salt: bytes) -> str:
    """An argon2id hash in PHC form, with the current parameters."""
    return hash_secret(
        password.encode(),
        salt,
        time_cost=CURRENT.time_cost,
        memory_cost=CURRENT.memory_cost,
        parallelism=CURRENT.parallelism,
        hash_len=CURRENT.hash_len,
        type=CURRENT.type,
    ).decode()


def verify_password(stored: str, password: str) -> bool:
    """Whether the password has this hash; compared in constant time by the algorithm. False for unknown forms."""
    if stored.startswith(_BCRYPT_PREFIXES):
        try:
            return bcrypt.checkpw(password.encode()[:_BCRYPT_LIMIT], stored.encode())
        except ValueError:
            return False
    try:
        return verify_secret(stored.encode(), password.encode(), _argon2_type(stored))
    except (VerificationError, InvalidHashError):
        return False


def is_supported(stored: str) -> bool:
    """Whether a hash that someone hands us can be verified here later, and at a cost that stops nobody else."""
    bcrypted = _BCRYPT.fullmatch(stored)
    if bcrypted is not None:
        return _BCRYPT_CHEAPEST <= int(bcrypted[1]) <= _BCRYPT_DEAREST
    parameters = _parameters(stored)
    return parameters is not None and (
        parameters.memory_cost <= _ARGON2_MOST_KIB
        and parameters.time_cost * parameters.memory_cost <= _ARGON2_MOST_WORK
        and parameters.parallelism <= _ARGON2_MOST_LANES
    )


def needs_rehash(stored: str) -> bool:
    """Whether it was made by another algorithm or with other parameters than ours."""
    return _parameters(stored) != CURRENT


def _parameters(stored: str) -> Parameters | None:
    if not stored.startswith(_ARGON2_PREFIX):
        return None
    try:
        return extract_parameters(stored)
    except (InvalidHashError, ValueError):
        return None


def _argon2_type(stored: str) -> Type:
    parameters = _parameters(stored)
    if parameters is None:
        raise InvalidHashError
    return parameters.type
