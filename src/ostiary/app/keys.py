"""What an operator does to signing keys, beside a running server or without."""

from collections.abc import Iterable
from datetime import datetime

from ostiary.app.installation import existing
from ostiary.app.operator import ACTOR
from ostiary.app.rotation import key_rotation
from ostiary.config.settings import Settings
from ostiary.core.signing_key import SigningKey, signing

Row = tuple[str, str, str, str, str]


async def listed(settings: Settings) -> list[Row]:
    """Id, algorithm, state, from when it signs, until when it is published; the newest first."""
    async with existing(settings) as installation:
        return _rows(await key_rotation(installation).keys(), installation.effects.now())


async def rotated(settings: Settings, *, now: bool) -> list[Row]:
    """The new keys."""
    async with existing(settings) as installation:
        made = await key_rotation(installation).rotate(now=now, actor_id=ACTOR)
        return _rows(made, installation.effects.now())


async def retired(settings: Settings, key_id: str) -> None:
    """Take a key back; raises OstiaryError."""
    async with existing(settings) as installation:
        await key_rotation(installation).retire(key_id, actor_id=ACTOR)


def _rows(keys: Iterable[SigningKey], now: datetime) -> list[Row]:
    rows = list(keys)
    return [
        (row.id, row.algorithm, _state(row, rows, now), _day(row.active_at), _day(row.retired_at))
        for row in rows
    ]


def _state(row: SigningKey, rows: list[SigningKey], now: datetime) -> str:
    if row.retired_at is not None and row.retired_at <= now:
        return "over"
    if row.active_at > now:
        return "waits"
    return "signs" if signing(rows, row.algorithm, now) is row else "verifies"


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else "-"
