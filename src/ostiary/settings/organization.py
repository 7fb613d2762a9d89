"""Organisations: created, and listed for those who may read them."""

from dataclasses import dataclass

from ostiary.core.audit import detail
from ostiary.core.filter import Every, Filter, OneOf
from ostiary.core.organization import ORGANIZATION, Organization, primary_domain
from ostiary.core.permission import (
    MEMBERSHIP,
    ROLES,
    Caller,
    Membership,
    membership_id,
    organization_resource,
)
from ostiary.core.user import USER
from ostiary.effects import Effects
from ostiary.errors import Aborted, AlreadyExists, InvalidArgument, NotFound
from ostiary.storage.port import Audit, Changes, Conflict, Expect, Listing, Page, Put, Store

OWNER_ROLE = "ORG_OWNER"
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Admin:
    """An existing user who is to have roles on the new organisation; none means that of its owner."""

    user_id: str
    roles: tuple[str, ...] = ()


class OrganizationCommands:
    """What callers may do to organisations."""

    def __init__(self, store: Store, effects: Effects, host: str) -> None:
        """``host`` is that of the server's external URL; new organisations get a domain under it."""
        self._store = store
        self._effects = effects
        self._host = host

    async def create(
        self, caller: Caller, name: str, admins: tuple[Admin, ...] = (), organization_id: str = ""
    ) -> Organization:
        """A new organisation; needs ``org.create`` on the instance.

        Raises AlreadyExists for a taken id or domain, NotFound for an unknown admin.
        """
        caller.require("org.create")
        _check_roles(admins)
        organization_id = organization_id or self._effects.new_id()
        for _ in range(_TRIES):
            now = self._effects.now()
            domain = primary_domain(name, organization_id, self._host)
            organization = Organization(organization_id, name, domain, now, now)
            await self._check_free(organization)
            expects = [await self._user(admin.user_id) for admin in admins]
            members = [_member(admin, organization) for admin in admins]
            changes = Changes(
                puts=(Put(ORGANIZATION, organization), *(Put(MEMBERSHIP, member) for member in members)),
                expects=tuple(expects),
                audit=Audit(
                    now,
                    caller.user_id,
                    "organization.created",
                    organization_id,
                    detail(admins=tuple(admin.user_id for admin in admins)),
                ),
            )
            try:
                await self._store.save(changes)
            except Conflict:
                continue
            return organization
        raise Aborted("organization.create_busy", "Others are changing the same things", retry_after_s=1)

    async def _check_free(self, wanted: Organization) -> None:
        if await self._store.get(ORGANIZATION, wanted.id) is not None:
            raise AlreadyExists("organization.id_taken", "Organisation already exists")
        if await self._store.find(ORGANIZATION, "primary_domain", wanted.primary_domain) is not None:
            raise AlreadyExists(
                "organization.domain_taken",
                "Organisation already exists",
                hint="another organisation's name makes the same domain",
            )

    async def _user(self, user_id: str) -> Expect:
        user = await self._store.get(USER, user_id)
        if user is None:
            raise NotFound("organization.admin_unknown", "User could not be found")
        return Expect(USER, user_id, user.version)


class OrganizationQueries:
    """What callers may know of organisations."""

    def __init__(self, store: Store) -> None:
        """Lists go to the store."""
        self._store = store

    async def search(
        self,
        caller: Caller,
        where: tuple[Filter, ...],
        *,
        order: str,
        descending: bool,
        offset: int,
        limit: int,
    ) -> Page[Organization]:
        """A page of those the caller may read that fulfil every condition; the total counts no others."""
        if not caller.holds("org.read"):
            where = (*where, OneOf("id", _readable(caller)))
        return await self._store.page(Listing(ORGANIZATION, Every(where), order, descending, offset, limit))


def _readable(caller: Caller) -> tuple[str, ...]:
    named = (membership.resource.partition(":") for membership in caller.memberships)
    return tuple(
        identifier
        for kind, _, identifier in named
        if kind == "organization" and caller.holds("org.read", identifier)
    )


def _member(admin: Admin, organization: Organization) -> Membership:
    resource = organization_resource(organization.id)
    return Membership(
        membership_id(admin.user_id, resource),
        admin.user_id,
        resource,
        admin.roles or (OWNER_ROLE,),
        int(organization.created_at.timestamp()),
    )


def _check_roles(admins: tuple[Admin, ...]) -> None:
    if len({admin.user_id for admin in admins}) != len(admins):
        raise InvalidArgument(
            "organization.admin_twice", "A user is named twice", hint="name each once, with all roles"
        )
    for role in (role for admin in admins for role in admin.roles):
        if role not in ROLES or not role.startswith("ORG_"):
            raise InvalidArgument(
                "organization.role_unknown", "Unknown role", hint="roles on an organisation begin with ORG_"
            )
