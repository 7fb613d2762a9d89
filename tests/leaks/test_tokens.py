"""No code, token or client's secret of OAuth is ever written down: not in the log, not in the database's bytes."""

from collections.abc import Mapping

import pytest
import requests

from tests.oauth import a_code, post, redeem
from tests.served import Served

TOKENS, INTROSPECT, REVOKE = "/oauth/v2/token", "/oauth/v2/introspect", "/oauth/v2/revoke"
EXCHANGE = {
    "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
    "subject_token_type": "urn:ostiary:params:oauth:token-type:session",
    "scope": "openid offline_access",
}


class Told:
    """What was given out: the end of each secret, by what it is."""

    def __init__(self, served: Served) -> None:
        """Alice's password and her application's secret are there already."""
        self.served = served
        self.secrets: dict[str, bytes] = {}
        for name in ("password", "client_secret"):
            self.keep(name, served.alice[name])

    def keep(self, what: str, secret: str) -> str:
        """Remember it; a token's last part is what opens."""
        self.secrets[what] = secret[-16:].encode()
        return secret

    def tokens(self, grant: str, form: Mapping[str, str]) -> dict[str, str]:
        """Remember every token of an answer."""
        status, content = post(self.served, TOKENS, form)
        assert status == 200, content
        self.given(grant, content)
        found: dict[str, str] = content
        return found

    def given(self, grant: str, content: Mapping[str, str]) -> None:
        """Remember every token in there."""
        kinds = ("access_token", "refresh_token", "id_token")
        assert [self.keep(f"{grant}: {kind}", content[kind]) for kind in kinds if kind in content]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Every grant was used, well and badly, at a server that logs all it can, which has stopped since."""
    options = ("--dev", "--log-level", "debug", "--log-format", "json", "--access-log")
    with Served(tmp_path_factory.mktemp("served") / "data", *options) as served:
        told = Told(served)
        code = told.keep("code", a_code(served))
        status, content = redeem(served, code)
        assert status == 200, content
        told.given("code", content)
        refreshed = told.tokens(
            "refresh", {"grant_type": "refresh_token", "refresh_token": content["refresh_token"]}
        )
        used(told, refreshed)
        session = session_of(told)
        told.tokens("exchange", {**EXCHANGE, "subject_token": session})
        assert post(served, TOKENS, {**EXCHANGE, "subject_token": session[:-1]})[0] == 400
        _, device = post(served, "/oauth/v2/device_authorization", {"scope": "openid"})
        if "device_code" in device:
            told.keep("device code", device["device_code"])
        assert redeem(served, code)[0] == 400
        assert served.stop() == 0
    return told


def used(told: Told, tokens: Mapping[str, str]) -> None:
    """A token is shown, asked about, put into addresses and headers of wrong form, and revoked."""
    served, access = told.served, tokens["access_token"]
    for path in (INTROSPECT, REVOKE):
        post(served, path, {"token": access})
        requests.get(served.base + path, params={"token": access}, timeout=20)
    for authorization in (f"Bearer {access}", f"DPoP {access}", access):
        requests.get(f"{served.base}/oidc/v1/userinfo", headers={"Authorization": authorization}, timeout=20)
    query = {"id_token_hint": tokens["id_token"], "state": "x"}
    requests.get(f"{served.base}/oidc/v1/end_session", params=query, timeout=20, allow_redirects=False)
    wrong = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "scope": "more"}
    assert post(served, TOKENS, wrong)[0] == 400


def session_of(told: Told) -> str:
    """The token of a new session of alice."""
    alice = told.served.alice
    checks = {"user": {"loginName": alice["login_name"]}, "password": {"password": alice["password"]}}
    made = told.served.answer("session", "CreateSession", {"checks": checks})
    return told.keep("session token", made["sessionToken"])


def test_log(told: Told) -> None:
    """No line of the log holds one; what --dev prints for people is none of them."""
    lines = [line for line in told.served.said().splitlines() if line.startswith("{")]
    text = "\n".join(lines).encode()
    assert b'"event":"call"' in text
    assert len(told.secrets) > 10
    assert [what for what, secret in told.secrets.items() if secret in text] == []


def test_database(told: Told) -> None:
    """Who steals the files finds nothing to sign in with."""
    text = b"".join(path.read_bytes() for path in sorted(told.served.folder.glob("ostiary.db*")))
    assert [what for what, secret in told.secrets.items() if secret in text] == []
