"""What ZITADEL's SDKs themselves are tried with, against our server."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from tests.sdk.conftest import PASSWORD
from tests.sdk.zitadel import asked, client_of, error_id, refusal, sdk
from tests.served import Served


def test_general_settings(zitadel: sdk.Zitadel) -> None:
    """The smoke test of the SDKs: the instance's settings, with an empty message."""
    settings = zitadel.settings.get_general_settings({})
    assert settings.default_language == "en"
    assert settings.default_organization_id


@pytest.mark.parametrize("token", ["invalid", "ostp_1_" + "A" * 43, "", "a b", "ostp_" * 100])
def test_invalid_token(served: Served, token: str) -> None:
    """A token that is none raises, with the status and Connect's code."""
    with client_of(served, token) as client:
        error = refusal(lambda: client.settings.get_general_settings({}))
    assert error.code == 401
    assert error.response_body["code"] == "unauthenticated"


def test_a_person(zitadel: sdk.Zitadel, user: str, name: str) -> None:
    """A person is added, read, listed and changed."""
    found = zitadel.users.get_user_by_id(sdk.UserServiceGetUserByIDRequest(user_id=user)).user
    assert (found.user_id, found.username, found.human.profile.display_name) == (user, name, "Mini Mouse")
    assert found.state == sdk.UserServiceUserState.USER_STATE_ACTIVE
    listed = zitadel.users.list_users(sdk.UserServiceListUsersRequest(queries=[]))
    assert user in [one.user_id for one in listed.result]
    email = sdk.UserServiceSetHumanEmail(email=f"new-{name}@example.com")
    zitadel.users.update_human_user(sdk.UserServiceUpdateHumanUserRequest(user_id=user, email=email))
    found = zitadel.users.get_user_by_id(sdk.UserServiceGetUserByIDRequest(user_id=user)).user
    assert found.human.email.email == f"new-{name}@example.com"


def test_delete_a_person(zitadel: sdk.Zitadel) -> None:
    """A deleted person is not found any more."""
    profile = sdk.UserServiceSetHumanProfile(given_name="John", family_name="Doe")
    email = sdk.UserServiceSetHumanEmail(email="gone@example.com")
    request = sdk.UserServiceAddHumanUserRequest(username="gone", profile=profile, email=email)
    user = zitadel.users.add_human_user(request).user_id
    zitadel.users.delete_user(sdk.UserServiceDeleteUserRequest(user_id=user))
    asking = sdk.UserServiceGetUserByIDRequest(user_id=user)
    error = refusal(lambda: zitadel.users.get_user_by_id(asking))
    assert (error.code, error_id(error)) == (404, "QUERY-Dfbg2")


def test_a_session(zitadel: sdk.Zitadel, user: str, name: str) -> None:
    """A session is created, read, listed, set and deleted; each change makes a new token."""
    fields = {
        "checks": {"user": {"loginName": name}, "password": {"password": PASSWORD}},
        "metadata": {"device": base64.b64encode(b"phone").decode()},
        "userAgent": {"fingerprintId": f"print-of-{name}", "ip": "127.0.0.1", "description": "a test"},
        "lifetime": "18000s",
    }
    made = zitadel.sessions.create_session(asked("SessionServiceCreateSessionRequest", fields))
    asking = sdk.SessionServiceGetSessionRequest(session_id=made.session_id, session_token=made.session_token)
    session = zitadel.sessions.get_session(asking).session
    assert session.factors.user.id == user
    assert session.factors.user.login_name == name
    assert session.factors.password.verified_at <= session.change_date
    assert session.metadata == {"device": base64.b64encode(b"phone").decode()}
    assert session.user_agent.fingerprint_id == f"print-of-{name}"
    assert session.creation_date == session.change_date == made.details.change_date
    assert session.expiration_date == session.creation_date + timedelta(seconds=18000)
    change = {"sessionId": made.session_id, "sessionToken": made.session_token, "lifetime": "36000s"}
    changed = zitadel.sessions.set_session(asked("SessionServiceSetSessionRequest", change))
    assert changed.session_token not in {"", made.session_token}
    error = refusal(lambda: zitadel.sessions.get_session(asking))
    assert (error.code, error_id(error)) == (403, "QUERY-dsfr3")
    session = zitadel.sessions.get_session(
        sdk.SessionServiceGetSessionRequest(session_id=made.session_id)
    ).session
    assert (session.change_date, session.sequence) == (changed.details.change_date, changed.details.sequence)
    zitadel.sessions.delete_session(
        sdk.SessionServiceDeleteSessionRequest(
            session_id=made.session_id, session_token=changed.session_token
        )
    )
    error = refusal(lambda: zitadel.sessions.get_session(asking))
    assert (error.code, error_id(error)) == (404, "QUERY-SFeaa")


def test_a_session_as_caller(served: Served, zitadel: sdk.Zitadel, user: str, name: str) -> None:
    """A session's token is a bearer token: its user reads himself with it and nobody else."""
    fields = {"checks": {"user": {"loginName": name}, "password": {"password": PASSWORD}}}
    made = zitadel.sessions.create_session(asked("SessionServiceCreateSessionRequest", fields))
    with client_of(served, made.session_token) as own:
        assert own.users.get_user_by_id(sdk.UserServiceGetUserByIDRequest(user_id=user)).user.user_id == user
        listed = own.users.list_users(sdk.UserServiceListUsersRequest())
        assert [one.user_id for one in listed.result] == [user]
        sessions = own.sessions.list_sessions(sdk.SessionServiceListSessionsRequest())
        assert made.session_id in [one.id for one in sessions.sessions]


def test_authenticator_app(zitadel: sdk.Zitadel, user: str) -> None:
    """An authenticator app is registered, refused with a wrong code, and removed."""
    registered = zitadel.users.register_totp(sdk.UserServiceRegisterTOTPRequest(user_id=user))
    assert registered.secret in registered.uri
    wrong = sdk.UserServiceVerifyTOTPRegistrationRequest(user_id=user, code="000000")
    assert error_id(refusal(lambda: zitadel.users.verify_totp_registration(wrong))) == "EVENT-8isk2"
    zitadel.users.remove_totp(sdk.UserServiceRemoveTOTPRequest(user_id=user))


def test_a_machine(served: Served, zitadel: sdk.Zitadel) -> None:
    """A machine gets a token that opens the API until it is removed."""
    organization = zitadel.settings.get_general_settings({}).default_organization_id
    fields = {"organizationId": organization, "username": "robot", "machine": {"name": "Robot"}}
    machine = zitadel.users.create_user(asked("UserServiceCreateUserRequest", fields)).id
    until = datetime.now(UTC) + timedelta(days=1)
    made = zitadel.users.add_personal_access_token(
        sdk.UserServiceAddPersonalAccessTokenRequest(user_id=machine, expiration_date=until)
    )
    with client_of(served, made.token) as own:
        asking = sdk.UserServiceGetUserByIDRequest(user_id=machine)
        assert own.users.get_user_by_id(asking).user.machine.name == "Robot"
        zitadel.users.remove_personal_access_token(
            sdk.UserServiceRemovePersonalAccessTokenRequest(user_id=machine, token_id=made.token_id)
        )
        assert refusal(lambda: own.users.get_user_by_id(asking)).code == 401
    zitadel.users.delete_user(sdk.UserServiceDeleteUserRequest(user_id=machine))
