"""What a serving process does by the clock: signing keys are rotated, and what is over is cleaned away."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any, Final

from ostiary.app.installation import Installation
from ostiary.errors import Unavailable

_EVERY_S: Final = 60
_FIRST_AFTER_S: Final = 1  # the first answers have gone before
_CLEANED_AFTER_S: Final = 30


@asynccontextmanager
async def schedule(
    installation: Installation, on_fatal: Callable[[BaseException], None], every_s: float = _EVERY_S
) -> AsyncIterator[None]:
    """Looks soon, then again and again, what is due, meanwhile; what goes wrong is fatal."""

    def done(ended: asyncio.Task[None]) -> None:
        error = None if ended.cancelled() else ended.exception()
        if error is not None:
            on_fatal(error)

    def begun(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        task.add_done_callback(done)
        return task

    tasks = [begun(_rotate(installation, every_s)), begun(_clean(installation))]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _rotate(installation: Installation, every_s: float) -> None:
    await asyncio.sleep(min(_FIRST_AFTER_S, every_s))
    from ostiary.app.rotation import key_rotation

    rotation = key_rotation(installation)
    while True:
        with suppress(
            Unavailable
        ):  # the database is away for a while; keys are made long before they are needed
            await rotation.due()
        await asyncio.sleep(every_s)


async def _clean(installation: Installation) -> None:
    every_s = installation.settings.clean_every_s
    if not every_s:
        return
    await asyncio.sleep(min(_CLEANED_AFTER_S, every_s))
    from ostiary.app.cleaning import cleaner

    await cleaner(installation).run(timedelta(seconds=every_s))
