"""Policies as an operator reads and sets them, at the machine itself."""

from collections.abc import Mapping
from typing import Any

import msgspec

from ostiary.app.installation import Installation, existing
from ostiary.app.operator import operator_caller
from ostiary.app.services import policy_commands
from ostiary.app.typed_values import text_of, typed
from ostiary.config.settings import Settings, Trouble
from ostiary.core.organization import ORGANIZATION
from ostiary.core.policy import POLICY_TYPES
from ostiary.settings.commands import Group


async def shown(settings: Settings, name: str, organization: str) -> dict[str, str]:
    """Every value of a group as it holds, by name; without a group those of all, as ``group.name``."""
    groups = {name: _group(name)} if name else dict(POLICY_TYPES)
    async with existing(settings) as installation:
        organization_id = await _organization(installation, organization)
        await installation.cache.fresh()
        found: dict[str, str] = {}
        for group_name, group in groups.items():
            policy = await installation.cache.policy(group, organization_id)
            prefix = "" if name else f"{group_name}."
            found |= {f"{prefix}{key}": value for key, value in _flat(policy).items()}
        return found


async def set_values(settings: Settings, name: str, given: Mapping[str, str], organization: str) -> None:
    """Set values that were typed; each process counts with them from its next request on."""
    group = _group(name)
    values = _typed(group, given)
    async with existing(settings) as installation:
        organization_id = await _organization(installation, organization)
        caller = operator_caller((await installation.instance()).default_organization_id)
        await policy_commands(installation).set(caller, group, organization_id, values)


async def reset(settings: Settings, name: str, organization: str) -> None:
    """Forget what was set."""
    group = _group(name)
    async with existing(settings) as installation:
        organization_id = await _organization(installation, organization)
        caller = operator_caller((await installation.instance()).default_organization_id)
        await policy_commands(installation).reset(caller, group, organization_id)


def _group(name: str) -> Group:
    group = POLICY_TYPES.get(name)
    if group is None:
        known = ", ".join(POLICY_TYPES)
        raise Trouble(
            f"There is no policy {name}. There are {known}; `ostiary settings` lists the server's own settings."
        )
    return group


async def _organization(installation: Installation, named: str) -> str:
    """The id of the organisation that is named by id or domain; empty for the instance."""
    if not named:
        return ""
    store = installation.store
    found = await store.get(ORGANIZATION, named)
    found = found or await store.find(ORGANIZATION, "primary_domain", named.casefold())
    if found is None:
        raise Trouble(f"There is no organisation {named}: name its id or domain.")
    return found.id


def _flat(policy: msgspec.Struct) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in policy.__struct_fields__:
        value = getattr(policy, name)
        if isinstance(value, msgspec.Struct):
            found |= {f"{name}.{inner}": text for inner, text in _flat(value).items()}
        else:
            found[name] = text_of(value)
    return found


def _typed(group: Group, given: Mapping[str, str]) -> dict[str, Any]:
    """What was typed in the form that its field has; names that are not known stay for the command to refuse."""
    defaults = group()
    values: dict[str, Any] = {}
    for name, text in given.items():
        outer, _, inner = name.partition(".")
        default = getattr(defaults, outer, None)
        if isinstance(default, msgspec.Struct) and inner:
            values.setdefault(outer, {})[inner] = text
        else:
            values[name] = typed(name, default, text)
    return values
