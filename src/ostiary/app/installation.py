"""What serving and the command line both work with: settings, folder, keys, store, and the tools made of them."""

import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ostiary.config.settings import Settings, Trouble
from ostiary.core.factor import Tools
from ostiary.core.organization import INSTANCE, INSTANCE_KEY, Instance
from ostiary.core.secret import Secret
from ostiary.crypto.hash_pool import HashPool
from ostiary.crypto.seal import Sealer
from ostiary.effects import SystemEffects
from ostiary.keys.master import BadMasterKey, new_master_key, parse_master_keys
from ostiary.keys.sealing import factor_tools, opens
from ostiary.storage.cache import Cache
from ostiary.storage.migrate import SchemaError
from ostiary.storage.sqlite import SqliteStore

if TYPE_CHECKING:  # its driver is loaded when it is used
    from ostiary.storage.postgres.store import PostgresStore

SERVE_NODE, COMMAND_NODE = 0, 1  # in the file; PostgreSQL gives each process a number of its own
MASTER_KEY_FILE = "master.key"
DEV_FILE = "dev.json"


@dataclass(frozen=True, slots=True)
class Installation:
    """Everything of one data folder, open. ``new_key`` is a master key that the first start is to write."""

    settings: Settings
    effects: SystemEffects
    store: "SqliteStore | PostgresStore"
    cache: Cache
    sealer: Sealer
    tools: Tools
    pool: HashPool
    new_key: Secret

    async def instance(self) -> Instance:
        """The one row; raises Trouble before the first start."""
        instance = await self.store.get(INSTANCE, INSTANCE_KEY)
        if instance is None:
            raise Trouble(_nothing(self.settings))
        return instance


@asynccontextmanager
async def opened(
    settings: Settings, node: int, on_fatal: Callable[[BaseException], None] = lambda _: None
) -> AsyncIterator[Installation]:
    """The installation, closed at the end; raises Trouble. ``node`` keeps ids of processes apart."""
    try:
        store, effects = await _database(settings, node, on_fatal)
    except SchemaError as error:
        raise Trouble(str(error)) from None
    pool = HashPool(settings.hash_workers)
    try:
        instance = await store.get(INSTANCE, INSTANCE_KEY)
        key = _master_key(settings, instance)
        new_key = Secret("" if key else new_master_key(effects.random_bytes))
        sealer = _sealer(key or new_key.reveal(), effects, instance)
        tools = factor_tools(sealer, effects)
        yield Installation(settings, effects, store, Cache(store), sealer, tools, pool, new_key)
    finally:
        pool.close()
        await store.close()


@asynccontextmanager
async def existing(settings: Settings) -> AsyncIterator[Installation]:
    """The installation as a command finds it, beside a running server or without; raises Trouble."""
    if not settings.is_postgres and not settings.database_file.exists():
        raise Trouble(_nothing(settings))
    async with opened(settings, COMMAND_NODE) as installation:
        await installation.instance()
        yield installation


def master_key_text(settings: Settings) -> str:
    """The master key as it is given: by the setting, else by its file; empty if there is none. Raises Trouble."""
    given = settings.master_key.reveal()
    file = settings.data / MASTER_KEY_FILE
    try:
        return given or (file.read_text() if file.exists() else "")
    except (OSError, UnicodeDecodeError) as error:
        raise Trouble(f"{file} cannot be read: {error}.") from None


async def _database(
    settings: Settings, node: int, on_fatal: Callable[[BaseException], None]
) -> "tuple[SqliteStore | PostgresStore, SystemEffects]":
    """The store, and effects whose ids nobody else makes."""
    if not settings.is_postgres:
        return SqliteStore(settings.database_file, on_fatal), SystemEffects(node)
    try:
        from ostiary.storage.postgres.store import open_store
    except ImportError:
        raise Trouble("PostgreSQL needs its driver: pip install 'ostiary[postgres]'.") from None
    holder = f"{socket.gethostname()} {os.getpid()} {SystemEffects().random_bytes(8).hex()}"
    store = await open_store(settings.database, holder, on_fatal)
    return store, SystemEffects(store.node)


def _master_key(settings: Settings, instance: Instance | None) -> str:
    """The key; empty if the first start is to make one."""
    text = master_key_text(settings)
    if not text and instance is not None:
        raise Trouble(
            f"The master key is missing: put it into {settings.data / MASTER_KEY_FILE} (a backup or another "
            "node of this database has it), or give it as OSTIARY_MASTER_KEY."
        )
    return text


def _sealer(text: str, effects: SystemEffects, instance: Instance | None) -> Sealer:
    try:
        sealer = Sealer(parse_master_keys(text), effects.random_bytes)
    except BadMasterKey as error:
        raise Trouble(str(error)) from None
    if instance is not None and not opens(sealer, instance.key_proof):
        raise Trouble(
            "The master key is not the one this database was made with; nothing sealed in it would open."
        )
    return sealer


def _nothing(settings: Settings) -> str:
    if settings.is_postgres:
        return "There is no installation in this database yet: `ostiary serve` makes one at its first start."
    text = f"There is no installation in {settings.data} yet: `ostiary serve` makes one at its first start."
    if (settings.data / MASTER_KEY_FILE).exists():
        text += " If it is served with --database, say so here too."
    return text
