"""Applications: registered, changed, switched off and on, removed; their secrets made, shown once, kept as hashes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from ostiary.core.chosen_names import chosen_id_of, name_of
from ostiary.core.client import (
    APPLICATION,
    APPLICATION_KEY,
    CLIENT_SECRET,
    Application,
    ApplicationType,
    ClientAuthentication,
    OidcSettings,
)
from ostiary.core.client_rules import needs_secret, registered
from ostiary.core.permission import Caller
from ostiary.core.project import ActiveState, Project
from ostiary.core.secret import SECRET_BYTES, parse_token, secret_hash, token_text
from ostiary.effects import Effects
from ostiary.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, OstiaryError
from ostiary.projects.context import Context, audit
from ostiary.projects.rules import open_to_changes, permitted
from ostiary.storage.port import OWNED_LIMIT, Changes, Put, Remove

WRITE = "project.app.write"


@dataclass(frozen=True, slots=True)
class NewApplication:
    """An application to be made: an OIDC client with its settings, or an API without. Without id one is made up."""

    project_id: str
    name: str
    type: ApplicationType
    authentication: ClientAuthentication
    oidc: OidcSettings | None = None
    application_id: str = ""


@dataclass(frozen=True, slots=True)
class ApplicationChange:
    """The parts of an application that change; ``of_oidc`` says for which of the two kinds the rest is meant."""

    name: str = ""
    type: ApplicationType | None = None
    authentication: ClientAuthentication | None = None
    oidc: Callable[[OidcSettings], OidcSettings] | None = None
    of_oidc: bool | None = None


@dataclass(frozen=True, slots=True)
class Registered:
    """An application, and its secret if it has one: that is shown this once."""

    application: Application
    secret: str = field(default="", repr=False)


class ApplicationCommands:
    """What callers with ``project.app.write`` on a project may do to its applications."""

    def __init__(self, context: Context) -> None:
        """Names are unique in a project, so saves of names are guarded by the generation."""
        self._context = context

    async def create(self, caller: Caller, wanted: NewApplication) -> Registered:
        """A new application. Raises AlreadyExists for a taken id or name, InvalidArgument for what is unsafe."""
        effects, name = self._context.effects, name_of(wanted.name)
        chosen = wanted.application_id
        application_id = chosen_id_of(chosen) if chosen else effects.new_id()
        client_id = effects.new_id()
        secret = _new_secret(effects, application_id) if needs_secret(wanted.authentication) else ""

        async def attempt(generation: int) -> tuple[Changes, Registered]:
            project = await permitted(self._context, caller, wanted.project_id, WRITE)
            guard = open_to_changes(project)
            oidc = _checked(wanted.type, wanted.authentication, wanted.oidc)
            if await self._context.store.get(APPLICATION, application_id) is not None:
                raise AlreadyExists("application.id_taken", "Application already exists")
            await self._require_free(project.id, name)
            now = effects.now()
            application = Application(
                application_id,
                project.id,
                project.organization_id,
                name,
                client_id,
                wanted.type,
                wanted.authentication,
                created_at=now,
                changed_at=now,
                secret_hash=secret_hash(secret) if secret else b"",
                oidc=oidc,
            )
            return Changes(
                puts=(Put(APPLICATION, application),),
                expects=(guard,),
                audit=audit(now, caller, "application.created", application_id, project=project.id),
                generation=generation,
            ), Registered(application, secret)

        return await self._context.carry_out(attempt)

    async def update(
        self, caller: Caller, project_id: str, application_id: str, change: ApplicationChange
    ) -> Application:
        """The application with what changes. A client that needs no secret any more loses it."""

        async def attempt(generation: int) -> tuple[Changes | None, Application]:
            _, old = await self._permitted(caller, project_id, application_id)
            new = _with(old, change)
            if new == old:
                return None, old
            if new.name != old.name:
                await self._require_free(old.project_id, new.name)
            return self._saved(caller, old, new, "application.changed", generation)

        return await self._context.carry_out(attempt)

    async def set_state(
        self, caller: Caller, project_id: str, application_id: str, state: ActiveState
    ) -> Application:
        """The application switched off or on; raises FailedPrecondition if it is so already."""

        async def attempt(generation: int) -> tuple[Changes, Application]:
            _, old = await self._permitted(caller, project_id, application_id)
            if old.state is state:
                raise FailedPrecondition("application.state_same", f"Application is {state} already")
            new = msgspec.structs.replace(old, state=state)
            return self._saved(caller, old, new, f"application.set_{state}", generation)

        return await self._context.carry_out(attempt)

    async def new_secret(self, caller: Caller, project_id: str, application_id: str) -> Registered:
        """Another secret; the old one is worth nothing at once. Raises FailedPrecondition for a client without one."""
        secret = _new_secret(self._context.effects, application_id)

        async def attempt(generation: int) -> tuple[Changes, Registered]:
            _, old = await self._permitted(caller, project_id, application_id)
            if not needs_secret(old.authentication):
                raise FailedPrecondition(
                    "application.no_secret",
                    "Application has no secret",
                    hint=f"it authenticates by {old.authentication}",
                )
            new = msgspec.structs.replace(old, secret_hash=secret_hash(secret))
            changes, new = self._saved(caller, old, new, "application.secret_changed", generation)
            return changes, Registered(new, secret)

        return await self._context.carry_out(attempt)

    async def delete(self, caller: Caller, project_id: str, application_id: str) -> datetime:
        """Remove the application with its keys, in one save; the time of it. Needs ``project.app.delete``."""

        async def attempt(_: int) -> tuple[Changes, datetime]:
            project, old = await self._permitted(caller, project_id, application_id, "project.app.delete")
            keys = await self._context.store.owned(APPLICATION_KEY, old.client_id)
            now = self._context.effects.now()
            return Changes(
                removes=(
                    Remove(APPLICATION, old.id, old.version),
                    *(Remove(APPLICATION_KEY, key.id, key.version) for key in keys),
                ),
                audit=audit(now, caller, "application.deleted", old.id, project=project.id),
            ), now

        return await self._context.carry_out(attempt)

    async def _permitted(
        self, caller: Caller, project_id: str, application_id: str, permission: str = WRITE
    ) -> tuple[Project, Application]:
        return await application_of(self._context, caller, project_id, application_id, permission)

    def _saved(
        self, caller: Caller, old: Application, new: Application, action: str, generation: int
    ) -> tuple[Changes, Application]:
        now = self._context.effects.now()
        new = msgspec.structs.replace(new, changed_at=now, version=old.version + 1)
        return Changes(
            puts=(Put(APPLICATION, new, old.version),),
            audit=audit(now, caller, action, old.id, project=old.project_id),
            generation=generation,
        ), new

    async def _require_free(self, project_id: str, name: str) -> None:
        others = await self._context.store.owned(APPLICATION, project_id)
        if any(other.name == name for other in others):
            raise AlreadyExists(
                "application.name_taken",
                "Application already exists",
                hint="another of the project has this name",
            )
        if len(others) >= OWNED_LIMIT:
            hint = f"a project has at most {OWNED_LIMIT}"
            raise FailedPrecondition("application.too_many", "Too many applications", hint=hint)


async def application_of(
    context: Context, caller: Caller, project_id: str, application_id: str, permission: str
) -> tuple[Project, Application]:
    """The application of the project, for a caller who holds the permission there; raises NotFound."""
    project = await permitted(context, caller, project_id, permission)
    application = await context.store.get(APPLICATION, application_id)
    if application is None or application.project_id != project.id:
        raise unknown_application()
    return project, application


def unknown_application() -> OstiaryError:
    """There is no such application, or no longer, or it is another project's."""
    return NotFound("application.unknown", "Application could not be found")


def _with(old: Application, change: ApplicationChange) -> Application:
    if change.of_oidc is not None and change.of_oidc is not (old.oidc is not None):
        hint = "an API stays an API, an OIDC client stays one"
        raise FailedPrecondition("application.other_kind", "Application is of another kind", hint=hint)
    type_ = change.type or old.type
    authentication = change.authentication or old.authentication
    oidc = change.oidc(old.oidc) if change.oidc and old.oidc else old.oidc
    return msgspec.structs.replace(
        old,
        name=name_of(change.name) if change.name else old.name,
        type=type_,
        authentication=authentication,
        oidc=_checked(type_, authentication, oidc),
        secret_hash=old.secret_hash if needs_secret(authentication) else b"",
    )


def _checked(
    type_: ApplicationType, authentication: ClientAuthentication, oidc: OidcSettings | None
) -> OidcSettings | None:
    """The settings as they are kept; an API has none, but a secret or a key."""
    if type_ is not ApplicationType.API:
        return registered(type_, authentication, oidc or OidcSettings())
    if authentication not in {ClientAuthentication.BASIC, ClientAuthentication.PRIVATE_KEY_JWT}:
        raise InvalidArgument(
            "application.api_authentication",
            "Authentication method is not for APIs",
            hint="BASIC or PRIVATE_KEY_JWT",
        )
    return None


def _new_secret(effects: Effects, application_id: str) -> str:
    """The text of a secret; an id that is no number cannot stand in it, so then another number does."""
    secret = effects.random_bytes(SECRET_BYTES)
    text = token_text(CLIENT_SECRET, application_id, secret)
    return text if parse_token(text) else token_text(CLIENT_SECRET, effects.new_id(), secret)
