"""What serving and the command line both work with: settings, folder, keys, store, and the tools made of them."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from ostiary.config import Settings, Trouble
from ostiary.core.factor import Tools
from ostiary.core.organization import INSTANCE, INSTANCE_KEY, Instance
from ostiary.crypto.hash_pool import HashPool
from ostiary.crypto.seal import Sealer
from ostiary.effects import SystemEffects
from ostiary.keys.master import BadMasterKey, new_master_key, parse_master_keys
from ostiary.keys.sealing import factor_tools, opens
from ostiary.storage.cache import Cache
from ostiary.storage.folder import write_private
from ostiary.storage.migrate import SchemaError
from ostiary.storage.sqlite import SqliteStore

SERVE_NODE, COMMAND_NODE = 0, 1
MASTER_KEY_FILE = "master.key"
DEV_FILE = "dev.json"


@dataclass(frozen=True, slots=True)
class Installation:
    """Everything of one data folder, open."""

    settings: Settings
    effects: SystemEffects
    store: SqliteStore
    cache: Cache
    sealer: Sealer
    tools: Tools
    pool: HashPool

    async def instance(self) -> Instance:
        """The one row; raises Trouble before the first start."""
        instance = await self.store.get(INSTANCE, INSTANCE_KEY)
        if instance is None:
            raise Trouble(_nothing(self.settings.data))
        return instance


@asynccontextmanager
async def opened(
    settings: Settings, node: int, on_fatal: Callable[[BaseException], None] = lambda _: None
) -> AsyncIterator[Installation]:
    """The installation, closed at the end; raises Trouble. ``node`` keeps ids of processes apart."""
    effects = SystemEffects(node)
    try:
        store = SqliteStore(settings.database_file, on_fatal)
    except SchemaError as error:
        raise Trouble(str(error)) from None
    pool = HashPool(settings.hash_workers)
    try:
        instance = await store.get(INSTANCE, INSTANCE_KEY)
        sealer = _sealer(settings, effects, instance)
        tools = factor_tools(sealer, effects)
        yield Installation(settings, effects, store, Cache(store), sealer, tools, pool)
    finally:
        pool.close()
        await store.close()


@asynccontextmanager
async def existing(settings: Settings) -> AsyncIterator[Installation]:
    """The installation as a command finds it, beside a running server or without; raises Trouble."""
    if not settings.database_file.exists():
        raise Trouble(_nothing(settings.data))
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


def _sealer(settings: Settings, effects: SystemEffects, instance: Instance | None) -> Sealer:
    text = master_key_text(settings)
    file = settings.data / MASTER_KEY_FILE
    if not text and instance is not None:
        raise Trouble(
            f"The master key is missing: put it back into {file}, or give it as OSTIARY_MASTER_KEY."
        )
    if not text:
        text = new_master_key(effects.random_bytes)
        write_private(file, text)
    try:
        sealer = Sealer(parse_master_keys(text), effects.random_bytes)
    except BadMasterKey as error:
        raise Trouble(str(error)) from None
    if instance is not None and not opens(sealer, instance.key_proof):
        raise Trouble(
            "The master key is not the one this database was made with; nothing sealed in it would open."
        )
    return sealer


def _nothing(folder: Path) -> str:
    return f"There is no installation in {folder} yet: `ostiary serve` makes one at its first start."
