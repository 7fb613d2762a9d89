"""What is Connect's own: content types, versions, compression, error bodies."""

import gzip
import json
import zlib
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from ostiary._pb.zitadel.message_pb import CredentialsCheckError
from ostiary._pb.zitadel.session.v2 import session_service_pb as wire

GET = "/zitadel.session.v2.SessionService/GetSession"
CREATE = "/zitadel.session.v2.SessionService/CreateSession"


class Caller(requests.Session):
    """A session that knows where the server is."""

    base = ""

    def send(self, path: str, body: bytes = b"{}", **headers: Any) -> requests.Response:  # type: ignore[override]
        """One POST; headers are given with underscores, None leaves one out."""
        named: dict[str, Any] = {
            "authorization": "Bearer good",
            "content_type": "application/json",
            **headers,
        }
        own = {name.replace("_", "-"): value for name, value in named.items()}
        return self.raw("POST", path, body, own)

    def raw(self, method: str, path: str, body: bytes, headers: dict[str, str | None]) -> requests.Response:
        """One request."""
        request = requests.Request(method, self.base + path, data=body, headers=headers)
        return super().send(self.prepare_request(request), timeout=10)


@pytest.fixture
def connect(port: int) -> Iterator[Caller]:
    """A caller of Connect."""
    with Caller() as caller:
        caller.base = f"http://127.0.0.1:{port}"
        caller.trust_env = False
        yield caller


def test_the_answer_is_always_200(connect: Caller) -> None:
    """REST's 201 is not Connect's."""
    assert connect.send(CREATE).status_code == 200


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", 'application/JSON;charset="UTF-8"'],
)
def test_json_types(connect: Caller, content_type: str) -> None:
    """JSON may name its only character set."""
    answer = connect.send(GET, b'{"session_id":"5"}', content_type=content_type)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/xml",
        "application/json; charset=latin-1",
        "application/connect+json",
    ],
)
def test_other_types(connect: Caller, content_type: str | None) -> None:
    """Other content types are 415, and the answer says which are read."""
    answer = connect.send(GET, content_type=content_type)
    assert (answer.status_code, answer.headers["accept-post"]) == (415, "application/json, application/proto")


def test_binary(connect: Caller) -> None:
    """Binary messages are answered by binary messages, errors by JSON."""
    body = wire.GetSessionRequest(session_id="5").to_binary()
    answer = connect.send(GET, body, content_type="application/proto")
    assert answer.headers["content-type"] == "application/proto"
    session = wire.GetSessionResponse.from_binary(answer.content).session
    assert session is not None
    assert session.id == "5"
    refused = connect.send(GET, b"", content_type="application/proto")
    assert refused.json()["code"] == "invalid_argument"


def test_versions(connect: Caller) -> None:
    """The protocol's version need not be sent; if it is, it is 1."""
    assert connect.send(CREATE, connect_protocol_version="1").status_code == 200
    assert connect.send(CREATE, connect_protocol_version="2").status_code == 400


def test_compression(connect: Caller) -> None:
    """gzip is understood both ways; small answers are left as they are."""
    body = gzip.compress(b'{"sessionId":"large"}')
    answer = connect.send(GET, body, content_encoding="gzip", accept_encoding="gzip")
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) < 1000
    assert len(answer.json()["session"]["metadata"]["a"]) > 5000
    small = connect.send(GET, b'{"sessionId":"5"}', accept_encoding="gzip")
    assert "content-encoding" not in small.headers
    plain = connect.send(GET, b'{"sessionId":"large"}', accept_encoding="identity")
    assert "content-encoding" not in plain.headers


def test_unknown_compression(connect: Caller) -> None:
    """A compression nobody asked us to know is unimplemented."""
    answer = connect.send(GET, content_encoding="br")
    assert (answer.status_code, answer.json()["code"]) == (501, "unimplemented")


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        gzip.compress(b"{}")[:-4],
        gzip.compress(b"{}") + b"x",
        gzip.compress(b"{}") * 2,
        zlib.compress(b"{}"),
    ],
)
def test_bad_gzip(connect: Caller, body: bytes) -> None:
    """What is no gzip, is cut off, or goes on after its end is refused."""
    answer = connect.send(CREATE, body, content_encoding="gzip")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_argument")


def test_a_bomb(connect: Caller) -> None:
    """A small body that unpacks to a hundred megabytes is 413."""
    bomb = gzip.compress(b" " * 100_000_000, compresslevel=1)
    assert len(bomb) < 1 << 20
    assert connect.send(CREATE, bomb, content_encoding="gzip").status_code == 413


def test_too_large(connect: Caller) -> None:
    """A body over a mebibyte is 413, and the connection goes on."""
    assert connect.send(CREATE, b" " * ((1 << 20) + 1)).status_code == 413
    assert connect.send(CREATE, b" " * ((1 << 20) - 2) + b"{}").status_code == 200


def test_methods(connect: Caller) -> None:
    """Only POST calls; unknown methods and services are unimplemented, by 404."""
    answer = connect.raw("GET", GET, b"", {"authorization": "Bearer good"})
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    for path in (
        "/zitadel.session.v2.SessionService/Nope",
        "/zitadel.session.v2.NopeService/GetSession",
        "/no.Such/Thing",
    ):
        unknown = connect.send(path)
        assert (unknown.status_code, unknown.json()["code"]) == (404, "unimplemented")


@pytest.mark.parametrize(
    ("session_id", "status", "code"),
    [("missing", 404, "not_found"), ("boom", 500, "internal"), ("busy", 503, "unavailable")],
)
def test_errors(connect: Caller, session_id: str, status: int, code: str) -> None:
    """Errors have Connect's names and the HTTP status of the table."""
    answer = connect.send(GET, json.dumps({"sessionId": session_id}).encode())
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_error_details(connect: Caller) -> None:
    """A detail is the binary message in base64 without padding, and its JSON."""
    answer = connect.send(CREATE, b'{"checks":{"password":{"password":"wrong"}}}').json()
    assert answer["message"] == "Password is invalid (COMMAND-3M0fs)"
    (detail,) = answer["details"]
    assert detail["type"] == "zitadel.v1.CredentialsCheckError"
    assert detail["debug"] == {"id": "COMMAND-3M0fs", "message": "Password is invalid", "failedAttempts": 3}
    assert not detail["value"].endswith("=")
    padded = detail["value"] + "=" * (-len(detail["value"]) % 4)
    assert CredentialsCheckError.from_binary(b64decode(padded)).failed_attempts == 3
    assert "details" not in connect.send(GET, b"{}").json()


def test_health_by_connect(connect: Caller) -> None:
    """The health service answers anybody, by Connect too."""
    answer = connect.send("/grpc.health.v1.Health/Check", authorization=None)
    assert answer.json() == {"status": "SERVING"}
