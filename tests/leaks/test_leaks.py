"""No secret is ever written down: not in the log at its most talkative, not in errors, not in the database's bytes."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import grpc
import pytest
import requests

from ostiary.crypto.otp import code_of, from_base32, step_of
from ostiary.crypto.password import hash_password
from tests.grpc.reflected import Client
from tests.grpc.rpcs import SESSION
from tests.served import SERVICES, Served

CANARY = "canary-of-the-scanner"
FIRST, SECOND, THIRD = "First-Secret-1!", "Second-Secret-2!", "Third-Secret-3!"
WRONG, CURSED = "Wrong-Secret-4!", "Cursed-Secret-5!"
IMPORTED = hash_password("Imported-Secret-6!", b"0123456789abcdef")


@dataclass
class Told:
    """What was said and answered; ``secrets`` is whatever must not be found, by what it is."""

    served: Served
    secrets: dict[str, bytes] = field(default_factory=dict)
    refusals: list[requests.Response] = field(default_factory=list)
    alive: bytes = b""  # of the database while it was served

    def keep(self, what: str, secret: str | bytes) -> str:
        """Remember a secret; its text."""
        text = secret if isinstance(secret, bytes) else secret.encode()
        self.secrets[what] = text
        return text.decode("latin-1")

    def token(self, what: str, token: str) -> str:
        """Remember a token, and the part of it that is secret."""
        self.keep(f"{what}, its secret part", token[-16:])
        return self.keep(what, token)

    def refused(self, response: requests.Response) -> None:
        """Remember an error's answer."""
        assert 400 <= response.status_code < 500, response.text
        self.refusals.append(response)


def people(told: Told) -> str:
    """Users are added, with a password or its hash; codes are sent, returned, guessed; a password is changed."""
    answer = told.served.answer
    person = {"profile": {"givenName": CANARY, "familyName": "x"}, "email": {"email": "a@example.com"}}
    password = {"password": {"password": told.keep("password", FIRST)}}
    user: str = answer("user", "AddHumanUser", {**person, **password, "username": CANARY})["userId"]
    imported = {"hashedPassword": {"hash": told.keep("imported hash", IMPORTED)}, "username": "imported"}
    answer("user", "AddHumanUser", {**person, **imported})
    returned = {**person, "email": {"email": "b@example.com", "returnCode": {}}, "username": "returned"}
    told.keep("email code", answer("user", "AddHumanUser", returned)["emailCode"])
    told.keep("password after a change", SECOND)
    change = {"userId": user, "newPassword": {"password": SECOND}}
    told.keep("wrong password", WRONG)
    told.refused(told.served.connect("user", "SetPassword", {**change, "currentPassword": WRONG}))
    answer("user", "SetPassword", {**change, "currentPassword": FIRST})
    too_simple = told.keep("password that was too simple", "nocapitalsatall")
    told.refused(
        told.served.connect("user", "SetPassword", {"userId": user, "newPassword": {"password": too_simple}})
    )
    return user


def app_of(told: Told, user: str) -> str:
    """An authenticator app is enrolled; a code of now."""
    secret = told.served.answer("user", "RegisterTOTP", {"userId": user})["secret"]
    raw = from_base32(told.keep("TOTP secret", secret))
    told.keep("TOTP secret's bytes", raw)
    told.keep("TOTP secret in base64", base64.b64encode(raw))
    told.keep("TOTP secret in hexadecimal", raw.hex())
    step = step_of(datetime.now(UTC))
    verification = {"userId": user, "code": code_of(raw, step - 1)}
    told.served.answer("user", "VerifyTOTPRegistration", verification)
    return code_of(raw, step)


def sessions(told: Told, user: str, code: str) -> None:
    """Sessions are made with both factors, read with their tokens in the address, used as callers, ended."""
    served = told.served
    checks = {"user": {"userId": user}, "password": {"password": SECOND}}
    made = served.answer("session", "CreateSession", {"checks": checks})
    session, token = made["sessionId"], told.token("session token", made["sessionToken"])
    change = {"sessionId": session, "sessionToken": token, "checks": {"totp": {"code": code}}}
    changed = served.answer("session", "SetSession", change)
    live = told.token("second session token", changed["sessionToken"])
    told.refused(served.connect("session", "SetSession", change))
    assert served.rest("GET", f"/v2/sessions/{session}", sessionToken=live).status_code == 200
    told.refused(served.rest("GET", f"/v2/sessions/{session}", sessionToken=token))
    assert served.connect("user", "GetUserByID", {"userId": user}, token=live).status_code == 200
    told.refused(served.connect("user", "GetUserByID", {"userId": user}, token=token))
    checks["password"] = {"password": WRONG}
    told.refused(served.rest("POST", "/v2/sessions", {"checks": checks}))
    with grpc.insecure_channel(served.address) as channel:
        refused = Client(channel, served.pat).call(f"{SESSION}/CreateSession", {"checks": checks})
        assert WRONG not in str(refused)


def machines(told: Told) -> None:
    """A machine gets a token, which is used and then removed."""
    answer = told.served.answer
    home = answer("settings", "GetGeneralSettings", {})["defaultOrganizationId"]
    machine = {"organizationId": home, "username": "robot", "machine": {"name": "Robot"}}
    owner = {"userId": answer("user", "CreateUser", machine)["id"]}
    until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    made = answer("user", "AddPersonalAccessToken", {**owner, "expirationDate": until})
    token = told.token("personal access token", made["token"])
    answer("user", "GetUserByID", owner, token=token)
    answer("user", "RemovePersonalAccessToken", {**owner, "tokenId": made["tokenId"]})
    told.refused(told.served.connect("user", "GetUserByID", owner, token=token))


def broken(told: Told) -> None:
    """Secrets in requests that cannot be read, or have the secret in the wrong place."""
    told.keep("password in bad requests", CURSED)
    headers = {**told.served.headers(), "Content-Type": "application/json"}
    for body in (
        f'{{"checks":{{"password":{{"password":"{CURSED}"',
        json.dumps({"checks": {"password": CURSED}}),
        json.dumps({"checks": {"password": {"password": CURSED * 20}}}),
        json.dumps({"checks": {"totp": {"code": CURSED}}}),
        json.dumps({"lifetime": CURSED}),
        json.dumps({"checks": {"user": {"userId": "1", "loginName": CURSED}}}),
    ):
        for path in ("/v2/sessions", f"/{SERVICES['session']}/CreateSession"):
            url = told.served.base + path
            told.refused(requests.post(url, data=body, headers=headers, timeout=20))
    told.refused(told.served.rest("GET", f"/v2/sessions/{CURSED}", sessionToken=CURSED))
    told.refused(told.served.rest("GET", f"/no/{CURSED}?a={CURSED}"))
    for scheme in ("Bearer ", "Basic ", ""):
        wrong = {"Authorization": scheme + CURSED}
        told.refused(requests.get(f"{told.served.base}/v2/sessions/1", headers=wrong, timeout=20))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Everything was said to a server that logs all it can, which has stopped since."""
    options = ("--log-level", "debug", "--log-format", "json", "--access-log")
    with Served(tmp_path_factory.mktemp("served") / "data", *options) as served:
        told = Told(served)
        told.token("administrator's token", served.pat)
        told.keep("administrator's password", (served.folder / "admin.password").read_text().strip())
        told.token("login client's token", (served.folder / "login-client.pat").read_text().strip())
        told.keep("master key", (served.folder / "master.key").read_text().strip().rpartition(":")[2])
        user = people(told)
        sessions(told, user, app_of(told, user))
        machines(told)
        broken(told)
        told.alive = written(served)
        assert served.stop() == 0
    return told


def written(served: Served) -> bytes:
    """The bytes of the database and of its log."""
    if Served.cluster is not None:
        return Served.cluster.written()
    return b"".join(path.read_bytes() for path in sorted(served.folder.glob("ostiary.db*")))


def found(told: Told, text: bytes) -> list[str]:
    """Which secrets are in there."""
    return [what for what, secret in told.secrets.items() if secret in text]


def test_log(told: Told) -> None:
    """Standard output and standard error hold no secret, and no hash, though every call is in them."""
    text = told.served.said()
    assert text.count('"event":"call"') > 20
    assert found(told, text.encode()) == []
    assert "$argon2" not in text


def test_errors(told: Told) -> None:
    """No error repeats a secret that was sent."""
    for response in told.refusals:
        assert found(told, response.content) == [], response.text
        assert found(told, str(response.headers).encode()) == []


@pytest.mark.parametrize("bytes_of", [lambda told: told.alive, lambda told: written(told.served)])
def test_database(told: Told, bytes_of: Callable[[Told], bytes]) -> None:
    """Who steals the files, of a running server or of one that has stopped, finds nothing to sign in with."""
    text = bytes_of(told)
    assert CANARY.encode() in text, "the scanner sees what is written"
    assert found(told, text) == []
    assert b"$argon2" not in text


def test_the_scanner_can_fail(told: Told) -> None:
    """It finds what is there."""
    text = b"..." + told.secrets["session token"] + b"..."
    assert found(told, text) == ["session token, its secret part", "session token"]
