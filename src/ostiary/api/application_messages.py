"""Applications as messages, and messages as what is to be registered."""

from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeVar

import msgspec
from protobuf import Oneof
from protobuf.wkt import Duration, Timestamp

from ostiary._pb.zitadel.application.v2 import api_pb, application_pb, login_pb, oidc_pb
from ostiary._pb.zitadel.application.v2 import application_service_pb as pb
from ostiary.core.client import (
    AccessTokenForm,
    Application,
    ApplicationType,
    ClientAuthentication,
    OidcSettings,
)
from ostiary.core.client_rules import CODE, DEVICE_CODE, IMPLICIT, REFRESH, TOKEN_EXCHANGE, allowed_origins
from ostiary.core.project import ActiveState
from ostiary.errors import InvalidArgument

RESPONSE_TYPES: Mapping[oidc_pb.OIDCResponseType, str] = {
    oidc_pb.OIDCResponseType.CODE: "code",
    oidc_pb.OIDCResponseType.ID_TOKEN: "id_token",
    oidc_pb.OIDCResponseType.ID_TOKEN_TOKEN: "id_token token",
}
GRANT_TYPES: Mapping[oidc_pb.OIDCGrantType, str] = {
    oidc_pb.OIDCGrantType.AUTHORIZATION_CODE: CODE,
    oidc_pb.OIDCGrantType.IMPLICIT: IMPLICIT,
    oidc_pb.OIDCGrantType.REFRESH_TOKEN: REFRESH,
    oidc_pb.OIDCGrantType.DEVICE_CODE: DEVICE_CODE,
    oidc_pb.OIDCGrantType.TOKEN_EXCHANGE: TOKEN_EXCHANGE,
}
TYPES: Mapping[oidc_pb.OIDCApplicationType, ApplicationType] = {
    oidc_pb.OIDCApplicationType.OIDC_APP_TYPE_WEB: ApplicationType.WEB,
    oidc_pb.OIDCApplicationType.OIDC_APP_TYPE_USER_AGENT: ApplicationType.USER_AGENT,
    oidc_pb.OIDCApplicationType.OIDC_APP_TYPE_NATIVE: ApplicationType.NATIVE,
}
AUTHENTICATIONS: Mapping[oidc_pb.OIDCAuthMethodType, ClientAuthentication] = {
    oidc_pb.OIDCAuthMethodType.BASIC: ClientAuthentication.BASIC,
    oidc_pb.OIDCAuthMethodType.POST: ClientAuthentication.POST,
    oidc_pb.OIDCAuthMethodType.NONE: ClientAuthentication.NONE,
    oidc_pb.OIDCAuthMethodType.PRIVATE_KEY_JWT: ClientAuthentication.PRIVATE_KEY_JWT,
}
API_AUTHENTICATIONS: Mapping[api_pb.APIAuthMethodType, ClientAuthentication] = {
    api_pb.APIAuthMethodType.BASIC: ClientAuthentication.BASIC,
    api_pb.APIAuthMethodType.PRIVATE_KEY_JWT: ClientAuthentication.PRIVATE_KEY_JWT,
}
TOKEN_FORMS: Mapping[oidc_pb.OIDCTokenType, AccessTokenForm] = {
    oidc_pb.OIDCTokenType.BEARER: AccessTokenForm.OPAQUE,
    oidc_pb.OIDCTokenType.JWT: AccessTokenForm.JWT,
}
STATES: Mapping[ActiveState, application_pb.ApplicationState] = {
    ActiveState.ACTIVE: application_pb.ApplicationState.ACTIVE,
    ActiveState.INACTIVE: application_pb.ApplicationState.INACTIVE,
}
_Alike = Literal[
    "access_token_role_assertion",
    "id_token_role_assertion",
    "id_token_userinfo_assertion",
    "skip_native_app_success_page",
    "back_channel_logout_uri",
]
# the same word in the message and in our settings
_ALIKE: Final[tuple[_Alike, ...]] = (
    "access_token_role_assertion",
    "id_token_role_assertion",
    "id_token_userinfo_assertion",
    "skip_native_app_success_page",
    "back_channel_logout_uri",
)
_Configuration = (
    Oneof[Literal["oidc_configuration"], oidc_pb.OIDCConfiguration]
    | Oneof[Literal["api_configuration"], api_pb.APIConfiguration]
)
WireT = TypeVar("WireT")
OursT = TypeVar("OursT")
_OidcRequest = pb.CreateOIDCApplicationRequest | pb.UpdateOIDCApplicationConfigurationRequest


def wanted_settings(wanted: pb.CreateOIDCApplicationRequest) -> OidcSettings:
    """The settings of a new client; the wire's unsaid form of access tokens is opaque."""
    return changed_settings(wanted)(OidcSettings(access_token_form=AccessTokenForm.OPAQUE))


def changed_settings(wanted: _OidcRequest) -> Callable[[OidcSettings], OidcSettings]:
    """What a message makes of a client's settings: an empty list or an absent field leaves them as they are."""
    lists: dict[str, tuple[str, ...]] = {
        "redirect_uris": tuple(wanted.redirect_uris),
        "post_logout_redirect_uris": tuple(wanted.post_logout_redirect_uris),
        "additional_origins": tuple(wanted.additional_origins),
        "response_types": tuple(RESPONSE_TYPES.get(one, "unknown") for one in wanted.response_types),
        "grant_types": tuple(GRANT_TYPES.get(one, "unknown") for one in wanted.grant_types),
    }
    values: dict[str, object] = {name: texts for name, texts in lists.items() if texts}
    values |= {name: getattr(wanted, name) for name in _ALIKE if wanted.has_field(name)}
    if wanted.has_field("development_mode"):
        values["is_development"] = wanted.development_mode
    if wanted.has_field("access_token_type"):
        values["access_token_form"] = TOKEN_FORMS[wanted.access_token_type]
    if wanted.clock_skew is not None:
        values["clock_skew_s"] = _seconds(wanted.clock_skew)
    values |= _login(wanted.login_version)
    return lambda old: msgspec.structs.replace(old, **values)


def application_message(application: Application) -> application_pb.Application:
    """The whole application, without its secret."""
    return application_pb.Application(
        application_id=application.id,
        creation_date=Timestamp.from_datetime(application.created_at),
        change_date=Timestamp.from_datetime(application.changed_at),
        state=STATES[application.state],
        name=application.name,
        project_id=application.project_id,
        configuration=_configuration(application),
    )


def _configuration(application: Application) -> _Configuration:
    if application.oidc is None:
        api: Oneof[Literal["api_configuration"], api_pb.APIConfiguration] = Oneof(
            "api_configuration",
            api_pb.APIConfiguration(
                client_id=application.client_id,
                auth_method_type=_wire(API_AUTHENTICATIONS, application.authentication),
            ),
        )
        return api
    oidc: Oneof[Literal["oidc_configuration"], oidc_pb.OIDCConfiguration] = Oneof(
        "oidc_configuration", _oidc_message(application, application.oidc)
    )
    return oidc


def _oidc_message(application: Application, oidc: OidcSettings) -> oidc_pb.OIDCConfiguration:
    return oidc_pb.OIDCConfiguration(
        redirect_uris=list(oidc.redirect_uris),
        response_types=[_wire(RESPONSE_TYPES, one) for one in oidc.response_types],
        grant_types=[_wire(GRANT_TYPES, one) for one in oidc.grant_types],
        application_type=_wire(TYPES, application.type),
        client_id=application.client_id,
        auth_method_type=_wire(AUTHENTICATIONS, application.authentication),
        post_logout_redirect_uris=list(oidc.post_logout_redirect_uris),
        version=oidc_pb.OIDCVersion.OIDC_VERSION_1_0,
        development_mode=oidc.is_development,
        access_token_type=_wire(TOKEN_FORMS, oidc.access_token_form),
        access_token_role_assertion=oidc.access_token_role_assertion,
        id_token_role_assertion=oidc.id_token_role_assertion,
        id_token_userinfo_assertion=oidc.id_token_userinfo_assertion,
        clock_skew=Duration(seconds=oidc.clock_skew_s),
        additional_origins=list(oidc.additional_origins),
        allowed_origins=list(allowed_origins(application)),
        skip_native_app_success_page=oidc.skip_native_app_success_page,
        back_channel_logout_uri=oidc.back_channel_logout_uri,
        login_version=_login_message(oidc),
    )


def _login(version: login_pb.LoginVersion | None) -> dict[str, object]:
    match version.version if version is not None else None:
        case Oneof(field="login_v1"):
            return {"login_version": 1, "login_base_uri": ""}
        case Oneof(value=login_pb.LoginV2() as second):
            return {"login_version": 2, "login_base_uri": second.base_uri or ""}
        case _:
            return {}


def _login_message(oidc: OidcSettings) -> login_pb.LoginVersion | None:
    match oidc.login_version:
        case 1:
            first: Oneof[Literal["login_v1"], login_pb.LoginV1] = Oneof("login_v1", login_pb.LoginV1())
            return login_pb.LoginVersion(version=first)
        case 2:
            asked = login_pb.LoginV2(base_uri=oidc.login_base_uri or None)
            second: Oneof[Literal["login_v2"], login_pb.LoginV2] = Oneof("login_v2", asked)
            return login_pb.LoginVersion(version=second)
        case _:
            return None


def _seconds(skew: Duration) -> int:
    if skew.nanos:
        raise InvalidArgument("application.clock_skew", "Clock skew is out of range", hint="whole seconds")
    return skew.seconds


def _wire(table: Mapping[WireT, OursT], ours: OursT) -> WireT:
    """The wire's word for ours."""
    return next(wire for wire, value in table.items() if value == ours)
