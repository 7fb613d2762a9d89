"""New signing keys: made, sealed, opened again."""

from datetime import datetime
from typing import Final

import msgspec

from ostiary.core.signing_key import SIGNING_KEY, SigningKey
from ostiary.crypto.jws import ES256, RS256, JwsKey, load, new_private_jwk, public_jwk
from ostiary.crypto.seal import Sealer
from ostiary.effects import Effects
from ostiary.storage.port import Put

ALWAYS: Final = (
    ES256,
    RS256,
)  # the algorithms every installation has keys of; others come when a client asks


def new_signing_key(
    algorithm: str, effects: Effects, sealer: Sealer, active_at: datetime | None = None
) -> SigningKey:
    """A fresh key pair that signs from ``active_at`` (None: from now); an RSA key takes some 100 ms."""
    key_id, now = effects.new_id(), effects.now()
    private = new_private_jwk(algorithm)
    return SigningKey(
        key_id,
        algorithm,
        public_jwk(private, key_id, algorithm),
        sealer.seal(msgspec.json.encode(private), _context(key_id)),
        created_at=now,
        active_at=active_at or now,
    )


def first_keys(effects: Effects, sealer: Sealer) -> tuple[Put, ...]:
    """One key of each algorithm, signing from now: part of the first start's save."""
    return tuple(Put(SIGNING_KEY, new_signing_key(algorithm, effects, sealer)) for algorithm in ALWAYS)


def opened(kept: SigningKey, sealer: Sealer) -> JwsKey:
    """The private key, loaded; raises BrokenSeal."""
    private = msgspec.json.decode(sealer.open(kept.private, _context(kept.id)))
    return load(private, kept.id, kept.algorithm)


def _context(key_id: str) -> str:
    return f"signing_key|{key_id}"
