"""How people come into being in the app: they register, are invited, confirm their address."""

import pytest

from tests.sdk.login_app.app import App, Refused
from tests.sdk.login_app.conftest import joined
from tests.sdk.login_app.people import PAGES, PASSWORD, Person, mail
from tests.served import Served

VERIFY = f"{PAGES}/verify?code={{{{.Code}}}}&userId={{{{.UserID}}}}&organization={{{{.OrgID}}}}"
REQUEST = f"&requestId=oidc_V2_{'9' * 39}"  # as long as ours are


def link_of(person: Person, organization: str, code: str, more: str = "") -> str:
    """Where a mail must lead."""
    return f"{PAGES}/verify?code={code}&userId={person.id}&organization={organization}{more}{REQUEST}"


def test_with_a_password(app: App, served: Served, organization: str) -> None:
    """They are active at once and can sign in; their address is confirmed afterwards, by a mail of the app's."""
    person = joined(app, organization, is_verified=False)
    assert app.user(person.id)["state"] == "USER_STATE_ACTIVE"
    assert "isVerified" not in app.user(person.id)["human"]["email"]
    cookie, _ = app.begin({"user": {"userId": person.id}, "password": {"password": PASSWORD}})
    assert app.session(cookie)["factors"]["password"]
    sent = {"userId": person.id, "sendCode": {"urlTemplate": VERIFY + REQUEST}}
    app.call("User", "sendEmailCode", sent)
    app.call("User", "resendEmailCode", sent)
    code = mail(served, "verify_email", person.id, 3)["code"]  # the first one went out when they registered
    assert mail(served, "verify_email", person.id, 3)["link"] == link_of(person, organization, code)
    asked = {"userId": person.id, "verificationCode": "wrong"}
    with pytest.raises(Refused) as caught:
        app.call("User", "verifyEmail", asked)
    assert caught.value.code == "InvalidArgument"
    app.call("User", "verifyEmail", {**asked, "verificationCode": code})
    assert app.user(person.id)["human"]["email"]["isVerified"]
    with pytest.raises(Refused) as caught:
        joined(app, organization, username=person.name)
    assert caught.value.code == "AlreadyExists"


def test_invited(app: App, served: Served, organization: str) -> None:
    """The code of the invitation confirms the address; then they have nothing yet, and may set a password."""
    person = joined(app, organization, is_verified=False, password="")
    assert app.methods(person.id) == []
    sending = {"urlTemplate": f"{VERIFY}&invite=true{REQUEST}", "applicationName": "Zitadel Login"}
    app.call("User", "createInviteCode", {"userId": person.id, "sendCode": sending})
    sent = mail(served, "invite", person.id)
    assert sent["link"] == link_of(person, organization, sent["code"], "&invite=true")
    with pytest.raises(Refused) as caught:
        app.call("User", "verifyInviteCode", {"userId": person.id, "verificationCode": "wrong"})
    assert caught.value.code == "InvalidArgument"
    app.call("User", "verifyInviteCode", {"userId": person.id, "verificationCode": sent["code"]})
    user = app.user(person.id)
    assert user["human"]["email"]["isVerified"]
    cookie, _ = app.begin({"user": {"loginName": user["preferredLoginName"]}})
    app.call("User", "setPassword", {"userId": person.id, "newPassword": {"password": PASSWORD}})
    app.go_on(cookie, {"password": {"password": PASSWORD}})
    with pytest.raises(Refused) as caught:  # the app says that they are ready already
        app.call("User", "createInviteCode", {"userId": person.id, "sendCode": sending})
    assert caught.value.code == "FailedPrecondition"


def test_roles_of_an_upstream_account(app: App, person: Person) -> None:
    """The app may ask who administers; it makes nobody more than it is itself, and goes on without."""
    service = "zitadel.internal_permission.v2.InternalPermissionService"
    filters = [{"inUserIdsFilter": {"ids": [person.id]}}, {"resource": {"instance": True}}]
    assert "administrators" not in app.json(f"{service}/ListAdministrators", {"filters": filters})
    asked = {"userId": person.id, "resource": {"instance": True}, "roles": ["IAM_OWNER"]}
    with pytest.raises(Refused) as caught:
        app.json(f"{service}/CreateAdministrator", asked)
    assert (caught.value.code, caught.value.id) == ("permission_denied", "administrator.role_too_high")
