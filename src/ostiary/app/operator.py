"""What an operator does at the machine itself, beside a running server or without: short saves, seen at once by all."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from ostiary.api.user_keys import key_file
from ostiary.app.installation import Installation, existing
from ostiary.app.services import users
from ostiary.app.session_parts import session_commands, session_queries
from ostiary.config.settings import Settings, Trouble
from ostiary.core.filter import Compare, Filter, Order
from ostiary.core.organization import ORGANIZATION, Organization
from ostiary.core.permission import Caller, Membership, membership_id
from ostiary.core.secret import Secret
from ostiary.core.user import Machine, Profile, User
from ostiary.errors import AlreadyExists, NotFound
from ostiary.sessions.queries import SessionView
from ostiary.storage.folder import write_private
from ostiary.storage.reads import user_by_login_name
from ostiary.users.change import (
    NewAddress,
    NewHuman,
    NewPassword,
    NewUser,
    OrganizationNamed,
    Proof,
    Verification,
)
from ostiary.users.first_start import FOREVER
from ostiary.users.generated_password import generated_password
from ostiary.users.roles import grant, resource_of

ACTOR: Final = "operator"


@dataclass(frozen=True, slots=True)
class Person:
    """A person as an operator names them."""

    username: str
    email: str
    given_name: str
    family_name: str
    display_name: str | None = None


@dataclass(frozen=True, slots=True)
class MachineFiles:
    """Where what a machine authenticates with is written: a token, a key file, client id and secret."""

    pat: Path | None = None
    key: Path | None = None
    secret: Path | None = None


class Operator:
    """Commands with all permissions; the audit names their actor ``operator``."""

    def __init__(self, installation: Installation, home_id: str) -> None:
        """``home_id`` is the organisation that is meant when none is named."""
        self._of = installation
        self._home_id = home_id
        self._users = users(installation)
        self._caller = operator_caller(home_id)

    async def create_person(self, person: Person, password: Secret, organization: str, role: str) -> User:
        """A person with a verified email address and a password; with a role, if one is named."""
        home = await self._organization(organization)
        _check(role, home)
        address = NewAddress(person.email, Verification.VERIFIED)
        profile = Profile(person.given_name, person.family_name, display_name=person.display_name)
        human = NewHuman(profile, address, password=NewPassword(password.reveal()))
        return await self._create(NewUser(human, OrganizationNamed(home.id), username=person.username), role)

    async def create_machine(self, name: str, organization: str, role: str, files: MachineFiles) -> User:
        """A service user with a role; what it authenticates with goes to the files."""
        home = await self._organization(organization)
        _check(role, home)
        for file in filter(None, (files.pat, files.key, files.secret)):
            require_writable(file)
        machine = NewUser(Machine(name), OrganizationNamed(home.id), username=name)
        user = await self._create(machine, role)
        if files.pat is not None:
            minted = await self._users.tokens.add(self._caller, user.id, FOREVER)
            write_private(files.pat, f"{minted.text}\n")
        if files.key is not None:
            made = await self._users.machines.add_key(self._caller, user.id, FOREVER)
            write_private(files.key, f"{key_file(made).decode()}\n")
        if files.secret is not None:
            given = await self._users.machines.add_secret(self._caller, user.id)
            write_private(files.secret, credentials_text(user.username, given.secret))
        return user

    async def set_password(self, login_name: str, password: Secret) -> None:
        """A new password for a person."""
        user = await self._user(login_name)
        await self._users.passwords.set(self._caller, user.id, NewPassword(password.reveal()), Proof())

    async def lock(self, login_name: str) -> None:
        """Nobody passes as this user any more."""
        await self._users.states.lock(self._caller, (await self._user(login_name)).id)

    async def unlock(self, login_name: str) -> None:
        """Active again, guesses forgotten."""
        await self._users.states.unlock(self._caller, (await self._user(login_name)).id)

    async def sessions(self, login_name: str, limit: int) -> tuple[SessionView, ...]:
        """The newest sessions, of one user if one is named."""
        where: Filter | None = None
        if login_name:
            where = Compare("user_id", Order.EQUAL, (await self._user(login_name)).id)
        page = await session_queries(self._of).search(
            self._caller, where, descending=True, offset=0, limit=limit
        )
        return page.items

    async def end_session(self, session_id: str) -> None:
        """End one; raises Trouble for an unknown one."""
        try:
            await session_queries(self._of).get(self._caller, session_id, "")
        except NotFound:
            raise Trouble(
                f"There is no session {session_id}. `ostiary session list` shows which there are."
            ) from None
        await session_commands(self._of).end(self._caller, session_id, "", "ended by an operator")

    def password(self, given: str | None) -> Secret:
        """The given password, or one made up."""
        return generated_password(self._of.effects.random_bytes) if given is None else Secret(given)

    async def _create(self, wanted: NewUser, role: str) -> User:
        try:
            user = (await self._users.creation.create(self._caller, wanted)).user
        except AlreadyExists as error:
            raise Trouble(f"{error.message}: {wanted.username}.") from None
        if role:
            await grant(self._of.store, self._of.effects, ACTOR, user, role)
        return user

    async def _user(self, login_name: str) -> User:
        user = await user_by_login_name(self._of.store, login_name)
        if user is None:
            raise Trouble(f"There is no user {login_name}.")
        return user

    async def _organization(self, named: str) -> Organization:
        store = self._of.store
        found = await store.get(ORGANIZATION, named or self._home_id)
        found = found or await store.find(ORGANIZATION, "primary_domain", named.casefold())
        if found is None:
            raise Trouble(f"There is no organisation with the id or domain {named}.")
        return found


def operator_caller(home_id: str) -> Caller:
    """Whoever has the data folder may do everything; ``home_id`` is the organisation they act in."""
    owner = Membership(membership_id(ACTOR, "instance"), ACTOR, "instance", ("IAM_OWNER",))
    return Caller(ACTOR, home_id, (owner,))


def credentials_text(client_id: str, secret: str) -> str:
    """Client id and secret as a file of JSON."""
    return f"{msgspec.json.encode({'client_id': client_id, 'client_secret': secret}).decode()}\n"


@asynccontextmanager
async def operating(settings: Settings) -> AsyncIterator[Operator]:
    """An operator of an existing installation."""
    async with existing(settings) as installation:
        instance = await installation.instance()
        await installation.cache.fresh()
        yield Operator(installation, instance.default_organization_id)


def _check(role: str, home: Organization) -> None:
    if role:
        resource_of(role, home.id)


def require_writable(file: Path) -> None:
    """Before anything is made: a token that cannot be kept would be lost, and one that is there is somebody's."""
    if file.exists():
        raise Trouble(f"{file} is there already; name another file, or remove it.")
    if not os.access(file.absolute().parent, os.W_OK):
        raise Trouble(f"{file} cannot be written.")
