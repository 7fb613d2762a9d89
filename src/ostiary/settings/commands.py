"""Groups of settings set and reset, for the instance or an organisation; each change counts from the next request on."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any, Final

import msgspec

from ostiary.core.audit import detail
from ostiary.core.organization import ORGANIZATION
from ostiary.core.permission import Caller
from ostiary.core.policy import (
    INSTANCE_OWNER,
    POLICY,
    DomainPolicy,
    Policy,
    SecurityPolicy,
    TokenPolicy,
    layered,
    policy_id,
    policy_name,
)
from ostiary.effects import Effects
from ostiary.errors import Aborted, AlreadyExists, InvalidArgument, NotFound
from ostiary.storage.cache import Cache
from ostiary.storage.port import Audit, Changes, Conflict, Expect, Put, Remove, Store

_TRIES: Final = 5
_FIELD: Final = re.compile(r"`\$\.([\w.]+)")
_OF_INSTANCE_ALONE: Final = (SecurityPolicy, TokenPolicy)
Group = type[msgspec.Struct]


class Before(Enum):
    """What must be set before: anything, nothing, something."""

    ANY = "any"
    NONE = "none"
    SOME = "some"


class PolicyCommands:
    """What callers may do to groups of settings.

    The instance's take ``iam.policy.write``, an organisation's ``policy.write`` (``policy.delete`` to reset) on it, but
    for its domain policy, which decides over names of the whole instance.
    """

    def __init__(self, store: Store, cache: Cache, effects: Effects) -> None:
        """An organisation is named by its id, the instance by an empty one."""
        self._store = store
        self._cache = cache
        self._effects = effects

    async def set(
        self,
        caller: Caller,
        group: Group,
        organization_id: str,
        values: Mapping[str, Any],
        before: Before = Before.ANY,
    ) -> Policy:
        """Set values of a group; the rest stays as it is.

        Raises InvalidArgument that names the field, AlreadyExists or NotFound as ``before`` has it.
        """
        _require(caller, group, organization_id, "policy.write")

        def decide(row: Policy | None, now: datetime) -> Policy | None:
            _check_before(row, before)
            return changed(group, organization_id or INSTANCE_OWNER, row, values, now)

        facts = {"names": tuple(sorted(values))}
        place = policy_id(organization_id or INSTANCE_OWNER, group)
        saved = await self._carry_out(caller, place, organization_id, decide, "policy.set", facts)
        if saved is None:
            raise TypeError("a policy that was set is there")
        return saved

    async def reset(self, caller: Caller, group: Group, organization_id: str) -> None:
        """Forget what was set, so that what is inherited holds. Raises NotFound if nothing was."""
        _require(caller, group, organization_id, "policy.delete")

        def decide(row: Policy | None, _: datetime) -> None:
            _check_before(row, Before.SOME)

        place = policy_id(organization_id or INSTANCE_OWNER, group)
        await self._carry_out(caller, place, organization_id, decide, "policy.reset", {})

    async def write(
        self, caller: Caller, place: str, organization_id: str, decide: "Decide", action: str
    ) -> None:
        """Any row of an owner, by its id; who asks has been judged."""
        await self._carry_out(caller, place, organization_id, decide, action, {})

    async def _carry_out(
        self,
        caller: Caller,
        place: str,
        organization_id: str,
        decide: "Decide",
        action: str,
        facts: Mapping[str, tuple[str, ...]],
    ) -> Policy | None:
        """The row after the decision; None removes it."""
        for _ in range(_TRIES):
            generation, now = await self._cache.fresh(), self._effects.now()
            expects = await self._home(organization_id)
            row = await self._store.get(POLICY, place)
            after = decide(row, now)
            if after == row:
                return row
            changes = Changes(
                puts=() if after is None else (Put(POLICY, after, row.version if row else 0),),
                removes=(Remove(POLICY, row.id, row.version),) if row and after is None else (),
                expects=expects,
                audit=Audit(now, caller.user_id, action, place, detail(**facts)),
                generation=generation,
                raises_generation=True,
            )
            try:
                await self._store.save(changes)
            except Conflict:
                continue
            await self._cache.fresh()
            return after
        raise Aborted("settings.busy", "Others are changing the same settings", retry_after_s=1)

    async def _home(self, organization_id: str) -> tuple[Expect, ...]:
        if not organization_id:
            return ()
        home = await self._store.get(ORGANIZATION, organization_id)
        if home is None:
            raise NotFound("settings.organization_of_policy_unknown", "Organisation not found")
        return (Expect(ORGANIZATION, home.id, home.version),)


Decide = Callable[[Policy | None, datetime], Policy | None]


def changed(group: Group, owner: str, row: Policy | None, values: Mapping[str, Any], now: datetime) -> Policy:
    """The row with these values; itself if they are there already. Raises InvalidArgument."""
    unknown = sorted(set(values) - set(group.__struct_fields__))
    if unknown:
        hint = f"there are {', '.join(group.__struct_fields__)}"
        raise InvalidArgument("settings.name_unknown", f"There is no setting {unknown[0]}", hint=hint)
    merged = layered(group, row.values if row else {}, values)
    try:
        msgspec.convert(merged, group)
    except msgspec.ValidationError as error:
        field = _FIELD.search(str(error))
        named = field[1] if field else "a setting"
        raise InvalidArgument(
            "settings.value_invalid", f"The value of {named} is invalid", hint=str(error)
        ) from None
    if row is not None and merged == row.values:
        return row
    return next_row(policy_id(owner, group), owner, policy_name(group), row, merged, now)


def next_row(
    place: str, owner: str, name: str, row: Policy | None, values: dict[str, Any], now: datetime
) -> Policy:
    """The row's next version."""
    version = row.version + 1 if row else 1
    begun = row.created_at if row and row.created_at else now
    return Policy(place, owner, name, values, version, begun, now)


def _check_before(row: Policy | None, before: Before) -> None:
    if before is Before.NONE and row is not None:
        raise AlreadyExists("settings.policy_exists", "The policy exists already", hint="change it with PUT")
    if before is Before.SOME and row is None:
        hint = "the organisation has none of its own; make one with POST"
        raise NotFound("settings.policy_not_set", "The policy could not be found", hint=hint)


def _require(caller: Caller, group: Group, organization_id: str, permission: str) -> None:
    if organization_id and group in _OF_INSTANCE_ALONE:
        hint = "leave the organisation away"
        raise InvalidArgument("settings.of_instance_alone", "Only the instance has these settings", hint=hint)
    if not organization_id or group is DomainPolicy:
        caller.require("iam.policy.write")
    else:
        caller.require(permission, organization_id)
