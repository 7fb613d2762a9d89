"""What became of a message that was to be sent: kept for operators, without its content."""

from datetime import datetime
from enum import StrEnum

import msgspec

from ostiary.core.record import Kind


class Outcome(StrEnum):
    """Delivered: taken by the other side. Waiting: it failed and will be tried again. Dropped: it never will."""

    DELIVERED = "delivered"
    WAITING = "waiting"
    DROPPED = "dropped"


class Delivery(msgspec.Struct, frozen=True, omit_defaults=True):
    """The latest attempt at one message; ``id`` is the message's.

    ``target`` is where it goes (of a URL only the host), ``reason`` why it could not be delivered.
    """

    id: str
    kind: str
    target: str
    outcome: Outcome
    attempts: int
    at: datetime
    reason: str = ""
    client_id: str = ""
    version: int = 1


DELIVERY = Kind(
    "delivery",
    Delivery,
    columns={"kind": lambda d: d.kind, "outcome": lambda d: str(d.outcome), "at": lambda d: d.at},
)
