"""What is to be told to a user by mail or phone: sealed in the outbox by whoever asks, opened by whoever sends."""

from datetime import datetime
from typing import Final

import msgspec

EMAIL_CHANNEL: Final = "email"
PHONE_CHANNEL: Final = "phone"


class Notification(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing to tell. ``template`` names the text (``verify_email``, ``verify_phone``, …), in ``language``.

    ``url_template`` is the link's if the caller named one, with places as in :mod:`ostiary.core.url_template`.
    ``asked_at`` says when it was asked for, ``expires_at`` when its code is worth nothing any more. Word of a sign-in
    names its ``device`` and ``address``, word of a changed account the ``change``.
    """

    template: str
    recipient: str
    user_id: str
    organization_id: str
    code: str = ""
    url_template: str = ""
    language: str = ""
    display_name: str = ""
    application_name: str = ""
    login_name: str = ""
    session_id: str = ""
    code_id: str = ""
    asked_at: datetime | None = None
    expires_at: datetime | None = None
    device: str = ""
    address: str = ""
    change: str = ""

    def __repr__(self) -> str:
        """Never the code."""
        return f"Notification({self.template!r}, user_id={self.user_id!r})"


def encode_notification(notification: Notification) -> bytes:
    """Its plain form, to be sealed."""
    return msgspec.json.encode(notification)


def decode_notification(plain: bytes) -> Notification:
    """What was encoded."""
    return msgspec.json.decode(plain, type=Notification)


def sealing_context(message_id: str) -> str:
    """What an outbox row's seal is bound to."""
    return f"outbox|{message_id}"
