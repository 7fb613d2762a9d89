"""``ostiary machine``."""

import asyncio
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from ostiary.cli.options import HERE, Place

machine = App(name="machine", help="Create service users and their tokens.")


@machine.command
def create(
    name: Annotated[str, Parameter(help="Its login name.")],
    /,
    *,
    role: Annotated[str, Parameter(help="IAM_LOGIN_CLIENT for a login page, IAM_OWNER for everything, …")],
    org: Annotated[str, Parameter(help="An organisation's id or domain (default: the first).")] = "",
    pat: Annotated[Path | None, Parameter(help="Where its token is written, for its owner alone.")] = None,
    place: Place = HERE,
) -> None:
    """Make a service user with a role, and a token."""
    from ostiary.app.operator import operating

    async def run() -> None:
        async with operating(place.settings()) as operator:
            made = await operator.create_machine(name, org, role, pat)
        print(f"machine {name}, id {made.id}" + (f", token in {pat}" if pat else ""))

    asyncio.run(run())
