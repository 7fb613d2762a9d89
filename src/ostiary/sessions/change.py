"""What a caller asks of a session, freed from its wire."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec

from ostiary.core.factor import Factor
from ostiary.core.session import UserAgent


@dataclass(frozen=True, slots=True)
class UserNamed:
    """The user a check names: exactly one of the two is set."""

    user_id: str = ""
    login_name: str = ""


@dataclass(frozen=True, slots=True)
class SessionChange:
    """Everything one CreateSession or SetSession asks for.

    ``checks`` and ``challenges`` pair a factor with the wire's message, in the order of FACTORS. ``metadata`` is merged, empty
    values delete. ``lifetime`` counts from now. ``user_agent`` is of a new session only.
    """

    user: UserNamed | None = None
    checks: tuple[tuple[Factor, Any], ...] = ()
    metadata: dict[str, bytes] = field(default_factory=dict)
    lifetime: timedelta | None = None
    user_agent: UserAgent = UserAgent()  # noqa: RUF009  a frozen value
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
