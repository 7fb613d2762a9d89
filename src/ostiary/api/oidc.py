"""``zitadel.oidc.v2.OIDCService``: there are no authorization requests yet, so none is ever found."""

from ostiary._pb.zitadel.oidc.v2 import oidc_service_pb as pb
from ostiary.api.call import Call, Service
from ostiary.errors import NotFound


def service() -> Service:
    """For the dispatcher."""
    return Service(
        next(service for service in pb.desc().services if service.name == "OIDCService"),
        {"GetAuthRequest": _get_auth_request},
    )


async def _get_auth_request(_: Call, __: pb.GetAuthRequestRequest) -> pb.GetAuthRequestResponse:
    raise NotFound("QUERY-Thee9", "Auth Request does not exist")
