"""The v1 calls of set-up scripts, and what ``--dev`` and the command line register, against a running server."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.served import Served

RP = {
    "name": "rp",
    "redirectUris": ["http://localhost:9999/cb"],
    "postLogoutRedirectUris": ["http://localhost:9999/cb"],
    "responseTypes": ["OIDC_RESPONSE_TYPE_CODE"],
    "grantTypes": ["OIDC_GRANT_TYPE_AUTHORIZATION_CODE", "OIDC_GRANT_TYPE_REFRESH_TOKEN"],
    "appType": "OIDC_APP_TYPE_WEB",
    "authMethodType": "OIDC_AUTH_METHOD_TYPE_BASIC",
    "accessTokenType": "OIDC_TOKEN_TYPE_JWT",
    "version": "OIDC_VERSION_1_0",
    "devMode": True,
}
SERVICE = "zitadel.application.v2.ApplicationService"


def asked(served: Served, verb: str, path: str, body: Any = None, **query: str) -> dict[str, Any]:
    """The answer to a call that must succeed."""
    response = served.rest(verb, path, body, **query)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


@pytest.fixture(scope="module")
def project(served: Served) -> str:
    """A project made by v1."""
    made = asked(served, "POST", "/management/v1/projects", {"name": "v1", "projectRoleCheck": True})
    assert set(made["details"]) == {"sequence", "creationDate", "changeDate", "resourceOwner"}
    return str(made["id"])


def test_oidc_application(served: Served, project: str) -> None:
    """An application made as ZITADEL's acceptance tests make it can be read by v2."""
    made = asked(served, "POST", f"/management/v1/projects/{project}/apps/oidc", RP)
    assert made["clientSecret"].startswith("oscs_")
    assert made["details"]["resourceOwner"]
    assert not made.get("noneCompliant")
    got = served.rest("POST", f"/{SERVICE}/GetApplication", {"applicationId": made["appId"]}).json()[
        "application"
    ]
    configuration = got["oidcConfiguration"]
    assert configuration["clientId"] == made["clientId"]
    assert configuration["developmentMode"]
    assert configuration["accessTokenType"] == "OIDC_TOKEN_TYPE_JWT"
    assert configuration["grantTypes"] == RP["grantTypes"]


def test_api_application_and_role(served: Served, project: str) -> None:
    """APIs and roles are made by v1 too."""
    made = asked(served, "POST", f"/management/v1/projects/{project}/apps/api", {"name": "api"})
    assert made["clientId"]
    assert made["clientSecret"]
    role = {"roleKey": "reader", "displayName": "Reader"}
    asked(served, "POST", f"/management/v1/projects/{project}/roles", role)
    me = asked(served, "GET", "/auth/v1/users/me")["user"]["id"]
    grant = {"projectId": project, "roleKeys": ["reader"]}
    given = asked(served, "POST", f"/management/v1/users/{me}/grants", grant)
    assert given["userGrantId"]


def test_machine(served: Served) -> None:
    """A machine is made by v1, with a secret, a key and a token."""
    body = {"userName": "v1-robot", "name": "Robot", "description": "d"}
    user_id = asked(served, "POST", "/management/v1/users/machine", body)["userId"]
    secret = asked(served, "PUT", f"/management/v1/users/{user_id}/secret", {})
    assert secret["clientId"] == "v1-robot"
    assert secret["clientSecret"]
    key = asked(served, "POST", f"/management/v1/users/{user_id}/keys", {"type": "KEY_TYPE_JSON"})
    file = json.loads(base64.b64decode(key["keyDetails"]))
    assert (file["type"], file["userId"]) == ("serviceaccount", user_id)
    token = asked(served, "POST", f"/management/v1/users/{user_id}/pats", {})["token"]
    me = served.rest("GET", "/auth/v1/users/me", token=token).json()["user"]
    assert (me["userName"], me["machine"]["hasSecret"], me["state"]) == (
        "v1-robot",
        True,
        "USER_STATE_ACTIVE",
    )


def test_people(served: Served) -> None:
    """A person is found by login name, in the words of v1."""
    name = "Alice@ostiary.localhost"
    user = asked(served, "GET", "/management/v1/global/users/_by_login_name", loginName=name)["user"]
    assert user["human"]["profile"]["firstName"] == "Alice"
    assert user["human"]["email"] == {"email": "alice@example.com", "isEmailVerified": True}
    assert user["preferredLoginName"] == "alice"
    person = {
        "username": "phoned",
        "profile": {"givenName": "P", "familyName": "H"},
        "email": {"email": "p@example.com"},
        "phone": {"phone": "+41791234567", "isVerified": True},
    }
    asked_for = served.rest("POST", "/v2/users/human", person)
    assert asked_for.ok
    phoned = asked(served, "GET", "/management/v1/global/users/_by_login_name", loginName="phoned")["user"]
    assert phoned["human"]["phone"] == {"phone": "+41791234567", "isPhoneVerified": True}


@pytest.mark.parametrize(
    ("verb", "path", "body", "status", "code"),
    [
        ("POST", "/management/v1/projects", {"name": ""}, 400, 3),
        ("POST", "/management/v1/projects", [], 400, 3),
        ("POST", "/management/v1/projects/none/apps/oidc", RP, 404, 5),
        ("POST", "/management/v1/projects/none/apps/oidc", {**RP, "appType": "OTHER"}, 400, 3),
        ("GET", "/management/v1/global/users/_by_login_name?loginName=none", None, 404, 5),
        ("GET", "/management/v1/projects", None, 405, 12),
        ("POST", "/management/v1/nothing", {}, 404, 5),
    ],
)
def test_refused(served: Served, verb: str, path: str, body: Any, status: int, code: int) -> None:
    """Errors are told as grpc-gateway tells them."""
    response = served.rest(verb, path, body)
    assert response.status_code == status, response.text
    assert response.json()["code"] == code


def test_threat_deep_json(served: Served) -> None:
    """A body that nests beyond what is read is no JSON object, and no error of ours."""
    body = b'{"a":' + b"[" * 200_000
    url = f"{served.base}/management/v1/projects"
    response = requests.post(url, data=body, headers=served.headers(), timeout=30)
    assert response.status_code == 400, response.text


def test_nobody(served: Served) -> None:
    """Who does not say who they are is asked to."""
    response = served.rest("GET", "/auth/v1/users/me", token="nonsense")
    assert response.status_code == 401
    assert response.json()["details"][0]["id"] == "AUTH-7fs1e"


def test_dev_application(served: Served) -> None:
    """The client of dev.json is registered with the secret that stands there."""
    dev = served.alice
    assert dev["redirect_uri"] == "http://localhost:9999/cb"
    assert dev["client_id"] in served.said()
    found = served.rest(
        "POST",
        f"/{SERVICE}/ListApplications",
        {"filters": [{"clientIdFilter": {"clientId": dev["client_id"]}}]},
    ).json()["applications"]
    assert [one["name"] for one in found] == ["dev"]
    body = {"token": "nothing"}
    credentials = (dev["client_id"], dev["client_secret"])
    answer = requests.post(f"{served.base}/oauth/v2/introspect", data=body, auth=credentials, timeout=30)
    assert (answer.status_code, answer.json()) == (200, {"active": False})


def test_after_a_restart(tmp_path: Path) -> None:
    """The client stays the same; whose secret was changed is not told a wrong one."""
    server = Served(tmp_path / "data", "--dev")
    server.start()
    before = server.alice
    assert server.stop() == 0
    server.start()
    assert server.alice == before
    same = {"projectId": "dev", "applicationId": "dev"}
    assert server.rest("POST", f"/{SERVICE}/GenerateClientSecret", same).ok
    assert server.stop() == 0
    said = len(server.said())
    server.start()
    assert "not known here" in server.said()[said:]
    assert server.rest("POST", f"/{SERVICE}/DeleteApplication", same).ok
    assert server.stop() == 0
    server.start()
    assert server.alice["client_id"] != before["client_id"]
    assert server.alice["password"] == before["password"]
    assert server.stop() == 0
