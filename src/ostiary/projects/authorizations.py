"""Authorisations: which roles of a project a user was given, by the owning organisation or one it was granted to."""

from datetime import datetime

import msgspec

from ostiary.core.filter import Compare, Every, Filter, Names, OneOf, Order
from ostiary.core.organization import ORGANIZATION
from ostiary.core.permission import Caller
from ostiary.core.project import (
    AUTHORIZATION,
    PROJECT,
    PROJECT_GRANT,
    PROJECT_ROLE,
    ActiveState,
    Authorization,
    Project,
    ProjectRole,
    grant_id,
)
from ostiary.core.project_permission import holds_on_grant, on_grants, organizations_of, within
from ostiary.core.user import USER, User
from ostiary.errors import AlreadyExists, FailedPrecondition, NotFound, OstiaryError
from ostiary.projects.context import Context, Window, audit
from ostiary.projects.rules import existing_roles, open_to_changes, unknown_project
from ostiary.storage.port import OWNED_LIMIT, Changes, Expect, Listing, Page, Put, Remove

READ, WRITE, DELETE = "user.grant.read", "user.grant.write", "user.grant.delete"


class Authorizations:
    """What callers may do to authorisations through organisations, projects and grants where they hold the right."""

    def __init__(self, context: Context) -> None:
        """A new one is written with its user's row: a user is given one project through one organisation once."""
        self._context = context

    async def create(
        self, caller: Caller, user_id: str, project_id: str, organization_id: str, role_keys: tuple[str, ...]
    ) -> Authorization:
        """Give roles to a user. Raises AlreadyExists, FailedPrecondition for what the organisation may not give."""
        keys = tuple(dict.fromkeys(role_keys))
        authorization_id = self._context.effects.new_id()

        async def attempt(_: int) -> tuple[Changes, Authorization]:
            store = self._context.store
            project = await self._permitted(caller, project_id, organization_id, WRITE)
            guards = (open_to_changes(project), *await self._may_give(project, organization_id, keys))
            user = await store.get(USER, user_id)
            if user is None:
                raise NotFound("authorization.user_unknown", "User could not be found")
            others = await store.owned(AUTHORIZATION, user_id)
            if any((one.project_id, one.organization_id) == (project_id, organization_id) for one in others):
                raise AlreadyExists("authorization.taken", "Authorization already exists")
            if len(others) >= OWNED_LIMIT:
                hint = f"a user has at most {OWNED_LIMIT}"
                raise FailedPrecondition("authorization.too_many", "Too many authorizations", hint=hint)
            now = self._context.effects.now()
            made = Authorization(
                authorization_id,
                user.id,
                project.id,
                organization_id,
                now,
                now,
                keys,
                user_organization_id=user.organization_id,
            )
            touched = msgspec.structs.replace(user, version=user.version + 1)
            return Changes(
                puts=(Put(AUTHORIZATION, made), Put(USER, touched, user.version)),
                expects=guards,
                audit=audit(now, caller, "authorization.created", made.id, user=user.id, project=project.id),
            ), made

        return await self._context.carry_out(attempt)

    async def update(self, caller: Caller, id: str, role_keys: tuple[str, ...]) -> Authorization:  # noqa: A002
        """The authorisation with these roles and no others."""
        keys = tuple(dict.fromkeys(role_keys))

        async def attempt(_: int) -> tuple[Changes | None, Authorization]:
            old = await self._of(caller, id, WRITE)
            if old is None:
                raise _unknown()
            if old.role_keys == keys:
                return None, old
            project = await self._context.store.get(PROJECT, old.project_id)
            if project is None:
                raise unknown_project()
            guards = (open_to_changes(project), *await self._may_give(project, old.organization_id, keys))
            return self._changed(caller, old, "authorization.changed", guards, role_keys=keys)

        return await self._context.carry_out(attempt)

    async def set_state(self, caller: Caller, id: str, state: ActiveState) -> Authorization:  # noqa: A002
        """The authorisation switched off or on; it stays as it is when it is so already."""

        async def attempt(_: int) -> tuple[Changes | None, Authorization]:
            old = await self._of(caller, id, WRITE)
            if old is None:
                raise _unknown()
            if old.state is state:
                return None, old
            return self._changed(caller, old, f"authorization.set_{state}", state=state)

        return await self._context.carry_out(attempt)

    async def delete(self, caller: Caller, id: str) -> datetime | None:  # noqa: A002
        """Take it back; the time of it, or None if there was none."""

        async def attempt(_: int) -> tuple[Changes | None, datetime | None]:
            old = await self._of(caller, id, DELETE)
            if old is None:
                return None, None
            now = self._context.effects.now()
            return Changes(
                removes=(Remove(AUTHORIZATION, old.id, old.version),),
                audit=audit(now, caller, "authorization.deleted", old.id, user=old.user_id),
            ), now

        return await self._context.carry_out(attempt)

    async def search(self, caller: Caller, where: tuple[Filter, ...], window: Window) -> Page[Authorization]:
        """A page of the caller's own, and of those given where they hold ``user.grant.read``."""
        own = Compare("user_id", Order.EQUAL, caller.user_id)
        of_own_projects = Names(
            "project_id", PROJECT, OneOf("organization_id", organizations_of(caller, READ))
        )
        extra = (
            own,
            of_own_projects,
            *on_grants(caller, READ, project="project_id", organization="organization_id"),
        )
        visible = within(caller, READ, organization="organization_id", project="project_id", extra=extra)
        listing = Listing(
            AUTHORIZATION,
            Every((visible, *where)),
            window.order,
            window.descending,
            window.offset,
            window.limit,
        )
        return await self._context.store.page(listing)

    async def user(self, user_id: str) -> User | None:
        """Whose it is, for showing."""
        return await self._context.store.get(USER, user_id)

    async def project(self, project_id: str) -> Project | None:
        """What it is on, for showing."""
        return await self._context.cache.get(PROJECT, project_id)

    async def role(self, role_id: str) -> ProjectRole | None:
        """What was given, for showing."""
        return await self._context.cache.get(PROJECT_ROLE, role_id)

    async def _permitted(
        self, caller: Caller, project_id: str, organization_id: str, permission: str
    ) -> Project:
        if not caller.holds_anywhere(permission):
            raise caller.refusal(permission)
        project = await self._context.store.get(PROJECT, project_id)
        if project is None:
            raise unknown_project()
        if not holds_on_grant(caller, permission, project, organization_id):
            raise caller.refusal(permission)
        return project

    async def _of(self, caller: Caller, id: str, permission: str) -> Authorization | None:  # noqa: A002
        if not caller.holds_anywhere(permission):
            raise caller.refusal(permission)
        found = await self._context.store.get(AUTHORIZATION, id)
        if found is not None:
            await self._permitted(caller, found.project_id, found.organization_id, permission)
        return found

    async def _may_give(
        self, project: Project, organization_id: str, keys: tuple[str, ...]
    ) -> tuple[Expect, ...]:
        """The guards of a save by which the organisation gives these roles."""
        roles = await existing_roles(self._context, project.id, keys)
        if organization_id == project.organization_id:
            return roles
        if await self._context.store.get(ORGANIZATION, organization_id) is None:
            raise NotFound("authorization.organization_unknown", "Organisation could not be found")
        grant = await self._context.store.get(PROJECT_GRANT, grant_id(project.id, organization_id))
        if grant is None or grant.state is not ActiveState.ACTIVE:
            hint = "the organisation neither owns the project nor has an active grant of it"
            raise FailedPrecondition("authorization.no_grant", "Project is not granted", hint=hint)
        if not set(keys) <= set(grant.role_keys):
            hint = "the grant lends fewer roles"
            raise FailedPrecondition("authorization.role_not_granted", "Role is not granted", hint=hint)
        return (*roles, Expect(PROJECT_GRANT, grant.id, grant.version))

    def _changed(
        self,
        caller: Caller,
        old: Authorization,
        action: str,
        expects: tuple[Expect, ...] = (),
        **values: object,
    ) -> tuple[Changes, Authorization]:
        now = self._context.effects.now()
        new = msgspec.structs.replace(old, changed_at=now, version=old.version + 1, **values)
        return Changes(
            puts=(Put(AUTHORIZATION, new, old.version),),
            expects=expects,
            audit=audit(now, caller, action, old.id, user=old.user_id),
        ), new


def _unknown() -> OstiaryError:
    return NotFound("authorization.unknown", "Authorization could not be found")
