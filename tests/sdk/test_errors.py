"""Each error as the SDK raises it: ``ApiError`` with the status, Connect's code, the sentence and its id."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from tests.sdk.conftest import PASSWORD
from tests.sdk.zitadel import asked, client_of, error_id, refusal, sdk
from tests.served import Served

WRONG = {"password": "Wrong-123!"}
MACHINE = {"machine": {"name": "x"}}
PERSON = {"profile": {"givenName": "a", "familyName": "b"}, "email": {"email": "a@example.com"}}


@dataclass(frozen=True)
class Refused:
    """A call and the error it gets; texts may hold {user}, {name}, {session}, {token}, {home}."""

    call: str
    fields: dict[str, Any]
    status: int
    code: str
    id: str


NO, NOT_FOUND, UNMET = "invalid_argument", "not_found", "failed_precondition"
DENIED, THERE = "permission_denied", "already_exists"


def _session(call: str, fields: dict[str, Any], status: int, code: str, error: str = "") -> Refused:
    return Refused(f"sessions.{call}", fields, status, code, error)


def _user(call: str, fields: dict[str, Any], status: int, code: str, error: str = "") -> Refused:
    return Refused(f"users.{call}", fields, status, code, error)


OWN, UNKNOWN = {"sessionId": "{session}"}, {"sessionId": "1"}
NOBODY, SOMEBODY = {"userId": "1"}, {"userId": "{user}"}
BY_NAME = {"user": {"loginName": "{name}"}}
BAD_TOKEN = "ost" + "s_1_" + "A" * 43
TABLE = [
    _session("get_session", UNKNOWN, 404, NOT_FOUND, "QUERY-SFeaa"),
    _session("get_session", {}, 400, NO),
    _session("get_session", {"sessionId": "9" * 201}, 400, NO),
    _session("get_session", {**OWN, "sessionToken": BAD_TOKEN}, 403, DENIED, "QUERY-dsfr3"),
    _session("set_session", {**UNKNOWN, "lifetime": "5s"}, 404, NOT_FOUND, "COMMAND-Flk38"),
    _session("set_session", {}, 400, NO),
    _session("set_session", {**OWN, "lifetime": "0s"}, 400, NO),
    _session("set_session", {**OWN, "sessionToken": BAD_TOKEN, "lifetime": "5s"}, 403, DENIED, "COMMAND-sGr42"),
    _session("set_session", {**OWN, "sessionToken": "?", "lifetime": "5s"}, 400, NO, "COMMAND-hi6Ph"),
    _session("set_session", {**OWN, "checks": {"password": WRONG}}, 400, NO, "COMMAND-3M0fs"),
    _session("set_session", {**OWN, "checks": {"totp": {"code": "123456"}}}, 400, UNMET, "COMMAND-3Mif9s"),
    _session("set_session", {**OWN, "checks": {"user": {"loginName": "alice"}}}, 400, NO),
    _session("create_session", {"checks": {"user": {"loginName": "nobody"}}}, 404, NOT_FOUND, "QUERY-Dfbg2"),
    _session("create_session", {"checks": {"user": {}}}, 400, NO),
    _session("create_session", {"checks": {"password": WRONG}}, 400, UNMET, "COMMAND-Sfw3f"),
    _session("create_session", {"checks": {"totp": {"code": "123456"}}}, 400, NO, "COMMAND-8N9ds"),
    _session("create_session", {"checks": {"totp": {"code": "12345"}}}, 400, NO),
    _session("create_session", {"checks": {**BY_NAME, "password": WRONG}}, 400, NO, "COMMAND-3M0fs"),
    _session("create_session", {"checks": {**BY_NAME, "password": {"password": "x" * 201}}}, 400, NO),
    _session("create_session", {"lifetime": "-1s"}, 400, NO),
    _session("delete_session", {}, 400, NO),
    _session("delete_session", {**OWN, "sessionToken": BAD_TOKEN}, 403, DENIED, "COMMAND-sGr42"),
    _user("get_user_by_id", NOBODY, 404, NOT_FOUND, "QUERY-Dfbg2"),
    _user("add_human_user", {}, 400, NO),
    _user("add_human_user", {**PERSON, "email": {"email": "none"}}, 400, NO),
    _user("add_human_user", {**PERSON, "username": "{name}"}, 409, THERE, "V3-DKcYh"),
    _user("add_human_user", {**PERSON, "userId": "{user}"}, 400, UNMET, "COMMAND-7yiox1isql"),
    _user("add_human_user", {**PERSON, "password": {"password": "Aa1!"}}, 400, NO, "DOMAIN-HuJf6"),
    _user("add_human_user", {**PERSON, "password": {"password": "aaaaaa1!"}}, 400, NO, "DOMAIN-VoaRj"),
    _user("add_human_user", {**PERSON, "password": {"password": "AAAAAA1!"}}, 400, NO, "DOMAIN-co3Xw"),
    _user("add_human_user", {**PERSON, "password": {"password": "AAAAAAa!"}}, 400, NO, "DOMAIN-ZBv4H"),
    _user("add_human_user", {**PERSON, "password": {"password": "AAAAAAa1"}}, 400, NO, "DOMAIN-ZDLwA"),
    _user("create_user", {**MACHINE, "username": "{name}", "organizationId": "{home}"}, 409, THERE, "V3-DKcYh"),
    _user("update_human_user", {**NOBODY, "username": "x"}, 404, NOT_FOUND, "QUERY-Dfbg2"),
    _user("update_human_user", {**SOMEBODY, "username": "alice"}, 409, THERE, "V3-DKcYh"),
    _user("lock_user", NOBODY, 404, NOT_FOUND, "COMMAND-450yxuqrh1"),
    _user("unlock_user", SOMEBODY, 400, UNMET, "COMMAND-olb9vb0oca"),
    _user("unlock_user", NOBODY, 404, NOT_FOUND, "COMMAND-x377t913pw"),
    _user("deactivate_user", NOBODY, 404, NOT_FOUND, "COMMAND-5gp2p62iin"),
    _user("reactivate_user", NOBODY, 404, NOT_FOUND, "COMMAND-9hy5kzbuk6"),
    _user("reactivate_user", SOMEBODY, 400, UNMET, "COMMAND-s5qqcz97hf"),
    _user("delete_user", NOBODY, 404, NOT_FOUND, "COMMAND-bd4ir1mblj"),
    _user("set_password", {**SOMEBODY, "newPassword": {"password": "short"}}, 400, NO, "DOMAIN-HuJf6"),
    _user("set_password", {**SOMEBODY, "newPassword": {"password": PASSWORD}}, 400, UNMET, "COMMAND-Aesh5"),
    _user(
        "set_password",
        {**SOMEBODY, "newPassword": {"password": "New-12345!"}, "currentPassword": "Wrong-123!"},
        400, NO, "COMMAND-3M0fs",
    ),
    _user("remove_totp", SOMEBODY, 404, NOT_FOUND, "COMMAND-Hd9sd"),
    _user("verify_totp_registration", {**SOMEBODY, "code": "1"}, 400, UNMET, "COMMAND-3Mif9s"),
    _user(
        "add_personal_access_token",
        {**SOMEBODY, "expirationDate": "2099-01-01T00:00:00Z"}, 400, UNMET, "COMMAND-Df2f1",
    ),
    _user("list_users", {"queries": [{}]}, 400, NO),
    Refused("oidc.get_auth_request", {"authRequestId": "V2_1"}, 404, NOT_FOUND, "QUERY-Thee9"),
]  # fmt: skip


@pytest.fixture
def words(zitadel: sdk.Zitadel, user: str, name: str) -> dict[str, str]:
    """What the table's texts may hold: the person and a session of theirs."""
    checks = {"checks": {"user": {"userId": user}}}
    made = zitadel.sessions.create_session(asked("SessionServiceCreateSessionRequest", checks))
    home = zitadel.settings.get_general_settings({}).default_organization_id
    return {
        "user": user, "name": name, "session": made.session_id, "token": made.session_token, "home": home,
    }  # fmt: skip


def _filled(value: Any, words: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(one, words) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, words) for one in value]
    return value.format(**words) if isinstance(value, str) and "{" in value else value


def _model(call: str) -> str:
    """``SessionServiceGetSessionRequest``, from ``sessions.get_session``."""
    service, _, name = call.partition(".")
    wanted = f"{service.removesuffix('s')}_service_{name}_request".replace("_", "").lower()
    return next(one for one in dir(sdk) if one.lower() == wanted)


def test_each_error(zitadel: sdk.Zitadel, words: dict[str, str]) -> None:
    """Status, code, id and sentence are those of the contract; the sentence ends with the id."""
    wrong: list[object] = []
    for one in TABLE:
        service, _, name = one.call.partition(".")
        call = getattr(getattr(zitadel, service), name)
        request = asked(_model(one.call), _filled(one.fields, words))
        try:
            call(request)
        except sdk.ApiError as error:
            got = (error.code, error.response_body["code"], error_id(error))
            message = error.response_body["message"]
            ends_well = message.endswith(f" ({one.id})") if one.id else message
            if got != (one.status, one.code, one.id) or not ends_well:
                wrong.append((one.call, one.fields, got, message, (one.status, one.code, one.id)))
        else:
            wrong.append((one.call, one.fields, "no error"))
    assert wrong == []


def test_nothing_changed(zitadel: sdk.Zitadel, words: dict[str, str]) -> None:
    """A refused change leaves the session as it was, and its token alive."""
    asking = sdk.SessionServiceGetSessionRequest(session_id=words["session"], session_token=words["token"])
    before = zitadel.sessions.get_session(asking).session
    changes: list[dict[str, Any]] = [
        {"checks": {"password": WRONG}, "metadata": {"a": "AA=="}, "lifetime": "5s"},
        {"sessionToken": BAD_TOKEN, "lifetime": "5s"},
        {"lifetime": "-1s"},
    ]
    for change in changes:
        request = asked("SessionServiceSetSessionRequest", {"sessionId": words["session"], **change})
        assert refusal(partial(zitadel.sessions.set_session, request)).code in {400, 403}
    assert zitadel.sessions.get_session(asking).session == before


def test_failed_attempts(zitadel: sdk.Zitadel, words: dict[str, str]) -> None:
    """A wrong password tells the attempts it was, in a detail of its own; the right one begins anew."""
    checks = {"user": {"userId": words["user"]}, "password": WRONG}
    request = asked("SessionServiceCreateSessionRequest", {"checks": checks})
    for attempt in (1, 2, 1):
        if attempt == 1:
            good = {"user": {"userId": words["user"]}, "password": {"password": PASSWORD}}
            zitadel.sessions.create_session(asked("SessionServiceCreateSessionRequest", {"checks": good}))
        error = refusal(lambda: zitadel.sessions.create_session(request))
        detail = error.response_body["details"][0]
        assert detail["type"] == "zitadel.v1.CredentialsCheckError"
        assert detail["debug"]["failedAttempts"] == attempt


def test_locked(zitadel: sdk.Zitadel, words: dict[str, str]) -> None:
    """A locked user is checked no more, not even in a session that is there; unlocked, again."""
    user = words["user"]
    checks = {"checks": {"user": {"userId": user}}}
    request = asked("SessionServiceCreateSessionRequest", checks)
    zitadel.users.lock_user(sdk.UserServiceLockUserRequest(user_id=user))
    error = refusal(lambda: zitadel.sessions.create_session(request))
    assert (error.code, error_id(error)) == (400, "SESSION-Gj4ko")
    zitadel.users.unlock_user(sdk.UserServiceUnlockUserRequest(user_id=user))
    assert zitadel.sessions.create_session(request).session_id


def test_without_rights(served: Served, zitadel: sdk.Zitadel, words: dict[str, str]) -> None:
    """A person's own session opens nobody else's, and may not make one."""
    fields = {"checks": {"user": {"loginName": words["name"]}, "password": {"password": PASSWORD}}}
    token = zitadel.sessions.create_session(asked("SessionServiceCreateSessionRequest", fields)).session_token
    other = zitadel.sessions.create_session(asked("SessionServiceCreateSessionRequest", {})).session_id
    with client_of(served, token) as own:
        reading = sdk.SessionServiceGetSessionRequest(session_id=other)
        error = refusal(lambda: own.sessions.get_session(reading))
        assert (error.code, error_id(error)) == (404, "AUTHZ-cdgFk")
        error = refusal(lambda: own.sessions.create_session(asked("SessionServiceCreateSessionRequest", {})))
        assert (error.code, error_id(error)) == (404, "AUTHZ-cdgFk")
    once = asked("SessionServiceSetSessionRequest", {"sessionId": words["session"], "lifetime": "5s"})
    with client_of(served, words["token"]) as bare:
        error = refusal(lambda: bare.sessions.set_session(once))
        assert (error.code, error_id(error)) == (403, "AUTHZ-Kl3p0")
