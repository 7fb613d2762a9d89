"""``zitadel.idp.v2.IdentityProviderService``."""

from collections.abc import Awaitable, Callable

from protobuf.wkt import Timestamp

from ostiary._pb.zitadel.idp.v2 import idp_pb
from ostiary._pb.zitadel.idp.v2 import idp_service_pb as pb
from ostiary._pb.zitadel.object.v2.object_pb import Details
from ostiary.api.call import Call, Service
from ostiary.idp.intents import Intents


def service(intents: Intents, instance_id: Callable[[], Awaitable[str]]) -> Service:
    """For the dispatcher."""

    async def get(call: Call, request: pb.GetIDPByIDRequest) -> pb.GetIDPByIDResponse:
        """GetIDPByID: with ``iam.idp.read``, or ``org.idp.read`` where the provider belongs."""
        if not call.caller.holds_anywhere("org.idp.read"):
            call.caller.require("iam.idp.read")
        found = await intents.find_provider(request.id)
        permission = "org.idp.read" if found.organization_id else "iam.idp.read"
        call.caller.require(permission, found.organization_id)
        options = idp_pb.Options(
            is_linking_allowed=found.is_linking_allowed,
            is_creation_allowed=found.is_creation_allowed,
            is_auto_creation=found.is_auto_creation,
            is_auto_update=found.is_auto_update,
            auto_linking=idp_pb.AutoLinkingOption(found.auto_linking),
        )
        details = Details(
            sequence=found.version,
            change_date=Timestamp.from_datetime(found.changed_at),
            creation_date=Timestamp.from_datetime(found.created_at),
            resource_owner=found.organization_id or await instance_id(),
        )
        return pb.GetIDPByIDResponse(
            idp=idp_pb.IDP(
                id=found.id,
                details=details,
                state=idp_pb.IDPState.ACTIVE if found.is_active else idp_pb.IDPState.INACTIVE,
                name=found.name,
                type=idp_pb.IDPType(found.type),
                config=idp_pb.IDPConfig(options=options),
            )
        )

    found = next(one for one in pb.desc().services if one.name == "IdentityProviderService")
    return Service(found, {"GetIDPByID": get})
