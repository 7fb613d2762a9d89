"""Roles of projects: added, renamed, removed, listed."""

from datetime import datetime

import msgspec

from ostiary.core.chosen_names import name_of, role_key_of
from ostiary.core.filter import Compare, Every, Filter, Order
from ostiary.core.permission import Caller
from ostiary.core.project import AUTHORIZATION, PROJECT_GRANT, PROJECT_ROLE, ProjectRole, role_id
from ostiary.errors import AlreadyExists, FailedPrecondition, NotFound
from ostiary.projects.context import Context, Window, audit
from ostiary.projects.project import ProjectQueries
from ostiary.projects.rules import found, open_to_changes, permitted
from ostiary.projects.sweep import strip_roles
from ostiary.storage.port import OWNED_LIMIT, Changes, Listing, Page, Put, Remove

WRITE = "project.role.write"


class Roles:
    """What callers with ``project.role.write`` on a project may do to its roles."""

    def __init__(self, context: Context, projects: ProjectQueries) -> None:
        """``projects`` says which of them a caller sees."""
        self._context = context
        self._projects = projects

    async def add(
        self, caller: Caller, project_id: str, key: str, display_name: str, group: str
    ) -> ProjectRole:
        """A new role; nobody has it who had one of this key before. Raises AlreadyExists."""
        key, display_name = role_key_of(key), name_of(display_name)

        async def attempt(_: int) -> tuple[Changes, ProjectRole]:
            store = self._context.store
            project = await permitted(self._context, caller, project_id, WRITE)
            guard = open_to_changes(project)
            if await store.get(PROJECT_ROLE, role_id(project.id, key)) is not None:
                raise AlreadyExists("project.role_taken", "Role already exists")
            if len(await store.owned(PROJECT_ROLE, project.id)) >= OWNED_LIMIT:
                hint = f"a project has at most {OWNED_LIMIT}"
                raise FailedPrecondition("project.roles_full", "Too many roles", hint=hint)
            # while the role is not there nobody can be given it, so what an interrupted removal left goes now
            await self._strip(project.id, key)
            now = self._context.effects.now()
            role = ProjectRole(role_id(project.id, key), project.id, key, now, now, display_name, group)
            return Changes(
                puts=(Put(PROJECT_ROLE, role),),
                expects=(guard,),
                audit=audit(now, caller, "project.role_added", project.id, role=key),
            ), role

        return await self._context.carry_out(attempt)

    async def update(
        self, caller: Caller, project_id: str, key: str, display_name: str | None, group: str | None
    ) -> ProjectRole:
        """The role with what changes; None leaves a part as it is."""
        name = name_of(display_name) if display_name is not None else None

        async def attempt(_: int) -> tuple[Changes | None, ProjectRole]:
            project = await permitted(self._context, caller, project_id, WRITE)
            old = await self._context.store.get(PROJECT_ROLE, role_id(project.id, key))
            if old is None:
                raise NotFound("project.role_not_found", "Role could not be found")
            values = {
                "display_name": old.display_name if name is None else name,
                "group": old.group if group is None else group,
            }
            new = msgspec.structs.replace(old, **values)
            if new == old:
                return None, old
            now = self._context.effects.now()
            new = msgspec.structs.replace(new, changed_at=now, version=old.version + 1)
            return Changes(
                puts=(Put(PROJECT_ROLE, new, old.version),),
                audit=audit(now, caller, "project.role_changed", project.id, role=key),
            ), new

        return await self._context.carry_out(attempt)

    async def remove(self, caller: Caller, project_id: str, key: str) -> datetime | None:
        """Remove the role, then take it from grants and users in bounded saves; the time of it, None if it was not there.

        From the first save on it is nobody's: what is left of it names no role of the project.
        """

        async def attempt(_: int) -> tuple[Changes | None, datetime | None]:
            project = await found(self._context, caller, project_id, WRITE)
            role = await self._context.store.get(PROJECT_ROLE, role_id(project_id, key))
            if project is None or role is None:
                return None, None
            now = self._context.effects.now()
            return Changes(
                removes=(Remove(PROJECT_ROLE, role.id, role.version),),
                audit=audit(now, caller, "project.role_removed", project.id, role=key),
            ), now

        removed_at = await self._context.carry_out(attempt)

        async def stripped(_: int) -> tuple[None, None]:
            if await self._context.store.get(PROJECT_ROLE, role_id(project_id, key)) is None:
                await self._strip(project_id, key)
            return None, None

        await self._context.carry_out(stripped)
        return removed_at

    async def search(
        self, caller: Caller, project_id: str, where: tuple[Filter, ...], window: Window
    ) -> Page[ProjectRole]:
        """A page of the roles of a project that the caller sees."""
        await self._projects.get(caller, project_id, "project.role.read")
        listing = Listing(
            PROJECT_ROLE,
            Every((Compare("project_id", Order.EQUAL, project_id), *where)),
            window.order,
            window.descending,
            window.offset,
            window.limit,
        )
        return await self._context.store.page(listing)

    async def _strip(self, project_id: str, key: str) -> None:
        of_project = Compare("project_id", Order.EQUAL, project_id)
        await strip_roles(self._context, PROJECT_GRANT, of_project, (key,))
        await strip_roles(self._context, AUTHORIZATION, of_project, (key,))
