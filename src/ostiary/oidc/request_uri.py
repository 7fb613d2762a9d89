"""The name of a pushed request, which alone opens what was pushed. Source: RFC 9126 2.2."""

import hashlib
from collections.abc import Callable

import msgspec

from ostiary.crypto.seal import MASTER_KEY_BYTES, Sealer, derive
from ostiary.oidc.parameters import Parameters

PREFIX = "urn:ietf:params:oauth:request_uri:"


def pushed_id(request_uri: str) -> str:
    """Where a pushed request is kept: SHA-256 of its URI, so that the database alone opens none."""
    return hashlib.sha256(request_uri.encode()).hexdigest()


def sealed(request_uri: str, parameters: Parameters, random_bytes: Callable[[int], bytes]) -> bytes:
    """The parameters (a session token may be among them) under a key that only the URI gives."""
    plain = msgspec.json.encode(parameters.dump())
    return _sealer(request_uri, random_bytes).seal(plain, pushed_id(request_uri))


def opened(request_uri: str, kept: bytes) -> Parameters:
    """The parameters again; raises BrokenSeal."""
    plain = _sealer(request_uri, bytes).open(kept, pushed_id(request_uri))
    return Parameters(msgspec.json.decode(plain, type=dict[str, tuple[str, ...]]))


def _sealer(request_uri: str, random_bytes: Callable[[int], bytes]) -> Sealer:
    return Sealer({0: derive(request_uri.encode(), "pushed request", MASTER_KEY_BYTES)}, random_bytes)
