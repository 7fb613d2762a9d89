"""Projects granted to other organisations, with some of their roles."""

from datetime import datetime

import msgspec

from ostiary.core.filter import Every, Filter, OneOf
from ostiary.core.organization import ORGANIZATION
from ostiary.core.permission import Caller
from ostiary.core.project import AUTHORIZATION, PROJECT_GRANT, ActiveState, Project, ProjectGrant, grant_id
from ostiary.core.project_permission import on_grants, organizations_of, within
from ostiary.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound
from ostiary.projects.context import Context, Window, audit
from ostiary.projects.rules import existing_roles, found, open_to_changes, permitted
from ostiary.projects.sweep import strip_roles, sweep_grant, through
from ostiary.storage.port import Changes, Expect, Listing, Page, Put, Remove

READ, WRITE, DELETE = "project.grant.read", "project.grant.write", "project.grant.delete"


class Grants:
    """What callers with ``project.grant.write`` on a project may do to its grants."""

    def __init__(self, context: Context) -> None:
        """There may be as many grants as there are organisations: they are never read all at once."""
        self._context = context

    async def create(
        self, caller: Caller, project_id: str, organization_id: str, role_keys: tuple[str, ...]
    ) -> ProjectGrant:
        """A new grant. Raises AlreadyExists, NotFound for an unknown organisation."""
        keys = tuple(dict.fromkeys(role_keys))

        async def attempt(_: int) -> tuple[Changes, ProjectGrant]:
            store = self._context.store
            project = await permitted(self._context, caller, project_id, WRITE)
            guard = open_to_changes(project)
            other = await store.get(ORGANIZATION, organization_id)
            if other is None:
                raise NotFound("project.grant_organization_unknown", "Organisation could not be found")
            if other.id == project.organization_id:
                hint = "it owns the project"
                raise InvalidArgument("project.grant_to_owner", "Organisation needs no grant", hint=hint)
            key = grant_id(project.id, other.id)
            if await store.get(PROJECT_GRANT, key) is not None:
                raise AlreadyExists("project.grant_taken", "Project grant already exists")
            roles = await existing_roles(self._context, project.id, keys)
            now = self._context.effects.now()
            grant = ProjectGrant(key, project.id, project.organization_id, other.id, now, now, keys)
            return Changes(
                puts=(Put(PROJECT_GRANT, grant),),
                expects=(guard, Expect(ORGANIZATION, other.id, other.version), *roles),
                audit=audit(now, caller, "project.grant_created", project.id, organization=other.id),
            ), grant

        return await self._context.carry_out(attempt)

    async def update(
        self, caller: Caller, project_id: str, organization_id: str, role_keys: tuple[str, ...]
    ) -> ProjectGrant:
        """The grant with these roles and no others; the others are taken from the users who have them through it."""
        keys = tuple(dict.fromkeys(role_keys))
        given = through(project_id, organization_id)

        async def attempt(_: int) -> tuple[Changes | None, tuple[ProjectGrant, ProjectGrant]]:
            project, old = await self._permitted(caller, project_id, organization_id, WRITE)
            if keys == old.role_keys:
                return None, (old, old)
            roles = await existing_roles(self._context, project.id, keys)
            # what an interrupted change left with users must not come to life again
            added = tuple(key for key in keys if key not in old.role_keys)
            await strip_roles(self._context, AUTHORIZATION, given, added)
            changes, new = self._changed(caller, old, "project.grant_changed", roles, role_keys=keys)
            return changes, (old, new)

        old, new = await self._context.carry_out(attempt)

        async def stripped(_: int) -> tuple[None, None]:
            now = await self._context.store.get(PROJECT_GRANT, new.id)
            left = now.role_keys if now else ()
            gone = tuple(key for key in old.role_keys if key not in left)
            await strip_roles(self._context, AUTHORIZATION, given, gone)
            return None, None

        await self._context.carry_out(stripped)
        return new

    async def set_state(
        self, caller: Caller, project_id: str, organization_id: str, state: ActiveState
    ) -> ProjectGrant:
        """The grant switched off or on; raises FailedPrecondition if it is so already."""

        async def attempt(_: int) -> tuple[Changes, ProjectGrant]:
            _project, old = await self._permitted(caller, project_id, organization_id, WRITE)
            if old.state is state:
                raise FailedPrecondition("project.grant_state_same", f"Project grant is {state} already")
            return self._changed(caller, old, f"project.grant_set_{state}", state=state)

        return await self._context.carry_out(attempt)

    async def delete(self, caller: Caller, project_id: str, organization_id: str) -> datetime | None:
        """Remove the grant with the authorisations given through it; the time of it, or None if there was none.

        It is deactivated first and its parts go in bounded saves, as with a project.
        """

        async def attempt(_: int) -> tuple[Changes | None, datetime | None]:
            project = await found(self._context, caller, project_id, DELETE)
            grant = await self._context.store.get(PROJECT_GRANT, grant_id(project_id, organization_id))
            if project is None or grant is None:
                return None, None
            if grant.state is ActiveState.ACTIVE:
                changes, grant = self._changed(
                    caller, grant, "project.grant_set_inactive", state=ActiveState.INACTIVE
                )
                await self._context.store.save(changes)
            await sweep_grant(self._context, grant, Expect(PROJECT_GRANT, grant.id, grant.version))
            now = self._context.effects.now()
            return Changes(
                removes=(Remove(PROJECT_GRANT, grant.id, grant.version),),
                audit=audit(now, caller, "project.grant_deleted", project_id, organization=organization_id),
            ), now

        return await self._context.carry_out(attempt)

    async def search(self, caller: Caller, where: tuple[Filter, ...], window: Window) -> Page[ProjectGrant]:
        """A page of the grants that the caller may read: those given by or to their organisations."""
        lent_to = OneOf("granted_organization_id", organizations_of(caller, READ))
        extra = (
            lent_to,
            *on_grants(caller, READ, project="project_id", organization="granted_organization_id"),
        )
        visible = within(caller, READ, organization="organization_id", project="project_id", extra=extra)
        listing = Listing(
            PROJECT_GRANT,
            Every((visible, *where)),
            window.order,
            window.descending,
            window.offset,
            window.limit,
        )
        return await self._context.store.page(listing)

    async def _permitted(
        self, caller: Caller, project_id: str, organization_id: str, permission: str
    ) -> tuple[Project, ProjectGrant]:
        project = await permitted(self._context, caller, project_id, permission)
        grant = await self._context.store.get(PROJECT_GRANT, grant_id(project.id, organization_id))
        if grant is None:
            raise NotFound("project.grant_unknown", "Project grant could not be found")
        return project, grant

    def _changed(
        self,
        caller: Caller,
        grant: ProjectGrant,
        action: str,
        expects: tuple[Expect, ...] = (),
        **values: object,
    ) -> tuple[Changes, ProjectGrant]:
        now = self._context.effects.now()
        changed = msgspec.structs.replace(grant, changed_at=now, version=grant.version + 1, **values)
        return Changes(
            puts=(Put(PROJECT_GRANT, changed, grant.version),),
            expects=expects,
            audit=audit(now, caller, action, grant.project_id, organization=grant.granted_organization_id),
        ), changed
