"""``zitadel.authorization.v2.AuthorizationService``."""

from protobuf import Oneof
from protobuf.wkt import Timestamp

from ostiary._pb.zitadel.authorization.v2 import authorization_pb
from ostiary._pb.zitadel.authorization.v2 import authorization_service_pb as pb
from ostiary._pb.zitadel.filter.v2.filter_pb import IDFilter, InIDsFilter
from ostiary.api.call import Call, Service
from ostiary.api.window import line_matching, matching, pagination_of, unnamed, window_of
from ostiary.core.filter import Compare, Every, Filter, Names, OneOf, Order
from ostiary.core.project import PROJECT, ActiveState, Authorization, role_id
from ostiary.core.user import USER
from ostiary.projects.service import Projects

_Field = authorization_pb.AuthorizationFieldName
_STATES = {
    ActiveState.ACTIVE: authorization_pb.State.ACTIVE,
    ActiveState.INACTIVE: authorization_pb.State.INACTIVE,
}
_COLUMNS = {
    _Field.CREATED_DATE: "created_at",
    _Field.CHANGED_DATE: "changed_at",
    _Field.ID: "id",
    _Field.USER_ID: "user_id",
    _Field.PROJECT_ID: "project_id",
    _Field.ORGANIZATION_ID: "organization_id",
    _Field.USER_ORGANIZATION_ID: "user_organization_id",
}
_IDS = {
    "authorization_ids": "id",
    "organization_id": "organization_id",
    "in_user_ids": "user_id",
    "user_organization_id": "user_organization_id",
    "project_id": "project_id",
}


def service(projects: Projects) -> Service:
    """For the dispatcher."""
    api = _AuthorizationApi(projects)
    return Service(
        next(service for service in pb.desc().services if service.name == "AuthorizationService"),
        {
            "CreateAuthorization": api.create,
            "UpdateAuthorization": api.update,
            "DeleteAuthorization": api.delete,
            "ActivateAuthorization": api.activate,
            "DeactivateAuthorization": api.deactivate,
            "ListAuthorizations": api.search,
        },
    )


class _AuthorizationApi:
    """Each RPC: message in, command or query, message out."""

    def __init__(self, projects: Projects) -> None:
        self._authorizations = projects.authorizations
        self._queries = projects.queries

    async def create(
        self, call: Call, request: pb.CreateAuthorizationRequest
    ) -> pb.CreateAuthorizationResponse:
        """CreateAuthorization."""
        made = await self._authorizations.create(
            call.caller,
            request.user_id,
            request.project_id,
            request.organization_id,
            tuple(request.role_keys),
        )
        created_at = Timestamp.from_datetime(made.created_at)
        return pb.CreateAuthorizationResponse(id=made.id, creation_date=created_at)

    async def update(
        self, call: Call, request: pb.UpdateAuthorizationRequest
    ) -> pb.UpdateAuthorizationResponse:
        """UpdateAuthorization."""
        changed = await self._authorizations.update(call.caller, request.id, tuple(request.role_keys))
        return pb.UpdateAuthorizationResponse(change_date=Timestamp.from_datetime(changed.changed_at))

    async def delete(
        self, call: Call, request: pb.DeleteAuthorizationRequest
    ) -> pb.DeleteAuthorizationResponse:
        """DeleteAuthorization."""
        at = await self._authorizations.delete(call.caller, request.id)
        return pb.DeleteAuthorizationResponse(deletion_date=Timestamp.from_datetime(at) if at else None)

    async def activate(
        self, call: Call, request: pb.ActivateAuthorizationRequest
    ) -> pb.ActivateAuthorizationResponse:
        """ActivateAuthorization."""
        changed = await self._authorizations.set_state(call.caller, request.id, ActiveState.ACTIVE)
        return pb.ActivateAuthorizationResponse(change_date=Timestamp.from_datetime(changed.changed_at))

    async def deactivate(
        self, call: Call, request: pb.DeactivateAuthorizationRequest
    ) -> pb.DeactivateAuthorizationResponse:
        """DeactivateAuthorization."""
        changed = await self._authorizations.set_state(call.caller, request.id, ActiveState.INACTIVE)
        return pb.DeactivateAuthorizationResponse(change_date=Timestamp.from_datetime(changed.changed_at))

    async def search(
        self, call: Call, request: pb.ListAuthorizationsRequest
    ) -> pb.ListAuthorizationsResponse:
        """ListAuthorizations."""
        window = window_of(request.pagination, _COLUMNS.get(request.sorting_column, "created_at"))
        where = tuple(_condition(wanted) for wanted in request.filters)
        page = await self._authorizations.search(call.caller, where, window)
        return pb.ListAuthorizationsResponse(
            pagination=pagination_of(page.total, window),
            authorizations=[await self._message(one) for one in page.items],
        )

    async def _message(self, one: Authorization) -> authorization_pb.Authorization:
        return authorization_pb.Authorization(
            id=one.id,
            creation_date=Timestamp.from_datetime(one.created_at),
            change_date=Timestamp.from_datetime(one.changed_at),
            project=await self._project(one.project_id),
            organization=authorization_pb.Organization(
                id=one.organization_id,
                name=await self._queries.organization_name(one.organization_id),
            ),
            user=await self._user(one.user_id),
            state=_STATES[one.state],
            roles=[await self._role(one.project_id, key) for key in one.role_keys],
        )

    async def _project(self, project_id: str) -> authorization_pb.Project:
        project = await self._authorizations.project(project_id)
        if project is None:
            return authorization_pb.Project(id=project_id)
        return authorization_pb.Project(
            id=project.id, name=project.name, organization_id=project.organization_id
        )

    async def _user(self, user_id: str) -> authorization_pb.User:
        user = await self._authorizations.user(user_id)
        if user is None:
            return authorization_pb.User(id=user_id)
        return authorization_pb.User(
            id=user.id,
            preferred_login_name=user.login_names[0],
            display_name=user.display_name,
            organization_id=user.organization_id,
        )

    async def _role(self, project_id: str, key: str) -> authorization_pb.Role:
        role = await self._authorizations.role(role_id(project_id, key))
        if role is None:
            return authorization_pb.Role(key=key)
        return authorization_pb.Role(key=key, display_name=role.display_name, group=role.group)


def _condition(wanted: authorization_pb.AuthorizationsSearchFilter) -> Filter:
    match wanted.filter:
        case Oneof(field="project_grant_id", value=IDFilter() as by):
            return _through_grant(by.id)
        case Oneof(field=name, value=InIDsFilter() as by):
            return OneOf(_IDS[name], tuple(by.ids))
        case Oneof(field=name, value=IDFilter() as by):
            return Compare(_IDS[name], Order.EQUAL, by.id)
        case Oneof(value=authorization_pb.StateQuery() as by):
            return OneOf("state", tuple(str(ours) for ours, wire in _STATES.items() if wire == by.state))
        case Oneof(value=authorization_pb.UserPreferredLoginNameQuery() as by):
            return Names("user_id", USER, matching("username", by.login_name, by.method))
        case Oneof(value=authorization_pb.UserDisplayNameQuery() as by):
            return Names("user_id", USER, matching("display_name", by.display_name, by.method))
        case Oneof(value=authorization_pb.ProjectNameQuery() as by):
            return Names("project_id", PROJECT, matching("name", by.name, by.method))
        case Oneof(value=authorization_pb.RoleKeyQuery() as by):
            return line_matching("role_keys", by.key, by.method)
        case _:
            raise unnamed()


def _through_grant(grant_id: str) -> Filter:
    """Those given through a grant, whose id is made of project and organisation."""
    project_id, _, organization_id = grant_id.partition(":")
    return Every(
        (
            Compare("project_id", Order.EQUAL, project_id),
            Compare("organization_id", Order.EQUAL, organization_id),
        )
    )
