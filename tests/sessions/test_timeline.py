"""Where users are and were signed in."""

from datetime import timedelta

import pytest

from ostiary.core.known_device import KNOWN_DEVICE, KnownDevice
from ostiary.core.participant import PARTICIPANT, Participant
from ostiary.core.permission import Caller
from ostiary.core.session import UserAgent
from ostiary.core.user import USER
from ostiary.errors import NotFound
from ostiary.sessions.change import SessionChange
from ostiary.sessions.timeline import SessionTimelines, Timeline
from ostiary.storage.port import Changes, Put, Remove
from tests.doubles.effects import START
from tests.sessions.conftest import LOGIN_CLIENT, STRANGER, House, password_check, user_check

ALICE = Caller("100", "500")


def _timelines(house: House) -> SessionTimelines:
    return SessionTimelines(house.store, house.cache, house.effects)


async def test_live_and_over(house: House) -> None:
    """Live sessions with who was signed in through them; ended, expired and revoked ones with the reason."""
    revoked = await house.create()
    house.effects.later(seconds=1)
    await house.edit(USER, "100", valid_after=house.effects.now())
    late = await house.create(SessionChange(user=user_check().user, lifetime=timedelta(seconds=1)))
    house.effects.later(seconds=2)
    ended = await house.create()
    await house.commands.end(LOGIN_CLIENT, ended.session_id, "")
    first = await house.create(password_check(user="alice"))
    house.effects.later(seconds=1)
    joined = Participant(f"{first.session_id}:web", first.session_id, "web", "100", house.effects.now())
    await house.store.save(Changes(puts=(Put(PARTICIPANT, joined),)))
    second = await house.create()
    timeline = await _timelines(house).of_user(ALICE, "100")
    assert [one.session.id for one in timeline.live] == [second.session_id, first.session_id]
    assert timeline.live[1].participants == (joined,)
    assert timeline.live[1].used_at == joined.joined_at
    assert {one.id: one.reason for one in timeline.over} == {
        ended.session_id: "deleted",
        late.session_id: "expired",
        revoked.session_id: "revoked",
    }


async def test_who_may(house: House) -> None:
    """Oneself, and who may read sessions."""
    await house.create()
    assert len((await _timelines(house).of_user(LOGIN_CLIENT, "100")).live) == 1
    with pytest.raises(NotFound):
        await _timelines(house).of_user(STRANGER, "100")
    with pytest.raises(NotFound):
        await _timelines(house).devices(STRANGER, "100")


async def test_nobody(house: House) -> None:
    """A user who is gone was nowhere."""
    await house.store.save(Changes(removes=(Remove(USER, "100", 1),)))
    assert await _timelines(house).of_user(ALICE, "100") == Timeline((), ())


async def test_devices(house: House) -> None:
    """The devices that are known, the oldest first."""
    rows = [
        KnownDevice(f"100:{name}", "100", START + timedelta(days=age), UserAgent(), "1")
        for name, age in (("a", 2), ("b", 1))
    ]
    await house.store.save(Changes(puts=tuple(Put(KNOWN_DEVICE, row) for row in rows)))
    assert await _timelines(house).devices(ALICE, "100") == (rows[1], rows[0])
