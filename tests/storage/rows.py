"""Rows, short to write, and how changes to them are made."""

from typing import Any

import msgspec

from ostiary.core.organization import ORGANIZATION, Organization
from ostiary.core.record import AnyKind, Record
from ostiary.core.session import SESSION, Session
from ostiary.core.user import AUTHENTICATOR, Authenticator
from ostiary.storage.port import Changes, Put, Remove
from tests.doubles.effects import START


def organization(id: str, domain: str = "", version: int = 1) -> Organization:  # noqa: A002
    """An organisation; its domain is its own unless given."""
    return Organization(id, f"Org {id}", domain or f"{id}.example", START, START, version=version)


def session(id: str, user_id: str = "", version: int = 1, **values: Any) -> Session:  # noqa: A002
    """A session."""
    return Session(id, START, START, "900", user_id=user_id, version=version, **values)


def authenticator(id: str, user_id: str, lookup_hash: str = "") -> Authenticator:  # noqa: A002
    """An authenticator."""
    return Authenticator(id, user_id, "totp", START, START, lookup_hash=lookup_hash)


KIND_OF: dict[type, AnyKind] = {
    Organization: ORGANIZATION,
    Session: SESSION,
    Authenticator: AUTHENTICATOR,
}


def made(*rows: Record) -> Changes:
    """New rows."""
    return Changes(puts=tuple(Put(KIND_OF[type(row)], row) for row in rows))


def changed(row: Record, **values: Any) -> Changes:
    """A row with other values and the next version."""
    after = msgspec.structs.replace(row, version=row.version + 1, **values)  # type: ignore[type-var]
    return Changes(puts=(Put(KIND_OF[type(row)], after, row.version),))


def removed(row: Record) -> Changes:
    """A row taken away."""
    return Changes(removes=(Remove(KIND_OF[type(row)], row.id, row.version),))
