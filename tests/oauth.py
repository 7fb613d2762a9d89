"""A served ``--dev`` installation as alice's application sees it: codes, tokens, what they are worth."""

import base64
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec
import requests
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from tests.served import Served

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
        return response.status, msgspec.json.decode(response.read() or b"{}")
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
