"""Reading settings as they hold."""

from dataclasses import dataclass
from typing import Generic

from ostiary.core.organization import INSTANCE, INSTANCE_KEY, ORGANIZATION, Instance
from ostiary.core.permission import Caller
from ostiary.core.policy import POLICY, Policy, PolicyT, policy_id
from ostiary.errors import Internal, NotFound
from ostiary.storage.cache import Cache
from ostiary.storage.port import Store


@dataclass(frozen=True, slots=True)
class EffectivePolicy(Generic[PolicyT]):
    """A group of settings as it holds. ``organization_id`` is empty where the instance's values hold.

    ``version`` is that of ``row`` that it comes from, or the instance's where nothing was set.
    """

    policy: PolicyT
    instance: Instance
    organization_id: str
    version: int
    row: Policy | None = None


class SettingsQueries:
    """What callers may know of settings; they come from the cache, which is never older than the request."""

    def __init__(self, store: Store, cache: Cache) -> None:
        """``cache`` reads through to ``store``."""
        self._store = store
        self._cache = cache

    async def instance(self) -> Instance:
        """The one row; a database without it was not prepared."""
        instance = await self._cache.get(INSTANCE, INSTANCE_KEY)
        if instance is None:
            raise Internal(
                "settings.no_instance", "An internal error occurred", debug="the database has no instance"
            )
        return instance

    async def effective(
        self, caller: Caller, wanted: type[PolicyT], organization_id: str
    ) -> EffectivePolicy[PolicyT]:
        """A group as it holds for an organisation (empty: for the instance).

        The instance's are open to everyone who came through the door; an organisation's ask for ``policy.read`` on it.
        Raises NotFound for an unknown organisation.
        """
        instance = await self.instance()
        if not organization_id:
            row = await self._cache.get(POLICY, policy_id("instance", wanted))
            policy = await self._cache.policy(wanted)
            return EffectivePolicy(policy, instance, "", row.version if row else instance.version, row)
        await self.check_organization(caller, organization_id)
        row = await self._cache.get(POLICY, policy_id(organization_id, wanted))
        if row is None:
            return await self.effective(caller, wanted, "")
        policy = await self._cache.policy(wanted, organization_id)
        return EffectivePolicy(policy, instance, organization_id, row.version, row)

    async def check_organization(self, caller: Caller, organization_id: str) -> None:
        """Raise unless the organisation exists and the caller may read its settings."""
        caller.require("policy.read", organization_id)
        if await self._cache.get(ORGANIZATION, organization_id) is None:
            raise NotFound("settings.organization_unknown", "Organisation not found")
