"""Passwords in the app: right and wrong, forgotten, over, changed; and the setting up of more, skipped."""

import pytest

from tests.sdk.login_app.app import App, Cookie, Refused
from tests.sdk.login_app.conftest import joined
from tests.sdk.login_app.people import PAGES, PASSWORD, Person, mail
from tests.served import Served

NEW = "Another-456!"
# those of the codes that the app takes for the user's mistake which a session that is gone may have
USER_ERRORS = {"FailedPrecondition", "PermissionDenied", "NotFound"}


def named(app: App, person: Person) -> Cookie:
    """The session that the page of the login name began."""
    return app.begin({"user": {"userId": person.id}})[0]


def test_right(app: App, person: Person) -> None:
    """The session proves it; the answer has what the cookie keeps; its old token reads nothing any more."""
    old = named(app, person)
    lifetime = app.settings("Login")["passwordCheckLifetime"]
    cookie, answer = app.go_on(old, {"password": {"password": PASSWORD}}, lifetime=lifetime)
    assert answer["details"]["changeDate"]
    assert app.session(cookie)["factors"]["password"]["verifiedAt"]
    with pytest.raises(Refused) as caught:
        app.session(old)
    assert caught.value.code == "PermissionDenied"


def test_wrong(app: App, person: Person) -> None:
    """InvalidArgument, and the count in the detail that the app shows beside the lockout settings' limit."""
    checks = {"password": {"password": "wrong"}}
    with pytest.raises(Refused) as caught:
        app.go_on(named(app, person), checks)
    assert (caught.value.code, caught.value.failed_attempts) == ("InvalidArgument", 1)
    with pytest.raises(Refused) as caught:
        app.begin({"user": {"userId": person.id}, **checks})
    assert (caught.value.code, caught.value.failed_attempts) == ("InvalidArgument", 2)


def test_a_cookie_that_outlived_its_session(app: App, person: Person) -> None:
    """Not found, no fault when it is to go on, left out of lists: the app begins a new session."""
    kept, gone = named(app, person), named(app, person)
    app.call("Session", "deleteSession", {"sessionId": gone.session_id, "sessionToken": gone.token})
    with pytest.raises(Refused) as caught:
        app.session(gone)
    assert caught.value.code == "NotFound"
    with pytest.raises(Refused) as caught:
        app.go_on(gone, {"password": {"password": PASSWORD}})
    assert caught.value.code in USER_ERRORS
    ids = {"idsQuery": {"ids": [kept.session_id, gone.session_id]}}
    listed = app.call("Session", "listSessions", {"queries": [ids]})["sessions"]
    assert [session["id"] for session in listed] == [kept.session_id]


def test_forgotten(app: App, served: Served, person: Person) -> None:
    """The mail leads to the app with all that its page needs; a wrong code is a mistake of the user's, a right one does."""
    template = f"{PAGES}/password/set?code={{{{.Code}}}}&userId={{{{.UserID}}}}&organization={{{{.OrgID}}}}"
    sent = {
        "notificationType": "NOTIFICATION_TYPE_Email",
        "urlTemplate": f"{template}&requestId=oidc_{'9' * 42}",
    }
    app.call("User", "passwordReset", {"userId": person.id, "sendLink": sent})
    told = mail(served, "reset_password", person.id)
    code = told["code"]
    assert told["link"].startswith(f"{PAGES}/password/set?code={code}&userId={person.id}&organization=")
    assert told["login_name"] == app.user(person.id)["preferredLoginName"]
    asked = {"userId": person.id, "newPassword": {"password": NEW}}
    with pytest.raises(Refused) as caught:
        app.call("User", "setPassword", {**asked, "verificationCode": "wrong"})
    assert caught.value.code == "InvalidArgument"
    app.call("User", "setPassword", {**asked, "verificationCode": code})
    assert app.begin({"user": {"userId": person.id}, "password": {"password": NEW}})


def test_to_be_changed(app: App, organization: str) -> None:
    """The app sees that it must be, checks the present one, sets the new one, and goes on with that."""
    person = joined(app, organization, change_required=True)
    assert app.user(person.id)["human"]["passwordChangeRequired"]
    cookie, _ = app.go_on(named(app, person), {"password": {"password": PASSWORD}})
    weak = {"userId": person.id, "newPassword": {"password": "x"}}
    with pytest.raises(Refused) as caught:
        app.call("User", "setPassword", weak)
    assert caught.value.code == "InvalidArgument"
    app.call("User", "setPassword", {"userId": person.id, "newPassword": {"password": NEW}})
    assert "passwordChangeRequired" not in app.user(person.id)["human"]
    cookie, _ = app.go_on(cookie, {"password": {"password": NEW}})
    assert app.session(cookie)["factors"]["password"]


def test_more_factors_skipped(app: App, person: Person) -> None:
    """The time of the skip is the user's, which the app compares with the settings' lifetime."""
    assert "mfaInitSkipped" not in app.user(person.id)["human"]
    app.call("User", "humanMFAInitSkipped", {"userId": person.id})
    assert app.user(person.id)["human"]["mfaInitSkipped"]
