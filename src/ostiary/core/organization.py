"""The instance and its organisations (the customers' tenants)."""

import re
import unicodedata
from datetime import datetime
from enum import StrEnum

import msgspec

from ostiary.core.record import Kind

INSTANCE_KEY = "instance"
_LABEL_MAX_LENGTH = 63  # RFC 1035 2.3.4
_NOT_IN_LABEL = re.compile(r"[^a-z0-9]+", re.ASCII)


class Instance(msgspec.Struct, frozen=True, omit_defaults=True):
    """The one row of its kind. Sessions and tokens from before ``epoch`` are dead (a restored backup raises it).

    ``key_proof`` is a constant sealed under the master key: a wrong key is noticed at the start.
    """

    instance_id: str
    default_organization_id: str
    created_at: datetime
    default_language: str = "en"
    epoch: datetime | None = None
    key_proof: bytes = b""
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


def primary_domain(name: str, organization_id: str, host: str) -> str:
    """The domain a new organisation gets: its name as a label (else its id as one) under the server's host."""
    return f"{_label(name) or _label(organization_id) or 'organization'}.{host.casefold()}"


def _label(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return _NOT_IN_LABEL.sub("-", plain).strip("-")[:_LABEL_MAX_LENGTH].rstrip("-")
