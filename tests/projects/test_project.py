"""Projects: made, changed, switched off and on, removed with all they have, seen by those who may."""

from typing import Any

import pytest

from ostiary.core.client import APPLICATION, APPLICATION_KEY
from ostiary.core.permission import MEMBERSHIP
from ostiary.core.project import AUTHORIZATION, PROJECT, PROJECT_GRANT, PROJECT_ROLE
from ostiary.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from ostiary.projects import sweep
from ostiary.storage.port import Listing
from tests.projects.conftest import (
    ACME,
    ACME_OWNER,
    ADMIN,
    LOGIN_CLIENT,
    OTHER,
    OTHER_OWNER,
    STRANGER,
    House,
    caller,
    refused,
)


async def test_create_and_get(each_house: House) -> None:
    """A project is as it was made."""
    project_id = await each_house.project(
        "  Shop ",
        projectRoleAssertion=True,
        authorizationRequired=True,
        projectAccessRequired=True,
        privateLabelingSetting=1,
    )
    project = (await each_house.rpc("GetProject", projectId=project_id)).project
    assert (project.name, project.organization_id, project.state.name) == ("Shop", ACME, "ACTIVE")
    assert project.project_role_assertion
    assert project.authorization_required
    assert project.project_access_required
    assert project.private_labeling_setting == 1
    assert project.granted_organization_id == ""


async def test_create_refused(house: House) -> None:
    """Names are one project's in an organisation, ids one's in the instance."""
    await house.project("shop", projectId="my-shop")
    with refused(AlreadyExists, "project.name_taken"):
        await house.project("shop")
    with refused(AlreadyExists, "project.id_taken"):
        await house.project("other", projectId="my-shop")
    with refused(InvalidArgument, "chosen.id_form"):
        await house.project("other", projectId="a:b")
    with refused(InvalidArgument, "chosen.name_form"):
        await house.project("   ")
    with refused(NotFound, "project.organization_unknown"):
        await house.project("other", organizationId="none")
    await house.project("shop", organizationId=OTHER)


@pytest.mark.parametrize(
    ("who", "error", "id_"),
    [
        (STRANGER, NotFound, "AUTHZ-cdgFk"),
        (LOGIN_CLIENT, PermissionDenied, "AUTH-AWfge"),
        (OTHER_OWNER, PermissionDenied, "AUTH-AWfge"),
    ],
)
async def test_permissions(house: House, who: Any, error: Any, id_: str) -> None:
    """Projects are changed by those who hold the right on their organisation."""
    project_id = await house.project()
    calls: list[tuple[str, dict[str, Any]]] = [
        ("CreateProject", {"organizationId": ACME, "name": "x"}),
        ("UpdateProject", {"projectId": project_id, "name": "x"}),
        ("DeactivateProject", {"projectId": project_id}),
        ("DeleteProject", {"projectId": project_id}),
        ("AddProjectRole", {"projectId": project_id, "roleKey": "x", "displayName": "x"}),
        ("CreateProjectGrant", {"projectId": project_id, "grantedOrganizationId": OTHER}),
    ]
    for name, request in calls:
        with refused(error, id_):
            await house.rpc(name, who, **request)


async def test_project_owner(house: House) -> None:
    """A role on one project suffices for that one."""
    project_id, other_id = await house.project("a"), await house.project("b")
    owner = caller("910", "PROJECT_OWNER", resource=f"project:{project_id}")
    await house.rpc("UpdateProject", owner, projectId=project_id, name="c")
    await house.rpc("AddProjectRole", owner, projectId=project_id, roleKey="x", displayName="x")
    with refused(PermissionDenied, "AUTH-AWfge"):
        await house.rpc("UpdateProject", owner, projectId=other_id, name="d")
    page = await house.rpc("ListProjects", owner)
    assert [project.project_id for project in page.projects] == [project_id]
    await house.rpc("DeleteProject", owner, projectId=project_id)


async def test_update(each_house: House) -> None:
    """What is named changes, the rest stays; nothing new changes nothing."""
    project_id = await each_house.project(authorizationRequired=True)
    each_house.effects.later(seconds=5)
    await each_house.rpc("UpdateProject", projectId=project_id, name="store", projectRoleAssertion=True)
    project = await each_house.store.get(PROJECT, project_id)
    assert project is not None
    assert (project.name, project.requires_authorization, project.asserts_roles) == ("store", True, True)
    each_house.effects.later(seconds=5)
    answer = await each_house.rpc("UpdateProject", projectId=project_id, authorizationRequired=True)
    assert answer.change_date.to_datetime() == project.changed_at
    await each_house.rpc("UpdateProject", projectId=project_id, authorizationRequired=False)
    with refused(NotFound, "project.unknown"):
        await each_house.rpc("UpdateProject", projectId="none", name="x")


async def test_update_name_taken(house: House) -> None:
    """A project does not take another's name."""
    await house.project("a")
    project_id = await house.project("b")
    with refused(AlreadyExists, "project.name_taken"):
        await house.rpc("UpdateProject", projectId=project_id, name="a")


async def test_states(house: House) -> None:
    """A project goes off and on, and nothing is added to one that is off."""
    project_id = await house.project(roles=("admin",))
    with refused(FailedPrecondition, "project.state_same"):
        await house.rpc("ActivateProject", projectId=project_id)
    await house.rpc("DeactivateProject", projectId=project_id)
    assert (await house.rpc("GetProject", projectId=project_id)).project.state.name == "INACTIVE"
    with refused(FailedPrecondition, "project.not_active"):
        await house.application(project_id)
    with refused(FailedPrecondition, "project.not_active"):
        await house.authorize("alice", project_id, "admin")
    await house.rpc("ActivateProject", projectId=project_id)
    await house.application(project_id)


async def test_delete_takes_everything(each_house: House) -> None:
    """Nothing of a project is left, however much there was, and nothing of another goes with it."""
    doomed, spared = await each_house.project("doomed", roles=("a", "b")), await each_house.project("spared")
    for project_id in (doomed, spared):
        made = await each_house.application(project_id)
        await each_house.rpc("CreateApplicationKey", projectId=project_id, applicationId=made.application_id)
        await each_house.rpc("CreateProjectGrant", projectId=project_id, grantedOrganizationId=OTHER)
        await each_house.authorize("alice", project_id)
        await each_house.authorize("bob", project_id, through=OTHER)
        resources = (
            {"projectId": project_id},
            {"projectGrant": {"projectId": project_id, "organizationId": OTHER}},
        )
        for resource, role in zip(resources, ("PROJECT_OWNER", "PROJECT_GRANT_OWNER"), strict=True):
            await each_house.rpc("CreateAdministrator", userId="alice", resource=resource, roles=[role])
    answer = await each_house.rpc("DeleteProject", projectId=doomed)
    assert answer.deletion_date is not None
    kinds: list[Any] = [PROJECT, APPLICATION, APPLICATION_KEY, PROJECT_GRANT, PROJECT_ROLE, AUTHORIZATION]
    for kind in kinds:
        page = await each_house.store.page(Listing(kind))
        assert {getattr(row, "project_id", row.id) for row in page.items} <= {spared}, kind
    members = await each_house.store.page(Listing(MEMBERSHIP))
    assert {member.resource for member in members.items} == {f"project:{spared}", f"grant:{spared}:{OTHER}"}
    again = await each_house.rpc("DeleteProject", projectId=doomed)
    assert again.deletion_date is None


async def test_delete_in_bounded_saves(house: House) -> None:
    """More rows than one save takes go in several."""
    project_id = await house.project()
    for number in range(sweep.CHUNK + 1):
        await house.rpc("AddProjectRole", projectId=project_id, roleKey=f"r{number}", displayName="x")
    await house.rpc("DeleteProject", projectId=project_id)
    assert (await house.store.page(Listing(PROJECT_ROLE))).total == 0


async def test_a_chosen_id_starts_afresh(house: House) -> None:
    """Whoever was given roles on a project has none on another that takes its id."""
    await house.project("a", projectId="shop", roles=("admin",))
    await house.authorize("alice", "shop", "admin")
    await house.rpc("DeleteProject", projectId="shop")
    await house.project("a", projectId="shop", roles=("admin",))
    assert (await house.rpc("ListAuthorizations")).pagination.total_result == 0


async def test_granted_projects_are_seen(each_house: House) -> None:
    """An organisation sees what it was lent, and how."""
    project_id = await each_house.project()
    assert (await each_house.rpc("ListProjects", OTHER_OWNER)).projects == []
    with refused(PermissionDenied, "AUTH-AWfge"):
        await each_house.rpc("GetProject", OTHER_OWNER, projectId=project_id)
    await each_house.rpc("CreateProjectGrant", projectId=project_id, grantedOrganizationId=OTHER)
    (seen,) = (await each_house.rpc("ListProjects", OTHER_OWNER)).projects
    assert (seen.granted_organization_id, seen.granted_organization_name) == (OTHER, "Other")
    assert seen.granted_state.name == "ACTIVE"
    read = (await each_house.rpc("GetProject", OTHER_OWNER, projectId=project_id)).project
    assert read == seen
    on_grant = caller("911", "PROJECT_GRANT_OWNER", resource=f"grant:{project_id}:{OTHER}", home=OTHER)
    assert (await each_house.rpc("ListProjects", on_grant)).pagination.total_result == 1
    assert (await each_house.rpc("GetProject", on_grant, projectId=project_id)).project.name == "shop"
    roles = await each_house.rpc("ListProjectRoles", OTHER_OWNER, projectId=project_id)
    assert roles.pagination.total_result == 0


async def test_get_refused(house: House) -> None:
    """Who may read no project learns nothing, who may learns what is not there."""
    with refused(NotFound, "AUTHZ-cdgFk"):
        await house.rpc("GetProject", STRANGER, projectId="none")
    with refused(NotFound, "project.unknown"):
        await house.rpc("GetProject", ACME_OWNER, projectId="none")


async def test_search(each_house: House) -> None:
    """Every filter and order of the list, and its parts."""
    first, second = await each_house.project("Alpha"), await each_house.project("Beta")
    third = await each_house.project("Gamma", organizationId=OTHER)
    await each_house.rpc("CreateProjectGrant", projectId=third, grantedOrganizationId=ACME)
    method = "TEXT_FILTER_METHOD_STARTS_WITH_IGNORE_CASE"
    of_acme = {"organizationId": ACME}
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({"projectNameFilter": {"projectName": "aL", "method": method}}, [first]),
        ({"projectNameFilter": {"projectName": "Beta"}}, [second]),
        ({"inProjectIdsFilter": {"ids": [first, third]}}, [first, third]),
        ({"organizationIdFilter": of_acme}, [first, second, third]),
        ({"organizationIdFilter": {**of_acme, "type": "OWNED"}}, [first, second]),
        ({"organizationIdFilter": {**of_acme, "type": "GRANTED"}}, [third]),
    ]
    for condition, wanted in cases:
        page = await each_house.rpc("ListProjects", filters=[condition], pagination={"asc": True})
        assert [project.project_id for project in page.projects] == wanted, condition
    page = await each_house.rpc(
        "ListProjects",
        pagination={"offset": "1", "limit": 1},
        sortingColumn="PROJECT_FIELD_NAME_NAME",
    )
    assert [project.name for project in page.projects] == ["Beta"]
    assert (page.pagination.total_result, page.pagination.applied_limit) == (3, 1)
    with refused(InvalidArgument, "list.filter_unnamed"):
        await each_house.rpc("ListProjects", filters=[{}])
    with refused(InvalidArgument, "QUERY-4M0fs"):
        await each_house.rpc("ListProjects", ADMIN, pagination={"limit": 1001})
