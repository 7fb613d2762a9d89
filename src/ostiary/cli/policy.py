"""``ostiary policy``: what the database holds for logins, passwords, pages and tokens.

Not to be taken for ``ostiary settings``, which are the program's own (file, environment, options).
"""

import asyncio
import sys
from typing import Annotated

from cyclopts import App, Parameter

from ostiary.cli.options import HERE, Place
from ostiary.cli.pairs import pairs

policy = App(name="policy", help="Read and set login, lockout, password and other policies.")
_Group = Annotated[str, Parameter(help="login, lockout, password_complexity, password_expiry, …")]
_Org = Annotated[str, Parameter(help="An organisation's id or domain (default: the instance).")]


@policy.command(name="get")
def get(group: _Group = "", /, *, org: _Org = "", place: Place = HERE) -> None:
    """Print the values of a policy as they hold; without a name those of all."""
    from ostiary.app.policies import shown

    for name, value in asyncio.run(shown(place.settings(), group, org)).items():
        print(f"{name}={value}")


@policy.command(name="set")
def change(
    group: _Group,
    /,
    *values: Annotated[str, Parameter(help="NAME=VALUE; lists with commas.")],
    org: _Org = "",
    place: Place = HERE,
) -> int:
    """Set values of a policy; a running server counts with them from its next request on."""
    from ostiary.app.policies import set_values

    given = pairs(values)
    if not given:
        sys.stderr.write("ostiary: say what to set, as in max_password_attempts=5\n")
        return 1
    asyncio.run(set_values(place.settings(), group, given, org))
    return 0


@policy.command
def reset(group: _Group, /, *, org: _Org = "", place: Place = HERE) -> None:
    """Forget what was set: the instance's values hold for an organisation, the defaults for the instance."""
    from ostiary.app.policies import reset as forget

    asyncio.run(forget(place.settings(), group, org))
