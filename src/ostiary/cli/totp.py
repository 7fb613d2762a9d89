"""``ostiary totp``."""

import asyncio
from typing import Annotated

from cyclopts import Parameter

from ostiary.cli.options import HERE, Place


def totp(
    secret: Annotated[str, Parameter(help="Base32, as authenticator apps show it.")] = "",
    /,
    *,
    user: Annotated[str, Parameter(help="Instead: the login name of a user of this installation.")] = "",
    place: Place = HERE,
) -> None:
    """Print the six digits of now."""
    from ostiary.app import authenticator

    print(
        asyncio.run(authenticator.code_of_user(place.settings(), user))
        if user
        else authenticator.code_of_secret(secret)
    )
