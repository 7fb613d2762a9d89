"""Projects, their roles and grants as messages, and how they are searched."""

from collections.abc import Mapping

from protobuf import Oneof
from protobuf.wkt import Timestamp

from ostiary._pb.zitadel.filter.v2.filter_pb import IDFilter, InIDsFilter
from ostiary._pb.zitadel.project.v2 import query_pb
from ostiary.api.window import line_matching, matching, unnamed
from ostiary.core.filter import Compare, Filter, Names, OneOf, Order, Some
from ostiary.core.project import PROJECT, ActiveState, Project, ProjectGrant, ProjectRole
from ostiary.projects.project import granted_to

STATES: Mapping[ActiveState, query_pb.ProjectState] = {
    ActiveState.ACTIVE: query_pb.ProjectState.ACTIVE,
    ActiveState.INACTIVE: query_pb.ProjectState.INACTIVE,
}
GRANT_STATES: Mapping[ActiveState, query_pb.ProjectGrantState] = {
    ActiveState.ACTIVE: query_pb.ProjectGrantState.ACTIVE,
    ActiveState.INACTIVE: query_pb.ProjectGrantState.INACTIVE,
}
GRANTED_STATES: Mapping[ActiveState, query_pb.GrantedProjectState] = {
    ActiveState.ACTIVE: query_pb.GrantedProjectState.ACTIVE,
    ActiveState.INACTIVE: query_pb.GrantedProjectState.INACTIVE,
}
PROJECT_COLUMNS = {
    query_pb.ProjectFieldName.ID: "id",
    query_pb.ProjectFieldName.CREATION_DATE: "created_at",
    query_pb.ProjectFieldName.CHANGE_DATE: "changed_at",
    query_pb.ProjectFieldName.NAME: "name",
}
ROLE_COLUMNS = {
    query_pb.ProjectRoleFieldName.KEY: "key",
    query_pb.ProjectRoleFieldName.CREATION_DATE: "created_at",
    query_pb.ProjectRoleFieldName.CHANGE_DATE: "changed_at",
}
GRANT_COLUMNS = {
    query_pb.ProjectGrantFieldName.PROJECT_ID: "project_id",
    query_pb.ProjectGrantFieldName.CREATION_DATE: "created_at",
    query_pb.ProjectGrantFieldName.CHANGE_DATE: "changed_at",
}
_Ownership = query_pb.ProjectOrganizationIDFilter.Type


def project_message(
    project: Project, grant: ProjectGrant | None = None, granted_name: str = ""
) -> query_pb.Project:
    """The project, and how it was granted to the organisation that looks at it."""
    return query_pb.Project(
        project_id=project.id,
        organization_id=project.organization_id,
        creation_date=Timestamp.from_datetime(project.created_at),
        change_date=Timestamp.from_datetime(project.changed_at),
        name=project.name,
        state=STATES[project.state],
        project_role_assertion=project.asserts_roles,
        authorization_required=project.requires_authorization,
        project_access_required=project.requires_access,
        private_labeling_setting=query_pb.PrivateLabelingSetting(project.private_labeling),
        granted_organization_id=grant.granted_organization_id if grant else None,
        granted_organization_name=granted_name if grant else None,
        granted_state=GRANTED_STATES[grant.state] if grant else query_pb.GrantedProjectState.UNSPECIFIED,
    )


def role_message(role: ProjectRole) -> query_pb.ProjectRole:
    """The role."""
    return query_pb.ProjectRole(
        project_id=role.project_id,
        key=role.key,
        creation_date=Timestamp.from_datetime(role.created_at),
        change_date=Timestamp.from_datetime(role.changed_at),
        display_name=role.display_name,
        group=role.group,
    )


def grant_message(grant: ProjectGrant, project_name: str, granted_name: str) -> query_pb.ProjectGrant:
    """The grant with the names of project and organisation."""
    return query_pb.ProjectGrant(
        organization_id=grant.organization_id,
        creation_date=Timestamp.from_datetime(grant.created_at),
        change_date=Timestamp.from_datetime(grant.changed_at),
        granted_organization_id=grant.granted_organization_id,
        granted_organization_name=granted_name,
        granted_role_keys=list(grant.role_keys),
        project_id=grant.project_id,
        project_name=project_name,
        state=GRANT_STATES[grant.state],
    )


def project_condition(wanted: query_pb.ProjectSearchFilter) -> Filter:
    """One filter of ListProjects."""
    match wanted.filter:
        case Oneof(value=query_pb.ProjectNameFilter() as by):
            return matching("name", by.project_name, by.method)
        case Oneof(value=InIDsFilter() as by):
            return OneOf("id", tuple(by.ids))
        case Oneof(value=query_pb.ProjectOrganizationIDFilter() as by):
            return _of_organization(by)
        case _:
            raise unnamed()


def organization_named(filters: list[query_pb.ProjectSearchFilter]) -> str:
    """The organisation that the filters ask for, through whose eyes granted projects are seen; or empty."""
    for wanted in filters:
        match wanted.filter:
            case Oneof(value=query_pb.ProjectOrganizationIDFilter() as by):
                return by.organization_id
            case _:
                continue
    return ""


def role_condition(wanted: query_pb.ProjectRoleSearchFilter) -> Filter:
    """One filter of ListProjectRoles."""
    match wanted.filter:
        case Oneof(value=query_pb.ProjectRoleKeyFilter() as by):
            return matching("key", by.key, by.method)
        case Oneof(value=query_pb.ProjectRoleDisplayNameFilter() as by):
            return matching("display_name", by.display_name, by.method)
        case _:
            raise unnamed()


def grant_condition(wanted: query_pb.ProjectGrantSearchFilter) -> Filter:
    """One filter of ListProjectGrants."""
    match wanted.filter:
        case Oneof(value=query_pb.ProjectNameFilter() as by):
            return Names("project_id", PROJECT, matching("name", by.project_name, by.method))
        case Oneof(value=query_pb.ProjectRoleKeyFilter() as by):
            return line_matching("role_keys", by.key, by.method)
        case Oneof(value=InIDsFilter() as by):
            return OneOf("project_id", tuple(by.ids))
        case Oneof(field="organization_id_filter", value=IDFilter() as by):
            return Compare("organization_id", Order.EQUAL, by.id)
        case Oneof(field="granted_organization_id_filter", value=IDFilter() as by):
            return Compare("granted_organization_id", Order.EQUAL, by.id)
        case _:
            raise unnamed()


def _of_organization(wanted: query_pb.ProjectOrganizationIDFilter) -> Filter:
    owned = Compare("organization_id", Order.EQUAL, wanted.organization_id)
    granted = granted_to((wanted.organization_id,))
    if wanted.type == _Ownership.OWNED:
        return owned
    return granted if wanted.type == _Ownership.GRANTED else Some((owned, granted))
