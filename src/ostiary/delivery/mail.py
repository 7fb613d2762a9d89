"""Mails by SMTP. Source: RFC 5321, RFC 3207 (STARTTLS), RFC 4954 (authentication), RFC 5322."""

import asyncio
import ssl
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final

import aiosmtplib

from ostiary.core.delivery import Outcome
from ostiary.core.notification import Notification
from ostiary.core.secret import Secret
from ostiary.delivery.outbox import Sent
from ostiary.delivery.texts import Texts
from ostiary.effects import Effects
from ostiary.storage.port import Message

STEP_LIMIT_S: Final = 20.0
TIME_LIMIT_S: Final = 45.0  # below the lease of the outbox, so that nobody else begins meanwhile
_PERMANENT: Final = 500


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A mail server. ``security`` is ``starttls``, ``tls`` or ``none``; without user there is no authentication."""

    host: str
    port: int
    sender: str
    security: str = "starttls"
    user: str = ""
    password: Secret = Secret("")  # noqa: RUF009  a value
    trusted: ssl.SSLContext | None = None


class Mail:
    """Sends each mail under a Message-ID made of its outbox row, so that a repeat is seen to be one."""

    def __init__(self, server: SmtpServer, texts: Texts, effects: Effects) -> None:
        """Each mail has a connection of its own."""
        self._server = server
        self._texts = texts
        self._effects = effects
        self._tls = server.trusted or ssl.create_default_context()

    async def carry(self, message: Message, notification: Notification) -> Sent:
        """One attempt; a recipient that the server will never take is given up."""
        target = f"{self._server.host}:{self._server.port}"
        try:
            mail = self._mail(message.id, notification)
        except (ValueError, MessageError, IndexError):  # the library raises each of them for some
            return Sent(Outcome.DROPPED, target, "the address is not one of mail")
        try:
            async with asyncio.timeout(TIME_LIMIT_S):
                await self._send(mail, notification.recipient)
        except aiosmtplib.SMTPRecipientsRefused as refused:
            code = max(one.code for one in refused.recipients)
            is_final = code >= _PERMANENT
            return Sent(
                Outcome.DROPPED if is_final else Outcome.WAITING, target, f"recipient refused ({code})"
            )
        except aiosmtplib.SMTPResponseException as refused:
            return Sent(Outcome.WAITING, target, f"refused ({refused.code})")
        except (aiosmtplib.SMTPException, OSError, ValueError) as failure:
            return Sent(Outcome.WAITING, target, type(failure).__name__)
        return Sent(Outcome.DELIVERED, target)

    async def _send(self, mail: EmailMessage, recipient: str) -> None:
        server = self._server
        await aiosmtplib.send(
            mail,
            sender=server.sender,
            recipients=[recipient],
            hostname=server.host,
            port=server.port,
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            tls_context=self._tls if server.security != "none" else None,
            username=server.user or None,
            password=server.password.reveal() or None,
            timeout=STEP_LIMIT_S,
        )

    def _mail(self, message_id: str, notification: Notification) -> EmailMessage:
        """The mail; raises ValueError, MessageError or IndexError when an address is none."""
        text = self._texts.mail(notification)
        mail = EmailMessage()
        mail["From"] = Address(addr_spec=self._server.sender)
        mail["To"] = Address(addr_spec=notification.recipient)
        mail["Subject"] = text.subject
        mail["Date"] = format_datetime(self._effects.now())
        mail["Message-ID"] = f"<{message_id}@{self._server.sender.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notice answers it
        mail.set_content(text.body)
        return mail
