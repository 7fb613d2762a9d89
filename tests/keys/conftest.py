"""Signing keys over a store, with a clock that is moved."""

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import cache
from pathlib import Path

import msgspec
import pytest

from ostiary.core.signing_key import SIGNING_KEY, SigningKey
from ostiary.crypto.seal import Sealer
from ostiary.keys.making import first_keys
from ostiary.keys.rotation import KeyRotation
from ostiary.keys.signing import SigningKeys
from ostiary.storage.cache import Cache
from ostiary.storage.memory import MemoryStore
from ostiary.storage.port import Changes, Put, Store
from ostiary.storage.sqlite import SqliteStore
from tests.doubles.effects import SettableEffects


@cache
def made() -> tuple[Put, ...]:
    """The keys of a first start, made once for all tests."""
    effects = SettableEffects()
    return first_keys(effects, Sealer({1: bytes(32)}, effects.random_bytes))


class KeyRoom:
    """The keys of one installation."""

    def __init__(self, store: Store) -> None:
        self.effects = SettableEffects(seed=7)
        self.store = store
        self.sealer = Sealer({1: bytes(32)}, self.effects.random_bytes)
        self.rotation = KeyRotation(store, self.effects, self.sealer)
        self.keys = self.another()

    def another(self) -> SigningKeys:
        """The keys as another process sees them."""
        self.cache = Cache(self.store)
        return SigningKeys(self.store, self.cache, self.effects, self.sealer)

    async def start(self) -> None:
        """As after a first start."""
        self.effects.new_id(), self.effects.new_id()
        await self.store.save(Changes(puts=made()))
        await self.cache.fresh()

    async def later(self, **step: float) -> None:
        """Time passes, and the schedule looks once."""
        self.effects.later(**step)
        await self.rotation.due()
        await self.cache.fresh()

    async def sign(self, algorithm: str = "ES256") -> str:
        """A token of now."""
        await self.cache.fresh()
        return await self.keys.sign({"sub": "100"}, algorithm, "JWT")

    async def kids(self, algorithm: str = "ES256") -> list[str]:
        """The published keys of an algorithm, the newest first."""
        await self.cache.fresh()
        return [jwk["kid"] for jwk in await self.keys.published() if jwk["alg"] == algorithm]

    async def signer(self, algorithm: str = "ES256") -> str:
        """The id of the key that signs now."""
        await self.cache.fresh()
        return (await self.keys.signing(algorithm)).id

    async def row(self, key_id: str) -> SigningKey:
        """A key as it is stored."""
        found = await self.store.get(SIGNING_KEY, key_id)
        assert found is not None
        return found

    async def age(self, key_id: str, step: timedelta) -> None:
        """Make a key older."""
        row = await self.row(key_id)
        older = msgspec.structs.replace(row, active_at=row.active_at - step, version=row.version + 1)
        await self.store.save(Changes(puts=(Put(SIGNING_KEY, older, row.version),)))


@pytest.fixture(params=["memory", "sqlite"])
async def room(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[KeyRoom]:
    """Keys of a first start on each store."""
    store: Store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "test.db")
    keys = KeyRoom(store)
    await keys.start()
    yield keys
    await store.close()
