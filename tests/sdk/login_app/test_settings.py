"""What the app reads before it knows anybody: settings, texts, organisations, and what it is not offered yet."""

import pytest

from tests.sdk.login_app.app import App, Message, Refused


def test_settings_that_decide(app: App, organization: str) -> None:
    """Whether there is a password field, a registration and an IDP; how long checks are good. For both contexts."""
    for told in (app.settings("Login"), app.settings("Login", organization)):
        assert told["allowUsernamePassword"]
        assert told["allowRegister"]
        assert told["passkeysType"] == "PASSKEYS_TYPE_ALLOWED"
        lifetimes = (
            "passwordCheck",
            "externalLoginCheck",
            "mfaInitSkip",
            "secondFactorCheck",
            "multiFactorCheck",
        )
        assert all(int(told[f"{name}Lifetime"].removesuffix("s")) > 0 for name in lifetimes)
        assert "SECOND_FACTOR_TYPE_OTP" in told["secondFactors"]


def test_newer_settings(app: App) -> None:
    """Its newest releases read fields that the published package does not have yet."""
    told = app.json("zitadel.settings.v2.SettingsService/GetLoginSettings", {"ctx": {"instance": True}})
    assert told["settings"]["allowLocalAuthentication"]
    assert told["details"]["resourceOwner"]  # it takes this for the id of the instance
    told = app.json("zitadel.settings.v2.SettingsService/GetGeneralSettings", {})
    assert "en" in told["allowedLanguages"]
    assert told["defaultLanguage"] == "en"


def test_settings_that_show(app: App, organization: str) -> None:
    """Branding, links, rules of passwords and lockout; none is missing."""
    for what in ("Branding", "LegalAndSupport", "PasswordComplexity", "PasswordExpiry", "Lockout"):
        assert app.settings(what)
        assert app.settings(what, organization)
    assert int(app.settings("Lockout")["maxPasswordAttempts"]) > 0
    assert app.call("Settings", "getSecuritySettings")["settings"]["embeddedIframe"] == {}
    assert "en" in app.call("Settings", "getGeneralSettings")["supportedLanguages"]


def test_texts(app: App, organization: str) -> None:
    """None of our own: the app shows what it brings."""
    for level in ({"instance": True}, {"organizationId": organization}):
        told = app.call("Settings", "getHostedLoginTranslation", {**level, "locale": "de"})
        assert told["translations"] == {}


def test_organizations(app: App, organization: str) -> None:
    """The default one, and the one that a login name's ending names."""
    default = app.call("Organization", "listOrganizations", {"queries": [{"defaultQuery": {}}]})["result"][0]
    asked = {"domain": default["primaryDomain"], "method": "TEXT_QUERY_METHOD_EQUALS"}
    found = app.call("Organization", "listOrganizations", {"queries": [{"domainQuery": asked}]})
    assert [one["id"] for one in found["result"]] == [organization]
    none = {"domain": "nobodys.example", "method": "TEXT_QUERY_METHOD_EQUALS"}
    assert "result" not in app.call("Organization", "listOrganizations", {"queries": [{"domainQuery": none}]})


def test_identity_providers(app: App, organization: str) -> None:
    """There is none; one that is unknown is said to be."""
    here: Message = {"ctx": {"orgId": organization}, "linkingAllowed": True}
    for asked in ({"ctx": {"instance": True}}, here):
        assert "identityProviders" not in app.call("Settings", "getActiveIdentityProviders", asked)
    with pytest.raises(Refused) as caught:
        app.call("IdentityProvider", "getIDPByID", {"id": "1"})
    assert caught.value.code == "NotFound"
    urls = {"successUrl": f"{app.base}/ok", "failureUrl": f"{app.base}/failure"}
    with pytest.raises(Refused) as caught:
        app.call("User", "startIdentityProviderIntent", {"idpId": "1", "urls": urls})
    assert caught.value.code == "FailedPrecondition"
    with pytest.raises(Refused) as caught:
        app.call("User", "retrieveIdentityProviderIntent", {"idpIntentId": "1", "idpIntentToken": "x"})
    assert caught.value.code == "PermissionDenied"


@pytest.mark.parametrize("method", ["getSAMLRequest", "createResponse"])
def test_saml(app: App, method: str) -> None:
    """SAML is not there yet, and the answer says that."""
    with pytest.raises(Refused) as caught:
        app.call("SAML", method, {"samlRequestId": "1"})
    assert caught.value.code == "Unimplemented"
