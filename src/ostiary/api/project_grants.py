"""Grants of projects to other organisations."""

from collections.abc import Mapping

from protobuf.wkt import Timestamp

from ostiary._pb.zitadel.project.v2 import project_service_pb as pb
from ostiary.api.call import Call, Handler
from ostiary.api.project_messages import GRANT_COLUMNS, grant_condition, grant_message
from ostiary.api.window import pagination_of, window_of
from ostiary.core.project import ActiveState
from ostiary.projects.service import Projects


def grant_handlers(projects: Projects) -> Mapping[str, Handler]:
    """The handlers by RPC name."""
    api = _GrantApi(projects)
    return {
        "CreateProjectGrant": api.create,
        "UpdateProjectGrant": api.update,
        "DeleteProjectGrant": api.delete,
        "ActivateProjectGrant": api.activate,
        "DeactivateProjectGrant": api.deactivate,
        "ListProjectGrants": api.search,
    }


class _GrantApi:
    """Each RPC: message in, command or query, message out."""

    def __init__(self, projects: Projects) -> None:
        self._grants = projects.grants
        self._queries = projects.queries

    async def create(
        self, call: Call, request: pb.CreateProjectGrantRequest
    ) -> pb.CreateProjectGrantResponse:
        """CreateProjectGrant."""
        made = await self._grants.create(
            call.caller, request.project_id, request.granted_organization_id, tuple(request.role_keys)
        )
        return pb.CreateProjectGrantResponse(creation_date=Timestamp.from_datetime(made.created_at))

    async def update(
        self, call: Call, request: pb.UpdateProjectGrantRequest
    ) -> pb.UpdateProjectGrantResponse:
        """UpdateProjectGrant."""
        changed = await self._grants.update(
            call.caller, request.project_id, request.granted_organization_id, tuple(request.role_keys)
        )
        return pb.UpdateProjectGrantResponse(change_date=Timestamp.from_datetime(changed.changed_at))

    async def delete(
        self, call: Call, request: pb.DeleteProjectGrantRequest
    ) -> pb.DeleteProjectGrantResponse:
        """DeleteProjectGrant."""
        at = await self._grants.delete(call.caller, request.project_id, request.granted_organization_id)
        return pb.DeleteProjectGrantResponse(deletion_date=Timestamp.from_datetime(at) if at else None)

    async def activate(
        self, call: Call, request: pb.ActivateProjectGrantRequest
    ) -> pb.ActivateProjectGrantResponse:
        """ActivateProjectGrant."""
        changed = await self._grants.set_state(
            call.caller, request.project_id, request.granted_organization_id, ActiveState.ACTIVE
        )
        return pb.ActivateProjectGrantResponse(change_date=Timestamp.from_datetime(changed.changed_at))

    async def deactivate(
        self, call: Call, request: pb.DeactivateProjectGrantRequest
    ) -> pb.DeactivateProjectGrantResponse:
        """DeactivateProjectGrant."""
        changed = await self._grants.set_state(
            call.caller, request.project_id, request.granted_organization_id, ActiveState.INACTIVE
        )
        return pb.DeactivateProjectGrantResponse(change_date=Timestamp.from_datetime(changed.changed_at))

    async def search(self, call: Call, request: pb.ListProjectGrantsRequest) -> pb.ListProjectGrantsResponse:
        """ListProjectGrants."""
        window = window_of(request.pagination, GRANT_COLUMNS.get(request.sorting_column, "created_at"))
        where = tuple(grant_condition(wanted) for wanted in request.filters)
        page = await self._grants.search(call.caller, where, window)
        return pb.ListProjectGrantsResponse(
            pagination=pagination_of(page.total, window),
            project_grants=[
                grant_message(
                    grant,
                    await self._queries.project_name(grant.project_id),
                    await self._queries.organization_name(grant.granted_organization_id),
                )
                for grant in page.items
            ],
        )
