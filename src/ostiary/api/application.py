"""``zitadel.application.v2.ApplicationService``."""

from typing import Literal

from protobuf import Oneof
from protobuf.wkt import Timestamp

from ostiary._pb.zitadel.application.v2 import application_pb
from ostiary._pb.zitadel.application.v2 import application_service_pb as pb
from ostiary.api.application_keys import key_handlers
from ostiary.api.application_messages import (
    API_AUTHENTICATIONS,
    AUTHENTICATIONS,
    STATES,
    TYPES,
    application_message,
    changed_settings,
    wanted_settings,
)
from ostiary.api.call import Call, Service
from ostiary.api.window import matching, pagination_of, unnamed, window_of
from ostiary.core.client import ApplicationType
from ostiary.core.filter import Compare, Filter, Not, OneOf, Order
from ostiary.core.project import ActiveState
from ostiary.errors import Unimplemented
from ostiary.projects.application import ApplicationChange, NewApplication, Registered
from ostiary.projects.service import Projects

_COLUMNS = {
    application_pb.ApplicationSorting.APPLICATION_SORT_BY_ID: "id",
    application_pb.ApplicationSorting.APPLICATION_SORT_BY_NAME: "name",
    application_pb.ApplicationSorting.APPLICATION_SORT_BY_STATE: "state",
    application_pb.ApplicationSorting.APPLICATION_SORT_BY_CREATION_DATE: "created_at",
    application_pb.ApplicationSorting.APPLICATION_SORT_BY_CHANGE_DATE: "changed_at",
}
_Answer = (
    Oneof[Literal["oidc_configuration"], pb.CreateOIDCApplicationResponse]
    | Oneof[Literal["api_configuration"], pb.CreateAPIApplicationResponse]
)


def service(projects: Projects) -> Service:
    """For the dispatcher."""
    api = _ApplicationApi(projects)
    return Service(
        next(service for service in pb.desc().services if service.name == "ApplicationService"),
        {
            "CreateApplication": api.create,
            "UpdateApplication": api.update,
            "GetApplication": api.get,
            "DeleteApplication": api.delete,
            "DeactivateApplication": api.deactivate,
            "ReactivateApplication": api.reactivate,
            "GenerateClientSecret": api.new_secret,
            "ListApplications": api.search,
            **key_handlers(projects),
        },
    )


class _ApplicationApi:
    """Each RPC: message in, command or query, message out."""

    def __init__(self, projects: Projects) -> None:
        self._commands = projects.applications
        self._queries = projects.application_queries

    async def create(self, call: Call, request: pb.CreateApplicationRequest) -> pb.CreateApplicationResponse:
        """CreateApplication."""
        made = await self._commands.create(call.caller, _wanted(request))
        return pb.CreateApplicationResponse(
            application_id=made.application.id,
            creation_date=Timestamp.from_datetime(made.application.created_at),
            application_type=_answer(made),
        )

    async def update(self, call: Call, request: pb.UpdateApplicationRequest) -> pb.UpdateApplicationResponse:
        """UpdateApplication."""
        changed = await self._commands.update(
            call.caller, request.project_id, request.application_id, _change(request)
        )
        return pb.UpdateApplicationResponse(change_date=Timestamp.from_datetime(changed.changed_at))

    async def get(self, call: Call, request: pb.GetApplicationRequest) -> pb.GetApplicationResponse:
        """GetApplication."""
        application = await self._queries.get(call.caller, request.application_id)
        return pb.GetApplicationResponse(application=application_message(application))

    async def delete(self, call: Call, request: pb.DeleteApplicationRequest) -> pb.DeleteApplicationResponse:
        """DeleteApplication."""
        at = await self._commands.delete(call.caller, request.project_id, request.application_id)
        return pb.DeleteApplicationResponse(deletion_date=Timestamp.from_datetime(at))

    async def deactivate(
        self, call: Call, request: pb.DeactivateApplicationRequest
    ) -> pb.DeactivateApplicationResponse:
        """DeactivateApplication."""
        changed = await self._commands.set_state(
            call.caller, request.project_id, request.application_id, ActiveState.INACTIVE
        )
        at = Timestamp.from_datetime(changed.changed_at)
        return pb.DeactivateApplicationResponse(deactivation_date=at)

    async def reactivate(
        self, call: Call, request: pb.ReactivateApplicationRequest
    ) -> pb.ReactivateApplicationResponse:
        """ReactivateApplication."""
        changed = await self._commands.set_state(
            call.caller, request.project_id, request.application_id, ActiveState.ACTIVE
        )
        at = Timestamp.from_datetime(changed.changed_at)
        return pb.ReactivateApplicationResponse(reactivation_date=at)

    async def new_secret(
        self, call: Call, request: pb.GenerateClientSecretRequest
    ) -> pb.GenerateClientSecretResponse:
        """GenerateClientSecret."""
        made = await self._commands.new_secret(call.caller, request.project_id, request.application_id)
        return pb.GenerateClientSecretResponse(
            client_secret=made.secret, creation_date=Timestamp.from_datetime(made.application.changed_at)
        )

    async def search(self, call: Call, request: pb.ListApplicationsRequest) -> pb.ListApplicationsResponse:
        """ListApplications."""
        window = window_of(request.pagination, _COLUMNS.get(request.sorting_column, "id"))
        where = tuple(_condition(wanted) for wanted in request.filters)
        page = await self._queries.search(call.caller, where, window)
        return pb.ListApplicationsResponse(
            applications=[application_message(application) for application in page.items],
            pagination=pagination_of(page.total, window),
        )


def _wanted(request: pb.CreateApplicationRequest) -> NewApplication:
    kind = request.application_type.value if request.application_type else None
    match kind:
        case pb.CreateOIDCApplicationRequest():
            return NewApplication(
                request.project_id,
                request.name,
                TYPES[kind.application_type],
                AUTHENTICATIONS[kind.auth_method_type],
                wanted_settings(kind),
                request.application_id,
            )
        case pb.CreateAPIApplicationRequest():
            authentication = API_AUTHENTICATIONS[kind.auth_method_type]
            return NewApplication(
                request.project_id,
                request.name,
                ApplicationType.API,
                authentication,
                application_id=request.application_id,
            )
        case _:
            raise _no_saml()


def _change(request: pb.UpdateApplicationRequest) -> ApplicationChange:
    kind = request.application_type.value if request.application_type else None
    match kind:
        case None:
            return ApplicationChange(request.name)
        case pb.UpdateOIDCApplicationConfigurationRequest():
            return ApplicationChange(
                request.name,
                TYPES[kind.application_type] if kind.has_field("application_type") else None,
                AUTHENTICATIONS[kind.auth_method_type] if kind.has_field("auth_method_type") else None,
                changed_settings(kind),
                of_oidc=True,
            )
        case pb.UpdateAPIApplicationConfigurationRequest():
            authentication = API_AUTHENTICATIONS[kind.auth_method_type]
            return ApplicationChange(request.name, authentication=authentication, of_oidc=False)
        case _:
            raise _no_saml()


def _answer(made: Registered) -> _Answer:
    client_id = made.application.client_id
    if made.application.oidc is None:
        api = pb.CreateAPIApplicationResponse(client_id=client_id, client_secret=made.secret)
        of_api: Oneof[Literal["api_configuration"], pb.CreateAPIApplicationResponse]
        of_api = Oneof("api_configuration", api)
        return of_api
    oidc = pb.CreateOIDCApplicationResponse(client_id=client_id, client_secret=made.secret)
    of_oidc: Oneof[Literal["oidc_configuration"], pb.CreateOIDCApplicationResponse]
    of_oidc = Oneof("oidc_configuration", oidc)
    return of_oidc


def _condition(wanted: application_pb.ApplicationSearchFilter) -> Filter:
    match wanted.filter:
        case Oneof(value=application_pb.ProjectIDFilter() as by):
            return Compare("project_id", Order.EQUAL, by.project_id)
        case Oneof(value=application_pb.ApplicationNameFilter() as by):
            return matching("name", by.name, by.method)
        case Oneof(value=application_pb.ClientIDFilter() as by):
            return Compare("client_id", Order.EQUAL, by.client_id)
        case Oneof(value=application_pb.ApplicationState() as state):
            return OneOf("state", tuple(str(ours) for ours, wire in STATES.items() if wire == state))
        case Oneof(value=application_pb.ApplicationType() as kind):
            return _of_kind(kind)
        case Oneof(value=application_pb.EntityIDFilter()):
            return OneOf("id", ())
        case _:
            raise unnamed()


def _of_kind(kind: application_pb.ApplicationType) -> Filter:
    is_api = Compare("type", Order.EQUAL, str(ApplicationType.API))
    if kind == application_pb.ApplicationType.API:
        return is_api
    return Not(is_api) if kind == application_pb.ApplicationType.OIDC else OneOf("id", ())


def _no_saml() -> Unimplemented:
    hint = "OIDC and API applications are"
    return Unimplemented("application.saml", "SAML applications are not supported yet", hint=hint)
