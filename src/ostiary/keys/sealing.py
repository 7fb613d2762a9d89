"""What is sealed under the master key, and where: each place has its context, so nothing sealed can be moved."""

import msgspec

from ostiary.core.factor import Tools
from ostiary.core.user import Authenticator
from ostiary.crypto.seal import BrokenSeal, Sealer
from ostiary.effects import Effects

_PROOF_CONTEXT = "instance|key_proof"
_PROOF = b"ostiary"


def factor_tools(sealer: Sealer, effects: Effects) -> Tools:
    """What factors need: their authenticators' data opened and closed."""

    def unseal(authenticator: Authenticator) -> bytes:
        return sealer.open(authenticator.data, _context(authenticator))

    def seal(authenticator: Authenticator, plain: bytes) -> Authenticator:
        return msgspec.structs.replace(authenticator, data=sealer.seal(plain, _context(authenticator)))

    return Tools(unseal, seal, effects.random_bytes, sealer.open, sealer.seal)


def key_proof(sealer: Sealer) -> bytes:
    """What the instance keeps, so that a wrong master key is noticed at the start and not at the first login."""
    return sealer.seal(_PROOF, _PROOF_CONTEXT)


def opens(sealer: Sealer, proof: bytes) -> bool:
    """Whether these keys are the ones the proof was made with."""
    try:
        return sealer.open(proof, _PROOF_CONTEXT) == _PROOF
    except BrokenSeal:
        return False


def _context(authenticator: Authenticator) -> str:
    return f"authenticator|{authenticator.id}"
