"""Who is to have roles on a new organisation: users that exist, and users that are made with it, in one save."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from ostiary.core.organization import Organization
from ostiary.core.permission import ROLES, Membership, membership_id, organization_resource
from ostiary.errors import AlreadyExists, InvalidArgument
from ostiary.storage.port import Changes

OWNER_ROLE = "ORG_OWNER"


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A user as they are made with the organisation, and the codes that the caller asked to have returned."""

    changes: Changes
    user_id: str
    email_code: str | None = field(default=None, repr=False)
    phone_code: str | None = field(default=None, repr=False)


# Given the organisation, who makes it, and the generation that the save will be guarded by.
Joining = Callable[[Organization, str, int], Awaitable[Newcomer]]


@dataclass(frozen=True, slots=True)
class Admin:
    """A user and their roles; none means that of the owner. With ``joining`` the user does not exist yet."""

    user_id: str
    roles: tuple[str, ...] = ()
    joining: Joining | None = None


def check_admins(admins: Iterable[Admin]) -> None:
    """Raise InvalidArgument when a user is named twice, or a role is none of an organisation."""
    seen: set[str] = set()
    for admin in admins:
        if admin.user_id in seen:
            raise InvalidArgument(
                "organization.admin_twice", "A user is named twice", hint="name each once, with all roles"
            )
        seen.add(admin.user_id)
        if any(role not in ROLES or not role.startswith("ORG_") for role in admin.roles):
            raise InvalidArgument(
                "organization.role_unknown", "Unknown role", hint="roles on an organisation begin with ORG_"
            )


def membership_of(admin: Admin, organization: Organization) -> Membership:
    """The admin's roles on the organisation."""
    resource = organization_resource(organization.id)
    return Membership(
        id=membership_id(admin.user_id, resource),
        user_id=admin.user_id,
        resource=resource,
        roles=admin.roles or (OWNER_ROLE,),
        created_at_s=int(organization.created_at.timestamp()),
    )


def check_apart(newcomers: Iterable[Newcomer]) -> None:
    """Raise AlreadyExists when one newcomer takes what another takes or relies on being free (a login name)."""
    taken: set[tuple[str, str]] = set()
    wanted: set[tuple[str, str]] = set()
    for newcomer in newcomers:
        rows = {(put.kind.name, put.value.id) for put in newcomer.changes.puts}
        relied_on = {(expect.kind.name, expect.id) for expect in newcomer.changes.expects}
        if taken & (rows | relied_on) or wanted & rows:
            raise AlreadyExists(
                "organization.admins_alike",
                "Username already taken",
                hint="two new admins share a login name",
            )
        taken |= rows
        wanted |= relied_on
