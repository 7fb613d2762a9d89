"""Roles of projects, and projects lent to other organisations."""

from typing import Any

import pytest
from msgspec.structs import replace

from ostiary.core.project import AUTHORIZATION, PROJECT_GRANT
from ostiary.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from ostiary.storage.port import Changes, Listing, Put
from tests.projects.conftest import (
    ACME,
    ACME_OWNER,
    OTHER,
    OTHER_OWNER,
    THIRD,
    House,
    caller,
    refused,
)


async def roles_of(house: House, authorization_id: str) -> tuple[str, ...]:
    """What an authorisation names now."""
    found = await house.store.get(AUTHORIZATION, authorization_id)
    assert found is not None
    return found.role_keys


async def test_roles(each_house: House) -> None:
    """Roles are added, changed in part, listed."""
    project_id = await each_house.project()
    await each_house.rpc(
        "AddProjectRole", projectId=project_id, roleKey="admin", displayName="Admin", group="g"
    )
    each_house.effects.later(seconds=1)
    await each_house.rpc("AddProjectRole", projectId=project_id, roleKey="user", displayName="User")
    changed = {"projectId": project_id, "roleKey": "admin"}
    await each_house.rpc("UpdateProjectRole", **changed, displayName="Owner")
    await each_house.rpc("UpdateProjectRole", **changed, displayName="Owner")
    page = await each_house.rpc("ListProjectRoles", projectId=project_id, pagination={"asc": True})
    assert [(role.key, role.display_name, role.group) for role in page.project_roles] == [
        ("admin", "Owner", "g"),
        ("user", "User", ""),
    ]
    for condition, wanted in (
        ({"roleKeyFilter": {"key": "adm", "method": "TEXT_FILTER_METHOD_STARTS_WITH"}}, ["admin"]),
        ({"displayNameFilter": {"displayName": "User"}}, ["user"]),
    ):
        page = await each_house.rpc("ListProjectRoles", projectId=project_id, filters=[condition])
        assert [role.key for role in page.project_roles] == wanted
    page = await each_house.rpc(
        "ListProjectRoles", projectId=project_id, sortingColumn="PROJECT_ROLE_FIELD_NAME_CHANGE_DATE"
    )
    assert page.pagination.total_result == 2


async def test_roles_refused(house: House) -> None:
    """Keys are one role's in a project, and printable."""
    project_id = await house.project(roles=("admin",))
    of_project = {"projectId": project_id, "displayName": "x"}
    with refused(AlreadyExists, "project.role_taken"):
        await house.rpc("AddProjectRole", **of_project, roleKey="admin")
    for key in (" a", "a\nb", ""):
        with refused(InvalidArgument, "chosen.role_key_form"):
            await house.rpc("AddProjectRole", **of_project, roleKey=key)
    with refused(NotFound, "project.role_not_found"):
        await house.rpc("UpdateProjectRole", **of_project, roleKey="none")
    with refused(InvalidArgument, "list.filter_unnamed"):
        await house.rpc("ListProjectRoles", projectId=project_id, filters=[{}])


async def test_a_removed_role_is_nobodys(each_house: House) -> None:
    """A role that is removed is taken from grants and users, and one of the same key later is another."""
    project_id = await each_house.project(roles=("admin", "user"))
    grant = {"projectId": project_id, "grantedOrganizationId": OTHER}
    await each_house.rpc("CreateProjectGrant", **grant, roleKeys=["admin", "user"])
    alice = await each_house.authorize("alice", project_id, "admin", "user")
    bob = await each_house.authorize("bob", project_id, "admin", through=OTHER)
    answer = await each_house.rpc("RemoveProjectRole", projectId=project_id, roleKey="admin")
    assert answer.removal_date is not None
    assert await roles_of(each_house, alice) == ("user",)
    assert await roles_of(each_house, bob) == ()
    (lent,) = (await each_house.rpc("ListProjectGrants")).project_grants
    assert lent.granted_role_keys == ["user"]
    again = await each_house.rpc("RemoveProjectRole", projectId=project_id, roleKey="admin")
    assert again.removal_date is None


async def test_an_interrupted_removal_is_finished(house: House) -> None:
    """What a crash left of a role with users does not come to life with a new role of its key."""
    project_id = await house.project(roles=("admin",))
    alice = await house.authorize("alice", project_id, "admin")
    kept = await house.store.get(AUTHORIZATION, alice)
    assert kept is not None
    await house.rpc("RemoveProjectRole", projectId=project_id, roleKey="admin")
    await leave_behind(house, kept)
    await house.rpc("AddProjectRole", projectId=project_id, roleKey="admin", displayName="x")
    assert await roles_of(house, alice) == ()


async def leave_behind(house: House, kept: Any) -> None:
    """Put an authorisation back as it was, as if the save that changed it had not been reached."""
    now = await house.store.get(AUTHORIZATION, kept.id)
    assert now is not None
    stale = replace(kept, version=now.version + 1)
    await house.store.save(Changes(puts=(Put(AUTHORIZATION, stale, now.version),)))


async def test_grants(each_house: House) -> None:
    """A project is lent with some roles; states and lists."""
    project_id = await each_house.project(roles=("admin", "user"))
    grant = {"projectId": project_id, "grantedOrganizationId": OTHER}
    await each_house.rpc("CreateProjectGrant", **grant, roleKeys=["admin", "admin"])
    await each_house.rpc("CreateProjectGrant", projectId=project_id, grantedOrganizationId=THIRD)
    (lent,) = (await each_house.rpc("ListProjectGrants", OTHER_OWNER)).project_grants
    assert (lent.project_name, lent.granted_organization_name) == ("shop", "Other")
    assert (lent.organization_id, lent.granted_role_keys) == (ACME, ["admin"])
    with refused(FailedPrecondition, "project.grant_state_same"):
        await each_house.rpc("ActivateProjectGrant", **grant)
    await each_house.rpc("DeactivateProjectGrant", **grant)
    (lent,) = (await each_house.rpc("ListProjectGrants", OTHER_OWNER)).project_grants
    assert lent.state.name == "INACTIVE"
    with refused(FailedPrecondition, "authorization.no_grant"):
        await each_house.authorize("bob", project_id, "admin", through=OTHER)
    await each_house.rpc("ActivateProjectGrant", **grant)
    starts = "TEXT_FILTER_METHOD_STARTS_WITH"
    both = {OTHER, THIRD}
    cases: list[tuple[dict[str, Any], set[str]]] = [
        ({"projectNameFilter": {"projectName": "sh", "method": starts}}, both),
        ({"projectNameFilter": {"projectName": "none"}}, set()),
        ({"roleKeyFilter": {"key": "admin"}}, {OTHER}),
        ({"roleKeyFilter": {"key": "dmin"}}, set()),
        ({"roleKeyFilter": {"key": "adm", "method": starts}}, {OTHER}),
        ({"roleKeyFilter": {"key": "MIN", "method": "TEXT_FILTER_METHOD_ENDS_WITH_IGNORE_CASE"}}, {OTHER}),
        ({"roleKeyFilter": {"key": "dmi", "method": "TEXT_FILTER_METHOD_CONTAINS"}}, {OTHER}),
        ({"inProjectIdsFilter": {"ids": [project_id]}}, both),
        ({"organizationIdFilter": {"id": ACME}}, both),
        ({"grantedOrganizationIdFilter": {"id": THIRD}}, {THIRD}),
    ]
    for condition, wanted in cases:
        page = await each_house.rpc("ListProjectGrants", filters=[condition])
        assert {one.granted_organization_id for one in page.project_grants} == wanted, condition
    with refused(InvalidArgument, "list.filter_unnamed"):
        await each_house.rpc("ListProjectGrants", filters=[{}])


async def test_grants_refused(house: House) -> None:
    """A grant goes to another organisation that exists, once, with roles that exist."""
    project_id = await house.project(roles=("admin",))
    await house.rpc("CreateProjectGrant", projectId=project_id, grantedOrganizationId=OTHER)
    cases: list[tuple[str, list[str], Any, str]] = [
        (OTHER, [], AlreadyExists, "project.grant_taken"),
        (ACME, [], InvalidArgument, "project.grant_to_owner"),
        ("none", [], NotFound, "project.grant_organization_unknown"),
        (THIRD, ["none"], FailedPrecondition, "project.role_unknown"),
    ]
    for organization_id, keys, error, id_ in cases:
        with refused(error, id_):
            await house.rpc(
                "CreateProjectGrant",
                projectId=project_id,
                grantedOrganizationId=organization_id,
                roleKeys=keys,
            )
    with refused(NotFound, "project.grant_unknown"):
        await house.rpc("UpdateProjectGrant", projectId=project_id, grantedOrganizationId=THIRD)
    with refused(PermissionDenied, "AUTH-AWfge"):
        await house.rpc("UpdateProjectGrant", OTHER_OWNER, projectId=project_id, grantedOrganizationId=OTHER)


async def test_a_role_no_longer_lent_is_taken_back(each_house: House) -> None:
    """A grant's change reaches the users who had a role through it, and no others."""
    project_id = await each_house.project(roles=("admin", "user"))
    grant = {"projectId": project_id, "grantedOrganizationId": OTHER}
    await each_house.rpc("CreateProjectGrant", **grant, roleKeys=["admin", "user"])
    alice = await each_house.authorize("alice", project_id, "admin")
    bob = await each_house.authorize("bob", project_id, "admin", "user", through=OTHER)
    kept = await each_house.store.get(AUTHORIZATION, bob)
    await each_house.rpc("UpdateProjectGrant", **grant, roleKeys=["user"])
    assert await roles_of(each_house, bob) == ("user",)
    assert await roles_of(each_house, alice) == ("admin",)
    await leave_behind(each_house, kept)
    await each_house.rpc("UpdateProjectGrant", **grant, roleKeys=["admin", "user"])
    assert await roles_of(each_house, bob) == ("user",)
    await each_house.rpc("UpdateProjectGrant", **grant, roleKeys=["admin", "user"])


async def test_delete_grant(each_house: House) -> None:
    """With a grant go the authorisations given through it."""
    project_id = await each_house.project(roles=("admin",))
    grant = {"projectId": project_id, "grantedOrganizationId": OTHER}
    await each_house.rpc("CreateProjectGrant", **grant, roleKeys=["admin"])
    kept = await each_house.authorize("bob", project_id, "admin")
    await each_house.authorize("bob", project_id, "admin", through=OTHER)
    answer = await each_house.rpc("DeleteProjectGrant", ACME_OWNER, **grant)
    assert answer.deletion_date is not None
    assert (await each_house.store.page(Listing(PROJECT_GRANT))).total == 0
    left = (await each_house.store.page(Listing(AUTHORIZATION))).items
    assert [one.id for one in left] == [kept]
    again = await each_house.rpc("DeleteProjectGrant", **grant)
    assert again.deletion_date is None


@pytest.mark.parametrize("role", ["PROJECT_GRANT_OWNER", "PROJECT_GRANT_OWNER_VIEWER"])
async def test_who_administers_a_grant_sees_it(house: House, role: str) -> None:
    """A role on the grant shows that grant, and no other of the project."""
    project_id = await house.project()
    for organization_id in (OTHER, THIRD):
        await house.rpc("CreateProjectGrant", projectId=project_id, grantedOrganizationId=organization_id)
    who = caller("920", role, resource=f"grant:{project_id}:{OTHER}", home=OTHER)
    (seen,) = (await house.rpc("ListProjectGrants", who)).project_grants
    assert seen.granted_organization_id == OTHER
