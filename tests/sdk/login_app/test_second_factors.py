"""What comes second in the app: authenticator apps, codes by mail and SMS, keys, recovery codes."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from ostiary.crypto.otp import code_of, from_base32, step_of
from tests.sdk.login_app.app import App, Cookie, Refused
from tests.sdk.login_app.conftest import joined
from tests.sdk.login_app.people import PAGES, PASSWORD, Person, asserted, created, key, mail
from tests.served import Served


def passed(app: App, person: Person) -> Cookie:
    """A session with the password."""
    return app.begin({"user": {"userId": person.id}, "password": {"password": PASSWORD}})[0]


def test_authenticator_app(app: App, person: Person) -> None:
    """Shown as an address and a text, made ready by its first code, then asked for a later one."""
    made = app.call("User", "registerTOTP", {"userId": person.id})
    assert parse_qs(urlsplit(made["uri"]).query)["secret"] == [made["secret"]]
    assert "TOTP" not in app.methods(person.id)
    with pytest.raises(Refused) as caught:
        app.call("User", "verifyTOTPRegistration", {"userId": person.id, "code": "000000"})
    assert caught.value.code == "InvalidArgument"
    secret, step = from_base32(made["secret"]), step_of(datetime.now(UTC))
    app.call("User", "verifyTOTPRegistration", {"userId": person.id, "code": code_of(secret, step)})
    assert app.methods(person.id) == ["PASSWORD", "TOTP"]
    cookie = passed(app, person)
    with pytest.raises(Refused) as caught:
        app.go_on(cookie, {"totp": {"code": "000000"}})
    assert caught.value.code == "InvalidArgument"
    cookie, _ = app.go_on(cookie, {"totp": {"code": code_of(secret, step + 1)}})
    assert app.session(cookie)["factors"]["totp"]["verifiedAt"]


def test_codes_by_mail(app: App, served: Served, person: Person) -> None:
    """Sent with a link to the app's page, which knows its session; adding them again is told apart from a failure."""
    app.call("User", "addOTPEmail", {"userId": person.id})
    with pytest.raises(Refused) as caught:
        app.call("User", "addOTPEmail", {"userId": person.id})
    assert caught.value.code == "AlreadyExists"
    assert "OTP_EMAIL" in app.methods(person.id)
    page = f"{PAGES}/otp/email?code={{{{.Code}}}}&userId={{{{.UserID}}}}&sessionId={{{{.SessionID}}}}"
    sending = {"urlTemplate": f"{page}&requestId=oidc_{'9' * 42}"}
    cookie, _ = app.go_on(passed(app, person), {}, challenges={"otpEmail": {"sendCode": sending}})
    sent = mail(served, "otp_email", person.id)
    assert sent["login_name"] == app.session(cookie)["factors"]["user"]["loginName"]
    assert parse_qs(urlsplit(sent["link"]).query) == {
        "code": [sent["code"]],
        "userId": [person.id],
        "sessionId": [cookie.session_id],
        "requestId": [f"oidc_{'9' * 42}"],
    }
    with pytest.raises(Refused) as caught:
        app.go_on(cookie, {"otpEmail": {"code": "wrong"}})
    assert caught.value.code == "InvalidArgument"
    cookie, _ = app.go_on(cookie, {"otpEmail": {"code": sent["code"]}})
    assert app.session(cookie)["factors"]["otpEmail"]["verifiedAt"]


def test_codes_by_sms(app: App, served: Served, person: Person) -> None:
    """Sent by the server; the app keeps no code that it could show."""
    app.call("User", "addOTPSMS", {"userId": person.id})
    assert "OTP_SMS" in app.methods(person.id)
    cookie, answer = app.go_on(passed(app, person), {}, challenges={"otpSms": {}})
    assert "otpSms" not in answer.get("challenges", {})
    code = mail(served, "otp_sms", person.id)["code"]
    cookie, _ = app.go_on(cookie, {"otpSms": {"code": code}})
    assert app.session(cookie)["factors"]["otpSms"]["verifiedAt"]


def test_a_new_number(app: App, served: Served, organization: str) -> None:
    """Without a confirmed number or address there are no codes; a number is set and confirmed on the way."""
    person = joined(app, organization, is_verified=False)
    for method in ("addOTPSMS", "addOTPEmail"):
        with pytest.raises(Refused) as caught:
            app.call("User", method, {"userId": person.id})
        assert caught.value.code == "FailedPrecondition"
    app.call("User", "setPhone", {"userId": person.id, "phone": "+41440001122", "sendCode": {}})
    app.call("User", "resendPhoneCode", {"userId": person.id, "sendCode": {}})
    code = mail(served, "verify_phone", person.id, 2)["code"]
    app.call("User", "verifyPhone", {"userId": person.id, "verificationCode": code})
    app.call("User", "addOTPSMS", {"userId": person.id})
    cookie, answer = app.go_on(passed(app, person), {}, challenges={"otpSms": {"returnCode": True}})
    cookie, _ = app.go_on(cookie, {"otpSms": {"code": answer["challenges"]["otpSms"]}})
    assert app.session(cookie)["factors"]["otpSms"]["verifiedAt"]
    served.answer("user", "DeleteUser", {"userId": person.id})


def test_security_key(app: App, person: Person) -> None:
    """Registered for the app's host; a check that its user was not verified in is a second factor only."""
    begun = app.call("User", "registerU2F", {"userId": person.id, "domain": "localhost"})
    made = key(person.name, verifies=False)
    sent = {
        "userId": person.id,
        "u2fId": begun["u2fId"],
        "tokenName": "Linux, Chrome",
        "publicKeyCredential": created(made, begun["publicKeyCredentialCreationOptions"]),
    }
    app.call("User", "verifyU2FRegistration", sent)
    assert "U2F" in app.methods(person.id)
    need = "USER_VERIFICATION_REQUIREMENT_DISCOURAGED"
    asking = {"webAuthN": {"domain": "localhost", "userVerificationRequirement": need}}
    cookie, answer = app.go_on(passed(app, person), {}, challenges=asking)
    options = answer["challenges"]["webAuthN"]["publicKeyCredentialRequestOptions"]
    assert options["publicKey"]["allowCredentials"]  # the page goes through this list without asking for it
    check = {"webAuthN": {"credentialAssertionData": asserted(made, options)}}
    cookie, _ = app.go_on(cookie, check)
    factor = app.session(cookie)["factors"]["webAuthN"]
    assert factor["verifiedAt"]
    assert "userVerified" not in factor


def test_recovery_code(app: App, served: Served, person: Person) -> None:
    """The ids by which the app tells a wrong code from none at all; a right one is spent."""
    cookie = passed(app, person)
    method = "zitadel.session.v2.SessionService/SetSession"

    def asked(code: str) -> dict[str, object]:
        check = {"recoveryCode": {"code": code}}
        return {"sessionId": cookie.session_id, "sessionToken": cookie.token, "checks": check}

    with pytest.raises(Refused) as caught:
        app.json(method, asked("abc"))
    assert (caught.value.code, caught.value.id) == ("failed_precondition", "COMMAND-84rgg")
    codes = served.answer("user", "GenerateRecoveryCodes", {"userId": person.id, "count": 5})["recoveryCodes"]
    with pytest.raises(Refused) as caught:
        app.json(method, asked("abc"))
    assert caught.value.code == "invalid_argument"
    cookie = Cookie(cookie.session_id, app.json(method, asked(codes[0]))["sessionToken"])
    with pytest.raises(Refused) as caught:
        app.json(method, asked(codes[0]))
    assert caught.value.code == "invalid_argument"
