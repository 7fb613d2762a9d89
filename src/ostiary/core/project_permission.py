"""What a caller may do to a project, by roles on the instance, its organisation, the project or a grant of it.

Source: ZITADEL's wire contract, part 2.9 and appendix C.
"""

from ostiary.core.filter import Compare, Every, Filter, OneOf, Order, Some
from ostiary.core.permission import ROLES, Caller, Membership
from ostiary.core.project import Project

_ORGANIZATION, _PROJECT, _GRANT = "organization:", "project:", "grant:"


def project_resource(project_id: str) -> str:
    """How a membership names a project."""
    return f"{_PROJECT}{project_id}"


def grant_resource(project_id: str, organization_id: str) -> str:
    """How a membership names the grant of a project to an organisation."""
    return f"{_GRANT}{project_id}:{organization_id}"


def holds_on(caller: Caller, permission: str, project: Project) -> bool:
    """Whether a role on the instance, on the project's organisation or on the project allows it."""
    return caller.holds(permission, project.organization_id) or _has(
        caller, permission, project_resource(project.id)
    )


def holds_on_grant(caller: Caller, permission: str, project: Project, organization_id: str) -> bool:
    """As :func:`holds_on`, or a role on the organisation that it was granted to, or on that grant."""
    return (
        holds_on(caller, permission, project)
        or caller.holds(permission, organization_id)
        or _has(caller, permission, grant_resource(project.id, organization_id))
    )


def organizations_of(caller: Caller, permission: str) -> tuple[str, ...]:
    """The organisations on which a role of the caller allows it."""
    return _named(caller, permission, _ORGANIZATION)


def projects_of(caller: Caller, permission: str) -> tuple[str, ...]:
    """The projects on which a role of the caller allows it."""
    return _named(caller, permission, _PROJECT)


def grants_of(caller: Caller, permission: str) -> tuple[tuple[str, str], ...]:
    """Project and organisation of the grants on which a role of the caller allows it."""
    found = (name.partition(":") for name in _named(caller, permission, _GRANT))
    return tuple((project_id, organization_id) for project_id, _, organization_id in found)


def within(
    caller: Caller, permission: str, *, organization: str, project: str, extra: tuple[Filter, ...] = ()
) -> Filter:
    """Rows where a role of the caller allows it, by the columns of their organisation and project; or ``extra``."""
    if caller.holds(permission):
        return Every(())
    return Some(
        (
            OneOf(organization, organizations_of(caller, permission)),
            OneOf(project, projects_of(caller, permission)),
            *extra,
        )
    )


def on_grants(caller: Caller, permission: str, *, project: str, organization: str) -> tuple[Filter, ...]:
    """Conditions for rows of the grants on which a role of the caller allows it."""
    return tuple(
        Every((Compare(project, Order.EQUAL, one), Compare(organization, Order.EQUAL, other)))
        for one, other in grants_of(caller, permission)
    )


def _allows(membership: Membership, permission: str) -> bool:
    return any(permission in ROLES.get(role, frozenset()) for role in membership.roles)


def _has(caller: Caller, permission: str, resource: str) -> bool:
    return any(m.resource == resource and _allows(m, permission) for m in caller.memberships)


def _named(caller: Caller, permission: str, kind: str) -> tuple[str, ...]:
    return tuple(
        m.resource.removeprefix(kind)
        for m in caller.memberships
        if m.resource.startswith(kind) and _allows(m, permission)
    )
