"""Mails, to a real server: what they say, how they go, and what becomes of those that do not."""

import re
import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from ostiary.core.delivery import DELIVERY, Delivery, Outcome
from ostiary.core.language import SUPPORTED_LANGUAGES
from ostiary.core.notification import EMAIL_CHANNEL, Notification, encode_notification, sealing_context
from ostiary.core.secret import Secret
from ostiary.crypto.seal import Sealer
from ostiary.delivery.mail import Mail, SmtpServer
from ostiary.delivery.notices import Carry, Console, NoText, Notices, nobody
from ostiary.delivery.outbox import TRIED_FOR, Outbox, Sender
from ostiary.delivery.texts import TEMPLATES, Texts
from ostiary.storage.memory import MemoryStore
from ostiary.storage.port import Changes, Listing, Message
from tests.delivery.post_office import PASSWORD, USER, post_office
from tests.doubles.effects import SettableEffects
from tests.grpc.certificate import write_certificate

SENDER = "no-reply@id.example.com"
BASE = "https://login.example.com/ui/v2/login"
MINUTES = timedelta(minutes=5)


class Office:
    """An outbox with one sender."""

    def __init__(self, kind: str = EMAIL_CHANNEL) -> None:
        self.effects = SettableEffects()
        self.store = MemoryStore()
        self.sealer = Sealer({1: bytes(32)}, self.effects.random_bytes)
        self.kind = kind

    def notification(self, template: str = "otp_email", **values: object) -> Notification:
        """To Alice, good for five minutes."""
        now = self.effects.now()
        made = Notification(
            template,
            "alice@example.com",
            "100",
            "500",
            "12345678",
            display_name="Alice A",
            login_name="alice",
            session_id="7",
            asked_at=now,
            expires_at=now + MINUTES,
        )
        return msgspec.structs.replace(made, **values)

    async def put(self, notification: Notification) -> str:
        """Into the outbox; the message's id."""
        key = self.effects.new_id()
        sealed = self.sealer.seal(encode_notification(notification), sealing_context(key))
        await self.store.save(Changes(outbox=(Message(key, self.kind, self.effects.now(), sealed),)))
        return key

    def outbox(self, carry: Carry) -> Outbox:
        """Its worker."""
        deliver = Notices(self.effects, carry).deliver
        return Outbox(self.store, self.effects, self.sealer, [Sender((self.kind,), lambda: deliver)])

    def smtp(self, port: int, **values: object) -> Outbox:
        """Its worker, over SMTP."""
        options: dict[str, object] = {"security": "none", **values}
        server = SmtpServer("127.0.0.1", port, SENDER, **options)  # type: ignore[arg-type]
        return self.outbox(Mail(server, Texts(BASE), self.effects).carry)

    async def log(self) -> list[Delivery]:
        """What is known of deliveries."""
        return list((await self.store.page(Listing(DELIVERY, order="at"))).items)

    async def outcome(self) -> tuple[Outcome, str]:
        """What became of the only message, and why."""
        (row,) = await self.log()
        return row.outcome, row.reason


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    """An empty outbox."""
    made = Office()
    yield made
    await made.store.close()


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What a server shows and what a client trusts: self-signed."""
    chain, key = write_certificate(tmp_path)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(chain, key)
    return server, ssl.create_default_context(cafile=chain)


async def test_plain(office: Office) -> None:
    """A mail arrives once, with its code and link and a Message-ID of its row, and the row is gone."""
    with post_office() as mailbox:
        key = await office.put(office.notification())
        outbox = office.smtp(mailbox.port)
        assert [await outbox.deliver() for _ in range(2)] == [1, 0]
    (mail,) = mailbox.mails
    assert mailbox.envelopes == [(SENDER, ["alice@example.com"])]
    assert mail["Message-ID"] == f"<{key}@id.example.com>"
    assert (mail["From"], mail["To"], mail["Auto-Submitted"]) == (
        SENDER,
        "alice@example.com",
        "auto-generated",
    )
    assert mail["Subject"] == "Your sign-in code"
    text = mail.get_content()
    assert "Hello Alice A," in text
    assert "12345678" in text
    assert f"{BASE}/otp/verify?code=12345678&userID=100&sessionId=7" in text
    assert await office.outcome() == (Outcome.DELIVERED, "")
    assert not office.store.outbox


async def test_german(office: Office) -> None:
    """Who reads German is written in German, with letters as they are."""
    with post_office() as mailbox:
        await office.put(office.notification("invite", language="de-CH", application_name="Müller & Söhne"))
        await office.smtp(mailbox.port).deliver()
    (mail,) = mailbox.mails
    assert mail["Subject"] == "Ihre Einladung zu Müller & Söhne"
    assert "für Sie wurde ein Konto für Müller & Söhne angelegt" in mail.get_content()


async def test_starttls_with_password(
    office: Office, certificate: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    """With STARTTLS the password goes over TLS only; the self-signed certificate is good because it was named."""
    with post_office(certificate[0]) as mailbox:
        await office.put(office.notification())
        password = Secret(PASSWORD)
        outbox = office.smtp(
            mailbox.port, security="starttls", user=USER, password=password, trusted=certificate[1]
        )
        await outbox.deliver()
    assert mailbox.is_encrypted == [True]
    assert await office.outcome() == (Outcome.DELIVERED, "")


async def test_tls_from_the_start(office: Office, certificate: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    """A server may speak TLS from the first byte."""
    with post_office(certificate[0], implicit=True) as mailbox:
        await office.put(office.notification())
        await office.smtp(mailbox.port, security="tls", trusted=certificate[1]).deliver()
    assert len(mailbox.mails) == 1


async def test_unknown_certificate(
    office: Office, certificate: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    """A certificate that nobody vouches for gets neither password nor mail."""
    with post_office(certificate[0]) as mailbox:
        await office.put(office.notification())
        await office.smtp(mailbox.port, security="starttls", user=USER, password=Secret(PASSWORD)).deliver()
    assert mailbox.mails == []
    assert (await office.outcome())[0] is Outcome.WAITING


async def test_wrong_password(office: Office, certificate: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    """A wrong password delivers nothing and is not in the log; the mail waits until it is put right."""
    with post_office(certificate[0]) as mailbox:
        await office.put(office.notification())
        wrong = {"security": "starttls", "user": USER, "trusted": certificate[1]}
        await office.smtp(mailbox.port, password=Secret("hunter2"), **wrong).deliver()
        assert await office.outcome() == (Outcome.WAITING, "refused (535)")
        office.effects.later(seconds=6)
        await office.smtp(mailbox.port, password=Secret(PASSWORD), **wrong).deliver()
    assert len(mailbox.mails) == 1


async def test_server_is_away(office: Office) -> None:
    """A mail that cannot be sent now is sent later, under the same Message-ID, once."""
    with post_office() as gone:
        port = gone.port
    key = await office.put(office.notification())
    await office.smtp(port).deliver()
    assert (await office.outcome())[0] is Outcome.WAITING
    with post_office(port=port) as mailbox:
        mailbox.answers = ["451 Try again later"]
        outbox = office.smtp(port)
        assert await outbox.deliver() == 0
        for seconds in (6, 16, 60):
            office.effects.later(seconds=seconds)
            await outbox.deliver()
    assert [mail["Message-ID"] for mail in mailbox.mails] == [f"<{key}@id.example.com>"]


@pytest.mark.parametrize(
    ("refusal", "outcome"), [("550 No such user", Outcome.DROPPED), ("450 Busy", Outcome.WAITING)]
)
async def test_recipient_refused(office: Office, refusal: str, outcome: Outcome) -> None:
    """A recipient whom the server will never take is given up; one that it does not take now is not."""
    with post_office() as mailbox:
        mailbox.refuses = refusal
        await office.put(office.notification())
        await office.smtp(mailbox.port).deliver()
    assert await office.outcome() == (outcome, f"recipient refused ({refusal[:3]})")


NO_ADDRESSES = (
    "alice",
    "a,b@example.com",
    "a@b>",
    "al\r\nBcc: eve@example.com",
    "<x>@example.com",
    "[x]@example.com",
    ",@example.com",
    "=?utf-8?q?x?=@example.com",
    "ä@example.com",
    "",
    "@",
)


@pytest.mark.parametrize("address", NO_ADDRESSES)
async def test_no_address(office: Office, address: str) -> None:
    """What is no address of mail is given up, and no header can be smuggled in."""
    with post_office() as mailbox:
        await office.put(office.notification(recipient=address))
        await office.smtp(mailbox.port).deliver()
    assert mailbox.mails == []
    assert (await office.outcome())[0] is Outcome.DROPPED


async def test_expired_code(office: Office) -> None:
    """A code that has expired is not sent any more, and its row is erased; one that has not, is."""
    with post_office() as mailbox:
        await office.put(office.notification())
        office.effects.later(minutes=5)
        await office.put(office.notification())
        await office.smtp(mailbox.port).deliver()
    assert len(mailbox.mails) == 1
    assert {(row.outcome, row.reason) for row in await office.log()} == {
        (Outcome.DROPPED, "its code has expired"),
        (Outcome.DELIVERED, ""),
    }
    assert not office.store.outbox


async def test_dropped_after_a_day(office: Office) -> None:
    """While nothing is set up a message waits, for a day."""
    await office.put(office.notification(expires_at=None))
    outbox = office.outbox(nobody)
    await outbox.deliver()
    assert await office.outcome() == (Outcome.WAITING, "nothing sends it: see the setting mail")
    office.effects.later(seconds=TRIED_FOR.total_seconds())
    await outbox.deliver()
    assert (await office.outcome())[0] is Outcome.DROPPED
    assert not office.store.outbox


async def test_console(office: Office) -> None:
    """A message may be a line on the console."""
    lines: list[str] = []
    await office.put(office.notification())
    await office.put(office.notification("notice", code=""))
    await office.outbox(Console(lines.append).carry).deliver()
    assert sorted(lines) == [
        "email to alice@example.com: notice",
        "email to alice@example.com: otp_email, code 12345678",
    ]


async def test_without_words(office: Office) -> None:
    """A message for which there are no words is given up, and the log names it."""
    with post_office() as mailbox:
        await office.put(office.notification("nonsense"))
        await office.smtp(mailbox.port).deliver()
    assert await office.outcome() == (Outcome.DROPPED, "there is no text for nonsense")


MAILS = (
    "otp_email",
    "verify_email",
    "reset_password",
    "invite",
    "register",
    "account_exists",
    "register_passkey",
)


@pytest.mark.parametrize("language", SUPPORTED_LANGUAGES)
@pytest.mark.parametrize("template", MAILS)
def test_every_mail(template: str, language: str) -> None:
    """Every mail has its words in every language, leads where it was asked to, and nothing in it is a place any more."""
    office = Office()
    asked = office.notification(
        template, language=language, url_template="https://x.test/{{.Code}}?u={{ .UserID }}"
    )
    text = Texts(BASE).mail(asked)
    assert text.subject
    assert "https://x.test/12345678?u=100" in text.body
    default = Texts(BASE).mail(msgspec.structs.replace(asked, url_template=""))
    assert f"{BASE}/" in default.body
    assert "{" not in text.body + default.body


@pytest.mark.parametrize("language", [*SUPPORTED_LANGUAGES, "xx", ""])
@pytest.mark.parametrize("template", ["otp_sms", "verify_phone", "reset_password"])
def test_every_sms(template: str, language: str) -> None:
    """Every SMS says its code, in English for languages that we do not speak."""
    text = Texts(BASE).sms(Office().notification(template, language=language))
    assert "12345678" in text
    assert len(text) < 160


def test_every_language_says_the_same() -> None:
    """Each has the same messages, by the same channels, with the same things to fill in."""
    said = {folder.name: _places(folder) for folder in TEMPLATES.iterdir()}
    assert set(said) == set(SUPPORTED_LANGUAGES)
    for language in SUPPORTED_LANGUAGES:
        assert said[language] == said["en"], language


def _places(folder: Path) -> dict[str, tuple[set[str], set[str]]]:
    """The blocks, the values and the keys of texts of each template."""
    texts = {file.name: file.read_text("utf-8") for file in folder.iterdir()}
    return {
        name: (
            set(re.findall(r"block (\w+)", text)),
            set(re.findall(r"\{\{ (\w+)", text)) | set(re.findall(r'^  "(\w+)":', text, re.MULTILINE)),
        )
        for name, text in texts.items()
    }


def test_no_words_for_the_channel() -> None:
    """An SMS template makes no mail."""
    with pytest.raises(NoText):
        Texts(BASE).mail(Office().notification("otp_sms"))


def test_link_is_encoded() -> None:
    """What goes into a link cannot change where it leads."""
    notification = Office().notification(
        url_template="https://x.test/?n={{.LoginName}}", login_name="a&b=#/ä"
    )
    assert Texts(BASE).link(notification) == "https://x.test/?n=a%26b%3D%23%2F%C3%A4"


def test_no_code_shows() -> None:
    """A message's code is in no representation of it."""
    assert "12345678" not in repr(Office().notification())
