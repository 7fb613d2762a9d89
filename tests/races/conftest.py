"""What the races are run for."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from ostiary.app.installation import existing
from ostiary.core.policy import POLICY, LockoutPolicy, Policy, policy_id
from ostiary.storage.port import Changes, Put
from tests.served import Served

PASSWORD = "Secret-123!"


@pytest.fixture(scope="session", params=["one process", "two processes"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The server of the races: one process on a file, and two on one PostgreSQL database."""
    options, database = ["--dev"], ""
    if request.param == "two processes":
        options.append("--workers=2")
        database = request.getfixturevalue("postgres").new_database()
    with Served(tmp_path_factory.mktemp("served") / "data", *options, database=database) as server:
        yield server
        assert server.stop() == 0


@pytest.fixture(scope="session")
def race_names() -> Iterator[str]:
    """Names that nobody has."""
    return (f"racer{number}" for number in range(10_000))


@pytest.fixture
def racer(served: Served, race_names: Iterator[str]) -> str:
    """The id of a new person in the default organisation."""
    return add_person(served, next(race_names))


def add_person(served: Served, name: str, **fields: Any) -> str:
    """A person with a password."""
    message = {
        "username": name,
        "profile": {"givenName": "Mini", "familyName": "Mouse"},
        "email": {"email": f"{name}@example.com", "isVerified": True},
        "password": {"password": PASSWORD},
        **fields,
    }
    return str(served.answer("user", "AddHumanUser", message)["userId"])


def lower_budget(served: Served, organization: str, attempts: int) -> None:
    """Set an organisation's lockout as an operator's command beside the running server would."""
    identifier = policy_id(organization, LockoutPolicy)
    values = {"max_password_attempts": attempts, "max_otp_attempts": attempts}
    policy = Policy(identifier, organization, "lockout", values)

    async def save() -> None:
        async with existing(served.settings) as installation:
            await installation.store.save(Changes(puts=(Put(POLICY, policy),), raises_generation=True))

    asyncio.run(save())
