"""``zitadel.settings.v2.SettingsService``: the table of its RPCs, and all that is read."""

from collections.abc import Callable
from typing import Any, Protocol

from msgspec.structs import asdict
from protobuf import Message, Oneof

from ostiary._pb.zitadel.object.v2.object_pb import ListDetails, RequestContext
from ostiary._pb.zitadel.settings.v2 import settings_service_pb as pb
from ostiary._pb.zitadel.settings.v2.domain_settings_pb import DomainSettings
from ostiary._pb.zitadel.settings.v2.legal_settings_pb import LegalAndSupportSettings
from ostiary._pb.zitadel.settings.v2.lockout_settings_pb import LockoutSettings
from ostiary._pb.zitadel.settings.v2.password_settings_pb import PasswordExpirySettings
from ostiary._pb.zitadel.settings.v2.settings_pb import ResourceOwnerType
from ostiary.api.call import Call, Handler, Service
from ostiary.api.settings_changes import change_handlers
from ostiary.api.settings_messages import (
    branding_message,
    complexity_message,
    details_of,
    login_message,
    owner_type,
    security_message,
)
from ostiary.core.language import SUPPORTED_LANGUAGES
from ostiary.core.policy import (
    BrandingPolicy,
    DomainPolicy,
    LegalPolicy,
    LockoutPolicy,
    LoginPolicy,
    PasswordComplexityPolicy,
    PasswordExpiryPolicy,
    PolicyT,
    SecurityPolicy,
)
from ostiary.settings.commands import PolicyCommands
from ostiary.settings.queries import SettingsQueries
from ostiary.settings.translations import Translations


class _WithContext(Protocol):
    """A request that says whose settings it asks for."""

    @property
    def ctx(self) -> RequestContext | None: ...


def service(queries: SettingsQueries, commands: PolicyCommands, translations: Translations) -> Service:
    """For the dispatcher."""
    api = _SettingsApi(queries)
    return Service(
        next(service for service in pb.desc().services if service.name == "SettingsService"),
        {
            "GetGeneralSettings": api.general,
            "GetSecuritySettings": api.security,
            "GetActiveIdentityProviders": api.identity_providers,
            **change_handlers(queries, commands, translations),
            "GetLoginSettings": api.group(LoginPolicy, login_message, pb.GetLoginSettingsResponse),
            "GetBrandingSettings": api.group(
                BrandingPolicy, branding_message, pb.GetBrandingSettingsResponse
            ),
            "GetPasswordComplexitySettings": api.group(
                PasswordComplexityPolicy,
                complexity_message,
                pb.GetPasswordComplexitySettingsResponse,
            ),
            "GetPasswordExpirySettings": api.group(
                PasswordExpiryPolicy,
                _same_names(PasswordExpirySettings),
                pb.GetPasswordExpirySettingsResponse,
            ),
            "GetDomainSettings": api.group(
                DomainPolicy, _same_names(DomainSettings), pb.GetDomainSettingsResponse
            ),
            "GetLegalAndSupportSettings": api.group(
                LegalPolicy, _same_names(LegalAndSupportSettings), pb.GetLegalAndSupportSettingsResponse
            ),
            "GetLockoutSettings": api.group(
                LockoutPolicy, _same_names(LockoutSettings), pb.GetLockoutSettingsResponse
            ),
        },
    )


def _same_names(message: Callable[..., Message[Any]]) -> Callable[[Any, ResourceOwnerType], Message[Any]]:
    """How a group is written whose fields have the wire's names."""
    return lambda policy, owner: message(**asdict(policy), resource_owner_type=owner)


class _SettingsApi:
    """Each RPC: message in, query, message out."""

    def __init__(self, queries: SettingsQueries) -> None:
        self._queries = queries

    def group(
        self,
        wanted: type[PolicyT],
        written: Callable[[PolicyT, ResourceOwnerType], Message[Any]],
        response: Callable[..., Message[Any]],
    ) -> Handler:
        """The handler of one group of settings."""

        async def handler(call: Call, request: _WithContext) -> Message[Any]:
            found = await self._queries.effective(
                call.caller, wanted, _organization(request.ctx, call.organization_id)
            )
            return response(details=details_of(found), settings=written(found.policy, owner_type(found)))

        return handler

    async def general(self, _: Call, __: pb.GetGeneralSettingsRequest) -> pb.GetGeneralSettingsResponse:
        """GetGeneralSettings."""
        instance = await self._queries.instance()
        return pb.GetGeneralSettingsResponse(
            default_org_id=instance.default_organization_id,
            default_organization_id=instance.default_organization_id,
            default_language=instance.default_language,
            supported_languages=list(SUPPORTED_LANGUAGES),
            allowed_languages=list(SUPPORTED_LANGUAGES),
        )

    async def security(self, call: Call, _: pb.GetSecuritySettingsRequest) -> pb.GetSecuritySettingsResponse:
        """GetSecuritySettings: the instance's alone."""
        call.caller.require("iam.policy.read")
        found = await self._queries.effective(call.caller, SecurityPolicy, "")
        return pb.GetSecuritySettingsResponse(
            details=details_of(found), settings=security_message(found.policy)
        )

    async def identity_providers(
        self, call: Call, request: pb.GetActiveIdentityProvidersRequest
    ) -> pb.GetActiveIdentityProvidersResponse:
        """GetActiveIdentityProviders: there are no upstream providers yet, whatever is asked of them."""
        organization_id = _organization(request.ctx, call.organization_id)
        if organization_id:
            await self._queries.check_organization(call.caller, organization_id)
        return pb.GetActiveIdentityProvidersResponse(details=ListDetails())


def _organization(context: RequestContext | None, own: str) -> str:
    """Whose settings are asked for: the named organisation, the instance (empty), or the caller's own."""
    match context.resource_owner if context else None:
        case Oneof(field="org_id", value=str(organization_id)) if organization_id:
            return organization_id
        case Oneof(field="instance"):
            return ""
        case _:
            return own
