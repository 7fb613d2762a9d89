"""One code, or one refresh token, shown by many requests that are all sent before any of them is answered."""

import base64
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from tests.oauth import VERIFIER, a_code, is_active, post, redeem
from tests.served import Served


def answers(server: Served, count: int, form: Mapping[str, str]) -> list[tuple[int, Any]]:
    """Status and content of so many equal requests; the server stands still until all are sent."""
    pair = f"{server.alice['client_id']}:{server.alice['client_secret']}"
    body = urlencode(form).encode()
    head = (
        "POST /oauth/v2/token HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Authorization: Basic {base64.b64encode(pair.encode()).decode()}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with server.paused():
        sockets = [socket.create_connection(("127.0.0.1", server.port), 30) for _ in range(count)]
        for one in sockets:
            one.sendall(head.encode() + body)
    return [_answer(one) for one in sockets]


def _answer(connection: socket.socket) -> tuple[int, Any]:
    with connection:
        received = b"".join(iter(lambda: connection.recv(65_536), b""))
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), msgspec.json.decode(body)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A server of its own, for it is made to stand still."""
    folder: Path = tmp_path_factory.mktemp("grants")
    with Served(folder / "data", "--dev") as server:
        yield server


@pytest.mark.parametrize("_", range(3))
def test_refreshes(house: Served, _: int) -> None:
    """All 50 get one successor, which is good; afterwards the spent token ends the family."""
    status, tokens = redeem(house, a_code(house))
    assert status == 200
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    told = answers(house, 50, form)
    assert {status for status, _ in told} == {200}
    successors = {content["refresh_token"] for _, content in told}
    assert len(successors) == 1
    status, newest = post(house, "/oauth/v2/token", {**form, "refresh_token": successors.pop()})
    assert status == 200
    assert post(house, "/oauth/v2/token", form)[0] == 400
    again = {**form, "refresh_token": newest["refresh_token"]}
    assert post(house, "/oauth/v2/token", again)[0] == 400


@pytest.mark.parametrize("_", range(3))
def test_codes(house: Served, _: int) -> None:
    """Of 32 redemptions one gets tokens, and the others end them (RFC 6749 4.1.2)."""
    form = {
        "grant_type": "authorization_code",
        "code": a_code(house),
        "redirect_uri": house.alice["redirect_uri"],
        "code_verifier": VERIFIER,
    }
    told = answers(house, 32, form)
    won = [content for status, content in told if status == 200]
    assert len(won) == 1
    assert {content["error"] for status, content in told if status != 200} == {"invalid_grant"}
    assert not is_active(house, won[0]["access_token"])
