"""``ostiary app``."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from ostiary.cli.options import HERE, Place
from ostiary.cli.pairs import pairs

application = App(name="app", help="Register and list applications, and set what their tokens are like.")
_Client = Annotated[str, Parameter(help="The client's client_id.")]


@application.command
def create(
    project: Annotated[str, Parameter(help="The id or name of its project; made if there is none.")],
    name: Annotated[str, Parameter(help="Its name.")],
    /,
    *,
    redirect_uri: Annotated[
        tuple[str, ...], Parameter(help="Where users come back to; may be repeated.")
    ] = (),
    post_logout_uri: Annotated[tuple[str, ...], Parameter(help="The same after a logout.")] = (),
    type: Annotated[str, Parameter(help="web, native, user_agent or api.")] = "web",  # noqa: A002  the option's word
    auth: Annotated[
        str, Parameter(help="client_secret_basic, client_secret_post, private_key_jwt or none.")
    ] = "",
    dev: Annotated[bool, Parameter(negative="", help="Lets it use http.")] = False,
    opaque: Annotated[bool, Parameter(negative="", help="Access tokens to introspect, no JWTs.")] = False,
    file: Annotated[Path | None, Parameter(help="Where client_id and client_secret are written.")] = None,
    place: Place = HERE,
) -> None:
    """Register an OpenID Connect client for code and refresh tokens, or an API that introspects."""
    from ostiary.app.register import Wanted, register

    wanted = Wanted(project, name, type, auth, redirect_uri, post_logout_uri, dev, opaque, file)
    made = asyncio.run(register(place.settings(), wanted))
    print(f"client_id {made.application.client_id}")
    if made.secret:
        print(f"client_secret in {file}" if file else f"client_secret {made.secret}")


@application.command(name="list")
def show(
    *,
    named: Annotated[str, Parameter(help="Only those with this in their name or client_id.")] = "",
    limit: Annotated[int, Parameter(help="At most so many, newest first.")] = 20,
    place: Place = HERE,
) -> None:
    """Print applications: client_id, type, how they authenticate, state, project and name."""
    from ostiary.app.lists import applications

    for one, project in asyncio.run(applications(place.settings(), named, limit)):
        print(
            f"{one.client_id:24}  {one.type:10}  {one.authentication:20}  {one.state:8}  {project} / {one.name}"
        )


@application.command(name="get")
def get(client: _Client, /, *, place: Place = HERE) -> None:
    """Print the settings of an OpenID Connect client."""
    from ostiary.app.client_settings import shown

    for name, value in asyncio.run(shown(place.settings(), client)).items():
        print(f"{name}={value}")


@application.command(name="set")
def change(
    client: _Client,
    /,
    *values: Annotated[str, Parameter(help="NAME=VALUE; lists with commas, times in seconds.")],
    place: Place = HERE,
) -> int:
    """Set settings of an OpenID Connect client; a running server counts with them from its next request on."""
    from ostiary.app.client_settings import set_values

    given = pairs(values)
    if not given:
        sys.stderr.write("ostiary: say what to set, as in access_token_lifetime_s=300\n")
        return 1
    asyncio.run(set_values(place.settings(), client, given))
    return 0
