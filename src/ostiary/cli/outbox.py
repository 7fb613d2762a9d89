"""``ostiary outbox``."""

import asyncio
from typing import Annotated, Literal

from cyclopts import App, Parameter

from ostiary.cli.options import HERE, Place

outbox = App(name="outbox", help="See what became of messages to users and applications.")


@outbox.command(name="list")
def show(
    *,
    outcome: Annotated[
        Literal["delivered", "waiting", "dropped"] | None, Parameter(help="Only these.")
    ] = None,
    limit: Annotated[int, Parameter(help="At most so many, newest first.")] = 20,
    place: Place = HERE,
) -> None:
    """Print the latest attempt at each message that is still known: time, kind, target, outcome, attempts, reason."""
    from ostiary.app.outbox import listed

    async def run() -> None:
        for row in await listed(place.settings(), outcome or "", limit):
            tried = f"{row.attempts}x"
            when = f"{row.at:%Y-%m-%d %H:%M:%S}"
            print(
                f"{when}  {row.kind:18}  {row.target:30}  {row.outcome:9}  {tried:4}  {row.reason}".rstrip()
            )

    asyncio.run(run())
