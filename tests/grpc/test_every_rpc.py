"""Google's gRPC client works for every RPC, over h2c."""

import pytest

from tests.grpc import key_rpcs, project_rpcs, rpcs
from tests.grpc.project_rpcs import Projects
from tests.grpc.reflected import Client
from tests.grpc.rpcs import SESSION, USER, World

RPCS = {**rpcs.RPCS, **project_rpcs.RPCS, **key_rpcs.RPCS}


@pytest.mark.parametrize("name", RPCS)
def test_rpc(world: Projects, name: str) -> None:
    """The RPC answers a small valid request."""
    rpc = RPCS[name]
    answer = world.client.call(name, rpc.request(world))
    assert (answer.code, answer.id) == rpc.refused, answer
    assert set(rpc.says) <= set(answer.content)


def test_none_is_forgotten(client: Client) -> None:
    """Every RPC that the server tells of is in the tables, or answers that it is not implemented."""
    told = [f"{method.containing_service.full_name}/{method.name}" for method in client.methods()]
    assert set(RPCS) <= set(told)
    answers = {name: client.call(name, {}) for name in told if name not in RPCS}
    assert {name: one for name, one in answers.items() if one.code != "UNIMPLEMENTED"} == {}


@pytest.mark.parametrize("name", [name for name in RPCS if not name.startswith("grpc.")])
def test_nobody_without_token(client: Client, name: str) -> None:
    """No RPC answers nobody, and the token is looked at before the message."""
    missing = client.call(name, {}, token="")
    wrong = client.call(name, {}, token="wrong")
    assert (missing.code, missing.id, missing.message) == ("UNAUTHENTICATED", "", "auth header missing")
    assert (wrong.code, wrong.id) == ("UNAUTHENTICATED", "AUTH-7fs1e")


def test_status_details(world: World) -> None:
    """An error's details are ZITADEL's message, decoded by what reflection told of it."""
    answer = world.client.call(f"{SESSION}/GetSession", {"sessionId": "1"})
    assert answer.code == "NOT_FOUND"
    assert answer.message == "Session does not exist (QUERY-SFeaa)"
    assert answer.details == [
        {
            "@type": "type.googleapis.com/zitadel.v1.ErrorDetail",
            "id": "QUERY-SFeaa",
            "message": "Session does not exist",
        }
    ]


def test_failed_attempts(world: World) -> None:
    """A wrong password's details count the attempts."""
    checks = {"user": world.human, "password": {"password": "Wrong-123!"}}
    for attempt in (1, 2):
        answer = world.client.call(f"{SESSION}/CreateSession", {"checks": checks})
        assert (answer.code, answer.id) == ("INVALID_ARGUMENT", "COMMAND-3M0fs")
        assert answer.details[0]["@type"].endswith("/zitadel.v1.CredentialsCheckError")
        assert answer.details[0]["failedAttempts"] == attempt


def test_broken_limits(world: World) -> None:
    """A message beyond its limits is told in a sentence, without details."""
    answer = world.client.call(f"{USER}/GetUserByID", {"userId": "9" * 201})
    assert (answer.code, answer.details) == ("INVALID_ARGUMENT", [])
    assert answer.message.startswith(
        "invalid GetUserByIDRequest.UserId: value length must be between 1 and 200"
    )
