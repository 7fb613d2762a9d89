"""Codes by SMS and by mail, in sessions: each threat with its twin that succeeds, and what is left of it in the audit."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ostiary._pb.zitadel.session.v2.challenge_pb import RequestChallenges
from ostiary.core.factor import Factor
from ostiary.core.notification import Notification, decode_notification, sealing_context
from ostiary.core.recovery_code import KIND, code_hash, encode
from ostiary.core.session import SESSION
from ostiary.core.user import AUTHENTICATOR, USER, Address, UserState
from ostiary.errors import FailedPrecondition, InvalidArgument, OstiaryError, ResourceExhausted
from ostiary.factors.one_time_code import TRIES
from ostiary.factors.otp_email import OTP_EMAIL
from ostiary.factors.otp_sms import OTP_SMS
from ostiary.factors.recovery_code import RECOVERY_CODE
from ostiary.sessions.change import Changed, SessionChange
from ostiary.storage.memory import MemoryStore
from ostiary.storage.port import Changes, Put, Store
from ostiary.storage.sqlite import SqliteStore
from tests.doubles.effects import START
from tests.sessions.conftest import House, Typed, user_check
from tests.users.conftest import refused

RECOVERY = "0123456789abc-defghjkmnp1rs"
STORM = 64
EmailRequest = RequestChallenges.OTPEmail
TELL = EmailRequest.from_json('{"returnCode": {}}')


@dataclass(frozen=True)
class Way:
    """One of the two: its factor, its requests, and the ids of its challenge."""

    factor: Factor
    told: Any
    sent: Any
    nobody: str
    not_ready: str


SMS = Way(
    OTP_SMS,
    RequestChallenges.OTPSMS(return_code=True),
    RequestChallenges.OTPSMS(),
    "COMMAND-JKL3g",
    "COMMAND-BJ2g3",
)
EMAIL = Way(
    OTP_EMAIL,
    TELL,
    EmailRequest(),
    "COMMAND-JK3gp",
    "COMMAND-JKLJ3",
)
BOTH = pytest.mark.parametrize("way", [SMS, EMAIL], ids=["sms", "email"])


async def _furnished(store: Store) -> AsyncIterator[House]:
    house = House(store)
    await house.furnish()
    enrolled = [f.enrol("100", b"", START, house.tools) for f in (OTP_SMS, OTP_EMAIL)]
    enrolled.append(RECOVERY_CODE.enrol("100", encode([code_hash(RECOVERY)]), START, house.tools))
    await store.save(Changes(puts=tuple(Put(AUTHENTICATOR, one) for one in enrolled)))
    phone, email = Address("+41791234567", is_verified=True), Address("alice@example.com", is_verified=True)
    await house.edit(USER, "100", phone=phone, email=email)
    yield house
    house.pool.close()
    await store.close()


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """Alice takes codes by SMS and by mail, and has one recovery code; the store is in memory."""
    async for made in _furnished(MemoryStore()):
        yield made


@pytest.fixture(params=["memory", "sqlite"])
async def each_house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    """The same on each store."""
    async for made in _furnished(
        MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "test.db")
    ):
        yield made


async def challenged(house: House, way: Way, session: Changed | None = None) -> tuple[Changed, str]:
    """A session of alice's, and the code that its caller was told."""
    session = session or await house.create()
    change = SessionChange(challenges=((way.factor, way.told),))
    changed = await house.set(session.session_id, "", change)
    return changed, changed.challenges[way.factor.wire]


async def check(house: House, factor: Factor, session: Changed, code: str) -> Changed:
    """A code, typed."""
    return await house.set(session.session_id, "", SessionChange(checks=((factor, Typed(code=code)),)))


def wrong(code: str) -> str:
    """Another code of eight digits."""
    return f"{(int(code) + 1) % 10**8:08}"


def traces(house: House) -> list[Any]:
    """What the audit says of refusals, oldest first."""
    assert isinstance(house.store, MemoryStore)
    return [msgspec.json.decode(a.detail) for a in house.store.audits if a.action == "session.refused"]


def sent(house: House) -> list[tuple[str, Notification]]:
    """What lies in the outbox, opened, by its channel."""
    assert isinstance(house.store, MemoryStore)
    return [
        (m.kind, decode_notification(house.sealer.open(m.sealed, sealing_context(m.id))))
        for m in house.store.outbox
    ]


async def factors(house: House, session: Changed) -> set[str]:
    """What the session has."""
    row = await house.store.get(SESSION, session.session_id)
    assert row is not None
    return set(row.factors)


@BOTH
async def test_told(each_house: House, way: Way) -> None:
    """A code that the caller asked for is told, of eight digits, and verifies the session once, within five minutes."""
    session, code = await challenged(each_house, way)
    assert len(code) == 8
    assert code.isdecimal()
    row = await each_house.store.get(SESSION, session.session_id)
    assert row is not None
    assert code.encode() not in msgspec.json.encode(row)
    each_house.effects.later(minutes=4, seconds=59)
    await check(each_house, way.factor, session, f" {code} ")
    assert await factors(each_house, session) == {way.factor.kind}


@BOTH
async def test_sent(house: House, way: Way) -> None:
    """A code that is sent is not told; it lies sealed in the outbox, with whose it is and until when it is good."""
    session = await house.create()
    changed = await house.set(session.session_id, "", SessionChange(challenges=((way.factor, way.sent),)))
    assert changed.challenges == {}
    ((channel, notification),) = sent(house)
    assert channel == ("phone" if way is SMS else "email")
    assert notification.recipient == ("+41791234567" if way is SMS else "alice@example.com")
    assert (notification.template, notification.session_id) == (way.factor.kind, session.session_id)
    assert notification.expires_at == house.effects.now().replace(minute=house.effects.now().minute + 5)
    await check(house, way.factor, session, notification.code)
    assert await factors(house, session) == {way.factor.kind}


@BOTH
async def test_told_is_not_sent(house: House, way: Way) -> None:
    """What is told is not sent as well."""
    await challenged(house, way)
    assert sent(house) == []


@pytest.mark.parametrize(
    ("template", "id"),
    [
        ("https://x/{{.Nonsense}}", "DOMAIN-ieYa7"),
        ("https://x/{{if}}", "DOMAIN-oGh5e"),
        ("https://x/{{.SessionID}}", ""),
    ],
)
async def test_url_template(house: House, template: str, id: str) -> None:  # noqa: A002
    """A link that cannot be filled is refused before anything is sent; one that can goes with the mail."""
    session = await house.create()
    asked = EmailRequest.from_json(msgspec.json.encode({"sendCode": {"urlTemplate": template}}).decode())
    change = SessionChange(challenges=((OTP_EMAIL, asked),))
    if id:
        with refused(InvalidArgument, id):
            await house.set(session.session_id, "", change)
        assert sent(house) == []
    else:
        await house.set(session.session_id, "", change)
        assert sent(house)[0][1].url_template == template


@BOTH
async def test_nothing_to_send_to(house: House, way: Way) -> None:
    """Without a user, an enrolment or a verified address no code is made; each says what is missing."""
    ask = SessionChange(challenges=((way.factor, way.sent),))
    with refused(FailedPrecondition, way.nobody):
        await house.create(ask)
    session = await house.create()
    await house.edit(USER, "100", phone=Address("+41791234567"), email=None)
    with refused(FailedPrecondition, way.not_ready):
        await house.set(session.session_id, "", ask)
    await challenged(house, way, session)
    await house.edit(AUTHENTICATOR, f"100:{way.factor.kind}", is_ready=False)
    with refused(FailedPrecondition, way.not_ready):
        await house.set(session.session_id, "", SessionChange(challenges=((way.factor, way.told),)))


@BOTH
async def test_wrong_code(house: House, way: Way) -> None:
    """A wrong code is refused, counted and traced; the right one then still verifies."""
    session, code = await challenged(house, way)
    with refused(InvalidArgument, "CODE-woT0xc"):
        await check(house, way.factor, session, wrong(code))
    assert traces(house) == [{"factor": way.factor.kind, "id": "CODE-woT0xc"}]
    assert await factors(house, session) == set()
    await check(house, way.factor, session, code)


@BOTH
async def test_code_of_another_session(house: House, way: Way) -> None:
    """A code of one session verifies no other, neither with a challenge of its own nor without."""
    first, code = await challenged(house, way)
    other = await house.create()
    with refused(FailedPrecondition, "COMMAND-S34gh"):
        await check(house, way.factor, other, code)
    await challenged(house, way, other)
    with refused(InvalidArgument, "CODE-woT0xc"):
        await check(house, way.factor, other, code)
    assert [one["id"] for one in traces(house)] == ["COMMAND-S34gh", "CODE-woT0xc"]
    await check(house, way.factor, first, code)


async def test_code_of_another_way(house: House) -> None:
    """A code that was sent by SMS is none that was sent by mail."""
    session, by_sms = await challenged(house, SMS)
    session, by_mail = await challenged(house, EMAIL, session)
    with refused(InvalidArgument, "CODE-woT0xc"):
        await check(house, OTP_EMAIL, session, by_sms)
    await check(house, OTP_EMAIL, session, by_mail)
    await check(house, OTP_SMS, session, by_sms)


@BOTH
async def test_expired_code(house: House, way: Way) -> None:
    """After five minutes a code is good no more, which counts and is traced; a new one is."""
    session, code = await challenged(house, way)
    house.effects.later(minutes=5)
    with refused(FailedPrecondition, "CODE-QvUQ4P"):
        await check(house, way.factor, session, code)
    assert [one["id"] for one in traces(house)] == ["CODE-QvUQ4P"]
    session, code = await challenged(house, way, session)
    await check(house, way.factor, session, code)


@BOTH
async def test_reused_code(each_house: House, way: Way) -> None:
    """A code is good once, however many use it at the same time."""
    session, code = await challenged(each_house, way)
    answers = await asyncio.gather(
        *(check(each_house, way.factor, session, code) for _ in range(4)), return_exceptions=True
    )
    assert sum(isinstance(one, Changed) for one in answers) == 1
    assert {one.id for one in answers if isinstance(one, OstiaryError)} == {"COMMAND-S34gh"}
    with refused(FailedPrecondition, "COMMAND-S34gh"):
        await check(each_house, way.factor, session, code)


@BOTH
async def test_replaced_code(house: House, way: Way) -> None:
    """A new challenge kills the earlier code, and begins its tries anew."""
    session, code = await challenged(house, way)
    for _ in range(TRIES):
        with refused(InvalidArgument, "CODE-woT0xc"):
            await check(house, way.factor, session, wrong(code))
    house.effects.later(minutes=5)
    session, newer = await challenged(house, way, session)
    with refused(InvalidArgument, "CODE-woT0xc"):
        await check(house, way.factor, session, code)
    await check(house, way.factor, session, newer)


@BOTH
async def test_storm_at_one_code(each_house: House, way: Way) -> None:
    """Of sixty-four guesses at once no more than five are judged; then the right code opens nothing either."""
    session, code = await challenged(each_house, way)
    guesses = [wrong(code)] * STORM
    answers = await asyncio.gather(
        *(check(each_house, way.factor, session, guess) for guess in guesses), return_exceptions=True
    )
    ids = [one.id for one in answers if isinstance(one, OstiaryError)]
    assert ids.count("CODE-woT0xc") == TRIES
    assert set(ids) == {"CODE-woT0xc", "COMMAND-S34gh"}
    with refused(FailedPrecondition, "COMMAND-S34gh"):
        await check(each_house, way.factor, session, code)
    each_house.effects.later(minutes=5)
    session, code = await challenged(each_house, way, session)
    await check(each_house, way.factor, session, code)


@pytest.mark.parametrize(
    ("way", "factor", "refusal", "blocked"),
    [
        (SMS, OTP_SMS, "CODE-woT0xc", "COMMAND-S6h4R"),
        (EMAIL, OTP_EMAIL, "CODE-woT0xc", "COMMAND-S6h4R"),
        (None, RECOVERY_CODE, "DOMAIN-6uvh0", "COMMAND-2w6oa"),
    ],
    ids=["sms", "email", "recovery"],
)
async def test_storm_at_a_user(
    each_house: House, way: Way | None, factor: Factor, refusal: str, blocked: str
) -> None:
    """However many sessions guess at once, no more guesses are judged than the user's budget; then right ones fail too."""
    await each_house.lockout(max_otp_attempts=4)
    sessions = [(await each_house.create(), RECOVERY) for _ in range(16)]
    if way is not None:
        sessions = [await challenged(each_house, way, session) for session, _ in sessions]
    guesses = [(session, wrong(code) if way else "wrong") for session, code in sessions for _ in range(4)]
    assert len(guesses) == STORM
    answers = await asyncio.gather(
        *(check(each_house, factor, session, guess) for session, guess in guesses), return_exceptions=True
    )
    ids = [one.id for one in answers if isinstance(one, OstiaryError)]
    assert ids.count(refusal) == 4
    assert len(ids) == STORM
    for session, code in sessions[:3]:
        with refused(FailedPrecondition, blocked):
            await check(each_house, factor, session, code)
    user = await each_house.store.get(USER, "100")
    assert user is not None
    assert user.state is UserState.LOCKED


@BOTH
async def test_messages_are_counted(house: House, way: Way) -> None:
    """The sixth code within an hour is not sent: 429 with the time to wait; what is told is not counted, nor is a refusal."""
    session = await house.create()
    send = SessionChange(challenges=((way.factor, way.sent),))
    for _ in range(5):
        await house.set(session.session_id, "", send)
    with pytest.raises(ResourceExhausted) as raised:
        await house.set(session.session_id, "", send)
    now = house.effects.now()
    assert raised.value.retry_after_s == 3600 - now.minute * 60 - now.second
    assert len(sent(house)) == 5
    _, code = await challenged(house, way, session)
    await check(house, way.factor, session, code)
    house.effects.later(hours=1)
    await house.set(session.session_id, "", send)


@BOTH
async def test_empty_or_not_enrolled(house: House, way: Way) -> None:
    """Nothing typed, nobody named and nothing enrolled are told apart, and none of them counts."""
    session, code = await challenged(house, way)
    with refused(InvalidArgument, "COMMAND-SJl2g"):
        await check(house, way.factor, session, " ")
    with refused(InvalidArgument, "COMMAND-S453v"):
        await house.create(SessionChange(checks=((way.factor, Typed(code=code)),)))
    await house.edit(AUTHENTICATOR, f"100:{way.factor.kind}", is_ready=False)
    with refused(FailedPrecondition, "COMMAND-d2r52"):
        await check(house, way.factor, session, code)
    await house.edit(AUTHENTICATOR, f"100:{way.factor.kind}", is_ready=True)
    await check(house, way.factor, session, code)


async def test_recovery_code_once(each_house: House) -> None:
    """A recovery code is good once, on whichever of a user's sessions it comes first, however it is spelt."""
    sessions = [await each_house.create(user_check()) for _ in range(4)]
    answers = await asyncio.gather(
        *(check(each_house, RECOVERY_CODE, session, RECOVERY.upper()) for session in sessions),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Changed) for one in answers) == 1
    assert {one.id for one in answers if isinstance(one, OstiaryError)} == {"COMMAND-84rgg"}
    row = await each_house.store.get(AUTHENTICATOR, f"100:{KIND}")
    assert row is not None
    assert row.version == 2


async def test_recovery_code_refusals(house: House) -> None:
    """Empty, of nobody, wrong, and none set up: each with its id, the last two traced; the right one then verifies."""
    session = await house.create()
    with refused(InvalidArgument, "COMMAND-u0b6c"):
        await check(house, RECOVERY_CODE, session, "")
    with refused(FailedPrecondition, "COMMAND-4m9s2"):
        await house.create(SessionChange(checks=((RECOVERY_CODE, Typed(code=RECOVERY)),)))
    with refused(InvalidArgument, "DOMAIN-6uvh0"):
        await check(house, RECOVERY_CODE, session, RECOVERY[:-1])
    await check(house, RECOVERY_CODE, session, RECOVERY)
    assert await factors(house, session) == {KIND}
    with refused(FailedPrecondition, "COMMAND-84rgg"):
        await check(house, RECOVERY_CODE, session, RECOVERY)
    assert [one["id"] for one in traces(house)] == ["DOMAIN-6uvh0", "COMMAND-84rgg"]
