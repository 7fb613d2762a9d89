"""Roles of projects."""

from collections.abc import Mapping

from protobuf.wkt import Timestamp

from ostiary._pb.zitadel.project.v2 import project_service_pb as pb
from ostiary.api.call import Call, Handler
from ostiary.api.project_messages import ROLE_COLUMNS, role_condition, role_message
from ostiary.api.window import pagination_of, window_of
from ostiary.projects.roles import Roles
from ostiary.projects.service import Projects


def role_handlers(projects: Projects) -> Mapping[str, Handler]:
    """The handlers by RPC name."""
    api = _RoleApi(projects.roles)
    return {
        "AddProjectRole": api.add,
        "UpdateProjectRole": api.update,
        "RemoveProjectRole": api.remove,
        "ListProjectRoles": api.search,
    }


class _RoleApi:
    """Each RPC: message in, command or query, message out."""

    def __init__(self, roles: Roles) -> None:
        self._roles = roles

    async def add(self, call: Call, request: pb.AddProjectRoleRequest) -> pb.AddProjectRoleResponse:
        """AddProjectRole."""
        made = await self._roles.add(
            call.caller, request.project_id, request.role_key, request.display_name, request.group
        )
        return pb.AddProjectRoleResponse(creation_date=Timestamp.from_datetime(made.created_at))

    async def update(self, call: Call, request: pb.UpdateProjectRoleRequest) -> pb.UpdateProjectRoleResponse:
        """UpdateProjectRole."""
        changed = await self._roles.update(
            call.caller,
            request.project_id,
            request.role_key,
            request.display_name if request.has_field("display_name") else None,
            request.group if request.has_field("group") else None,
        )
        return pb.UpdateProjectRoleResponse(change_date=Timestamp.from_datetime(changed.changed_at))

    async def remove(self, call: Call, request: pb.RemoveProjectRoleRequest) -> pb.RemoveProjectRoleResponse:
        """RemoveProjectRole."""
        at = await self._roles.remove(call.caller, request.project_id, request.role_key)
        return pb.RemoveProjectRoleResponse(removal_date=Timestamp.from_datetime(at) if at else None)

    async def search(self, call: Call, request: pb.ListProjectRolesRequest) -> pb.ListProjectRolesResponse:
        """ListProjectRoles."""
        window = window_of(request.pagination, ROLE_COLUMNS.get(request.sorting_column, "created_at"))
        where = tuple(role_condition(wanted) for wanted in request.filters)
        page = await self._roles.search(call.caller, request.project_id, where, window)
        return pb.ListProjectRolesResponse(
            pagination=pagination_of(page.total, window),
            project_roles=[role_message(role) for role in page.items],
        )
