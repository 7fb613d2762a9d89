"""Projects: made, changed, switched off and on, removed, read and listed."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from ostiary.core.chosen_names import chosen_id_of, name_of
from ostiary.core.filter import Compare, Every, Filter, OneOf, Order, Owns
from ostiary.core.organization import ORGANIZATION
from ostiary.core.permission import Caller
from ostiary.core.project import PROJECT, PROJECT_GRANT, ActiveState, Project, ProjectGrant, grant_id
from ostiary.core.project_permission import grants_of, holds_on, organizations_of, within
from ostiary.errors import AlreadyExists, FailedPrecondition, NotFound
from ostiary.projects.context import Context, Window, audit
from ostiary.projects.rules import found, permitted, unknown_project
from ostiary.projects.sweep import sweep_project
from ostiary.storage.port import Changes, Expect, Listing, Page, Put, Remove


@dataclass(frozen=True, slots=True)
class NewProject:
    """A project to be made; without id one is made up. The flags are those of :class:`Project`."""

    organization_id: str
    name: str
    project_id: str = ""
    asserts_roles: bool = False
    requires_authorization: bool = False
    requires_access: bool = False
    private_labeling: int = 0


@dataclass(frozen=True, slots=True)
class ProjectChange:
    """The parts of a project that change; None leaves one as it is."""

    name: str | None = None
    asserts_roles: bool | None = None
    requires_authorization: bool | None = None
    requires_access: bool | None = None
    private_labeling: int | None = None


class ProjectCommands:
    """What callers may do to projects."""

    def __init__(self, context: Context) -> None:
        """Names are unique in an organisation, so saves of names are guarded by the generation."""
        self._context = context

    async def create(self, caller: Caller, wanted: NewProject) -> Project:
        """A new project; needs ``project.create`` on the organisation. Raises AlreadyExists for a taken id or name."""
        caller.require("project.create", wanted.organization_id)
        name = name_of(wanted.name)
        project_id = chosen_id_of(wanted.project_id) if wanted.project_id else self._context.effects.new_id()

        async def attempt(generation: int) -> tuple[Changes, Project]:
            store, now = self._context.store, self._context.effects.now()
            home = await store.get(ORGANIZATION, wanted.organization_id)
            if home is None:
                raise NotFound("project.organization_unknown", "Organisation could not be found")
            if await store.get(PROJECT, project_id) is not None:
                raise AlreadyExists("project.id_taken", "Project already exists")
            await self._require_free(home.id, name)
            project = Project(
                project_id,
                home.id,
                name,
                created_at=now,
                changed_at=now,
                asserts_roles=wanted.asserts_roles,
                requires_authorization=wanted.requires_authorization,
                requires_access=wanted.requires_access,
                private_labeling=wanted.private_labeling,
            )
            return Changes(
                puts=(Put(PROJECT, project),),
                expects=(Expect(ORGANIZATION, home.id, home.version),),
                audit=audit(now, caller, "project.created", project_id, organization=home.id),
                generation=generation,
            ), project

        return await self._context.carry_out(attempt)

    async def update(self, caller: Caller, project_id: str, change: ProjectChange) -> Project:
        """The project with what changes; needs ``project.write``."""
        values = {
            field: getattr(change, field)
            for field in change.__dataclass_fields__
            if getattr(change, field) is not None
        }
        if change.name is not None:
            values["name"] = name_of(change.name)

        async def attempt(generation: int) -> tuple[Changes | None, Project]:
            project = await permitted(self._context, caller, project_id, "project.write")
            if all(getattr(project, field) == value for field, value in values.items()):
                return None, project
            if values.get("name", project.name) != project.name:
                await self._require_free(project.organization_id, str(values["name"]))
            return self._changed(caller, project, "project.changed", generation, **values)

        return await self._context.carry_out(attempt)

    async def set_state(self, caller: Caller, project_id: str, state: ActiveState) -> Project:
        """The project switched off or on; raises FailedPrecondition if it is so already. Needs ``project.write``."""

        async def attempt(generation: int) -> tuple[Changes, Project]:
            project = await permitted(self._context, caller, project_id, "project.write")
            if project.state is state:
                raise FailedPrecondition("project.state_same", f"Project is {state} already")
            return self._changed(caller, project, f"project.set_{state}", generation, state=state)

        return await self._context.carry_out(attempt)

    async def delete(self, caller: Caller, project_id: str) -> datetime | None:
        """Remove the project with all that belongs to it; the time of it, or None if there was none.

        It is deactivated first and its parts go in bounded saves; what a crash leaves is an inactive project, and
        deleting that again goes on. Needs ``project.delete``.
        """

        async def attempt(generation: int) -> tuple[Changes | None, datetime | None]:
            project = await found(self._context, caller, project_id, "project.delete")
            if project is None:
                return None, None
            if project.state is ActiveState.ACTIVE:
                inactive = ActiveState.INACTIVE
                changes, project = self._changed(
                    caller, project, f"project.set_{inactive}", generation, state=inactive
                )
                await self._context.store.save(changes)
            guard = Expect(PROJECT, project.id, project.version)
            await sweep_project(self._context, project, guard)
            now = self._context.effects.now()
            return Changes(
                removes=(Remove(PROJECT, project.id, project.version),),
                audit=audit(now, caller, "project.deleted", project.id),
            ), now

        return await self._context.carry_out(attempt)

    def _changed(
        self, caller: Caller, project: Project, action: str, generation: int, **values: object
    ) -> tuple[Changes, Project]:
        now = self._context.effects.now()
        changed = msgspec.structs.replace(project, changed_at=now, version=project.version + 1, **values)
        return Changes(
            puts=(Put(PROJECT, changed, project.version),),
            audit=audit(now, caller, action, project.id, fields=tuple(values)),
            generation=generation,
        ), changed

    async def _require_free(self, organization_id: str, name: str) -> None:
        same = Every(
            (
                Compare("organization_id", Order.EQUAL, organization_id),
                Compare("name", Order.EQUAL, name),
            )
        )
        if (await self._context.store.page(Listing(PROJECT, same, limit=1))).total:
            raise AlreadyExists("project.name_taken", "Project already exists", hint="another has this name")


class ProjectQueries:
    """What callers may know of projects: those of their organisations, and those lent to these."""

    def __init__(self, context: Context) -> None:
        """Lists go to the store."""
        self._context = context

    async def get(self, caller: Caller, project_id: str, permission: str = "project.read") -> Project:
        """One project; needs the permission on it, or where it was granted to."""
        if not caller.holds_anywhere(permission):
            raise caller.refusal(permission)
        project = await self._context.store.get(PROJECT, project_id)
        if project is None:
            raise unknown_project()
        if holds_on(caller, permission, project):
            return project
        lent = organizations_of(caller, permission)
        lent = (*lent, *(other for one, other in grants_of(caller, permission) if one == project.id))
        for organization_id in lent:
            if await self.grant_to(project, organization_id) is not None:
                return project
        raise caller.refusal(permission)

    async def search(self, caller: Caller, where: tuple[Filter, ...], window: Window) -> Page[Project]:
        """A page of those the caller may read that fulfil every condition; the total counts no others."""
        listing = Listing(
            PROJECT,
            Every((_visible(caller), *where)),
            window.order,
            window.descending,
            window.offset,
            window.limit,
        )
        return await self._context.store.page(listing)

    async def grant_to(self, project: Project, organization_id: str) -> ProjectGrant | None:
        """How the project was lent to an organisation."""
        return await self._context.cache.get(PROJECT_GRANT, grant_id(project.id, organization_id))

    async def project_name(self, project_id: str) -> str:
        """The name, for showing; empty for one that is gone."""
        project = await self._context.cache.get(PROJECT, project_id)
        return project.name if project else ""

    async def organization_name(self, organization_id: str) -> str:
        """The name, for showing; empty for one that is gone."""
        organization = await self._context.cache.get(ORGANIZATION, organization_id)
        return organization.name if organization else ""


def granted_to(organizations: tuple[str, ...]) -> Filter:
    """Projects that were lent to one of these organisations."""
    return Owns(PROJECT_GRANT, OneOf("granted_organization_id", organizations))


def _visible(caller: Caller) -> Filter:
    permission = "project.read"
    lent = tuple(dict.fromkeys(project_id for project_id, _ in grants_of(caller, permission)))
    extra = (granted_to(organizations_of(caller, permission)), OneOf("id", lent))
    return within(caller, permission, organization="organization_id", project="id", extra=extra)
