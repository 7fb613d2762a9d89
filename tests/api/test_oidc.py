"""What login UIs are told: requests read, answered once, and every error by its id (wire contract, part 3.1)."""

from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import requests

from ostiary._pb.zitadel.oidc.v2.authorization_pb import ErrorReason
from tests.served import Served

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


def ask(served: Served, *, login_client: str = "", **more: str) -> str:
    """The id of a request of the client of ``--dev``."""
    sent = {
        "client_id": served.alice["client_id"],
        "redirect_uri": served.alice["redirect_uri"],
        "response_type": "code",
        "scope": "openid",
        "state": "st",
        **more,
    }
    headers = {"x-zitadel-login-client": login_client} if login_client else {}
    url = f"{served.base}/oauth/v2/authorize"
    answer = requests.get(url, params=sent, headers=headers, timeout=30, allow_redirects=False)
    return parse_qs(urlsplit(answer.headers["location"]).query)["authRequest"][0]


def session(served: Served, *, password: bool = True) -> dict[str, str]:
    """Id and token of a session of alice's."""
    checks: dict[str, Any] = {"user": {"loginName": served.alice["login_name"]}}
    if password:
        checks["password"] = {"password": served.alice["password"]}
    made = served.answer("session", "CreateSession", {"checks": checks})
    return {"sessionId": made["sessionId"], "sessionToken": made["sessionToken"]}


def answer(served: Served, request_id: str, body: object, token: str = "") -> tuple[int, str]:
    """Status and error id of CreateCallback."""
    told = served.rest("POST", f"/v2/oidc/auth_requests/{request_id}", body, token=token)
    details = told.json().get("details")
    return told.status_code, details[0].get("id", "") if isinstance(details, list) and details else ""


def test_request(served: Served) -> None:
    """All that the client asked, as messages; not to whoever is neither its login client nor may read sessions."""
    request_id = ask(served, prompt="login", max_age="60", ui_locales="de en", login_hint="alice")
    path = f"/v2/oidc/auth_requests/{request_id}"
    found = served.rest("GET", path).json()["authRequest"]
    assert found.pop("creationDate")
    assert found == {
        "id": request_id,
        "clientId": served.alice["client_id"],
        "scope": ["openid"],
        "redirectUri": served.alice["redirect_uri"],
        "prompt": ["PROMPT_LOGIN"],
        "uiLocales": ["de", "en"],
        "loginHint": "alice",
        "maxAge": "60s",
    }
    assert served.rest("GET", path, token=session(served)["sessionToken"]).status_code in {403, 404}
    unknown = served.rest("GET", "/v2/oidc/auth_requests/V2_1")
    assert (unknown.status_code, unknown.json()["details"][0]["id"]) == (404, "QUERY-Thee9")


def test_own_login_client(served: Served) -> None:
    """The user that the header named answers without any permission; another one does not."""
    own = session(served)
    alice_id = served.answer("session", "GetSession", own)["session"]["factors"]["user"]["id"]
    mine, others = ask(served, login_client=alice_id), ask(served, login_client="1")
    assert answer(served, others, {"session": own}, own["sessionToken"])[0] in {403, 404}
    assert answer(served, mine, {"session": own}, own["sessionToken"])[0] == 200


_ELSE = {
    ErrorReason.UNSPECIFIED: "server_error",
    ErrorReason.TEMPORARY_UNAVAILABLE: "temporarily_unavailable",
}


@pytest.mark.parametrize("reason", list(ErrorReason))
def test_error(served: Served, reason: ErrorReason) -> None:
    """Each reason is an OAuth code; the parameters stand in the wire's order, then the issuer."""
    name = "ERROR_REASON_UNSPECIFIED" if reason is ErrorReason.UNSPECIFIED else f"ERROR_REASON_{reason.name}"
    error = {"error": name, "errorDescription": 'no, "ü"', "errorUri": "https://x.example/?a=b&c"}
    told = served.rest("POST", f"/v2/oidc/auth_requests/{ask(served)}", {"error": error}).json()
    expected = _ELSE.get(reason) or str(reason.name).lower()
    assert parse_qsl(urlsplit(told["callbackUrl"]).query)[:4] == [
        ("error", expected),
        ("error_description", "no, '''"),
        ("error_uri", "https://x.example/?a=b&c"),
        ("state", "st"),
    ]


def test_answered_wrongly(served: Served) -> None:
    """A request that is unknown, without an answer, with a session that does not do; then it can still be answered."""
    good, bare, ended = session(served), session(served, password=False), session(served)
    served.answer("session", "DeleteSession", {"sessionId": ended["sessionId"]})
    request_id = ask(served)
    for unknown in ("V2_1", "1", "V2_a%20b"):
        assert answer(served, unknown, {"session": good}) == (404, "COMMAND-jae5P")
    assert answer(served, request_id, {}) == (501, "OIDCv2-zee7A")
    assert answer(served, request_id, {"error": {"error": 99}}) == (400, "oidc.unknown_reason")
    for wrong, status, error_id in (
        ({**good, "sessionToken": bare["sessionToken"]}, 403, "COMMAND-sGr42"),
        ({**good, "sessionToken": "no token"}, 400, "COMMAND-hi6Ph"),
        ({**good, "sessionId": "1"}, 400, "COMMAND-Flk38"),
        (ended, 400, "COMMAND-Hewfq"),
        (bare, 400, "signin.not_satisfied"),
    ):
        assert answer(served, request_id, {"session": wrong}) == (status, error_id)
    assert answer(served, request_id, {"session": good}) == (200, "")
    assert answer(served, request_id, {"session": good}) == (400, "COMMAND-Sx208nt")
    error = {"error": {"error": "ERROR_REASON_ACCESS_DENIED"}}
    assert answer(served, request_id, error) == (400, "COMMAND-Sx202nt")


def test_device(served: Served) -> None:
    """A device is let in or denied, once, by whoever may; it is found by the code that its user types."""
    client = (served.alice["client_id"], served.alice["client_secret"])

    def begin() -> tuple[str, str]:
        url = f"{served.base}/oauth/v2/device_authorization"
        told = requests.post(url, auth=client, data={"scope": "openid"}, timeout=30).json()
        found = served.rest("GET", f"/v2/oidc/device_authorization/{told['user_code']}").json()
        request = found["deviceAuthorizationRequest"]
        assert (request["clientId"], request["scope"]) == (client[0], ["openid"])
        return request["id"], told["device_code"]

    def decide(device_id: str, body: object, token: str = "") -> tuple[int, str]:
        told = served.rest("POST", f"/v2/oidc/device_authorization/{device_id}", body, token=token)
        details = told.json().get("details")
        return told.status_code, details[0].get("id", "") if details else ""

    def redeem(code: str) -> dict[str, Any]:
        form = {"grant_type": DEVICE, "device_code": code}
        told = requests.post(f"{served.base}/oauth/v2/token", auth=client, data=form, timeout=30)
        return dict(told.json())

    own = session(served)
    allowed, allowed_code = begin()
    denied, denied_code = begin()
    assert decide(allowed, {"session": own}, own["sessionToken"])[0] in {403, 404}
    assert decide(allowed, {})[0] == 400
    assert decide("1", {"session": own}) == (404, "COMMAND-D2hf2")
    assert decide("1", {"deny": {}}) == (404, "COMMAND-gee5A")
    assert decide(allowed, {"session": session(served, password=False)}) == (400, "signin.not_satisfied")
    assert decide(allowed, {"session": own}) == (200, "")
    assert decide(allowed, {"session": own}) == (400, "COMMAND-D30Jf")
    assert decide(denied, {"deny": {}}) == (200, "")
    assert redeem(allowed_code)["access_token"]
    assert redeem(allowed_code)["error"] == "invalid_grant"
    assert redeem(denied_code)["error"] == "access_denied"
    unknown = served.rest("GET", "/v2/oidc/device_authorization/BBBB-BBBB")
    assert (unknown.status_code, unknown.json()["details"][0]["id"]) == (404, "QUERY-Sah9a")
