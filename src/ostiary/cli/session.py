"""``ostiary session``."""

import asyncio
from typing import Annotated

from cyclopts import App, Parameter

from ostiary.cli.options import HERE, Place

session = App(name="session", help="List and end sessions.")


@session.command(name="list")
def show(
    *,
    user: Annotated[str, Parameter(help="Only those of this login name.")] = "",
    limit: Annotated[int, Parameter(help="At most so many, newest first.")] = 20,
    place: Place = HERE,
) -> None:
    """Print sessions: id, user, factors, begin and end."""
    from ostiary.app.operator import operating

    async def run() -> None:
        async with operating(place.settings()) as operator:
            views = await operator.sessions(user, limit)
        for view in views:
            this = view.session
            name = view.user.username if view.user else "-"
            factors = ",".join(("user", *this.factors)) if this.user_id else "-"
            until = f"{this.expires_at:%Y-%m-%d %H:%M}" if this.expires_at else "no end"
            print(f"{this.id}  {name:20}  {factors:20}  {this.created_at:%Y-%m-%d %H:%M}  {until}")

    asyncio.run(run())


@session.command
def end(
    session_id: Annotated[str, Parameter(help="As `session list` prints it.")], /, *, place: Place = HERE
) -> None:
    """End a session; its token opens nothing from now on."""
    from ostiary.app.operator import operating

    async def run() -> None:
        async with operating(place.settings()) as operator:
            await operator.end_session(session_id)
        print(f"session {session_id} ended")

    asyncio.run(run())
