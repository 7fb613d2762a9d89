"""Audit records: what happened, without anything a thief or a gossip could use."""

import json
from datetime import timedelta

from ostiary.core.audit import detail, session_detail
from ostiary.core.session import (
    Challenge,
    Ended,
    FactorChallenged,
    FactorChecked,
    LifetimeSet,
    MetadataSet,
    Started,
    TokenSet,
    UserAgent,
    UserChecked,
    VerifiedFactor,
)
from tests.doubles.effects import START

AGENT = UserAgent("PRIVATE finger", "PRIVATE ip", "PRIVATE description", {"PRIVATE": ("PRIVATE",)})
EVENTS = (
    Started(START, "1", "900", AGENT),
    UserChecked(START, "100", "500"),
    FactorChecked(START, "totp", VerifiedFactor(START)),
    FactorChallenged(START, "passkey", Challenge("PRIVATE", START, b"PRIVATE")),
    MetadataSet(START, {"b": b"PRIVATE", "a": b"PRIVATE"}),
    LifetimeSet(START, START + timedelta(hours=1)),
    TokenSet(START, b"PRIVATE"),
    Ended(START, "deleted"),
)


def test_what_is_recorded() -> None:
    """Names of events, who, kinds of factors, keys of metadata and ends are recorded."""
    assert json.loads(session_detail(EVENTS)) == [
        {"event": "Started"},
        {"event": "UserChecked", "user_id": "100"},
        {"event": "FactorChecked", "kind": "totp"},
        {"event": "FactorChallenged", "kind": "passkey"},
        {"event": "MetadataSet", "keys": ["a", "b"]},
        {"event": "LifetimeSet", "expires_at": "2026-01-02T04:04:05.678901Z"},
        {"event": "TokenSet"},
        {"event": "Ended"},
    ]


def test_nothing_private() -> None:
    """No hash, challenge, metadata value or fact of the device is recorded."""
    assert b"PRIVATE" not in session_detail(EVENTS)


def test_facts() -> None:
    """Facts of other changes are recorded by name."""
    assert json.loads(detail(factor="totp", tries=3, roles=("A",), done=True)) == {
        "factor": "totp",
        "tries": 3,
        "roles": ["A"],
        "done": True,
    }
