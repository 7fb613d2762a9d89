"""The SDK against our server, and a person to try it with."""

from collections.abc import Iterator

import pytest

from tests.sdk.zitadel import asked, client_of, sdk
from tests.served import Served

PASSWORD = "Secret-123!"


@pytest.fixture(scope="session")
def zitadel(served: Served) -> Iterator[sdk.Zitadel]:
    """The SDK with the administrator's token."""
    with client_of(served, served.pat) as client:
        yield client


@pytest.fixture(scope="session")
def names() -> Iterator[str]:
    """Names that nobody has."""
    return (f"person{number}" for number in range(10_000))


@pytest.fixture
def name(names: Iterator[str]) -> str:
    """The user name of ``user``."""
    return next(names)


@pytest.fixture
def user(zitadel: sdk.Zitadel, name: str) -> Iterator[str]:
    """The id of a new person, deleted in the end."""
    fields = {
        "username": name,
        "profile": {"givenName": "Mini", "familyName": "Mouse"},
        "email": {"email": f"{name}@example.com", "isVerified": True},
        "password": {"password": PASSWORD, "changeRequired": False},
    }
    made = zitadel.users.add_human_user(asked("UserServiceAddHumanUserRequest", fields))
    yield made.user_id
    zitadel.users.delete_user(sdk.UserServiceDeleteUserRequest(user_id=made.user_id))
