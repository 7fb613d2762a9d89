"""Rotation of signing keys: a new one is published before it signs, the old one until its last token is over.

Source: reliability requirements E.3; OpenID Connect Core 10.1.1.
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from ostiary.core.audit import detail
from ostiary.core.signing_key import SIGNING_KEY, SigningKey, published, signing
from ostiary.crypto.jws import ALGORITHMS
from ostiary.crypto.seal import Sealer
from ostiary.effects import Effects
from ostiary.errors import FailedPrecondition, NotFound
from ostiary.keys.making import ALWAYS, new_signing_key
from ostiary.storage.port import Audit, Changes, Conflict, Put, Remove, Store

ROTATED_EVERY: Final = timedelta(days=30)
PUBLISHED_BEFORE: Final = timedelta(hours=24)  # more than twice as long as relying parties keep our JWKS
LONGEST_TOKEN: Final = timedelta(hours=12)
KEPT_AFTER: Final = LONGEST_TOKEN + timedelta(hours=1)


class KeyRotation:
    """What operators and the schedule do to signing keys. Every change is one guarded save."""

    def __init__(self, store: Store, effects: Effects, sealer: Sealer) -> None:
        """Keys are read from the store itself, so that a change is decided on what stands there."""
        self._store = store
        self._effects = effects
        self._sealer = sealer

    async def keys(self) -> list[SigningKey]:
        """All that are kept, the newest first."""
        rows = [row for name in ALGORITHMS for row in await self._store.owned(SIGNING_KEY, name)]
        return sorted(rows, key=lambda row: (row.active_at, row.id), reverse=True)

    async def rotate(self, *, now: bool = False, actor_id: str = "") -> list[SigningKey]:
        """A new key of each algorithm in use: it signs after it was published for a day, or from now on."""
        rows = await self.keys()
        return [await self._succeed(name, rows, actor_id, at_once=now) for name in _in_use(rows)]

    async def retire(self, key_id: str, *, actor_id: str = "") -> None:
        """Take a key back: from now on nothing it signed is believed. For a key that somebody may have copied.

        Raises NotFound, or FailedPrecondition for the only key of its algorithm that signs: rotate first.
        """
        rows = await self.keys()
        row = next((row for row in rows if row.id == key_id), None)
        if row is None:
            raise NotFound("keys.unknown", "There is no such signing key", hint="list the keys to see theirs")
        now = self._effects.now()
        if signing([other for other in rows if other is not row], row.algorithm, now) is None:
            raise FailedPrecondition(
                "keys.last", "It is the only key of its algorithm that signs", hint="rotate --now first"
            )
        audit = Audit(now, actor_id, "signing_key.retired", row.id, detail(algorithm=row.algorithm))
        await self._store.save(Changes(removes=(Remove(SIGNING_KEY, row.id, row.version),), audit=audit))

    async def due(self) -> list[SigningKey]:
        """Do what the time asks for: missing keys, successors of old ones, and private parts that nobody needs.

        When another process was quicker, the rest waits for the next time.
        """
        rows, now = await self.keys(), self._effects.now()
        made: list[SigningKey] = []
        try:
            for name in _in_use(rows):
                newest = max((row.active_at for row in rows if row.algorithm == name), default=None)
                if newest is None or newest + ROTATED_EVERY - PUBLISHED_BEFORE <= now:
                    made.append(await self._succeed(name, rows, ""))
            await self._forget(rows, now)
        except Conflict:
            return made
        return made

    async def _succeed(
        self, algorithm: str, rows: Iterable[SigningKey], actor_id: str, *, at_once: bool = False
    ) -> SigningKey:
        now = self._effects.now()
        live = [row for row in published(list(rows), now) if row.algorithm == algorithm]
        signed = [row for row in live if row.active_at <= now]
        active_at = now if at_once or not signed else now + PUBLISHED_BEFORE
        # beside the loop: an RSA key takes its time
        made = await asyncio.to_thread(new_signing_key, algorithm, self._effects, self._sealer, active_at)
        ends = [_ending(row, active_at + KEPT_AFTER) for row in signed if row.retired_at is None]
        # one that waited for its time never signed, and would sign after its successor
        removes = [Remove(SIGNING_KEY, row.id, row.version) for row in live if row.active_at > now]
        facts = detail(algorithm=algorithm, active_at=active_at)
        audit = Audit(now, actor_id, "signing_key.created", made.id, facts)
        puts = (Put(SIGNING_KEY, made), *ends)
        await self._store.save(Changes(puts=puts, removes=tuple(removes), audit=audit))
        return made

    async def _forget(self, rows: Iterable[SigningKey], now: datetime) -> None:
        """Private parts of keys that are over."""
        over = [row for row in rows if row.private and row.retired_at is not None and row.retired_at <= now]
        if over:
            puts = tuple(
                Put(
                    SIGNING_KEY,
                    msgspec.structs.replace(row, private=b"", version=row.version + 1),
                    row.version,
                )
                for row in over
            )
            audit = Audit(now, "", "signing_key.forgotten", over[0].id)
            await self._store.save(Changes(puts=puts, audit=audit))


def _in_use(rows: Iterable[SigningKey]) -> list[str]:
    present = {row.algorithm for row in rows}
    return [name for name in ALGORITHMS if name in ALWAYS or name in present]


def _ending(row: SigningKey, at: datetime) -> Put:
    ended = msgspec.structs.replace(row, retired_at=at, version=row.version + 1)
    return Put(SIGNING_KEY, ended, row.version)
