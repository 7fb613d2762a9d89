"""Messages to users: opened, dropped once their code is worth nothing, handed to whoever carries them."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from ostiary.core.delivery import Outcome
from ostiary.core.notification import Notification, decode_notification
from ostiary.delivery.outbox import Sent
from ostiary.effects import Effects
from ostiary.storage.port import Message

Carry = Callable[[Message, Notification], Awaitable[Sent]]


class NoText(Exception):
    """There are no words for such a message on that channel."""


class Notices:
    """One way to carry messages, whatever it is."""

    def __init__(self, effects: Effects, carry: Carry) -> None:
        """``carry`` makes one attempt; what it answers says whether there is to be another."""
        self._effects = effects
        self._carry = carry

    async def deliver(self, message: Message, plain: bytes) -> Sent:
        """One attempt; none for a code that has expired, which would only puzzle its reader."""
        notification = decode_notification(plain)
        if notification.expires_at is not None and notification.expires_at <= self._effects.now():
            return Sent(Outcome.DROPPED, "-", "its code has expired")
        try:
            sent = await self._carry(message, notification)
        except NoText as missing:
            sent = Sent(Outcome.DROPPED, "-", f"there is no text for {missing}")
        return replace(sent, since=notification.asked_at)


async def nobody(message: Message, _: Notification) -> Sent:
    """Nothing is set up for this kind: it waits, so that an operator who sees the log can set it up."""
    setting = "mail" if message.kind == "email" else "sms"
    return Sent(Outcome.WAITING, "-", f"nothing sends it: see the setting {setting}")


class Console:
    """Messages as lines on the console."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """``say`` writes a line."""
        self._say = say

    async def carry(self, message: Message, notification: Notification) -> Sent:
        """Say it."""
        code = f", code {notification.code}" if notification.code else ""
        self._say(f"{message.kind} to {notification.recipient}: {notification.template}{code}")
        return Sent(Outcome.DELIVERED, "console")
