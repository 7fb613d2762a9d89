"""Wrong passwords, many at once, half of their senders gone before the answer (R-23): never more than the budget."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.races.clients import Answer, all_at_once, create
from tests.races.conftest import PASSWORD, add_person, lower_budget
from tests.served import Served

CLIENTS = 200
BUDGET = 4  # below what is judged without a pause
INVALID, BLOCKED, NOT_ACTIVE = "COMMAND-3M0fs", "COMMAND-JLK35", "SESSION-Gj4ko"


@pytest.fixture
def guarded(served: Served, race_names: Iterator[str]) -> str:
    """A person whose organisation allows four wrong guesses."""
    name = next(race_names)
    organization = served.answer("org", "AddOrganization", {"name": name})["organizationId"]
    lower_budget(served, organization, BUDGET)
    return add_person(served, name, organization={"orgId": organization})


def checks(user: str, password: str) -> dict[str, Any]:
    """A login."""
    return {"checks": {"user": {"userId": user}, "password": {"password": password}}}


def judged(answers: Sequence[Answer]) -> list[Answer]:
    """Answers that tell whether the password was right."""
    return [one for one in answers if one.is_ok or one.id == INVALID]


def test_budget(served: Served, guarded: str) -> None:
    """No more guesses are judged than allowed, whoever hangs up; then even the right password opens nothing."""
    # the right one is sent with the others; should it come in time, the count begins anew
    answers: list[Answer] = []
    for _ in range(3):
        requests = [
            create(checks(guarded, f"Wrong-{place}!"), place, hangs_up=place % 4 < 2)
            for place in range(CLIENTS - 1)
        ]
        right = create(checks(guarded, PASSWORD), CLIENTS - 1)
        answers += all_at_once(served, [*requests, right])
        if any(one.id in {BLOCKED, NOT_ACTIVE} for one in answers):
            break
    seen = {one.status: one for one in answers}
    assert set(seen) <= {0, 201, 200, 400, 503}, seen
    assert {one.id for one in answers if one.status == 400} <= {INVALID, BLOCKED, NOT_ACTIVE}
    wins = sum(one.is_ok for one in answers)
    assert len(judged(answers)) - wins <= BUDGET * (wins + 1)
    attempts = [one.failed_attempts for one in answers if one.id == INVALID]
    assert max(attempts, default=0) <= BUDGET
    if not wins:
        assert len(set(attempts)) == len(attempts), "each counted attempt is judged once"
    user = served.answer("user", "GetUserByID", {"userId": guarded})["user"]
    assert user["state"] == "USER_STATE_LOCKED"
    late = all_at_once(served, [create(checks(guarded, PASSWORD), place) for place in range(8)])
    assert {one.id for one in late} <= {BLOCKED, NOT_ACTIVE}
    assert not any(one.is_ok for one in late)


def test_hanging_up_saves_no_guess(served: Served, guarded: str) -> None:
    """Clients that hang up before any answer spend the budget all the same."""
    for _ in range(20):
        all_at_once(
            served,
            [create(checks(guarded, "Wrong-123!"), place, hangs_up=True) for place in range(BUDGET)],
        )
        answer = all_at_once(served, [create(checks(guarded, "Wrong-456!"), 0)])[0]
        if answer.id in {BLOCKED, NOT_ACTIVE}:
            break
    else:
        pytest.fail("two hundred guesses were free")
