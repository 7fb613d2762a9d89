"""The audit record of a change: what happened, to what, by whom; nothing a thief or a gossip could use."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from ostiary.core.session import (
    FactorChallenged,
    FactorChecked,
    LifetimeSet,
    MetadataSet,
    SessionEvent,
    UserChecked,
)

_encode = msgspec.json.Encoder().encode


def session_detail(events: Iterable[SessionEvent]) -> bytes:
    """Names of the events, kinds of factors, keys (not values) of metadata."""
    return _encode([_redacted(event) for event in events])


def detail(**facts: str | int | bool | datetime | tuple[str, ...]) -> bytes:
    """Facts that are neither secret nor personal."""
    return _encode(facts)


def _redacted(event: SessionEvent) -> dict[str, Any]:
    name = {"event": type(event).__name__}
    match event:
        case UserChecked():
            return {**name, "user_id": event.user_id}
        case FactorChecked() | FactorChallenged():
            return {**name, "kind": event.kind}
        case MetadataSet():
            return {**name, "keys": sorted(event.changes)}
        case LifetimeSet():
            return {**name, "expires_at": event.expires_at}
        case _:
            return name
