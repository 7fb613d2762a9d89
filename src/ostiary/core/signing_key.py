"""Keys that sign tokens: published before they sign, kept until the last token under them is over."""

from datetime import datetime
from typing import Any

import msgspec

from ostiary.core.record import Kind


class SigningKey(msgspec.Struct, frozen=True, omit_defaults=True):
    """One key pair; ``id`` is its ``kid``, ``private`` the sealed private JWK, ``public`` the JWK that is published.

    It signs from ``active_at`` until another of its algorithm does, and is published until ``retired_at``.
    """

    id: str
    algorithm: str
    public: dict[str, Any]
    private: bytes
    created_at: datetime
    active_at: datetime
    retired_at: datetime | None = None
    version: int = 1


SIGNING_KEY = Kind(
    "signing_key",
    SigningKey,
    columns={"algorithm": lambda k: k.algorithm, "active_at": lambda k: k.active_at},
    owner="algorithm",
    raises_generation=True,
)


def published(keys: list[SigningKey], now: datetime) -> list[SigningKey]:
    """Those that relying parties should know now, the newest first."""
    live = [key for key in keys if key.retired_at is None or key.retired_at > now]
    return sorted(live, key=lambda key: (key.active_at, key.id), reverse=True)


def signing(keys: list[SigningKey], algorithm: str, now: datetime) -> SigningKey | None:
    """The one that signs now: the newest active of its algorithm."""
    ready = [key for key in published(keys, now) if key.algorithm == algorithm and key.active_at <= now]
    return ready[0] if ready else None
