"""Asking again with the same key."""

import asyncio

import pytest

from ostiary.core.idempotency import Once, once_of
from ostiary.core.session import SESSION
from ostiary.errors import InvalidArgument
from ostiary.sessions.change import SessionChange
from ostiary.storage.port import Listing
from tests.sessions.conftest import LOGIN_CLIENT, House, user_check


def once(key: str = "k", request: bytes = b"request") -> Once:
    """The login client's key."""
    made = once_of(LOGIN_CLIENT.user_id, "CreateSession", key, request)
    assert made is not None
    return made


async def test_the_same_key_gets_the_same_answer(house: House) -> None:
    """Also when both ask at once: one session is made."""
    asked = [house.commands.create(LOGIN_CLIENT, user_check(), once()) for _ in range(4)]
    answers = await asyncio.gather(*asked)
    assert answers == [answers[0]] * 4
    assert await house.commands.create(LOGIN_CLIENT, user_check(), once()) == answers[0]
    assert (await house.store.page(Listing(SESSION))).total == 1
    await house.queries.get(LOGIN_CLIENT, answers[0].session_id, answers[0].token)


async def test_the_key_of_another_request_is_refused(house: House) -> None:
    """Nothing is made."""
    await house.commands.create(LOGIN_CLIENT, user_check(), once())
    with pytest.raises(InvalidArgument) as refused:
        await house.commands.create(LOGIN_CLIENT, user_check(), once(request=b"other"))
    assert refused.value.id == "idempotency.other_request"


async def test_a_repeated_set_gets_its_token_again(house: House) -> None:
    """Without the key the spent token would be refused."""
    made = await house.create()
    change, key = SessionChange(metadata={"a": b"1"}), once("set")
    first = await house.commands.set(LOGIN_CLIENT, made.session_id, made.token, change, key)
    assert await house.commands.set(LOGIN_CLIENT, made.session_id, made.token, change, key) == first


async def test_an_answer_is_kept_for_a_day(house: House) -> None:
    """Afterwards the key is as good as new, for the row is overwritten only by its removal."""
    await house.commands.create(LOGIN_CLIENT, user_check(), once())
    house.effects.later(hours=25)
    answer = await house.commands.create(LOGIN_CLIENT, user_check(), once())
    assert answer.changed_at == house.effects.now()
