"""Texts of hosted login pages that the instance or an organisation sets, by locale."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from ostiary.core.permission import Caller
from ostiary.core.policy import INSTANCE_OWNER, POLICY, Policy
from ostiary.errors import InvalidArgument
from ostiary.settings.commands import PolicyCommands, next_row
from ostiary.storage.cache import Cache

_NAME: Final = "hosted_login"
_LOCALE: Final = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8}){0,3}", re.ASCII)
Texts = dict[str, Any]


class Translations:
    """An organisation's texts over the instance's, a region's over its language's."""

    def __init__(self, cache: Cache, commands: PolicyCommands) -> None:
        """Rows of settings, one for each owner and locale."""
        self._cache = cache
        self._commands = commands

    async def set(self, caller: Caller, organization_id: str, locale: str, texts: Texts) -> Texts:
        """All texts of that level and locale, which they replace; none removes them. Takes ``iam.policy.write``."""
        caller.require("iam.policy.write")
        owner = organization_id or INSTANCE_OWNER
        place = _place(owner, _locale(locale))

        def decide(row: Policy | None, now: datetime) -> Policy | None:
            if not texts or (row is not None and row.values == texts):
                return row if texts else None
            return next_row(place, owner, _NAME, row, texts, now)

        await self._commands.write(caller, place, organization_id, decide, "translation.set")
        return texts

    async def get(self, organization_id: str, locale: str, *, ignore_inheritance: bool) -> Texts:
        """The texts as they hold for an organisation (empty: the instance); ``ignore_inheritance``: its own alone."""
        wanted = _locale(locale)
        owners = [INSTANCE_OWNER, organization_id] if organization_id else [INSTANCE_OWNER]
        texts: Texts = {}
        for owner in owners[-1:] if ignore_inheritance else owners:
            for one in dict.fromkeys((wanted.partition("-")[0], wanted)):
                row = await self._cache.get(POLICY, _place(owner, one))
                texts = _over(texts, row.values if row else {})
        return texts


def _locale(tag: str) -> str:
    locale = tag.casefold().replace("_", "-")
    if not _LOCALE.fullmatch(locale):
        raise InvalidArgument("settings.locale_invalid", "The value of locale is invalid", hint="as in de-CH")
    return locale


def _place(owner: str, locale: str) -> str:
    return f"{owner}:{_NAME}:{locale}"


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> Texts:
    result = dict(below)
    for key, value in above.items():
        had = result.get(key)
        result[key] = _over(had, value) if isinstance(had, dict) and isinstance(value, dict) else value
    return result
