"""Who is calling, what their roles allow, and the answers to those who may not.

Source: ZITADEL's wire contract, part 2.9 and appendix C (roles, permissions, error ids).
"""

from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

import msgspec

from ostiary.core.assurance import Proven
from ostiary.core.record import Kind, in_lines
from ostiary.errors import NotFound, OstiaryError, PermissionDenied

_READ = (
    "iam.read iam.policy.read iam.member.read iam.idp.read iam.feature.read iam.restrictions.read org.read"
)
_ORG_READ = (
    "org.read org.member.read org.idp.read org.feature.read user.read user.grant.read user.membership.read"
)
_PROJECT_READ = "project.read project.member.read project.role.read project.app.read project.grant.read"
_ORG_WRITE = (
    "org.write org.delete org.member.write org.idp.write org.feature.write policy.write policy.delete"
)
_USER_WRITE = (
    "user.write user.delete user.credential.write user.passkey.write user.feature.read user.grant.write"
)
_PROJECT_WRITE = (
    "project.create project.write project.delete project.role.write project.app.write project.app.delete"
    " project.grant.write project.grant.member.delete"
)
_SESSION_READ_DELETE = "session.read session.delete"


def _permissions(*groups: str) -> frozenset[str]:
    return frozenset(" ".join(groups).split())


ROLES = MappingProxyType(
    {
        "IAM_OWNER": _permissions(
            _READ, _ORG_READ, _PROJECT_READ, _ORG_WRITE, _USER_WRITE, _PROJECT_WRITE, _SESSION_READ_DELETE,
            "iam.write iam.policy.write iam.member.write iam.member.delete iam.idp.write iam.feature.write",
            "iam.feature.delete iam.web_key.read iam.web_key.write iam.web_key.delete org.create policy.read",
            "org.member.delete project.member.write project.member.delete project.grant.member.read",
            "project.grant.member.write project.grant.member.delete project.grant.delete project.app.delete",
            "user.grant.delete session.write",
        ),
        "IAM_OWNER_VIEWER": _permissions(
            _READ, _ORG_READ, _PROJECT_READ, "policy.read session.read iam.web_key.read project.grant.member.read"
        ),
        "IAM_ORG_MANAGER": _permissions(
            _ORG_READ, _PROJECT_READ, _ORG_WRITE, _USER_WRITE, _PROJECT_WRITE, _SESSION_READ_DELETE,
            "org.create policy.read org.member.delete project.member.write project.member.delete",
            "project.grant.member.read project.grant.member.write project.grant.delete user.grant.delete",
        ),
        "IAM_USER_MANAGER": _permissions(
            _ORG_READ, _PROJECT_READ, _SESSION_READ_DELETE,
            "user.write user.delete user.passkey.write user.grant.write user.grant.delete",
        ),
        "IAM_LOGIN_CLIENT": _permissions(
            _READ, _ORG_READ, _PROJECT_READ, _SESSION_READ_DELETE,
            "iam.member.write org.member.write user.write user.grant.write user.credential.write user.passkey.write",
            "user.feature.read policy.read project.member.write project.grant.member.read",
            "project.grant.member.write session.write session.link userschema.read",
        ),
        "ORG_OWNER": _permissions(
            _ORG_READ, _PROJECT_READ, _ORG_WRITE, _USER_WRITE, _PROJECT_WRITE, _SESSION_READ_DELETE,
            "policy.read org.member.delete project.member.write project.member.delete project.grant.member.read",
            "project.grant.member.write project.grant.delete user.grant.delete",
        ),
        "ORG_OWNER_VIEWER": _permissions(_ORG_READ, _PROJECT_READ, "policy.read"),
        "ORG_USER_MANAGER": _permissions(
            _SESSION_READ_DELETE,
            "org.read user.read user.write user.delete policy.read project.read project.role.read",
            "user.grant.read user.grant.write user.grant.delete user.membership.read",
        ),
        "IAM_END_USER_IMPERSONATOR": _permissions("impersonation"),
        "IAM_ADMIN_IMPERSONATOR": _permissions("impersonation admin.impersonation"),
        "ORG_END_USER_IMPERSONATOR": _permissions("impersonation"),
        "ORG_ADMIN_IMPERSONATOR": _permissions("impersonation admin.impersonation"),
        "PROJECT_OWNER": _permissions(
            _PROJECT_READ, "org.read project.write project.delete project.role.write project.app.write",
            "project.app.delete project.member.write project.member.delete project.grant.write project.grant.delete",
            "project.grant.member.read project.grant.member.write project.grant.member.delete",
            "user.grant.read user.grant.write user.grant.delete",
        ),
        "PROJECT_OWNER_VIEWER": _permissions(_PROJECT_READ, "project.grant.member.read user.grant.read"),
        "PROJECT_GRANT_OWNER": _permissions(
            "project.read project.role.read project.grant.read project.grant.member.read",
            "project.grant.member.write project.grant.member.delete",
            "user.grant.read user.grant.write user.grant.delete",
        ),
        "PROJECT_GRANT_OWNER_VIEWER": _permissions(
            "project.read project.role.read project.grant.read project.grant.member.read user.grant.read"
        ),
    }
)  # fmt: skip


class Membership(msgspec.Struct, frozen=True):
    """The roles of one user on one resource.

    ``resource`` is ``instance``, ``organization:ID``, ``project:ID`` or ``grant:PROJECT_ID:ORGANIZATION_ID``.
    ``project_organization_id`` is the owner of the project, for the last two.
    """

    id: str
    user_id: str
    resource: str
    roles: tuple[str, ...]
    created_at_s: int = 0
    version: int = 1
    changed_at_s: int = 0
    project_organization_id: str = ""

    @property
    def created_at(self) -> datetime:
        """To the second."""
        return datetime.fromtimestamp(self.created_at_s, UTC)

    @property
    def changed_at(self) -> datetime:
        """To the second."""
        return datetime.fromtimestamp(self.changed_at_s or self.created_at_s, UTC)


def membership_id(user_id: str, resource: str) -> str:
    """A user has one membership on a resource, with all its roles."""
    return f"{user_id}:{resource}"


INSTANCE_RESOURCE = "instance"


def organization_resource(organization_id: str) -> str:
    """How a membership names an organisation."""
    return f"organization:{organization_id}"


MEMBERSHIP = Kind(
    "membership",
    Membership,
    columns={
        "user_id": lambda m: m.user_id,
        "resource": lambda m: m.resource,
        "project_organization_id": lambda m: m.project_organization_id,
        "roles": lambda m: in_lines(m.roles),
        "created_at": lambda m: m.created_at,
        "changed_at": lambda m: m.changed_at,
    },
    owner="user_id",
    raises_generation=True,
)


_NOTHING: Final[frozenset[str]] = frozenset()


class Caller(msgspec.Struct, frozen=True):
    """The authenticated user of a request, with what it takes to decide what they may do.

    ``agent_id`` is the fingerprint of the user agent the caller's own session was made on; ``session_id`` is set when
    a session token (or a token made from a session) is the credential, and ``proven`` says what that session proves.
    """

    user_id: str
    organization_id: str
    memberships: tuple[Membership, ...] = ()
    is_machine: bool = False
    agent_id: str = ""
    session_id: str = ""
    client_id: str = ""
    proven: Proven | None = None

    def holds(self, permission: str, organization_id: str = "") -> bool:
        """Whether a role on the instance, or on that organisation, allows it."""
        of_organization = organization_resource(organization_id) if organization_id else "instance"
        for membership in self.memberships:
            if membership.resource in ("instance", of_organization):
                for role in membership.roles:
                    if permission in ROLES.get(role, _NOTHING):
                        return True
        return False

    def holds_anywhere(self, permission: str) -> bool:
        """Whether a role on any resource allows it (the door of an RPC)."""
        return any(permission in ROLES.get(role, frozenset()) for m in self.memberships for role in m.roles)

    def require(self, permission: str, organization_id: str = "") -> None:
        """Raise NotFound AUTHZ-cdgFk (no membership at all) or PermissionDenied AUTH-AWfge unless it is allowed."""
        if not self.holds(permission, organization_id):
            raise self.refusal(permission)

    def refusal(self, permission: str) -> OstiaryError:
        """The error for a caller who lacks the permission; the hint names it."""
        hint = f"the caller needs the permission {permission!r}"
        if not self.memberships:
            return NotFound("AUTHZ-cdgFk", "membership not found", hint=hint)
        return PermissionDenied("AUTH-AWfge", "No matching permissions found", hint=hint)


def door_refusal(permission: str) -> OstiaryError:
    """The error at the door of an RPC that asks for a permission."""
    return PermissionDenied(
        "AUTH-5mWD2", "No matching permissions found", hint=f"the caller needs the permission {permission!r}"
    )
