"""What a caller asks of a session, freed from its wire."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from ostiary.core.factor import Factor
from ostiary.core.session import UserAgent


class UserNamed(msgspec.Struct, frozen=True):
    """The user a check names: exactly one of the two is set."""

    user_id: str = ""
    login_name: str = ""


class SessionChange(msgspec.Struct, frozen=True):
    """Everything one CreateSession or SetSession asks for.

    ``checks`` and ``challenges`` pair a factor with the wire's message, in the order of FACTORS. ``metadata`` is merged, empty
    values delete. ``lifetime`` counts from now. ``user_agent`` is of a new session only.
    """

    user: UserNamed | None = None
    checks: tuple[tuple[Factor, Any], ...] = ()
    metadata: dict[str, bytes] = msgspec.field(default_factory=dict)
    lifetime: timedelta | None = None
    user_agent: UserAgent = UserAgent()
    challenges: tuple[tuple[Factor, Any], ...] = ()


class Changed(msgspec.Struct, frozen=True):
    """What the caller is told: the session's new token is empty when nothing was changed.

    ``challenges`` are the answers to those asked for, by the factor's name on the wire.
    """

    session_id: str
    version: int
    changed_at: datetime
    token: str = ""
    challenges: dict[str, Any] = {}
