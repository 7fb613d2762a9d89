"""``zitadel.internal_permission.v2.InternalPermissionService``: who administers what."""

from collections.abc import Sequence
from typing import Literal

from protobuf import Oneof
from protobuf.wkt import Timestamp

from ostiary._pb.zitadel.filter.v2.filter_pb import IDFilter, InIDsFilter, TextFilterMethod, TimestampFilter
from ostiary._pb.zitadel.internal_permission.v2 import internal_permission_service_pb as pb
from ostiary._pb.zitadel.internal_permission.v2 import query_pb
from ostiary.api.call import Call, Service
from ostiary.api.window import at_time, line_matching, matching, pagination_of, unnamed, window_of
from ostiary.core.delegation import resource_parts
from ostiary.core.filter import Compare, Every, Filter, Names, Not, OneOf, Order, Some
from ostiary.core.permission import Membership
from ostiary.core.project import grant_id
from ostiary.core.user import USER
from ostiary.errors import InvalidArgument
from ostiary.projects.administrators import ResourceNamed
from ostiary.projects.service import Projects

MAX_NESTING = 20
_COLUMNS = {
    query_pb.AdministratorFieldName.USER_ID: "user_id",
    query_pb.AdministratorFieldName.CREATION_DATE: "created_at",
    query_pb.AdministratorFieldName.CHANGE_DATE: "changed_at",
}
_TIMES = {"creation_date": "created_at", "change_date": "changed_at"}
_OnInstance = Oneof[Literal["instance"], bool]
_OnOrganization = Oneof[Literal["organization"], query_pb.Organization]
_OnProject = Oneof[Literal["project"], query_pb.Project]
_OnGrant = Oneof[Literal["project_grant"], query_pb.ProjectGrant]
_On = _OnInstance | _OnOrganization | _OnProject | _OnGrant


def service(projects: Projects) -> Service:
    """For the dispatcher."""
    api = _AdministratorApi(projects)
    return Service(
        next(service for service in pb.desc().services if service.name == "InternalPermissionService"),
        {
            "CreateAdministrator": api.create,
            "UpdateAdministrator": api.update,
            "DeleteAdministrator": api.delete,
            "ListAdministrators": api.search,
        },
    )


class _AdministratorApi:
    """Each RPC: message in, command or query, message out."""

    def __init__(self, projects: Projects) -> None:
        self._administrators = projects.administrators
        self._queries = projects.queries

    async def create(
        self, call: Call, request: pb.CreateAdministratorRequest
    ) -> pb.CreateAdministratorResponse:
        """CreateAdministrator."""
        made = await self._administrators.create(
            call.caller, request.user_id, _named(request.resource), tuple(request.roles)
        )
        return pb.CreateAdministratorResponse(creation_date=Timestamp.from_datetime(made.created_at))

    async def update(
        self, call: Call, request: pb.UpdateAdministratorRequest
    ) -> pb.UpdateAdministratorResponse:
        """UpdateAdministrator."""
        changed = await self._administrators.update(
            call.caller, request.user_id, _named(request.resource), tuple(request.roles)
        )
        return pb.UpdateAdministratorResponse(change_date=Timestamp.from_datetime(changed.changed_at))

    async def delete(
        self, call: Call, request: pb.DeleteAdministratorRequest
    ) -> pb.DeleteAdministratorResponse:
        """DeleteAdministrator."""
        at = await self._administrators.delete(call.caller, request.user_id, _named(request.resource))
        return pb.DeleteAdministratorResponse(deletion_date=Timestamp.from_datetime(at) if at else None)

    async def search(
        self, call: Call, request: pb.ListAdministratorsRequest
    ) -> pb.ListAdministratorsResponse:
        """ListAdministrators."""
        window = window_of(request.pagination, _COLUMNS.get(request.sorting_column, "created_at"))
        where = tuple(_condition(wanted, 1) for wanted in request.filters)
        page = await self._administrators.search(call.caller, where, window)
        return pb.ListAdministratorsResponse(
            pagination=pagination_of(page.total, window),
            administrators=[await self._message(one) for one in page.items],
        )

    async def _message(self, one: Membership) -> query_pb.Administrator:
        return query_pb.Administrator(
            creation_date=Timestamp.from_datetime(one.created_at),
            change_date=Timestamp.from_datetime(one.changed_at),
            user=await self._user(one.user_id),
            resource=await self._on(one),
            roles=list(one.roles),
        )

    async def _user(self, user_id: str) -> query_pb.User:
        user = await self._administrators.user(user_id)
        if user is None:
            return query_pb.User(id=user_id)
        return query_pb.User(
            id=user.id,
            preferred_login_name=user.login_names[0],
            display_name=user.display_name,
            organization_id=user.organization_id,
        )

    async def _on(self, one: Membership) -> _On:
        kind, first, second = resource_parts(one)
        if kind == "instance":
            return _OnInstance("instance", True)
        if kind == "organization":
            name = await self._queries.organization_name(first)
            return _OnOrganization("organization", query_pb.Organization(id=first, name=name))
        project = await self._administrators.project(first)
        name, owner_id = (project.name, project.organization_id) if project else ("", "")
        if kind == "project":
            return _OnProject("project", query_pb.Project(id=first, name=name, organization_id=owner_id))
        grant = query_pb.ProjectGrant(
            id=grant_id(first, second),
            project_id=first,
            project_name=name,
            organization_id=owner_id,
            granted_organization_id=second,
        )
        return _OnGrant("project_grant", grant)


def _named(wanted: pb.ResourceType | query_pb.ResourceFilter | None) -> ResourceNamed:
    match wanted.resource if wanted is not None else None:
        case Oneof(field="instance"):
            return ResourceNamed()
        case Oneof(field="organization_id", value=str(organization_id)) if organization_id:
            return ResourceNamed(organization_id)
        case Oneof(field="project_id", value=str(project_id)) if project_id:
            return ResourceNamed(project_id=project_id)
        case Oneof(value=pb.ResourceType.ProjectGrant() | query_pb.ResourceFilter.ProjectGrant() as grant):
            return ResourceNamed(grant.organization_id, grant.project_id)
        case _:
            raise InvalidArgument("administrator.resource_unnamed", "Resource is missing")


def _condition(wanted: query_pb.AdministratorSearchFilter | None, level: int) -> Filter:
    if level > MAX_NESTING:
        hint = f"at most {MAX_NESTING} levels"
        raise InvalidArgument("administrator.nesting", "Too many nesting levels", hint=hint)
    match wanted.filter if wanted is not None else None:
        case Oneof(value=query_pb.AndFilter() as several):
            return Every(_each(several.queries, level))
        case Oneof(value=query_pb.OrFilter() as several):
            return Some(_each(several.queries, level))
        case Oneof(value=query_pb.NotFilter() as other):
            return Not(_condition(other.query, level + 1))
        case Oneof(field=name, value=TimestampFilter() as by):
            return at_time(_TIMES[name], by)
        case Oneof(value=InIDsFilter() as by):
            return OneOf("user_id", tuple(by.ids))
        case Oneof(value=IDFilter() as by):
            return Names("user_id", USER, Compare("organization_id", Order.EQUAL, by.id))
        case Oneof(value=query_pb.UserPreferredLoginNameFilter() as by):
            return Names("user_id", USER, matching("username", by.preferred_login_name, by.method))
        case Oneof(value=query_pb.UserDisplayNameFilter() as by):
            return Names("user_id", USER, matching("display_name", by.display_name, by.method))
        case Oneof(value=query_pb.ResourceFilter() as by):
            return Compare("resource", Order.EQUAL, _named(by).name)
        case Oneof(value=query_pb.RoleFilter() as by):
            return line_matching("roles", by.role_key, TextFilterMethod.EQUALS)
        case _:
            raise unnamed()


def _each(queries: Sequence[query_pb.AdministratorSearchFilter], level: int) -> tuple[Filter, ...]:
    return tuple(_condition(query, level + 1) for query in queries)
