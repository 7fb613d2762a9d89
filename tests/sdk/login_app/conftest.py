"""The login app's packages, and a process that calls with them over each of its two wires."""

import shutil
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from tests.sdk.login_app.app import HERE, App, Message
from tests.sdk.login_app.people import PASSWORD, Person
from tests.served import Served

_numbers = count()


@pytest.fixture(scope="session")
def packages() -> None:
    """ZITADEL's packages, as ``./test`` installs them."""
    if not (shutil.which("node") and (HERE / "node_modules" / "@zitadel").is_dir()):
        pytest.skip("needs node, and ZITADEL's packages from npm")


@pytest.fixture(scope="session", params=["connect", "grpc"])
def app(packages: None, served: Served, request: pytest.FixtureRequest) -> Iterator[App]:
    """The app with the login client's token."""
    with App(served, request.param) as process:
        yield process


@pytest.fixture(scope="session")
def organization(app: App) -> str:
    """The id of the default organisation, as the app finds it."""
    asked: Message = {"queries": [{"defaultQuery": {}}]}
    found: str = app.call("Organization", "listOrganizations", asked)["result"][0]["id"]
    return found


@pytest.fixture
def person(app: App, organization: str) -> Person:
    """Somebody with a confirmed address and number, and a password."""
    phone = {"phone": f"+4179{next(_numbers):07}", "isVerified": True}
    return joined(app, organization, phone=phone)


def joined(
    app: App,
    organization: str,
    *,
    is_verified: bool = True,
    password: str = PASSWORD,
    change_required: bool = False,
    **fields: Any,
) -> Person:
    """Whoever the app registers; ``is_verified`` is of their address, ``fields`` are further ones."""
    number = next(_numbers)
    name = f"app{number}@example.com"
    asked = {
        "username": name,
        "email": {"email": name, "isVerified": is_verified},
        "profile": {"givenName": "Mini", "familyName": "Mouse"},
        "organization": {"orgId": organization},
        **fields,
    }
    if password:
        asked["password"] = {"password": password, "changeRequired": change_required}
    return Person(app.call("User", "addHumanUser", asked)["userId"], name)
