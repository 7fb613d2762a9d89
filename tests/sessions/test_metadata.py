"""What callers keep in a session: merged, deleted, and bounded."""

import pytest

from ostiary.errors import InvalidArgument
from ostiary.sessions.change import SessionChange
from ostiary.sessions.metadata import MAX_KEY_LENGTH, MAX_KEYS, MAX_VALUE_BYTES
from tests.sessions.conftest import LOGIN_CLIENT, House

MOST = {f"{number:0{MAX_KEY_LENGTH}}": bytes([1]) * MAX_VALUE_BYTES for number in range(MAX_KEYS)}


async def metadata(house: House, session_id: str) -> dict[str, bytes]:
    """What the session keeps."""
    return (await house.queries.get(LOGIN_CLIENT, session_id, "")).session.metadata


async def test_the_most(house: House) -> None:
    """A session keeps 64 long keys with long values; each can be changed or deleted, and another put in its place."""
    made = await house.create(SessionChange(metadata=MOST))
    first, second, *_ = MOST
    await house.set(made.session_id, "", SessionChange(metadata={first: b"2"}))
    await house.set(made.session_id, "", SessionChange(metadata={second: b"", "new": b"1"}))
    assert await metadata(house, made.session_id) == {
        **{key: value for key, value in MOST.items() if key != second},
        first: b"2",
        "new": b"1",
    }


@pytest.mark.parametrize(
    ("wanted", "error_id"),
    [
        ({"one more": b"1"}, "session.metadata_full"),
        ({"k" * (MAX_KEY_LENGTH + 1): b"1"}, "session.metadata_too_long"),
        ({next(iter(MOST)): b"1" * (MAX_VALUE_BYTES + 1)}, "session.metadata_too_long"),
    ],
)
async def test_too_much(house: House, wanted: dict[str, bytes], error_id: str) -> None:
    """More than that is refused, in one call or little by little, and nothing is changed."""
    made = await house.create(SessionChange(metadata=MOST))
    with pytest.raises(InvalidArgument) as refused:
        await house.set(made.session_id, made.token, SessionChange(metadata=wanted))
    assert refused.value.id == error_id
    assert await metadata(house, made.session_id) == MOST
    with pytest.raises(InvalidArgument) as refused:
        await house.create(SessionChange(metadata={**MOST, **wanted}))
    assert refused.value.id == error_id
