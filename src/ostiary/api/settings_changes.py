"""The setters of ``zitadel.settings.v2.SettingsService``, and the texts of hosted login pages."""

import hashlib
from collections.abc import Mapping

from protobuf import Oneof
from protobuf.wkt import Struct

from ostiary._pb.zitadel.settings.v2 import settings_service_pb as pb
from ostiary.api.call import Call, Handler
from ostiary.api.settings_messages import details_of_row
from ostiary.core.policy import SecurityPolicy
from ostiary.errors import InvalidArgument
from ostiary.settings.commands import PolicyCommands
from ostiary.settings.queries import SettingsQueries
from ostiary.settings.translations import Translations

_ETAG_LENGTH = 32


def change_handlers(
    queries: SettingsQueries, commands: PolicyCommands, translations: Translations
) -> Mapping[str, Handler]:
    """The handlers by RPC name."""
    api = _ChangesApi(queries, commands, translations)
    return {
        "SetSecuritySettings": api.set_security,
        "GetHostedLoginTranslation": api.translation,
        "SetHostedLoginTranslation": api.set_translation,
    }


class _ChangesApi:
    """Each RPC: message in, command or query, message out."""

    def __init__(
        self, queries: SettingsQueries, commands: PolicyCommands, translations: Translations
    ) -> None:
        self._queries = queries
        self._commands = commands
        self._translations = translations

    async def set_security(
        self, call: Call, request: pb.SetSecuritySettingsRequest
    ) -> pb.SetSecuritySettingsResponse:
        """SetSecuritySettings: all of them; what is not said is off."""
        frames = request.embedded_iframe
        values = {
            "enable_iframe": frames.enabled if frames else False,
            "allowed_origins": list(frames.allowed_origins) if frames else [],
            "enable_impersonation": request.enable_impersonation,
        }
        row = await self._commands.set(call.caller, SecurityPolicy, "", values)
        details = details_of_row(row, await self._queries.instance(), "", row.version)
        return pb.SetSecuritySettingsResponse(details=details)

    async def translation(
        self, call: Call, request: pb.GetHostedLoginTranslationRequest
    ) -> pb.GetHostedLoginTranslationResponse:
        """GetHostedLoginTranslation: what was set over the login pages' own texts; of the system there is nothing."""
        call.caller.require("iam.policy.read")
        organization_id = ""
        match request.level:
            case Oneof(field="system"):
                return _answered(Struct())
            case Oneof(field="organization_id", value=str(named)):
                organization_id = named
                await self._queries.check_organization(call.caller, organization_id)
        texts = await self._translations.get(
            organization_id, request.locale, ignore_inheritance=request.ignore_inheritance
        )
        return _answered(Struct.from_python(texts))

    async def set_translation(
        self, call: Call, request: pb.SetHostedLoginTranslationRequest
    ) -> pb.SetHostedLoginTranslationResponse:
        """SetHostedLoginTranslation: the texts replace all that were there."""
        match request.level:
            case Oneof(field="instance"):
                organization_id = ""
            case Oneof(field="organization_id", value=str(named)) if named:
                organization_id = named
            case _:
                hint = "say instance or organization_id"
                raise InvalidArgument("settings.level_unnamed", "The level is missing", hint=hint)
        texts = request.translations or Struct()
        await self._translations.set(call.caller, organization_id, request.locale, texts.to_python())
        return pb.SetHostedLoginTranslationResponse(etag=_etag(texts))


def _answered(texts: Struct) -> pb.GetHostedLoginTranslationResponse:
    return pb.GetHostedLoginTranslationResponse(etag=_etag(texts), translations=texts)


def _etag(translations: Struct) -> str:
    return hashlib.sha256(translations.to_json().encode()).hexdigest()[:_ETAG_LENGTH]
