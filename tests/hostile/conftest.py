"""Who is attacked, and how it is seen that nothing changed."""

from collections.abc import Iterator
from dataclasses import dataclass

import grpc
import pytest

from tests.grpc.reflected import Client
from tests.served import Served

TABLES = (
    "session", "user", "login_name", "authenticator", "personal_access_token", "user_metadata",
    "organization", "membership", "policy",
)  # fmt: skip


@dataclass(frozen=True)
class Victim:
    """A server with a person and a session of theirs."""

    server: Served
    client: Client
    user: str
    session: str
    token: str

    def filled(self, text: str) -> str:
        """The text with what it names in brackets."""
        return (
            text.replace("<user>", self.user)
            .replace("<session>", self.session)
            .replace("<token>", self.token)
        )

    def count(self) -> dict[str, object]:
        """Rows and versions of all that could have been changed."""
        return {
            table: self.server.rows(f'SELECT count(*), sum(version) FROM "{table}"')  # noqa: S608
            for table in TABLES
        }


@pytest.fixture(scope="module")
def victim(served: Served) -> Iterator[Victim]:
    """The victim of one file of tests."""
    person = {"profile": {"givenName": "Vic", "familyName": "Tim"}, "email": {"email": "v@example.com"}}
    user = served.answer("user", "AddHumanUser", person)["userId"]
    made = served.answer("session", "CreateSession", {"checks": {"user": {"userId": user}}})
    with grpc.insecure_channel(served.address) as channel:
        yield Victim(served, Client(channel, served.pat), user, made["sessionId"], made["sessionToken"])
    served.answer("user", "DeleteUser", {"userId": user})
