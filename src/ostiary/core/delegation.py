"""Who may give which roles: what somebody hands on, they must hold themselves.

The owner of a resource may give every role there is on it; some hold permissions that the owner's own role has not
(``session.link`` of a login client, impersonation). Everybody else gives, takes and changes only roles whose every
permission they hold there: a login client with ``iam.member.write`` makes nobody an owner, nor unmakes one.
"""

from collections.abc import Iterable
from typing import Final

from ostiary.core.permission import INSTANCE_RESOURCE, ROLES, Caller, Membership, organization_resource
from ostiary.core.project_permission import grant_resource, project_resource
from ostiary.errors import InvalidArgument, PermissionDenied

_PREFIXES: Final = (
    ("PROJECT_GRANT_", "project.grant"),
    ("PROJECT_", "project"),
    ("ORG_", "org"),
    ("IAM_", "iam"),
)


class Resource:
    """Something that roles are held on: the instance, an organisation, a project, or the grant of a project.

    ``permission`` is the stem of the rights on its members. ``organization_id`` is the organisation it belongs to.
    """

    __slots__ = ("_above", "name", "organization_id", "permission", "project_id")

    def __init__(
        self, name: str, permission: str, organization_id: str, project_id: str, above: tuple[str, ...]
    ) -> None:
        """Use the functions below."""
        self.name = name
        self.permission = permission
        self.organization_id = organization_id
        self.project_id = project_id
        self._above = above

    def holds(self, caller: Caller, permission: str) -> bool:
        """Whether a role on it, or on what it is in, allows it."""
        return any(permission in ROLES.get(role, frozenset()) for role in self._roles(caller))

    def may_give(self, caller: Caller, role: str) -> bool:
        """Whether the caller may give or take the role here."""
        held = frozenset(self._roles(caller))
        if "IAM_OWNER" in held or ("ORG_OWNER" in held and not role.startswith("IAM_")):
            return True
        own = frozenset().union(*(ROLES.get(one, frozenset()) for one in held))
        return ROLES.get(role, frozenset()) <= own

    def _roles(self, caller: Caller) -> list[str]:
        places = {self.name, *self._above, INSTANCE_RESOURCE}
        return [role for one in caller.memberships if one.resource in places for role in one.roles]


def instance() -> Resource:
    """The instance."""
    return Resource(INSTANCE_RESOURCE, "iam", "", "", ())


def organization(organization_id: str) -> Resource:
    """An organisation."""
    return Resource(organization_resource(organization_id), "org", organization_id, "", ())


def project(project_id: str, owner_id: str) -> Resource:
    """A project of an organisation."""
    above = (organization_resource(owner_id),)
    return Resource(project_resource(project_id), "project", owner_id, project_id, above)


def grant(project_id: str, owner_id: str, organization_id: str) -> Resource:
    """The grant of a project to an organisation; both sides look after it."""
    above = (
        project_resource(project_id),
        organization_resource(owner_id),
        organization_resource(organization_id),
    )
    name = grant_resource(project_id, organization_id)
    return Resource(name, "project.grant", owner_id, project_id, above)


def check_roles(resource: Resource, roles: tuple[str, ...]) -> None:
    """Raise InvalidArgument for no role at all, or one that is not held on such a resource."""
    fitting = [role for role in ROLES if _stem(role) == resource.permission]
    if not roles:
        hint = f"one or more of: {', '.join(sorted(fitting))}"
        raise InvalidArgument("administrator.no_role", "Roles are missing", hint=hint)
    for role in roles:
        if role not in fitting:
            hint = f"one of: {', '.join(sorted(fitting))}"
            raise InvalidArgument("administrator.role_unknown", "Unknown role", hint=hint)


def require_givable(caller: Caller, resource: Resource, roles: tuple[str, ...]) -> None:
    """Raise PermissionDenied for a role whose permissions the caller does not hold."""
    for role in roles:
        if not resource.may_give(caller, role):
            hint = f"the caller does not hold all permissions of {role}"
            raise PermissionDenied("administrator.role_too_high", "No matching permissions found", hint=hint)


def is_above(caller: Caller, memberships: Iterable[Membership]) -> bool:
    """Whether somebody with these memberships may do what the caller could not let them do."""
    return any(
        not _resource_of(one).may_give(caller, role)
        for one in memberships
        for role in one.roles
        if role in ROLES
    )


def _resource_of(membership: Membership) -> Resource:
    kind, first, second = resource_parts(membership)
    owner_id = membership.project_organization_id
    match kind:  # as :class:`Membership` says
        case "organization":
            return organization(first)
        case "project":
            return project(first, owner_id)
        case "grant":
            return grant(first, owner_id, second)
        case _:
            return instance()


def resource_parts(membership: Membership) -> tuple[str, str, str]:
    """The kind of a membership's resource (instance, organization, project, grant), and the ids it names."""
    kind, _, rest = membership.resource.partition(":")
    if kind != "grant":
        return kind, rest, ""
    project_id, _, organization_id = rest.partition(":")
    return kind, project_id, organization_id


def _stem(role: str) -> str:
    return next((stem for prefix, stem in _PREFIXES if role.startswith(prefix)), "")
