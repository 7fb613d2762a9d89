"""``zitadel.oidc.v2.OIDCService``: how a login UI reads and answers what clients ask."""

from datetime import timedelta

import msgspec
from protobuf import Oneof
from protobuf.wkt import Duration, Timestamp

from ostiary._pb.zitadel.object.v2 import object_pb
from ostiary._pb.zitadel.oidc.v2 import authorization_pb
from ostiary._pb.zitadel.oidc.v2 import oidc_service_pb as pb
from ostiary.api.call import Call, Service
from ostiary.api.direct_json import Details, encode, number, wire_time
from ostiary.api.session import InstanceId
from ostiary.core.login_request import LoginRequest
from ostiary.errors import InvalidArgument, Unimplemented
from ostiary.oidc.device import DeviceAuthorizations
from ostiary.oidc.requests import AuthorizationRequests, Finished
from ostiary.signin.requests import Proof


class _Callback(msgspec.Struct, omit_defaults=True, rename="camel"):
    details: Details
    callback_url: str = ""


class OidcApi:
    """Each RPC: message in, request answered, message out."""

    def __init__(
        self, requests: AuthorizationRequests, devices: DeviceAuthorizations, instance_id: InstanceId
    ) -> None:
        """Requests of browsers and of devices."""
        self._requests = requests
        self._devices = devices
        self._instance_id = instance_id

    async def get_request(self, call: Call, request: pb.GetAuthRequestRequest) -> pb.GetAuthRequestResponse:
        """GetAuthRequest."""
        found = await self._requests.get(call.caller, request.auth_request_id)
        return pb.GetAuthRequestResponse(auth_request=_message(found))

    async def create_callback(
        self, call: Call, request: pb.CreateCallbackRequest
    ) -> pb.CreateCallbackResponse:
        """CreateCallback: with a session, or with an error."""
        finished = await self._answered(call, request)
        return callback_message(finished, await self._instance_id())

    async def create_callback_json(self, call: Call, request: pb.CreateCallbackRequest) -> bytes:
        """CreateCallback's answer as JSON."""
        finished = await self._answered(call, request)
        return callback_json(finished, await self._instance_id())

    async def _answered(self, call: Call, request: pb.CreateCallbackRequest) -> Finished:
        match request.callback_kind:
            case Oneof(field="session", value=pb.Session() as session):
                proof = Proof(session.session_id, session.session_token)
                return await self._requests.finish(call.caller, request.auth_request_id, proof)
            case Oneof(field="error", value=authorization_pb.AuthorizationError() as error):
                return await self._requests.refuse(
                    call.caller,
                    request.auth_request_id,
                    _reason(error.error),
                    error.error_description,
                    error.error_uri,
                )
            case _:
                raise Unimplemented("OIDCv2-zee7A", "Answer with a session or with an error")

    async def get_device(
        self, call: Call, request: pb.GetDeviceAuthorizationRequestRequest
    ) -> pb.GetDeviceAuthorizationRequestResponse:
        """GetDeviceAuthorizationRequest."""
        device, client, project_name = await self._devices.by_user_code(call.caller, request.user_code)
        message = authorization_pb.DeviceAuthorizationRequest(
            id=device.id,
            client_id=client.client_id,
            scope=list(device.scope),
            app_name=client.name,
            project_name=project_name,
        )
        return pb.GetDeviceAuthorizationRequestResponse(device_authorization_request=message)

    async def decide_device(
        self, call: Call, request: pb.AuthorizeOrDenyDeviceAuthorizationRequest
    ) -> pb.AuthorizeOrDenyDeviceAuthorizationResponse:
        """AuthorizeOrDenyDeviceAuthorization."""
        match request.decision:
            case Oneof(field="session", value=pb.Session() as session):
                proof = Proof(session.session_id, session.session_token)
                await self._devices.approve(call.caller, request.device_authorization_id, proof)
            case _:
                await self._devices.deny(call.caller, request.device_authorization_id)
        return pb.AuthorizeOrDenyDeviceAuthorizationResponse()

    def service(self) -> Service:
        """For the dispatcher."""
        return Service(
            next(service for service in pb.desc().services if service.name == "OIDCService"),
            {
                "GetAuthRequest": self.get_request,
                "CreateCallback": self.create_callback,
                "GetDeviceAuthorizationRequest": self.get_device,
                "AuthorizeOrDenyDeviceAuthorization": self.decide_device,
            },
            {"CreateCallback": self.create_callback_json},
        )


def callback_message(finished: Finished, instance_id: str) -> pb.CreateCallbackResponse:
    """The answer of CreateCallback."""
    details = object_pb.Details(
        sequence=finished.request.version,
        change_date=Timestamp.from_datetime(finished.at),
        resource_owner=instance_id,
    )
    return pb.CreateCallbackResponse(details=details, callback_url=finished.callback_url)


def callback_json(finished: Finished, instance_id: str) -> bytes:
    """The answer of CreateCallback as JSON, without its message in between."""
    details = Details(number(finished.request.version), wire_time(finished.at), instance_id)
    return encode(_Callback(details, finished.callback_url))


def _message(request: LoginRequest) -> authorization_pb.AuthRequest:
    oidc = request.oidc
    max_age = (
        Duration.from_timedelta(timedelta(seconds=oidc.max_age_s)) if oidc.max_age_s is not None else None
    )
    return authorization_pb.AuthRequest(
        id=request.id,
        creation_date=Timestamp.from_datetime(request.created_at),
        client_id=request.client_id,
        scope=list(oidc.scope),
        redirect_uri=oidc.redirect_uri,
        prompt=[authorization_pb.Prompt[name.upper()] for name in oidc.prompt],
        ui_locales=list(oidc.ui_locales),
        login_hint=oidc.login_hint,
        max_age=max_age,
        hint_user_id=oidc.hint_user_id,
    )


def _reason(error: int) -> str:
    """The OAuth code of the wire's ErrorReason: its name in small letters, but for two. Source: RFC 6749 4.1.2.1."""
    reason = authorization_pb.ErrorReason(error)
    if reason is authorization_pb.ErrorReason.UNSPECIFIED:
        return "server_error"
    if reason is authorization_pb.ErrorReason.TEMPORARY_UNAVAILABLE:
        return "temporarily_unavailable"
    if reason.name is None:
        raise InvalidArgument(
            "oidc.unknown_reason", "Unknown error reason", hint="one of ErrorReason's numbers"
        )
    return reason.name.lower()
