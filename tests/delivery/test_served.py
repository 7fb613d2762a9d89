"""A real server, killed while it tells a client of a logout; and what its operator can read of it."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests
from joserfc import jws, jwt
from joserfc.jwk import KeySet

from tests.delivery.receiver import Receiver, receiving
from tests.served import Served

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
SESSION_TYPE = "urn:ostiary:params:oauth:token-type:session"
APPLICATIONS = "zitadel.application.v2.ApplicationService"
REDIRECT = "http://localhost:9999/cb"
SOON_S = 10


def client_of(server: Served, uri: str) -> str:
    """A public client that exchanges session tokens and wants to be told; its client_id."""
    oidc = {
        "redirectUris": [REDIRECT],
        "postLogoutRedirectUris": [REDIRECT],
        "responseTypes": ["OIDC_RESPONSE_TYPE_CODE"],
        "grantTypes": ["OIDC_GRANT_TYPE_AUTHORIZATION_CODE", "OIDC_GRANT_TYPE_TOKEN_EXCHANGE"],
        "applicationType": "OIDC_APP_TYPE_NATIVE",
        "authMethodType": "OIDC_AUTH_METHOD_TYPE_NONE",
        "backChannelLogoutUri": uri,
    }
    body = {"projectId": "dev", "name": "told", "oidcConfiguration": oidc}
    path = f"{server.base}/{APPLICATIONS}/CreateApplication"
    made = requests.post(path, json=body, headers=server.headers(), timeout=10)
    assert made.status_code == 200, made.text
    return str(made.json()["oidcConfiguration"]["clientId"])


def logged_in(server: Served, client_id: str) -> tuple[str, str]:
    """A session of alice's, and an ID token of the client from it."""
    checks = {
        "user": {"loginName": server.alice["login_name"]},
        "password": {"password": server.alice["password"]},
    }
    session = server.answer("session", "CreateSession", {"checks": checks})
    form = {
        "grant_type": EXCHANGE,
        "client_id": client_id,
        "subject_token": session["sessionToken"],
        "subject_token_type": SESSION_TYPE,
        "scope": "openid",
    }
    tokens = requests.post(f"{server.base}/oauth/v2/token", data=form, timeout=10)
    assert tokens.status_code == 200, tokens.text
    return session["sessionId"], tokens.json()["id_token"]


def claims_of(server: Served, token: str) -> dict[str, Any]:
    """What the token says, by the server's published keys."""
    keys = requests.get(f"{server.base}/oauth/v2/keys", timeout=10).json()
    registry = jws.JWSRegistry(algorithms=["RS256"])
    return dict(jwt.decode(token, KeySet.import_key_set(keys), registry=registry).claims)


def wait_for(receiver: Receiver, count: int) -> None:
    """Until so many were received."""
    until = time.monotonic() + SOON_S
    while len(receiver.got) < count:
        assert time.monotonic() < until, "nothing came"
        time.sleep(0.02)


def listed(server: Served, *options: str) -> str:
    """What ``ostiary outbox list`` prints."""
    program = (sys.executable, "-c", "from ostiary.cli import main; main()")
    command = [*program, "outbox", "list", *server.place, *options]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout


def test_killed_while_it_tells(tmp_path: Path) -> None:
    """The browser goes on before the client has answered; after kill -9 the client is told again, with the same jti."""
    server = Served(tmp_path / "data", "--dev", "--test-clock")
    with receiving() as receiver, server:
        session_id, hint = logged_in(server, client_of(server, receiver.url))
        receiver.pause.clear()
        query = {"id_token_hint": hint, "post_logout_redirect_uri": REDIRECT, "state": "s"}
        path = "/oidc/v1/end_session"
        left = requests.get(server.base + path, params=query, allow_redirects=False, timeout=10)
        assert (left.status_code, left.headers["location"]) == (302, f"{REDIRECT}?state=s")
        wait_for(receiver, 1)
        server.kill()
        receiver.pause.set()
        server.start()
        assert server.connect("session", "GetSession", {"sessionId": session_id}).status_code != 200
        server.rest("POST", "/debug/clock", {"advance": "61s"})
        wait_for(receiver, 2)
        first, second = (claims_of(server, token) for token in receiver.tokens())
        assert (first["jti"], first["sid"]) == (second["jti"], session_id)
        until = time.monotonic() + SOON_S
        while "delivered" not in (said := listed(server)) and time.monotonic() < until:
            time.sleep(0.1)
        assert f"127.0.0.1:{receiver.port}" in said
        assert "2x" in said
        assert listed(server, "--outcome", "dropped") == ""
        assert hint not in said + server.said()
        assert server.stop() == 0
