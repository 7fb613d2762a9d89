"""The instance and its organisations (the customers' tenants)."""

from datetime import datetime
from enum import StrEnum

import msgspec

from ostiary.core.record import Kind

INSTANCE_KEY = "instance"


class Instance(msgspec.Struct, frozen=True, omit_defaults=True):
    """The one row of its kind. Sessions and tokens from before ``epoch`` are dead (a restored backup raises it)."""

    instance_id: str
    default_organization_id: str
    created_at: datetime
    default_language: str = "en"
    epoch: datetime | None = None
    id: str = INSTANCE_KEY
    version: int = 1


INSTANCE = Kind("instance", Instance, raises_generation=True)


class OrganizationState(StrEnum):
    """A removed organisation has no row."""

    ACTIVE = "active"
    INACTIVE = "inactive"


class Organization(msgspec.Struct, frozen=True, omit_defaults=True):
    """A tenant; ``primary_domain`` is in lower case and unique."""

    id: str
    name: str
    primary_domain: str
    created_at: datetime
    changed_at: datetime
    state: OrganizationState = OrganizationState.ACTIVE
    version: int = 1


ORGANIZATION = Kind(
    "organization",
    Organization,
    columns={
        "name": lambda o: o.name,
        "primary_domain": lambda o: o.primary_domain,
        "state": lambda o: str(o.state),
        "created_at": lambda o: o.created_at,
    },
    raises_generation=True,
)
