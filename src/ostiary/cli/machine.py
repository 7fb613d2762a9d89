"""``ostiary machine``."""

import asyncio
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from ostiary.cli.options import HERE, Place

machine = App(name="machine", help="Create service users and what they authenticate with.")


@machine.command
def create(
    name: Annotated[str, Parameter(help="Its login name.")],
    /,
    *,
    role: Annotated[str, Parameter(help="IAM_LOGIN_CLIENT for a login page, IAM_OWNER for everything, …")],
    org: Annotated[str, Parameter(help="An organisation's id or domain (default: the first).")] = "",
    pat: Annotated[Path | None, Parameter(help="Where its token is written, for its owner alone.")] = None,
    key: Annotated[Path | None, Parameter(help="Where a key file for signed assertions is written.")] = None,
    secret: Annotated[Path | None, Parameter(help="Where client_id and client_secret are written.")] = None,
    place: Place = HERE,
) -> None:
    """Make a service user with a role, and what it authenticates with: a token, a key, a client secret."""
    from ostiary.app.operator import MachineFiles, operating

    async def run() -> None:
        async with operating(place.settings()) as operator:
            made = await operator.create_machine(name, org, role, MachineFiles(pat, key, secret))
        written = {"token": pat, "key": key, "secret": secret}
        told = "".join(f", {what} in {file}" for what, file in written.items() if file)
        print(f"machine {name}, id {made.id}{told}")
        if not told:
            print(
                "It cannot authenticate yet: that takes a token, key or secret (--pat, --key, --secret), or the API."
            )

    asyncio.run(run())
