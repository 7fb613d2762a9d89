"""What operators do to an installation that nobody serves."""

import asyncio
from contextlib import nullcontext

from ostiary.app.beginning import begin
from ostiary.app.installation import COMMAND_NODE, opened
from ostiary.config.settings import Settings, Trouble
from ostiary.storage.folder import FolderInUse, locked, prepare


def prepare_installation(settings: Settings) -> str:
    """Migrate, and make the first users where there are none; a sentence that says what was done."""

    async def run() -> bool:
        async with opened(settings, COMMAND_NODE) as installation:
            return await begin(installation)

    try:
        prepare(settings.data)
        # a file is changed when nobody has it; PostgreSQL's lock is the database's own, and others may serve meanwhile
        with nullcontext() if settings.is_postgres else locked(settings.data):
            is_new = asyncio.run(run())
    except FolderInUse as error:
        raise Trouble(f"{error} Stop it first: a schema is not changed under a running server.") from None
    return f"A new installation is in {settings.data}." if is_new else "The database is of this version."
