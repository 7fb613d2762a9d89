"""SMS, to a provider that is a local HTTP server: what it is sent, how often, and who may read it."""

from base64 import b64encode
from collections.abc import AsyncIterator
from urllib.parse import parse_qs

import pytest

from ostiary.core.delivery import Outcome
from ostiary.core.notification import PHONE_CHANNEL, Notification
from ostiary.core.secret import Secret
from ostiary.delivery.notices import nobody
from ostiary.delivery.outbox import LEASED, Outbox, Sent
from ostiary.delivery.sms import IDEMPOTENCY_HEADER, Sms, SmsProvider
from ostiary.delivery.texts import Texts
from ostiary.outbound import Outbound
from ostiary.storage.port import Message
from tests.delivery.receiver import Receiver
from tests.delivery.test_mail import BASE, Office

NUMBER = "+41791234567"
ACCOUNT = "AC123"


class Crash(BaseException):
    """The process is killed."""


class SmsOffice(Office):
    """An outbox whose messages go to a provider."""

    def __init__(self) -> None:
        super().__init__(PHONE_CHANNEL)
        self.outbound = Outbound(allow_private=True)

    def carrier(
        self, receiver: Receiver, sender: str = "+15005550006", outbound: Outbound | None = None
    ) -> Sms:
        """Who posts to the provider."""
        provider = SmsProvider(f"http://127.0.0.1:{receiver.port}/", ACCOUNT, Secret("s3cret"), sender)
        return Sms(provider, Texts(BASE), (outbound or self.outbound).post_form)

    def sms(
        self, receiver: Receiver, sender: str = "+15005550006", outbound: Outbound | None = None
    ) -> Outbox:
        """Its worker."""
        return self.outbox(self.carrier(receiver, sender, outbound).carry)

    def code(self) -> Notification:
        """To Alice's phone."""
        return self.notification("otp_sms", recipient=NUMBER)


@pytest.fixture
async def office() -> AsyncIterator[SmsOffice]:
    """An empty outbox."""
    made = SmsOffice()
    yield made
    await made.outbound.close()
    await made.store.close()


def form_of(body: str) -> dict[str, str]:
    """The form that came."""
    return {name: values[0] for name, values in parse_qs(body).items()}


async def test_sent(office: SmsOffice, receiver: Receiver) -> None:
    """A code is posted once in the provider's form, with our account and the row's id, and the row is gone."""
    receiver.statuses = [201]
    key = await office.put(office.code())
    outbox = office.sms(receiver)
    assert [await outbox.deliver() for _ in range(2)] == [1, 0]
    ((path, headers, body),) = receiver.got
    assert path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    assert headers["authorization"] == f"Basic {b64encode(b'AC123:s3cret').decode()}"
    assert headers[IDEMPOTENCY_HEADER.lower()] == key
    form = form_of(body)
    assert (form["To"], form["From"]) == (NUMBER, "+15005550006")
    assert form["Body"].endswith("@login.example.com #12345678")
    assert await office.outcome() == (Outcome.DELIVERED, "")
    assert not office.store.outbox


async def test_messaging_service(office: SmsOffice, receiver: Receiver) -> None:
    """The sender may be a messaging service."""
    await office.put(office.code())
    await office.sms(receiver, "MG42").deliver()
    form = form_of(receiver.got[0][2])
    assert form["MessagingServiceSid"] == "MG42"
    assert "From" not in form


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(400, Outcome.DROPPED), (401, Outcome.WAITING), (429, Outcome.WAITING), (500, Outcome.WAITING)],
)
async def test_refused(office: SmsOffice, receiver: Receiver, status: int, outcome: Outcome) -> None:
    """A number that the provider will never take is given up; anything else is tried again, under the same token."""
    receiver.statuses = [status]
    key = await office.put(office.code())
    outbox = office.sms(receiver)
    await outbox.deliver()
    assert await office.outcome() == (outcome, f"HTTP status {status}")
    office.effects.later(seconds=6)
    await outbox.deliver()
    tokens = [headers[IDEMPOTENCY_HEADER.lower()] for _, headers, _ in receiver.got]
    assert tokens == [key] * (1 if outcome is Outcome.DROPPED else 2)


async def test_private_address(office: SmsOffice, receiver: Receiver) -> None:
    """The provider's address is guarded as every other: not this machine, unless it is allowed."""
    guarded = Outbound(allow_private=False)
    await office.put(office.code())
    await office.sms(receiver, outbound=guarded).deliver()
    await guarded.close()
    assert receiver.got == []
    outcome, reason = await office.outcome()
    assert outcome is Outcome.WAITING
    assert "outbound_allow_private" in reason


async def test_crash_after_sending(office: SmsOffice, receiver: Receiver) -> None:
    """Who dies between sending and erasing repeats the message once, after its lease, under the same token."""
    key = await office.put(office.code())
    living = office.sms(receiver)

    async def dies(message: Message, notification: Notification) -> Sent:
        await office.carrier(receiver).carry(message, notification)
        raise Crash

    with pytest.raises(Crash):
        await office.outbox(dies).deliver()
    assert await living.deliver() == 0
    office.effects.later(seconds=LEASED.total_seconds())
    assert [await living.deliver() for _ in range(2)] == [1, 0]
    assert [headers[IDEMPOTENCY_HEADER.lower()] for _, headers, _ in receiver.got] == [key, key]


async def test_not_set_up(office: SmsOffice) -> None:
    """While nothing is set up, the log says which setting is missing."""
    await office.put(office.code())
    await office.outbox(nobody).deliver()
    assert await office.outcome() == (Outcome.WAITING, "nothing sends it: see the setting sms")


def test_no_secret_shows() -> None:
    """The provider's token is in no representation."""
    assert "s3cret" not in repr(SmsProvider("https://x", ACCOUNT, Secret("s3cret"), NUMBER))
