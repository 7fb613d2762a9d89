"""Word of sign-ins on devices not seen before."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from ostiary.core.identity_link import IDENTITY_LINK
from ostiary.core.known_device import DEVICES_KEPT, KNOWN_DEVICE, KnownDevice, device_id, link_hash, made_with
from ostiary.core.notification import Notification, decode_notification, sealing_context
from ostiary.core.session import Session, UserAgent, VerifiedFactor
from ostiary.core.user import USER, Address, Authenticator
from ostiary.sessions.change import Changed, SessionChange
from ostiary.sessions.commands import SessionCommands
from ostiary.sessions.sign_in_notice import SignInNotices
from ostiary.sessions.work import Worker
from ostiary.storage.port import Changes, Lease, Put
from tests.doubles.effects import START
from tests.sessions.conftest import LOGIN_CLIENT, House, password_check, totp_check, user_check

PHONE = UserAgent(
    "phone", "203.0.113.9", "Mozilla/5.0 (iPhone) Safari/604.1", {"x-place": ("Bern",), "accept": ("*/*",)}
)


class Told:
    """Commands that tell of sign-ins, and what they told."""

    def __init__(self, house: House) -> None:
        self.house = house
        notices = SignInNotices(
            house.store,
            house.cache,
            house.effects,
            house.sealer,
            "https://id.example/not-me",
            "x-place",
        )
        worker = Worker(
            house.store, house.cache, house.effects, house.tools, house.sealer, house.pool, notices
        )
        self.commands = SessionCommands(worker)

    async def sign_in(self, agent: UserAgent = PHONE, *, code: bool = True) -> Changed:
        """Alice's password and, in a second call, her code."""
        change = msgspec.structs.replace(password_check(user="alice"), user_agent=agent)
        made = await self.commands.create(LOGIN_CLIENT, change)
        if not code:
            return made
        self.house.effects.later(seconds=30)
        return await self.commands.set(
            LOGIN_CLIENT, made.session_id, made.token, totp_check(self.house.code())
        )

    async def mails(self) -> list[Notification]:
        """What waits in the outbox."""
        now = self.house.effects.now()
        leased = (await self.house.store.save(Changes(lease=Lease(now, now, 100)))).leased
        return [
            decode_notification(self.house.sealer.open(one.sealed, sealing_context(one.id))) for one in leased
        ]

    async def devices(self) -> list[KnownDevice]:
        """What is known of alice."""
        return list(await self.house.store.owned(KNOWN_DEVICE, "100"))


@pytest.fixture
async def told(house: House) -> Told:
    """Alice has a verified address."""
    await house.edit(USER, "100", email=Address("alice@example.com", is_verified=True))
    return Told(house)


async def test_new_device(told: Told) -> None:
    """Once the second factor is there the user is told: of device, address, time, with a link whose secret is hashed."""
    await told.sign_in(code=False)
    assert await told.mails() == []
    made = await told.sign_in()
    (mail,) = await told.mails()
    assert (mail.template, mail.recipient) == ("new_sign_in", "alice@example.com")
    assert (mail.device, mail.address) == ("Safari · iPhone", "Bern, 203.0.113.9")
    assert mail.asked_at == told.house.effects.now()
    (device,) = await told.devices()
    assert (device.id, device.session_id) == (device_id("100", PHONE), made.session_id)
    assert device.code_hash == link_hash(mail.code)
    assert device.authenticator_ids == ("100:password",)
    assert mail.url_template == "https://id.example/not-me?device={{.CodeID}}&code={{.Code}}"


async def test_known_device(told: Told) -> None:
    """The second sign-in there, and later changes of the first, are not told."""
    made = await told.sign_in()
    told.house.effects.later(minutes=1)
    await told.sign_in()
    again = await told.commands.set(LOGIN_CLIENT, made.session_id, made.token, password_check())
    longer = SessionChange(lifetime=timedelta(hours=1))
    await told.commands.set(LOGIN_CLIENT, made.session_id, again.token, longer)
    assert len(await told.mails()) == 1


async def test_other_device(told: Told) -> None:
    """Another fingerprint is another device; without any, the description says which; without both, there is none."""
    for agent in (PHONE, UserAgent("laptop"), UserAgent(description="App/1"), UserAgent(ip="203.0.113.9")):
        await told.sign_in(agent)
        told.house.effects.later(minutes=1)
    assert [mail.device for mail in await told.mails()] == ["Safari · iPhone", "", "App"]


async def test_bare_user(told: Told) -> None:
    """Who merely names a user is not signed in."""
    await told.commands.create(LOGIN_CLIENT, user_check())
    assert await told.mails() == []


@pytest.mark.parametrize("email", [None, Address("alice@example.com")])
async def test_no_verified_address(told: Told, email: Address | None) -> None:
    """The device is remembered, but nobody is written to who might be a stranger."""
    await told.house.edit(USER, "100", email=email)
    await told.sign_in()
    assert await told.mails() == []
    assert [device.code_hash for device in await told.devices()] == [b""]


async def test_at_once(told: Told) -> None:
    """Of several sign-ins at once on one new device one is told of."""
    await told.house.edit(USER, "100", email=Address("alice@example.com", is_verified=True))
    made = [await told.sign_in(code=False) for _ in range(3)]
    longer = SessionChange(lifetime=timedelta(hours=1))
    codes = [totp_check(told.house.code(steps)) for steps in (-1, 0, 1)]
    sets = [
        told.commands.set(
            LOGIN_CLIENT, one.session_id, one.token, msgspec.structs.replace(code, lifetime=longer.lifetime)
        )
        for one, code in zip(made, codes, strict=True)
    ]
    done = await asyncio.gather(*sets, return_exceptions=True)
    assert any(isinstance(one, Changed) for one in done)
    assert len(await told.mails()) == 1


async def test_many_devices(told: Told) -> None:
    """Of a user's devices the newest stay."""
    rows = [
        KnownDevice(f"100:{at:03}", "100", START + timedelta(seconds=at), UserAgent(), "1")
        for at in range(DEVICES_KEPT + 2)
    ]
    await told.house.store.save(Changes(puts=tuple(Put(KNOWN_DEVICE, row) for row in rows)))
    await told.sign_in()
    left = {device.id for device in await told.devices()}
    assert len(left) == DEVICES_KEPT
    assert device_id("100", PHONE) in left
    assert "100:000" not in left


async def test_notice_is_not_pushed_out(told: Told) -> None:
    """However often a thief signs in on further devices: the link of the first notice stays good."""
    await told.sign_in()
    (first,) = await told.devices()
    later = [
        msgspec.structs.replace(first, id=f"100:{at:03}", seen_at=first.seen_at + timedelta(seconds=at))
        for at in range(1, DEVICES_KEPT)
    ]
    await told.house.store.save(Changes(puts=tuple(Put(KNOWN_DEVICE, row) for row in later)))
    told.house.effects.later(hours=1)
    await told.sign_in(UserAgent("one more"))
    left = {device.id for device in await told.devices()}
    assert len(left) == DEVICES_KEPT
    assert first.id in left
    assert later[-1].id not in left


@pytest.mark.parametrize(
    ("factors", "ids"),
    [
        ({"password": 0}, ("p",)),
        ({"web_auth_n": 5}, ("k2",)),
        ({"password": 0, "web_auth_n": 7}, ("p",)),
        ({"intent": 0}, ("l",)),
        ({"totp": 0}, ()),
        ({"password": 0, "totp": 0, "web_auth_n": 9}, ("p",)),
    ],
)
def test_made_with(factors: dict[str, int], ids: tuple[str, ...]) -> None:
    """A session rests on the password, on the passkey that was used just then, on the accounts that are linked; no more."""
    at: Any = lambda seconds: START + timedelta(seconds=seconds)  # noqa: E731
    owned = [
        Authenticator("p", "1", "password", START, START),
        Authenticator("k1", "1", "passkey", START, START),
        Authenticator("k2", "1", "passkey", START, at(5)),
        Authenticator("u", "1", "u2f", START, at(7)),
        Authenticator("l", "1", IDENTITY_LINK, START, START),
        Authenticator("t", "1", "totp", START, START),
    ]
    session = Session(
        "1", START, START, "9", factors={kind: VerifiedFactor(at(time)) for kind, time in factors.items()}
    )
    assert made_with(session, owned) == ids
