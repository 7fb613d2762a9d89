"""What a serving process does by the clock: signing keys are rotated when their time has come."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

from ostiary.app.installation import Installation

_EVERY_S: Final = 60
_FIRST_AFTER_S: Final = 1  # the first answers have gone before


@asynccontextmanager
async def schedule(
    installation: Installation, on_fatal: Callable[[BaseException], None], every_s: float = _EVERY_S
) -> AsyncIterator[None]:
    """Looks soon, then every minute, what is due, meanwhile; what goes wrong is fatal."""
    task = asyncio.create_task(_run(installation, every_s))

    def done(ended: asyncio.Task[None]) -> None:
        error = None if ended.cancelled() else ended.exception()
        if error is not None:
            on_fatal(error)

    task.add_done_callback(done)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await task


async def _run(installation: Installation, every_s: float) -> None:
    await asyncio.sleep(min(_FIRST_AFTER_S, every_s))
    from ostiary.app.rotation import key_rotation

    rotation = key_rotation(installation)
    while True:
        await rotation.due()
        await asyncio.sleep(every_s)
