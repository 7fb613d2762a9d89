"""The keys that sign our tokens, at work: which one signs now, which are published, whether one of them signed.

Keys are read through the cache, so a rotation by any process counts from the next request; loaded once each.
"""

import asyncio
import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from ostiary.core.signing_key import SIGNING_KEY, SigningKey, published, signing
from ostiary.crypto.jws import ALGORITHMS, JwsKey, load, sign, verify
from ostiary.crypto.seal import Sealer
from ostiary.effects import Effects
from ostiary.keys.making import new_signing_key, opened
from ostiary.storage.cache import Cache, Remembered
from ostiary.storage.port import Audit, Changes, Put, Store

_LOADED_KEPT: Final = 64
KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Verified:
    """Claims whose signature is good until one of the keys is over."""

    until: datetime
    claims: dict[str, Any]


class SigningKeys:
    """Signs and verifies. Its caller has made the cache fresh in this request."""

    def __init__(self, store: Store, cache: Cache, effects: Effects, sealer: Sealer) -> None:
        """Nothing is loaded yet."""
        self._store = store
        self._cache = cache
        self._effects = effects
        self._sealer = sealer
        self._private: dict[str, JwsKey] = {}
        self._public: dict[str, JwsKey] = {}
        self._verified: Remembered[_Verified] = Remembered(cache)

    async def signing(self, algorithm: str) -> JwsKey:
        """The key that signs now. The first of an algorithm is made when it is asked for."""
        rows = await self._cache.owned(SIGNING_KEY, algorithm)
        row = signing(list(rows), algorithm, self._effects.now()) or await self._first(algorithm)
        key = self._private.get(row.id)
        if key is None:
            key = opened(row, self._sealer)
            _keep(self._private, key.id, key, _LOADED_KEPT)
        return key

    async def sign(self, claims: dict[str, Any], algorithm: str, typ: str) -> str:
        """The claims under the key that signs now."""
        return sign(claims, await self.signing(algorithm), typ)

    async def published(self) -> list[dict[str, Any]]:
        """The public JWKs that relying parties should know now, the newest first; no private member."""
        return [row.public for row in published(await self._rows(), self._effects.now())]

    async def verify(
        self, token: str, typ: str, algorithms: Collection[str] = ALGORITHMS, *, retired: bool = False
    ) -> dict[str, Any]:
        """The claims of a token of that type that a published key signed; raises BadToken. Times are not judged.

        ``retired``: keys that are over count too (for hints, which may be old). A token that was verified is known again
        by its digest, until any key changes or is over; the claims are shared, so nobody changes them.
        """
        known_as = f"{typ} {' '.join(algorithms)} {retired} {token}"
        digest = hashlib.sha256(known_as.encode()).digest()
        known = self._verified.get(digest)
        generation, now = self._cache.generation, self._effects.now()
        if known is not None and known.until > now:
            return known.claims
        rows = await self._rows()
        live = rows if retired else published(rows, now)
        claims = verify(token, {row.id: self._loaded(row) for row in live}, algorithms, typ)
        ends = [row.retired_at for row in live if row.retired_at is not None and not retired]
        self._verified.keep(digest, generation, _Verified(min(ends, default=_NEVER), claims))
        return claims

    async def _rows(self) -> list[SigningKey]:
        rows: list[SigningKey] = []
        for algorithm in ALGORITHMS:
            rows.extend(await self._cache.owned(SIGNING_KEY, algorithm))
        return rows

    def _loaded(self, row: SigningKey) -> JwsKey:
        key = self._public.get(row.id)
        if key is None:
            key = load(row.public, row.id, row.algorithm)
            _keep(self._public, key.id, key, _LOADED_KEPT)
        return key

    async def _first(self, algorithm: str) -> SigningKey:
        # beside the loop: an RSA key takes its time
        row = await asyncio.to_thread(new_signing_key, algorithm, self._effects, self._sealer)
        made = Audit(row.created_at, "", "signing_key.created", row.id)
        await self._store.save(Changes(puts=(Put(SIGNING_KEY, row),), audit=made))
        await self._cache.fresh()
        return row


def _keep(kept: dict[KeyT, ValueT], key: KeyT, value: ValueT, limit: int) -> None:
    if len(kept) >= limit:
        kept.clear()
    kept[key] = value
