"""An instance with two organisations, and the calls of its people."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from protobuf import Oneof

from ostiary.api import organization, settings
from ostiary.api.call import Call, Handler
from ostiary.core.factor import Tools
from ostiary.core.organization import INSTANCE, ORGANIZATION, Instance, Organization
from ostiary.core.permission import Caller, Membership
from ostiary.core.policy import POLICY, POLICY_TYPES, Policy
from ostiary.core.user import USER, Machine, User
from ostiary.crypto.hash_pool import HashPool
from ostiary.crypto.seal import Sealer
from ostiary.factors import FACTORS
from ostiary.settings.commands import PolicyCommands
from ostiary.settings.organization import OrganizationCommands, OrganizationQueries
from ostiary.settings.queries import SettingsQueries
from ostiary.settings.translations import Translations
from ostiary.storage.cache import Cache
from ostiary.storage.memory import MemoryStore
from ostiary.storage.port import Changes, Put
from ostiary.users.service import Users
from tests.doubles.effects import START, SettableEffects

OWN, OTHER = "500", "501"


def caller(*memberships: tuple[str, str]) -> Caller:
    """Someone of the first organisation with roles, each on a resource."""
    owned = (Membership(f"m{n}", "900", where, (role,)) for n, (where, role) in enumerate(memberships))
    return Caller("900", OWN, tuple(owned), is_machine=True)


IAM_OWNER = caller(("instance", "IAM_OWNER"))
ORG_OWNER = caller((f"organization:{OWN}", "ORG_OWNER"))


def one(field: str, value: object) -> Any:
    """The member of a oneof."""
    return Oneof(field, value)


class Desk:
    """The two services over one memory store."""

    def __init__(self) -> None:
        self.effects = SettableEffects()
        self.store = MemoryStore()
        self.cache = Cache(self.store)
        queries = SettingsQueries(self.store, self.cache)
        self.policies = policies = PolicyCommands(self.store, self.cache, self.effects)
        commands = OrganizationCommands(self.store, self.cache, self.effects, "id.example.com")
        sealer = Sealer({1: bytes(32)}, self.effects.random_bytes)
        tools = Tools(
            unseal=lambda owned: sealer.open(owned.data, owned.id),
            seal=lambda owned, plain: msgspec.structs.replace(owned, data=sealer.seal(plain, owned.id)),
            random_bytes=self.effects.random_bytes,
            open=sealer.open,
            close=sealer.seal,
        )
        self.pool = HashPool(1, longest_wait_s=60)
        users = Users(self.store, self.cache, self.effects, tools, sealer, self.pool, FACTORS)
        listing = OrganizationQueries(self.store, self.effects)
        services = (
            settings.service(queries, policies, Translations(self.cache, policies)),
            organization.service(commands, listing, queries, users.creation),
        )
        self.handlers: dict[str, Handler] = {}
        for service in services:
            self.handlers.update(service.handlers)

    async def furnish(self) -> None:
        """The instance, its organisations and a user."""
        organizations = (
            Organization(OWN, "Acme", "acme.id.example.com", START, START),
            Organization(OTHER, "Zeta", "zeta.id.example.com", START, START),
        )
        await self.store.save(
            Changes(
                puts=(
                    Put(INSTANCE, Instance("1", OWN, START)),
                    *(Put(ORGANIZATION, one) for one in organizations),
                    Put(USER, User("900", OWN, "robot", START, START, machine=Machine("Robot"))),
                )
            )
        )

    async def set_policy(self, owner: str, name: str, **values: object) -> None:
        """Some values of a group, for the instance or an organisation."""
        assert name in POLICY_TYPES
        row = Policy(f"{owner}:{name}", owner, name, values, version=7)
        await self.store.save(Changes(puts=(Put(POLICY, row),)))

    async def call(self, rpc: str, request: Any, who: Caller = IAM_OWNER) -> Any:
        """The answer, as after the door."""
        await self.cache.fresh()
        return await self.handlers[rpc](Call(who, who.organization_id), request)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """A furnished desk."""
    made = Desk()
    await made.furnish()
    yield made
    made.pool.close()
