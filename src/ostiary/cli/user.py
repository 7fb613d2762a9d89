"""``ostiary user``."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from ostiary.cli.options import HERE, Place

user = App(name="user", help="Create and list people, set passwords, lock and unlock.")
PasswordFile = Annotated[
    Path | None,
    Parameter(
        allow_leading_hyphen=True,
        help="Holds the password (- is standard input); without it one is made up and printed.",
    ),
]
_STDIN = Path("-")


@user.command
def create(
    name: Annotated[str, Parameter(help="The login name.")],
    /,
    *,
    email: Annotated[str, Parameter(help="The email address; it counts as verified.")],
    given_name: str = "",
    family_name: str = "",
    password_file: PasswordFile = None,
    role: Annotated[str, Parameter(help="A role, such as IAM_OWNER or ORG_OWNER.")] = "",
    org: Annotated[str, Parameter(help="An organisation's id or domain (default: the first).")] = "",
    place: Place = HERE,
) -> None:
    """Make a person."""
    from ostiary.app.operator import Person, operating

    async def run() -> None:
        async with operating(place.settings()) as operator:
            given = _password(password_file)
            password = operator.password(given)
            # the wire wants both names; what people are shown is what was said, or their login name
            shown = None if given_name and family_name else given_name or family_name or name
            person = Person(name, email, given_name or name, family_name or "-", shown)
            made = await operator.create_person(person, password, org, role)
            print(f"user {name}, id {made.id}")
            if given is None:
                print(f"password {password.reveal()}")

    asyncio.run(run())


@user.command(name="list")
def show(
    *,
    named: Annotated[str, Parameter(help="Only those with this in a name or the email address.")] = "",
    state: Annotated[
        Literal["active", "inactive", "locked", "initial"] | None, Parameter(help="Only these.")
    ] = None,
    limit: Annotated[int, Parameter(help="At most so many, newest first.")] = 20,
    place: Place = HERE,
) -> None:
    """Print people and service users: id, login name, state, since when, email address, name."""
    from ostiary.app.lists import users

    for one in asyncio.run(users(place.settings(), named, state or "", limit)):
        email = one.email.value if one.email else "-"
        print(
            f"{one.id}  {one.preferred_login_name:20}  {one.state:8}  {one.created_at:%Y-%m-%d %H:%M}"
            f"  {email:30}  {one.display_name}"
        )


@user.command
def password(name: str, /, *, password_file: PasswordFile = None, place: Place = HERE) -> None:
    """Set a person's password; wrong guesses are forgotten."""
    from ostiary.app.operator import operating

    async def run() -> None:
        async with operating(place.settings()) as operator:
            given = _password(password_file)
            fresh = operator.password(given)
            await operator.set_password(name, fresh)
            print(f"user {name} has a new password" if given is not None else f"password {fresh.reveal()}")

    asyncio.run(run())


@user.command
def lock(name: str, /, *, place: Place = HERE) -> None:
    """Let nobody in as this user, by whichever factor."""
    from ostiary.app.operator import operating

    async def run() -> None:
        async with operating(place.settings()) as operator:
            await operator.lock(name)
        print(f"user {name} is locked")

    asyncio.run(run())


@user.command
def unlock(name: str, /, *, place: Place = HERE) -> None:
    """Let a locked user in again; wrong guesses are forgotten."""
    from ostiary.app.operator import operating

    async def run() -> None:
        async with operating(place.settings()) as operator:
            await operator.unlock(name)
        print(f"user {name} is unlocked")

    asyncio.run(run())


def _password(file: Path | None) -> str | None:
    if file is None:
        return None
    text = sys.stdin.readline() if file == _STDIN else file.read_text()
    return text.rstrip("\r\n")
