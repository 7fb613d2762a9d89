"""Organisations: created, and listed for those who may read them."""

from dataclasses import dataclass
from datetime import datetime

from ostiary.core.audit import detail
from ostiary.core.chosen_names import chosen_id_of
from ostiary.core.filter import Every, Filter, OneOf
from ostiary.core.organization import ORGANIZATION, Organization, primary_domain
from ostiary.core.permission import MEMBERSHIP, Caller
from ostiary.core.user import USER
from ostiary.effects import Effects
from ostiary.errors import Aborted, AlreadyExists, InvalidArgument, NotFound
from ostiary.settings.admins import Admin, Newcomer, check_admins, check_apart, membership_of
from ostiary.storage.cache import Cache
from ostiary.storage.port import Audit, Changes, Conflict, Expect, Listing, Put, Store

MAX_ADMINS = 100
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Founded:
    """A new organisation, and the users who were made with it."""

    organization: Organization
    newcomers: tuple[Newcomer, ...]


class OrganizationCommands:
    """What callers may do to organisations."""

    def __init__(self, store: Store, cache: Cache, effects: Effects, host: str) -> None:
        """``host`` is that of the server's external URL; new organisations get a domain under it."""
        self._store = store
        self._cache = cache
        self._effects = effects
        self._host = host

    async def create(
        self, caller: Caller, name: str, admins: tuple[Admin, ...] = (), organization_id: str = ""
    ) -> Founded:
        """A new organisation with its admins, those that are new users too; needs ``org.create`` on the instance.

        Raises AlreadyExists for a taken id or domain, NotFound for an unknown admin, and what making users raises.
        """
        self.check_may_create(caller, len(admins))
        check_admins(admins)
        organization_id = chosen_id_of(organization_id) if organization_id else self._effects.new_id()
        for _ in range(_TRIES):
            generation = await self._cache.fresh()
            now = self._effects.now()
            domain = primary_domain(name, organization_id, self._host)
            organization = Organization(organization_id, name, domain, now, now)
            await self._check_free(organization)
            joining = [admin.joining for admin in admins if admin.joining]
            newcomers = tuple([await join(organization, caller.user_id, generation) for join in joining])
            check_apart(newcomers)
            existing = [await self._relied_on(admin.user_id) for admin in admins if not admin.joining]
            changes = _founding(caller, organization, admins, newcomers, tuple(existing), generation)
            try:
                await self._store.save(changes)
            except Conflict:
                continue
            return Founded(organization, newcomers)
        raise Aborted("organization.create_busy", "Others are changing the same things", retry_after_s=1)

    def check_may_create(self, caller: Caller, admin_count: int) -> None:
        """Raise unless the caller may make such an organisation: asked before anything costly is done for one."""
        caller.require("org.create")
        if admin_count > MAX_ADMINS:
            raise InvalidArgument(
                "organization.too_many_admins", "Too many admins", hint=f"name at most {MAX_ADMINS} at once"
            )

    async def _check_free(self, wanted: Organization) -> None:
        if await self._store.get(ORGANIZATION, wanted.id) is not None:
            raise AlreadyExists("organization.id_taken", "Organisation already exists")
        if await self._store.find(ORGANIZATION, "primary_domain", wanted.primary_domain) is not None:
            raise AlreadyExists(
                "organization.domain_taken",
                "Organisation already exists",
                hint="another organisation's name makes the same domain",
            )

    async def _relied_on(self, user_id: str) -> Expect:
        user = await self._store.get(USER, user_id)
        if user is None:
            raise NotFound("organization.admin_unknown", "User could not be found")
        return Expect(USER, user_id, user.version)


def _founding(
    caller: Caller,
    organization: Organization,
    admins: tuple[Admin, ...],
    newcomers: tuple[Newcomer, ...],
    existing: tuple[Expect, ...],
    generation: int,
) -> Changes:
    """Everything in one save, with one audit record."""
    parts = [newcomer.changes for newcomer in newcomers]
    return Changes(
        puts=(
            Put(ORGANIZATION, organization),
            *(Put(MEMBERSHIP, membership_of(admin, organization)) for admin in admins),
            *(put for part in parts for put in part.puts),
        ),
        expects=(*existing, *(expect for part in parts for expect in part.expects)),
        outbox=tuple(message for part in parts for message in part.outbox),
        audit=Audit(
            organization.created_at,
            caller.user_id,
            "organization.created",
            organization.id,
            detail(
                admins=tuple(admin.user_id for admin in admins),
                created_users=tuple(newcomer.user_id for newcomer in newcomers),
            ),
        ),
        generation=generation,
    )


@dataclass(frozen=True, slots=True)
class OrganizationPage:
    """A part of a list, how many there are in all, and when that was so."""

    items: tuple[Organization, ...]
    total: int
    at: datetime


class OrganizationQueries:
    """What callers may know of organisations."""

    def __init__(self, store: Store, effects: Effects) -> None:
        """Lists go to the store."""
        self._store = store
        self._effects = effects

    async def search(
        self,
        caller: Caller,
        where: tuple[Filter, ...],
        *,
        order: str,
        descending: bool,
        offset: int,
        limit: int,
    ) -> OrganizationPage:
        """A page of those the caller may read that fulfil every condition; the total counts no others."""
        if not caller.holds("org.read"):
            where = (*where, OneOf("id", _readable(caller)))
        now = self._effects.now()
        page = await self._store.page(Listing(ORGANIZATION, Every(where), order, descending, offset, limit))
        return OrganizationPage(page.items, page.total, now)


def _readable(caller: Caller) -> tuple[str, ...]:
    named = (membership.resource.partition(":") for membership in caller.memberships)
    return tuple(
        identifier
        for kind, _, identifier in named
        if kind == "organization" and caller.holds("org.read", identifier)
    )
