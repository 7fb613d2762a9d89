"""``zitadel.project.v2.ProjectService``: the table of its RPCs, and those on projects as a whole."""

from protobuf.wkt import Timestamp

from ostiary._pb.zitadel.project.v2 import project_service_pb as pb
from ostiary._pb.zitadel.project.v2 import query_pb
from ostiary.api.call import Call, Service
from ostiary.api.project_grants import grant_handlers
from ostiary.api.project_messages import (
    PROJECT_COLUMNS,
    organization_named,
    project_condition,
    project_message,
)
from ostiary.api.project_roles import role_handlers
from ostiary.api.window import pagination_of, window_of
from ostiary.core.project import ActiveState, Project
from ostiary.projects.project import NewProject, ProjectChange
from ostiary.projects.service import Projects


def service(projects: Projects) -> Service:
    """For the dispatcher."""
    api = _ProjectApi(projects)
    return Service(
        next(service for service in pb.desc().services if service.name == "ProjectService"),
        {
            "CreateProject": api.create,
            "UpdateProject": api.update,
            "DeleteProject": api.delete,
            "GetProject": api.get,
            "ListProjects": api.search,
            "ActivateProject": api.activate,
            "DeactivateProject": api.deactivate,
            **role_handlers(projects),
            **grant_handlers(projects),
        },
    )


class _ProjectApi:
    """Each RPC: message in, command or query, message out."""

    def __init__(self, projects: Projects) -> None:
        self._commands = projects.commands
        self._queries = projects.queries

    async def create(self, call: Call, request: pb.CreateProjectRequest) -> pb.CreateProjectResponse:
        """CreateProject."""
        wanted = NewProject(
            request.organization_id,
            request.name,
            request.project_id,
            asserts_roles=request.project_role_assertion,
            requires_authorization=request.authorization_required,
            requires_access=request.project_access_required,
            private_labeling=int(request.private_labeling_setting),
        )
        made = await self._commands.create(call.caller, wanted)
        return pb.CreateProjectResponse(
            project_id=made.id, creation_date=Timestamp.from_datetime(made.created_at)
        )

    async def update(self, call: Call, request: pb.UpdateProjectRequest) -> pb.UpdateProjectResponse:
        """UpdateProject."""
        has, labeling = request.has_field, request.private_labeling_setting
        change = ProjectChange(
            request.name if has("name") else None,
            request.project_role_assertion if has("project_role_assertion") else None,
            request.authorization_required if has("authorization_required") else None,
            request.project_access_required if has("project_access_required") else None,
            int(labeling) if has("private_labeling_setting") else None,
        )
        changed = await self._commands.update(call.caller, request.project_id, change)
        return pb.UpdateProjectResponse(change_date=Timestamp.from_datetime(changed.changed_at))

    async def delete(self, call: Call, request: pb.DeleteProjectRequest) -> pb.DeleteProjectResponse:
        """DeleteProject."""
        at = await self._commands.delete(call.caller, request.project_id)
        return pb.DeleteProjectResponse(deletion_date=Timestamp.from_datetime(at) if at else None)

    async def get(self, call: Call, request: pb.GetProjectRequest) -> pb.GetProjectResponse:
        """GetProject."""
        project = await self._queries.get(call.caller, request.project_id)
        return pb.GetProjectResponse(project=await self._seen_from(project, call.organization_id))

    async def search(self, call: Call, request: pb.ListProjectsRequest) -> pb.ListProjectsResponse:
        """ListProjects."""
        window = window_of(request.pagination, PROJECT_COLUMNS.get(request.sorting_column, "created_at"))
        where = tuple(project_condition(wanted) for wanted in request.filters)
        page = await self._queries.search(call.caller, where, window)
        viewer = organization_named(request.filters) or call.organization_id
        return pb.ListProjectsResponse(
            pagination=pagination_of(page.total, window),
            projects=[await self._seen_from(project, viewer) for project in page.items],
        )

    async def activate(self, call: Call, request: pb.ActivateProjectRequest) -> pb.ActivateProjectResponse:
        """ActivateProject."""
        changed = await self._commands.set_state(call.caller, request.project_id, ActiveState.ACTIVE)
        return pb.ActivateProjectResponse(change_date=Timestamp.from_datetime(changed.changed_at))

    async def deactivate(
        self, call: Call, request: pb.DeactivateProjectRequest
    ) -> pb.DeactivateProjectResponse:
        """DeactivateProject."""
        changed = await self._commands.set_state(call.caller, request.project_id, ActiveState.INACTIVE)
        return pb.DeactivateProjectResponse(change_date=Timestamp.from_datetime(changed.changed_at))

    async def _seen_from(self, project: Project, organization_id: str) -> query_pb.Project:
        """A project of another organisation carries the grant by which this one sees it."""
        if project.organization_id == organization_id:
            return project_message(project)
        grant = await self._queries.grant_to(project, organization_id)
        name = await self._queries.organization_name(organization_id) if grant else ""
        return project_message(project, grant, name)
