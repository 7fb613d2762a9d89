"""``ostiary key``."""

import asyncio
from typing import Annotated

from cyclopts import App, Parameter

from ostiary.cli.options import HERE, Place

key = App(name="key", help="List, rotate and retire the keys that sign tokens.")


@key.command(name="list")
def show(*, place: Place = HERE) -> None:
    """Print the keys: id, algorithm, state, from when it signs, until when it is published."""
    from ostiary.app.keys import listed

    async def run() -> None:
        for row in await listed(place.settings()):
            print("  ".join(row))

    asyncio.run(run())


@key.command
def rotate(
    *,
    now: Annotated[
        bool, Parameter(negative="", help="The new keys sign at once, not after a day of being published.")
    ] = False,
    place: Place = HERE,
) -> None:
    """Make a new key of each algorithm; the old ones stay published until their last token is over."""
    from ostiary.app.keys import rotated

    async def run() -> None:
        for row in await rotated(place.settings(), now=now):
            print("  ".join(row))

    asyncio.run(run())


@key.command
def retire(key_id: Annotated[str, Parameter(help="Its id (kid).")], /, *, place: Place = HERE) -> None:
    """Take a key back at once, with all that it signed: for a key that somebody may have copied."""
    from ostiary.app.keys import retired

    asyncio.run(retired(place.settings(), key_id))
    print(f"key {key_id} is retired")
