"""Floods: calls beyond a limit are refused for the rest of the second, of one client or of all."""

import pytest

from ostiary.access.rings import Rings
from ostiary.core.permission import Caller
from ostiary.errors import OstiaryError, ResourceExhausted, Unavailable
from tests.doubles.effects import SettableEffects


class Known:
    """Everybody is who they say; an application is named after a dot."""

    async def admit(self, authorization: str, organization_id: str) -> tuple[Caller, str]:
        """The caller."""
        user, _, client = authorization.partition(".")
        return Caller(user, "500", client_id=client), organization_id


async def refusal(rings: Rings, who: str) -> type[OstiaryError] | None:
    """How a call is refused, for a second."""
    try:
        await rings.admit(who, "500")
    except OstiaryError as error:
        return type(error) if error.retry_after_s == 1 else OstiaryError
    return None


async def test_of_one_client() -> None:
    """Two a second of one client, whichever user it calls for; others are not held up, nor is the next second."""
    effects = SettableEffects()
    rings = Rings(Known(), effects, per_client=2, of_all=0)
    asked = ("a.app", "b.app", "c.app", "a", "a", "a", "d.other")
    answers = [await refusal(rings, who) for who in asked]
    assert answers == [None, None, ResourceExhausted, None, None, ResourceExhausted, None]
    effects.later(seconds=1)
    assert await refusal(rings, "c.app") is None


async def test_of_all() -> None:
    """Three a second of all together; beyond them nobody is even looked up."""
    effects = SettableEffects()
    rings = Rings(Known(), effects, per_client=0, of_all=3)
    answers = [await refusal(rings, who) for who in ("a", "a", "b", "c", "")]
    assert answers == [None, None, None, Unavailable, Unavailable]
    effects.later(seconds=1)
    assert await refusal(rings, "c") is None


@pytest.mark.parametrize("calls", [100])
async def test_off(calls: int) -> None:
    """Zero is no limit."""
    rings = Rings(Known(), SettableEffects(), per_client=0, of_all=0)
    assert [await refusal(rings, "a") for _ in range(calls)] == [None] * calls
