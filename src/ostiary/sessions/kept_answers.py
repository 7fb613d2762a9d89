"""Answers kept for callers who may repeat a request, sealed: they carry session tokens."""

from datetime import datetime

import msgspec

from ostiary.core.idempotency import IDEMPOTENT_ANSWER, KEPT, IdempotentAnswer, Once, check_same_request
from ostiary.crypto.seal import Sealer
from ostiary.sessions.change import Changed
from ostiary.storage.port import Put, Store


class KeptAnswers:
    """Each under the hash of its caller, RPC and key."""

    def __init__(self, store: Store, sealer: Sealer) -> None:
        """``sealer`` closes them."""
        self._store = store
        self._sealer = sealer

    async def of(self, once: Once, now: datetime) -> IdempotentAnswer | None:
        """What is kept, expired or not. Raises InvalidArgument while the key stands for another request."""
        row = await self._store.get(IDEMPOTENT_ANSWER, once.id)
        if row is not None and row.expires_at > now:
            check_same_request(row, once.request_hash)
        return row

    def opened(self, kept: IdempotentAnswer) -> Changed:
        """The answer as it was given."""
        return msgspec.json.decode(self._sealer.open(kept.answer, _context(kept.id)), type=Changed)

    def put(self, once: Once, answer: Changed, replaced: int, now: datetime) -> Put:
        """Keep this one from now on; ``replaced`` is the version of the expired one (0: none)."""
        sealed = self._sealer.seal(msgspec.json.encode(answer), _context(once.id))
        row = IdempotentAnswer(once.id, once.request_hash, sealed, now + KEPT, replaced + 1)
        return Put(IDEMPOTENT_ANSWER, row, replaced)


def _context(answer_id: str) -> str:
    return f"idempotent_answer|{answer_id}"
