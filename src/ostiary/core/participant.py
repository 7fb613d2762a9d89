"""Who was signed in through a session, so that they can be told when it ends."""

from datetime import datetime

import msgspec

from ostiary.core.record import Kind


class Participant(msgspec.Struct, frozen=True, omit_defaults=True):
    """One client (or service provider) of a session; ``id`` is ``session_id:client_id``.

    ``logout_uri`` is where a back-channel logout goes; empty: it wants none.
    """

    id: str
    session_id: str
    client_id: str
    user_id: str
    joined_at: datetime
    protocol: str = "oidc"
    logout_uri: str = ""
    version: int = 1


PARTICIPANT = Kind(
    "participant", Participant, columns={"session_id": lambda p: p.session_id}, owner="session_id"
)
