"""kill -9 while one code is redeemed by 32 clients at once: at most one of them ever gets tokens (RFC 6749 4.1.2)."""

import base64
import random
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec
import requests
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from tests.served import Served

CLIENTS: Final = 32
LIVES: Final = 6
LONGEST_S: Final = 0.05  # from the first redemption to the kill
VERIFIER: Final = "v" * 64


def a_code(server: Served) -> str:
    """A fresh code for alice, by the calls that a login page makes."""
    query = {
        "client_id": server.alice["client_id"],
        "redirect_uri": server.alice["redirect_uri"],
        "response_type": "code",
        "scope": "openid offline_access",
        "code_challenge": create_s256_code_challenge(VERIFIER),
        "code_challenge_method": "S256",
    }
    url = f"{server.base}/oauth/v2/authorize?{urlencode(query)}"
    sent = requests.get(url, timeout=30, allow_redirects=False).headers["location"]
    checks = {
        "user": {"loginName": server.alice["login_name"]},
        "password": {"password": server.alice["password"]},
    }
    made = server.answer("session", "CreateSession", {"checks": checks})
    proof = {"sessionId": made["sessionId"], "sessionToken": made["sessionToken"]}
    request_id = parse_qs(urlsplit(sent).query)["authRequest"][0]
    answer = server.answer("oidc", "CreateCallback", {"authRequestId": request_id, "session": proof})
    return parse_qs(urlsplit(str(answer["callbackUrl"])).query)["code"][0]


def post(server: Served, path: str, form: Mapping[str, str]) -> tuple[int, Any]:
    """Status and content for the client of ``--dev``; status 0 when there is no answer."""
    pair = f"{server.alice['client_id']}:{server.alice['client_secret']}"
    headers = {
        "Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request("POST", path, urlencode(form), headers)
        response = connection.getresponse()
        return response.status, msgspec.json.decode(response.read())
    except (OSError, HTTPException):
        return 0, {}
    finally:
        connection.close()


def redeem(server: Served, code: str) -> tuple[int, Any]:
    """The token endpoint's answer to a code."""
    form = {"code": code, "redirect_uri": server.alice["redirect_uri"], "code_verifier": VERIFIER}
    return post(server, "/oauth/v2/token", {"grant_type": "authorization_code", **form})


def is_active(server: Served, token: str) -> bool:
    """Whether introspection calls a token active."""
    status, content = post(server, "/oauth/v2/introspect", {"token": token})
    assert status == 200, content
    return bool(content["active"])


def killed_amid(server: Served, ask: Callable[[], tuple[int, Any]], after_s: float) -> list[dict[str, Any]]:
    """The tokens that requests at once were given before the server was killed."""
    given: list[dict[str, Any]] = []
    together = threading.Barrier(CLIENTS + 1)

    def one() -> None:
        together.wait()
        status, content = ask()
        if status == 200:
            given.append(content)

    threads = [threading.Thread(target=one) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    together.wait()
    time.sleep(after_s)
    server.kill()
    for thread in threads:
        thread.join()
    return given


def test_a_code_gives_tokens_at_most_once(tmp_path: Path) -> None:
    """Nor does it after the restart; and what was refused then ends what had been given (RFC 6749 4.1.2)."""
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    with Served(tmp_path / "data", "--dev") as server:
        for life in range(LIVES):
            code = a_code(server)
            given = killed_amid(server, partial(redeem, server, code), chance.uniform(0, LONGEST_S))
            server.start()
            late = [content for status, content in [redeem(server, code) for _ in range(2)] if status == 200]
            assert len(given) + len(late) <= 1, f"life {life + 1}, seed {seed}"
            assert not any(is_active(server, one["access_token"]) for one in given + late)
