"""Signing in without a password in the app: a passkey is added, and is all that its user needs."""

from tests.sdk.login_app.app import App
from tests.sdk.login_app.conftest import joined
from tests.sdk.login_app.people import asserted, passkey_of


def test_passkey(app: App, organization: str) -> None:
    """It is the only method of whoever registered with it; its check is a verified user's."""
    person = joined(app, organization, password="")
    assert app.methods(person.id) == []
    key = passkey_of(app, person)
    assert app.methods(person.id) == ["PASSKEY"]
    need = "USER_VERIFICATION_REQUIREMENT_REQUIRED"
    asking = {"webAuthN": {"domain": "localhost", "userVerificationRequirement": need}}
    named, _ = app.begin({"user": {"userId": person.id}})
    cookie, answer = app.go_on(named, {}, challenges=asking)
    options = answer["challenges"]["webAuthN"]["publicKeyCredentialRequestOptions"]
    assert options["publicKey"]["rpId"] == "localhost"
    check = {"webAuthN": {"credentialAssertionData": asserted(key, options)}}
    cookie, _ = app.go_on(cookie, check)
    factor = app.session(cookie)["factors"]["webAuthN"]
    assert factor["userVerified"]
    assert factor["verifiedAt"]


def test_begun_with_its_challenge(app: App, organization: str) -> None:
    """Newer releases ask for the challenge in the call that begins the session."""
    person = joined(app, organization, password="")
    key = passkey_of(app, person)
    need = "USER_VERIFICATION_REQUIREMENT_REQUIRED"
    asking = {"webAuthN": {"domain": "localhost", "userVerificationRequirement": need}}
    cookie, answer = app.begin({"user": {"userId": person.id}}, challenges=asking)
    options = answer["challenges"]["webAuthN"]["publicKeyCredentialRequestOptions"]
    check = {"webAuthN": {"credentialAssertionData": asserted(key, options)}}
    cookie, _ = app.go_on(cookie, check)
    assert app.session(cookie)["factors"]["webAuthN"]["userVerified"]
