"""Who is told when a session ends: what is sealed in the outbox, and opened by whoever tells them.

Source: OpenID Connect Back-Channel Logout 1.0, 2.3 to 2.5.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

import msgspec

from ostiary.core.notification import sealing_context
from ostiary.core.participant import Participant
from ostiary.core.session import Farewell

BACKCHANNEL_LOGOUT: Final = "backchannel_logout"
USER_LOGOUT: Final = "user_logout"
Seal = Callable[[bytes, str], bytes]
Sealed = tuple[str, bytes]  # a message's id and its sealed content


class BackchannelLogout(msgspec.Struct, frozen=True):
    """One client is to be told that a session of a user has ended."""

    client_id: str
    user_id: str
    session_id: str
    uri: str
    ended_at: datetime


class UserLogout(msgspec.Struct, frozen=True):
    """All clients of all sessions of a user are to be told; they may be too many for the save that decides it."""

    user_id: str
    ended_at: datetime


def logouts(participants: Iterable[Participant], ended_at: datetime) -> tuple[BackchannelLogout, ...]:
    """What to tell to those participants that want to be told."""
    return tuple(
        BackchannelLogout(one.client_id, one.user_id, one.session_id, one.logout_uri, ended_at)
        for one in participants
        if _wants_word(one)
    )


def sealed_logouts(
    participants: Iterable[Participant], ended_at: datetime, new_id: Callable[[], str], seal: Seal
) -> tuple[Sealed, ...]:
    """The same, ready for the outbox."""
    return tuple(_sealed(logout, new_id(), seal) for logout in logouts(participants, ended_at))


def farewells(participants: Iterable[Participant], sealed: Iterable[Sealed]) -> tuple[Farewell, ...]:
    """All participants, with the messages to those that want to be told, which were made of the same."""
    everybody = tuple(participants)
    wanting = (one.client_id for one in everybody if _wants_word(one))
    messages = {client_id: message_id for client_id, (message_id, _) in zip(wanting, sealed, strict=True)}
    return tuple(Farewell(one.client_id, messages.get(one.client_id, "")) for one in everybody)


def _wants_word(one: Participant) -> bool:
    return one.protocol == "oidc" and bool(one.logout_uri)


def sealed_user_logout(user_id: str, ended_at: datetime, new_id: Callable[[], str], seal: Seal) -> Sealed:
    """Word that a user is out, ready for the outbox."""
    return _sealed(UserLogout(user_id, ended_at), new_id(), seal)


def _sealed(content: BackchannelLogout | UserLogout, message_id: str, seal: Seal) -> Sealed:
    return message_id, seal(msgspec.json.encode(content), sealing_context(message_id))
