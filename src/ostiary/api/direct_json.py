"""Answers that are written as JSON without their messages in between: what several of them share.

A test proves each equal to the message's own JSON.
"""

from datetime import datetime

import msgspec

_MILLISECOND_US = 1000

encode = msgspec.json.Encoder().encode


class Details(msgspec.Struct, omit_defaults=True, rename="camel"):
    """``zitadel.object.v2.Details``."""

    sequence: str = ""
    change_date: datetime | str = ""
    resource_owner: str = ""


def wire_time(at: datetime) -> datetime | str:
    """A time in UTC that the encoder writes as proto3 JSON does: no fraction, or 3 or 6 digits."""
    part = at.microsecond
    if part and part % _MILLISECOND_US == 0:  # the encoder alone would write six
        return f"{at.isoformat(timespec='milliseconds')[:-6]}Z"
    return at


def number(value: int) -> str:
    """A 64-bit number, as proto3 JSON writes it; a zero is left out."""
    return str(value) if value else ""
