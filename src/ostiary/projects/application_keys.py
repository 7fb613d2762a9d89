"""Keys of applications: made here and handed out once; their public halves verify what a client signs."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import msgspec

from ostiary.core.client import APPLICATION, APPLICATION_KEY, Application, PublicKey
from ostiary.core.filter import Every, Filter
from ostiary.core.permission import Caller
from ostiary.core.project import PROJECT
from ostiary.core.project_permission import holds_on, within
from ostiary.crypto.key_pair import new_rsa_pair
from ostiary.errors import FailedPrecondition, InvalidArgument, NotFound, OstiaryError
from ostiary.projects.application import WRITE, application_of
from ostiary.projects.application_queries import READ
from ostiary.projects.context import Context, Window, audit
from ostiary.projects.rules import open_to_changes
from ostiary.storage.port import Changes, Listing, Page, Put, Remove

NEVER: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
MOST_KEYS: Final = 100  # an application is removed in one save with all of them


@dataclass(frozen=True, slots=True)
class MintedKey:
    """A key, its application, and the private half, which exists nowhere else."""

    key: PublicKey
    application: Application
    private_pem: str = field(repr=False)


class ApplicationKeys:
    """What callers may do to the keys of applications. A key is owned by the client id, which signs as issuer."""

    def __init__(self, context: Context) -> None:
        """A key is written with its application's row, so none is left over when that is removed."""
        self._context = context

    async def add(
        self, caller: Caller, project_id: str, application_id: str, expires_at: datetime | None
    ) -> MintedKey:
        """A new pair; the private half is answered once. Needs ``project.app.write``."""
        await application_of(self._context, caller, project_id, application_id, WRITE)
        pair = await asyncio.to_thread(new_rsa_pair)
        key_id = self._context.effects.new_id()

        async def attempt(_: int) -> tuple[Changes, MintedKey]:
            project, owner = await application_of(self._context, caller, project_id, application_id, WRITE)
            now = self._context.effects.now()
            if expires_at is not None and expires_at <= now:
                raise InvalidArgument(
                    "application.key_expiry_past", "The expiration date is not in the future"
                )
            if len(await self._context.store.owned(APPLICATION_KEY, owner.client_id)) >= MOST_KEYS:
                hint = f"an application has at most {MOST_KEYS}; remove those that are not used"
                raise FailedPrecondition("application.keys_full", "Too many keys", hint=hint)
            key = PublicKey(
                key_id,
                owner.client_id,
                owner.organization_id,
                pair.public_pem,
                now,
                expires_at or NEVER,
                project_id=project.id,
            )
            touched = msgspec.structs.replace(owner, version=owner.version + 1)
            return Changes(
                puts=(Put(APPLICATION_KEY, key), Put(APPLICATION, touched, owner.version)),
                expects=(open_to_changes(project),),
                audit=audit(now, caller, "application.key_added", owner.id, key=key_id),
            ), MintedKey(key, touched, pair.private_pem)

        return await self._context.carry_out(attempt)

    async def remove(self, caller: Caller, project_id: str, application_id: str, key_id: str) -> datetime:
        """Nothing signed with the key is good any more; the time of it. Needs ``project.app.write``."""

        async def attempt(_: int) -> tuple[Changes, datetime]:
            _project, owner = await application_of(self._context, caller, project_id, application_id, WRITE)
            key = await self._context.store.get(APPLICATION_KEY, key_id)
            if key is None or key.owner_id != owner.client_id:
                raise _unknown()
            now = self._context.effects.now()
            return Changes(
                removes=(Remove(APPLICATION_KEY, key.id, key.version),),
                audit=audit(now, caller, "application.key_removed", owner.id, key=key_id),
            ), now

        return await self._context.carry_out(attempt)

    async def get(self, caller: Caller, key_id: str) -> PublicKey:
        """One key; needs ``project.app.read`` on its project."""
        if not caller.holds_anywhere(READ):
            raise caller.refusal(READ)
        key = await self._context.store.get(APPLICATION_KEY, key_id)
        project = await self._context.cache.get(PROJECT, key.project_id) if key else None
        if key is None or project is None:
            raise _unknown()
        if not holds_on(caller, READ, project):
            raise caller.refusal(READ)
        return key

    async def application(self, client_id: str) -> Application | None:
        """The application that owns keys under this client id."""
        return await self._context.cache.find(APPLICATION, "client_id", client_id)

    async def owner_of(self, application_id: str) -> str:
        """Under what an application's keys are kept: its client id, empty if there is no such application."""
        application = await self._context.cache.get(APPLICATION, application_id)
        return application.client_id if application else ""

    async def search(self, caller: Caller, where: tuple[Filter, ...], window: Window) -> Page[PublicKey]:
        """A page of the keys of applications that the caller may read."""
        visible = within(caller, READ, organization="organization_id", project="project_id")
        listing = Listing(
            APPLICATION_KEY,
            Every((visible, *where)),
            window.order,
            window.descending,
            window.offset,
            window.limit,
        )
        return await self._context.store.page(listing)


def _unknown() -> OstiaryError:
    return NotFound("application.key_unknown", "Key could not be found")
