"""SMS by an HTTP provider in Twilio's form: a form posted to the account's messages, with HTTP's basic authentication."""

from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from ostiary.core.delivery import Outcome
from ostiary.core.notification import Notification
from ostiary.core.secret import Secret
from ostiary.delivery.outbox import Sent
from ostiary.delivery.texts import Texts
from ostiary.outbound import Answer, OutboundFailed, host_of
from ostiary.storage.port import Message

PostForm = Callable[[str, Mapping[str, str], Mapping[str, str]], Awaitable[Answer]]
# A provider that knows it sends a message with a token once.
IDEMPOTENCY_HEADER: Final = "I-Twilio-Idempotency-Token"
_SERVICE_PREFIX: Final = "MG"
_FOR_EVER: Final = frozenset({400, 422})  # the number is none, or cannot be reached by SMS


@dataclass(frozen=True, slots=True)
class SmsProvider:
    """An account with a provider. ``sender`` is a number, a name, or the id of a messaging service."""

    url: str
    account_sid: str
    auth_token: Secret
    sender: str


class Sms:
    """Sends each SMS with its outbox row's id as idempotency token."""

    def __init__(self, provider: SmsProvider, texts: Texts, post: PostForm) -> None:
        """``post`` is the guarded way out."""
        self._texts = texts
        self._post = post
        account = quote(provider.account_sid, safe="")
        self._url = f"{provider.url.rstrip('/')}/2010-04-01/Accounts/{account}/Messages.json"
        name = "MessagingServiceSid" if provider.sender.startswith(_SERVICE_PREFIX) else "From"
        self._sender = {name: provider.sender}
        pair = f"{provider.account_sid}:{provider.auth_token.reveal()}".encode()
        self._authorization = Secret(f"Basic {b64encode(pair).decode()}")

    async def carry(self, message: Message, notification: Notification) -> Sent:
        """One attempt; a number that the provider will never take is given up."""
        target = host_of(self._url) or "-"
        form = {"To": notification.recipient, "Body": self._texts.sms(notification), **self._sender}
        headers = {"authorization": self._authorization.reveal(), IDEMPOTENCY_HEADER: message.id}
        try:
            answer = await self._post(self._url, form, headers)
        except OutboundFailed as failure:
            return Sent(Outcome.WAITING, target, str(failure))
        if 200 <= answer.status < 300:
            return Sent(Outcome.DELIVERED, target)
        outcome = Outcome.DROPPED if answer.status in _FOR_EVER else Outcome.WAITING
        return Sent(outcome, target, f"HTTP status {answer.status}")
