"""What an operator may read of the audit, beside a running server or without."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ostiary.app.installation import existing
from ostiary.config.settings import Settings
from ostiary.storage.port import Audit, Store
from ostiary.storage.reads import user_by_login_name

_LOOKED_AT: Final = 1000  # records at once


@dataclass(frozen=True, slots=True)
class Sought:
    """Which records: of or by somebody or something (an id, or a login name), of actions that begin so, since then."""

    about: str = ""
    action: str = ""
    since: datetime | None = None
    limit: int = 20


async def found(settings: Settings, sought: Sought) -> AsyncIterator[Audit]:
    """The newest ones first, at most ``limit``."""
    async with existing(settings) as installation:
        about = sought.about and await _identity(installation.store, sought.about)
        left = sought.limit
        async for record in _newest(installation.store):
            if left <= 0 or (sought.since is not None and record.at < sought.since):
                return
            if record.action.startswith(sought.action) and _is_about(record, about):
                left -= 1
                yield record


async def _newest(store: Store) -> AsyncIterator[Audit]:
    before: int | None = None
    while looked_at := await store.audited(before, _LOOKED_AT):
        before = looked_at[-1].number
        for one in looked_at:
            yield one.record


async def _identity(store: Store, about: str) -> str:
    user = await user_by_login_name(store, about)
    return user.id if user else about


def _is_about(record: Audit, identity: str) -> bool:
    """Whether it is the record's object or actor, or named in what is told of it."""
    return identity in {"", record.object_id, record.actor_id} or f'"{identity}"'.encode() in record.detail
