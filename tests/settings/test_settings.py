"""The settings service: defaults, what an organisation overrides, and who may ask."""

import json
from typing import Any

import pytest

from ostiary._pb.zitadel.object.v2.object_pb import RequestContext
from ostiary._pb.zitadel.settings.v2 import settings_service_pb as pb
from ostiary.errors import Internal, NotFound, PermissionDenied
from ostiary.settings.queries import SettingsQueries
from ostiary.storage.cache import Cache
from ostiary.storage.memory import MemoryStore
from tests.settings.conftest import ORG_OWNER, OTHER, OWN, Desk, caller, one

INSTANCE = RequestContext(resource_owner=one("instance", True))
INSTANCE_OWNED = {"resourceOwnerType": "RESOURCE_OWNER_TYPE_INSTANCE"}
DEFAULTS: dict[str, dict[str, Any]] = {
    "Login": {
        "allowUsernamePassword": True,
        "allowRegister": True,
        "allowExternalIdp": True,
        "passkeysType": "PASSKEYS_TYPE_ALLOWED",
        "passwordCheckLifetime": "864000s",
        "externalLoginCheckLifetime": "864000s",
        "mfaInitSkipLifetime": "2592000s",
        "secondFactorCheckLifetime": "64800s",
        "multiFactorCheckLifetime": "43200s",
        "secondFactors": ["SECOND_FACTOR_TYPE_OTP", "SECOND_FACTOR_TYPE_U2F"],
        "multiFactors": ["MULTI_FACTOR_TYPE_U2F_WITH_VERIFICATION"],
        "allowDomainDiscovery": True,
        "allowLocalAuthentication": True,
    },
    "PasswordComplexity": {
        "minLength": "8",
        "requiresUppercase": True,
        "requiresLowercase": True,
        "requiresNumber": True,
        "requiresSymbol": True,
    },
    "PasswordExpiry": {},
    "Branding": {
        "lightTheme": {
            "primaryColor": "#5469d4",
            "backgroundColor": "#fafafa",
            "warnColor": "#cd3d56",
            "fontColor": "#000000",
        },
        "darkTheme": {
            "primaryColor": "#2073c4",
            "backgroundColor": "#111827",
            "warnColor": "#ff3b5b",
            "fontColor": "#ffffff",
        },
    },
    "Domain": {},
    "LegalAndSupport": {},
    "Lockout": {"maxPasswordAttempts": "100", "maxOtpAttempts": "100"},
}


def of(organization_id: str) -> RequestContext:
    """The context of an organisation."""
    return RequestContext(resource_owner=one("org_id", organization_id))


def written(message: Any) -> Any:
    """The message as its JSON."""
    return json.loads(message.to_json())


def request_of(group: str, context: RequestContext | None = None) -> Any:
    """The request for a group."""
    return getattr(pb, f"Get{group}SettingsRequest")(ctx=context)


@pytest.mark.parametrize("group", DEFAULTS)
@pytest.mark.parametrize("context", [None, INSTANCE, of(OWN)], ids=["own", "instance", "organisation"])
async def test_defaults(desk: Desk, group: str, context: RequestContext | None) -> None:
    """A new instance answers the documented values, as the instance's, whoever is asked for."""
    answer = written(await desk.call(f"Get{group}Settings", request_of(group, context)))
    assert answer["settings"] == DEFAULTS[group] | INSTANCE_OWNED
    assert answer["details"]["resourceOwner"] == "1"


async def test_organisation_overrides_in_part(desk: Desk) -> None:
    """What an organisation sets holds over the instance's, and the rest is inherited."""
    await desk.set_policy("instance", "password_complexity", min_length=12, requires_symbol=False)
    await desk.set_policy(OWN, "password_complexity", min_length=10)
    own = written(await desk.call("GetPasswordComplexitySettings", request_of("PasswordComplexity")))
    assert own["settings"]["minLength"] == "10"
    assert "requiresSymbol" not in own["settings"]
    assert own["settings"]["resourceOwnerType"] == "RESOURCE_OWNER_TYPE_ORG"
    assert (own["details"]["resourceOwner"], own["details"]["sequence"]) == (OWN, "7")
    for context in (INSTANCE, of(OTHER)):
        asked = request_of("PasswordComplexity", context)
        other = written(await desk.call("GetPasswordComplexitySettings", asked))
        assert other["settings"]["minLength"] == "12"
        assert other["settings"]["resourceOwnerType"] == "RESOURCE_OWNER_TYPE_INSTANCE"


async def test_every_login_setting_reaches_the_wire(desk: Desk) -> None:
    """Passkeys, one-time codes and local authentication can be switched."""
    await desk.set_policy(
        "instance",
        "login",
        passkeys_allowed=False,
        allow_username_password=False,
        second_factors=["otp_email", "otp_sms", "recovery_codes"],
    )
    found = written(await desk.call("GetLoginSettings", request_of("Login")))["settings"]
    assert not {"passkeysType", "allowUsernamePassword", "allowLocalAuthentication"} & set(found)
    assert found["secondFactors"] == [
        "SECOND_FACTOR_TYPE_OTP_EMAIL",
        "SECOND_FACTOR_TYPE_OTP_SMS",
        "SECOND_FACTOR_TYPE_RECOVERY_CODES",
    ]


async def test_unknown_organisation(desk: Desk) -> None:
    """An organisation that is not there is not found."""
    with pytest.raises(NotFound):
        await desk.call("GetLoginSettings", request_of("Login", of("nobody")))
    with pytest.raises(NotFound):
        await desk.call("GetActiveIdentityProviders", pb.GetActiveIdentityProvidersRequest(ctx=of("x")))


async def test_other_organisations_settings_are_theirs(desk: Desk) -> None:
    """An organisation's owner reads its own settings and the instance's, not those of another or an unknown one."""
    for context in (None, INSTANCE, of(OWN), of("")):
        await desk.call("GetLoginSettings", request_of("Login", context), ORG_OWNER)
    for context in (of(OTHER), of("nobody")):
        with pytest.raises(PermissionDenied):
            await desk.call("GetLoginSettings", request_of("Login", context), ORG_OWNER)


async def test_general(desk: Desk) -> None:
    """The default organisation under both names, and the languages."""
    assert written(await desk.call("GetGeneralSettings", pb.GetGeneralSettingsRequest(), ORG_OWNER)) == {
        "defaultOrgId": OWN,
        "defaultOrganizationId": OWN,
        "defaultLanguage": "en",
        "supportedLanguages": ["en", "de", "fr", "es", "zh"],
        "allowedLanguages": ["en", "de", "fr", "es", "zh"],
    }


async def test_security(desk: Desk) -> None:
    """Security settings are the instance's, and an organisation's owner does not see them."""
    await desk.set_policy("instance", "security", enable_iframe=True, allowed_origins=["https://a.example"])
    found = written(await desk.call("GetSecuritySettings", pb.GetSecuritySettingsRequest()))["settings"]
    assert found == {"embeddedIframe": {"enabled": True, "allowedOrigins": ["https://a.example"]}}
    with pytest.raises(PermissionDenied):
        await desk.call("GetSecuritySettings", pb.GetSecuritySettingsRequest(), ORG_OWNER)


async def test_no_identity_providers(desk: Desk) -> None:
    """The list of upstream providers is empty, for the instance and for an organisation."""
    for context in (None, INSTANCE):
        asked = pb.GetActiveIdentityProvidersRequest(ctx=context, linking_allowed=True)
        assert written(await desk.call("GetActiveIdentityProviders", asked)) == {"details": {}}


@pytest.mark.parametrize(
    "level", [one("system", True), one("instance", True), one("organization_id", OWN), None], ids=str
)
async def test_translation(desk: Desk, level: Any) -> None:
    """Translations are empty at every level, with an etag of 32 characters."""
    found = await desk.call(
        "GetHostedLoginTranslation", pb.GetHostedLoginTranslationRequest(level=level, locale="en")
    )
    assert len(found.etag) == 32
    assert found.translations.to_python() == {}


async def test_translation_of_unknown_organisation(desk: Desk) -> None:
    """Translations of an organisation that is not there are not found, and not for everybody to ask."""
    asked = pb.GetHostedLoginTranslationRequest(level=one("organization_id", "x"), locale="en")
    with pytest.raises(NotFound):
        await desk.call("GetHostedLoginTranslation", asked)
    with pytest.raises(PermissionDenied):
        await desk.call("GetHostedLoginTranslation", asked, ORG_OWNER)


async def test_change_counts_at_once(desk: Desk) -> None:
    """A changed policy holds from the next request on."""
    assert (await desk.call("GetLockoutSettings", request_of("Lockout"))).settings.max_otp_attempts == 100
    await desk.set_policy("instance", "lockout", max_otp_attempts=3)
    assert (await desk.call("GetLockoutSettings", request_of("Lockout"))).settings.max_otp_attempts == 3


async def test_database_without_instance() -> None:
    """A database that was never prepared is our fault, not the caller's."""
    store = MemoryStore()
    queries = SettingsQueries(store, Cache(store))
    with pytest.raises(Internal):
        await queries.instance()


async def test_no_membership_hides_the_organisation(desk: Desk) -> None:
    """Someone without any role learns nothing of organisations."""
    with pytest.raises(NotFound) as refused:
        await desk.call("GetLoginSettings", request_of("Login", of(OTHER)), caller())
    assert refused.value.id == "AUTHZ-cdgFk"
