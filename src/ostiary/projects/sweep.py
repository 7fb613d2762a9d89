"""What goes with something that is removed: taken away in bounded saves before, so that nothing is left over."""

from collections.abc import Sequence
from typing import Any

import msgspec

from ostiary.core.client import APPLICATION, APPLICATION_KEY
from ostiary.core.filter import Compare, Every, Filter, Match, Order, Some, Text
from ostiary.core.permission import MEMBERSHIP
from ostiary.core.project import (
    AUTHORIZATION,
    PROJECT_GRANT,
    PROJECT_ROLE,
    Authorization,
    Project,
    ProjectGrant,
)
from ostiary.core.project_permission import grant_resource, project_resource
from ostiary.core.record import AnyKind, Kind
from ostiary.projects.context import Context
from ostiary.storage.port import Changes, Expect, Listing, Put, Remove

CHUNK = 500  # rows of one save


async def sweep_project(context: Context, project: Project, guard: Expect) -> None:
    """Remove everything of an inactive project but itself; raises Conflict when it became active again."""
    of_project = Compare("project_id", Order.EQUAL, project.id)
    members = Some(
        (
            Compare("resource", Order.EQUAL, project_resource(project.id)),
            Text("resource", Match.STARTS_WITH, grant_resource(project.id, "")),
        )
    )
    await _remove_all(context, MEMBERSHIP, members, guard)
    kinds: Sequence[AnyKind] = (AUTHORIZATION, APPLICATION_KEY, APPLICATION, PROJECT_GRANT, PROJECT_ROLE)
    for kind in kinds:
        await _remove_all(context, kind, of_project, guard)


async def sweep_grant(context: Context, grant: ProjectGrant, guard: Expect) -> None:
    """Remove the authorisations given through an inactive grant, and its administrators."""
    resource = grant_resource(grant.project_id, grant.granted_organization_id)
    await _remove_all(context, MEMBERSHIP, Compare("resource", Order.EQUAL, resource), guard)
    await _remove_all(context, AUTHORIZATION, through(grant.project_id, grant.granted_organization_id), guard)


async def strip_roles(
    context: Context,
    kind: Kind[Authorization] | Kind[ProjectGrant],
    where: Filter,
    keys: Sequence[str],
) -> None:
    """Take the roles out of all rows that match and name one of them."""
    if not keys:
        return
    naming = Every((where, Some(tuple(naming_role(key) for key in keys))))
    listing: Listing[Any] = Listing(kind, naming, limit=CHUNK)
    while True:
        page = await context.store.page(listing)
        if not page.items:
            return
        now = context.effects.now()
        puts = []
        for row in page.items:
            left = tuple(key for key in row.role_keys if key not in keys)
            changed = msgspec.structs.replace(row, role_keys=left, changed_at=now, version=row.version + 1)
            puts.append(Put(kind, changed, row.version))
        await context.store.save(Changes(puts=tuple(puts)))


def through(project_id: str, organization_id: str) -> Filter:
    """The authorisations on a project that were given through an organisation."""
    return Every(
        (
            Compare("project_id", Order.EQUAL, project_id),
            Compare("organization_id", Order.EQUAL, organization_id),
        )
    )


def naming_role(key: str) -> Filter:
    """Rows with this very role, by their column of lines."""
    return Text("role_keys", Match.CONTAINS, f"\n{key}\n")


async def _remove_all(context: Context, kind: AnyKind, where: Filter, guard: Expect) -> None:
    while True:
        page = await context.store.page(Listing(kind, where, limit=CHUNK))
        if not page.items:
            return
        removes = tuple(Remove(kind, row.id, row.version) for row in page.items)
        await context.store.save(Changes(removes=removes, expects=(guard,)))
