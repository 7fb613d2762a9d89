"""Projects: what applications belong to, the roles they know, and who was given them.

Source: ZITADEL's wire contract, parts 3.1 (project checks) and 4.5 (role claims).
"""

from datetime import datetime
from enum import StrEnum

import msgspec

from ostiary.core.record import Kind, in_lines


class ActiveState(StrEnum):
    """Of projects, grants, applications and authorisations; a removed one has no row."""

    ACTIVE = "active"
    INACTIVE = "inactive"


class Project(msgspec.Struct, frozen=True, omit_defaults=True):
    """A project of an organisation.

    ``asserts_roles``: tokens carry roles unasked. ``requires_authorization``: only users with a role on it may log in.
    ``requires_access``: only users whose organisation owns it or was granted it may.
    """

    id: str
    organization_id: str
    name: str
    created_at: datetime
    changed_at: datetime
    state: ActiveState = ActiveState.ACTIVE
    asserts_roles: bool = False
    requires_authorization: bool = False
    requires_access: bool = False
    private_labeling: int = 0
    version: int = 1


PROJECT = Kind(
    "project",
    Project,
    columns={
        "organization_id": lambda p: p.organization_id,
        "name": lambda p: p.name,
        "state": lambda p: str(p.state),
        "created_at": lambda p: p.created_at,
        "changed_at": lambda p: p.changed_at,
    },
    owner="organization_id",
    raises_generation=True,
)


class ProjectRole(msgspec.Struct, frozen=True, omit_defaults=True):
    """A role of a project; ``id`` is ``project_id:key``."""

    id: str
    project_id: str
    key: str
    created_at: datetime
    changed_at: datetime
    display_name: str = ""
    group: str = ""
    version: int = 1


PROJECT_ROLE = Kind(
    "project_role",
    ProjectRole,
    columns={
        "project_id": lambda r: r.project_id,
        "key": lambda r: r.key,
        "display_name": lambda r: r.display_name,
        "created_at": lambda r: r.created_at,
        "changed_at": lambda r: r.changed_at,
    },
    owner="project_id",
    raises_generation=True,
)


class ProjectGrant(msgspec.Struct, frozen=True, omit_defaults=True):
    """A project lent to another organisation with some of its roles; ``id`` is ``project_id:organization_id``."""

    id: str
    project_id: str
    organization_id: str
    granted_organization_id: str
    created_at: datetime
    changed_at: datetime
    role_keys: tuple[str, ...] = ()
    state: ActiveState = ActiveState.ACTIVE
    version: int = 1


PROJECT_GRANT = Kind(
    "project_grant",
    ProjectGrant,
    columns={
        "project_id": lambda g: g.project_id,
        "organization_id": lambda g: g.organization_id,
        "granted_organization_id": lambda g: g.granted_organization_id,
        "state": lambda g: str(g.state),
        "created_at": lambda g: g.created_at,
        "changed_at": lambda g: g.changed_at,
        "role_keys": lambda g: in_lines(g.role_keys),
    },
    owner="project_id",
    raises_generation=True,
)


class Authorization(msgspec.Struct, frozen=True, omit_defaults=True):
    """Roles of a project given to a user, by the owning organisation or one the project was granted to.

    ``organization_id`` is the giving one; ``user_organization_id`` is where the user belongs.
    """

    id: str
    user_id: str
    project_id: str
    organization_id: str
    created_at: datetime
    changed_at: datetime
    role_keys: tuple[str, ...] = ()
    state: ActiveState = ActiveState.ACTIVE
    version: int = 1
    user_organization_id: str = ""


AUTHORIZATION = Kind(
    "user_authorization",
    Authorization,
    columns={
        "user_id": lambda a: a.user_id,
        "project_id": lambda a: a.project_id,
        "organization_id": lambda a: a.organization_id,
        "state": lambda a: str(a.state),
        "created_at": lambda a: a.created_at,
        "changed_at": lambda a: a.changed_at,
        "user_organization_id": lambda a: a.user_organization_id,
        "role_keys": lambda a: in_lines(a.role_keys),
    },
    owner="user_id",
)


def role_id(project_id: str, key: str) -> str:
    """The key of a project's role; the id of a project has no colon."""
    return f"{project_id}:{key}"


def grant_id(project_id: str, organization_id: str) -> str:
    """The key of a project's grant to an organisation."""
    return f"{project_id}:{organization_id}"
