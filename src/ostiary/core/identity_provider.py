"""Upstream identity providers: who else's word on a user counts, and what may be done with it."""

from datetime import datetime

import msgspec

from ostiary.core.record import Kind


class IdentityProvider(msgspec.Struct, frozen=True, omit_defaults=True):
    """One provider, of an organisation or (empty) the instance.

    ``type`` and ``auto_linking`` are the wire's numbers. ``is_linking_allowed``: users may link themselves,
    ``is_creation_allowed``: users may be made of what it says.
    """

    id: str
    name: str
    type: int
    created_at: datetime
    changed_at: datetime
    organization_id: str = ""
    is_active: bool = True
    is_linking_allowed: bool = False
    is_creation_allowed: bool = False
    is_auto_creation: bool = False
    is_auto_update: bool = False
    auto_linking: int = 0
    version: int = 1


IDENTITY_PROVIDER = Kind(
    "identity_provider",
    IdentityProvider,
    columns={"organization_id": lambda p: p.organization_id, "name": lambda p: p.name},
    owner="organization_id",
)
