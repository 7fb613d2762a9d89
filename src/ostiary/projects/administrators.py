"""Administrators: users with roles on the instance, an organisation, a project or the grant of one."""

from datetime import datetime
from typing import Final

import msgspec

from ostiary.core import delegation
from ostiary.core.delegation import Resource, check_roles, require_givable
from ostiary.core.filter import Compare, Every, Filter, Match, OneOf, Order, Some, Text
from ostiary.core.organization import ORGANIZATION
from ostiary.core.permission import (
    INSTANCE_RESOURCE,
    MEMBERSHIP,
    Caller,
    Membership,
    membership_id,
    organization_resource,
)
from ostiary.core.project import PROJECT, PROJECT_GRANT, Project, grant_id
from ostiary.core.project_permission import (
    grant_resource,
    grants_of,
    organizations_of,
    project_resource,
    projects_of,
)
from ostiary.core.user import USER, User
from ostiary.errors import AlreadyExists, NotFound, OstiaryError
from ostiary.projects.context import Context, Window, audit
from ostiary.projects.rules import open_to_changes, unknown_project
from ostiary.storage.port import Changes, Expect, Listing, Page, Put, Remove

_GRANT_PREFIX: Final = "grant:"
Place = tuple[Resource, tuple[Expect, ...]]


class ResourceNamed(msgspec.Struct, frozen=True):
    """A resource as a request names it: nothing is the instance, both are the grant of a project to an organisation."""

    organization_id: str = ""
    project_id: str = ""

    @property
    def name(self) -> str:
        """As memberships name it."""
        if self.project_id:
            if self.organization_id:
                return grant_resource(self.project_id, self.organization_id)
            return project_resource(self.project_id)
        return organization_resource(self.organization_id) if self.organization_id else INSTANCE_RESOURCE

    @property
    def permission(self) -> str:
        """The stem of the rights on its members."""
        if self.project_id:
            return "project.grant" if self.organization_id else "project"
        return "org" if self.organization_id else "iam"


class Administrators:
    """What callers may do to the roles of users; nobody gives or takes a role that is more than their own."""

    def __init__(self, context: Context) -> None:
        """Each change counts for callers' caches at once."""
        self._context = context

    async def create(
        self, caller: Caller, user_id: str, wanted: ResourceNamed, roles: tuple[str, ...]
    ) -> Membership:
        """Give a user roles on a resource where they have none; raises AlreadyExists."""

        async def attempt(generation: int) -> tuple[Changes, Membership]:
            resource, guards = await self._place(caller, wanted, "write", is_new=True)
            check_roles(resource, roles)
            require_givable(caller, resource, roles)
            user = await self._context.store.get(USER, user_id)
            if user is None:
                raise NotFound("administrator.user_unknown", "User could not be found")
            key = membership_id(user_id, resource.name)
            if await self._context.store.get(MEMBERSHIP, key) is not None:
                raise AlreadyExists("administrator.taken", "Administrator already exists")
            now = self._context.effects.now()
            of_project = resource.organization_id if resource.project_id else ""
            made = Membership(
                key,
                user_id,
                resource.name,
                roles,
                int(now.timestamp()),
                changed_at_s=int(now.timestamp()),
                project_organization_id=of_project,
            )
            return Changes(
                puts=(Put(MEMBERSHIP, made),),
                expects=(Expect(USER, user.id, user.version), *guards),
                audit=audit(now, caller, "administrator.created", user_id, on=resource.name, roles=roles),
                generation=generation,
            ), made

        return await self._context.carry_out(attempt)

    async def update(
        self, caller: Caller, user_id: str, wanted: ResourceNamed, roles: tuple[str, ...]
    ) -> Membership:
        """The user with these roles on the resource and no others; raises NotFound."""

        async def attempt(generation: int) -> tuple[Changes | None, Membership]:
            resource, _ = await self._place(caller, wanted, "write")
            check_roles(resource, roles)
            old = await self._context.store.get(MEMBERSHIP, membership_id(user_id, resource.name))
            if old is None:
                raise _unknown()
            if old.roles == roles:
                return None, old
            require_givable(caller, resource, tuple(set(roles) ^ set(old.roles)))
            now = self._context.effects.now()
            since_s = int(now.timestamp())
            new = msgspec.structs.replace(old, roles=roles, changed_at_s=since_s, version=old.version + 1)
            return Changes(
                puts=(Put(MEMBERSHIP, new, old.version),),
                audit=audit(now, caller, "administrator.changed", user_id, on=resource.name, roles=roles),
                generation=generation,
            ), new

        return await self._context.carry_out(attempt)

    async def delete(self, caller: Caller, user_id: str, wanted: ResourceNamed) -> datetime | None:
        """Take all roles of a user on the resource; the time of it, or None if there were none."""

        async def attempt(generation: int) -> tuple[Changes | None, datetime | None]:
            resource, _ = await self._place(caller, wanted, "delete")
            old = await self._context.store.get(MEMBERSHIP, membership_id(user_id, resource.name))
            if old is None:
                return None, None
            require_givable(caller, resource, old.roles)
            now = self._context.effects.now()
            return Changes(
                removes=(Remove(MEMBERSHIP, old.id, old.version),),
                audit=audit(now, caller, "administrator.deleted", user_id, on=resource.name),
                generation=generation,
            ), now

        return await self._context.carry_out(attempt)

    async def search(self, caller: Caller, where: tuple[Filter, ...], window: Window) -> Page[Membership]:
        """A page of the caller's own roles, and of those on resources whose members they may read."""
        listing = Listing(
            MEMBERSHIP,
            Every((_visible(caller), *where)),
            window.order,
            window.descending,
            window.offset,
            window.limit,
        )
        return await self._context.store.page(listing)

    async def user(self, user_id: str) -> User | None:
        """Who it is, for showing."""
        return await self._context.store.get(USER, user_id)

    async def project(self, project_id: str) -> Project | None:
        """What it is on, for showing."""
        return await self._context.cache.get(PROJECT, project_id)

    async def _place(
        self, caller: Caller, wanted: ResourceNamed, right: str, *, is_new: bool = False
    ) -> Place:
        """The resource, for a caller with the right on its members; and what a new row on it relies on."""
        permission = f"{wanted.permission}.member.{right}"
        if not caller.holds_anywhere(permission):
            raise caller.refusal(permission)
        resource, guards = await self._found(wanted, is_new=is_new)
        if not resource.holds(caller, permission):
            raise caller.refusal(permission)
        return resource, guards

    async def _found(self, wanted: ResourceNamed, *, is_new: bool) -> Place:
        store = self._context.store
        if wanted.project_id:
            project = await store.get(PROJECT, wanted.project_id)
            if project is None:
                raise unknown_project()
            guards = (open_to_changes(project),) if is_new else ()
            if not wanted.organization_id:
                return delegation.project(project.id, project.organization_id), guards
            grant = await store.get(PROJECT_GRANT, grant_id(project.id, wanted.organization_id))
            if grant is None:
                raise NotFound("administrator.grant_unknown", "Project grant could not be found")
            resource = delegation.grant(project.id, project.organization_id, wanted.organization_id)
            return resource, (*guards, Expect(PROJECT_GRANT, grant.id, grant.version))
        if not wanted.organization_id:
            return delegation.instance(), ()
        organization = await store.get(ORGANIZATION, wanted.organization_id)
        if organization is None:
            raise NotFound("administrator.organization_unknown", "Organisation could not be found")
        guard = Expect(ORGANIZATION, organization.id, organization.version)
        return delegation.organization(organization.id), (guard,)


def _visible(caller: Caller) -> Filter:
    if caller.holds("iam.member.read"):
        return Every(())
    parts: list[Filter] = [Compare("user_id", Order.EQUAL, caller.user_id)]
    named = [organization_resource(one) for one in organizations_of(caller, "org.member.read")]
    named += [project_resource(one) for one in projects_of(caller, "project.member.read")]
    named += [grant_resource(*one) for one in grants_of(caller, "project.grant.member.read")]
    parts.append(OneOf("resource", tuple(named)))
    is_grant = Text("resource", Match.STARTS_WITH, _GRANT_PREFIX)
    is_project = Text("resource", Match.STARTS_WITH, project_resource(""))
    for kind, permission in ((is_project, "project.member.read"), (is_grant, "project.grant.member.read")):
        owners = OneOf("project_organization_id", organizations_of(caller, permission))
        parts.append(Every((kind, owners)))
    permission = "project.grant.member.read"
    parts += [
        Text("resource", Match.STARTS_WITH, grant_resource(one, ""))
        for one in projects_of(caller, permission)
    ]
    parts += [  # no id has a colon
        Every((is_grant, Text("resource", Match.ENDS_WITH, f":{one}")))
        for one in organizations_of(caller, permission)
    ]
    return Some(tuple(parts))


def _unknown() -> OstiaryError:
    return NotFound("administrator.unknown", "Administrator could not be found")
