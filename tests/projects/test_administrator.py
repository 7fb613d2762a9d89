"""Administrators: roles given where the giver holds as much; lists of those one may know of."""

from typing import Any

import pytest

from ostiary.core.permission import MEMBERSHIP
from ostiary.errors import (
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    OstiaryError,
    PermissionDenied,
)
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

INSTANCE = {"instance": True}
ON_ACME = {"organizationId": ACME}


async def test_each_resource(each_house: House) -> None:
    """Roles are given on the instance, an organisation, a project and a grant, and listed with their names."""
    project_id = await each_house.project()
    grant = {"projectId": project_id, "organizationId": OTHER}
    await each_house.rpc("CreateProjectGrant", projectId=project_id, grantedOrganizationId=OTHER)
    for resource, role in (
        (INSTANCE, "IAM_LOGIN_CLIENT"),
        (ON_ACME, "ORG_USER_MANAGER"),
        ({"projectId": project_id}, "PROJECT_OWNER"),
        ({"projectGrant": grant}, "PROJECT_GRANT_OWNER"),
    ):
        request: dict[str, Any] = {"userId": "alice", "resource": resource}
        await each_house.rpc("CreateAdministrator", **request, roles=[role])
        with refused(AlreadyExists, "administrator.taken"):
            await each_house.rpc("CreateAdministrator", **request, roles=[role])
        page = await each_house.rpc("ListAdministrators", filters=[{"resource": resource}])
        (one,) = page.administrators
        assert one.roles == [role]
        assert (one.user.id, one.user.display_name, one.user.organization_id) == ("alice", "Alice Doe", ACME)
        assert one.creation_date.to_datetime() == each_house.effects.now().replace(microsecond=0)
    everything = (await each_house.rpc("ListAdministrators", pagination={"asc": True})).administrators
    on = {one.resource.field: one.resource.value for one in everything}
    assert on["instance"] is True
    assert on["organization"].name == "Acme"
    assert (on["project"].name, on["project"].organization_id) == ("shop", ACME)
    assert (on["project_grant"].project_name, on["project_grant"].granted_organization_id) == ("shop", OTHER)


async def test_update_and_delete(each_house: House) -> None:
    """Roles are replaced and taken; what is not there is told."""
    request: dict[str, Any] = {"userId": "alice", "resource": ON_ACME}
    with refused(NotFound, "administrator.unknown"):
        await each_house.rpc("UpdateAdministrator", **request, roles=["ORG_OWNER"])
    await each_house.rpc("CreateAdministrator", **request, roles=["ORG_OWNER"])
    each_house.effects.later(seconds=5)
    for _ in range(2):
        answer = await each_house.rpc("UpdateAdministrator", **request, roles=["ORG_OWNER_VIEWER"])
        assert answer.change_date.to_datetime() == each_house.effects.now().replace(microsecond=0)
    row = await each_house.store.get(MEMBERSHIP, f"alice:organization:{ACME}")
    assert row is not None
    assert row.roles == ("ORG_OWNER_VIEWER",)
    assert (await each_house.rpc("DeleteAdministrator", **request)).deletion_date is not None
    assert (await each_house.rpc("DeleteAdministrator", **request)).deletion_date is None


@pytest.mark.parametrize(
    ("resource", "roles", "error", "id_"),
    [
        (INSTANCE, ["ORG_OWNER"], InvalidArgument, "administrator.role_unknown"),
        (INSTANCE, [], InvalidArgument, "administrator.no_role"),
        (ON_ACME, ["IAM_OWNER"], InvalidArgument, "administrator.role_unknown"),
        ({"projectId": "shop"}, ["PROJECT_GRANT_OWNER"], InvalidArgument, "administrator.role_unknown"),
        ({"projectId": "none"}, ["PROJECT_OWNER"], NotFound, "project.unknown"),
        ({"organizationId": "none"}, ["ORG_OWNER"], NotFound, "administrator.organization_unknown"),
        ({"organizationId": ""}, ["ORG_OWNER"], InvalidArgument, "administrator.resource_unnamed"),
        (
            {"projectGrant": {"projectId": "shop", "organizationId": OTHER}},
            ["PROJECT_GRANT_OWNER"],
            NotFound,
            "administrator.grant_unknown",
        ),
    ],
)
async def test_create_refused(
    house: House, resource: Any, roles: list[str], error: type[OstiaryError], id_: str
) -> None:
    """A role fits its resource, which is there."""
    await house.project(projectId="shop")
    with refused(error, id_):
        await house.rpc("CreateAdministrator", userId="alice", resource=resource, roles=roles)


async def test_unknown_user_and_inactive_project(house: House) -> None:
    """A role is given to somebody, on a project that is active."""
    await house.project(projectId="shop")
    with refused(NotFound, "administrator.user_unknown"):
        await house.rpc("CreateAdministrator", userId="none", resource=INSTANCE, roles=["IAM_OWNER"])
    await house.rpc("DeactivateProject", projectId="shop")
    with refused(FailedPrecondition, "project.not_active"):
        await house.rpc(
            "CreateAdministrator", userId="alice", resource={"projectId": "shop"}, roles=["PROJECT_OWNER"]
        )


async def test_nobody_gives_more_than_they_hold(house: House) -> None:
    """A login client, who may give roles, makes nobody an owner, nor unmakes one."""
    on_instance: dict[str, Any] = {"userId": "alice", "resource": INSTANCE}
    with refused(PermissionDenied, "administrator.role_too_high"):
        await house.rpc("CreateAdministrator", LOGIN_CLIENT, **on_instance, roles=["IAM_OWNER"])
    with refused(PermissionDenied, "administrator.role_too_high"):
        await house.rpc(
            "CreateAdministrator", LOGIN_CLIENT, userId="901", resource=ON_ACME, roles=["ORG_OWNER"]
        )
    await house.rpc("CreateAdministrator", LOGIN_CLIENT, **on_instance, roles=["IAM_LOGIN_CLIENT"])
    await house.rpc("UpdateAdministrator", **on_instance, roles=["IAM_OWNER"])
    with refused(PermissionDenied, "administrator.role_too_high"):
        await house.rpc("UpdateAdministrator", LOGIN_CLIENT, **on_instance, roles=["IAM_LOGIN_CLIENT"])
    with refused(PermissionDenied, "AUTH-AWfge"):
        await house.rpc("DeleteAdministrator", LOGIN_CLIENT, **on_instance)


async def test_owners_give_what_is_theirs(house: House) -> None:
    """An owner gives every role on what they own, those for programs too, and none elsewhere."""
    for roles in (["ORG_OWNER"], ["ORG_ADMIN_IMPERSONATOR"]):
        await house.rpc("CreateAdministrator", ACME_OWNER, userId="alice", resource=ON_ACME, roles=roles)
        await house.rpc("DeleteAdministrator", ACME_OWNER, userId="alice", resource=ON_ACME)
    with refused(PermissionDenied, "AUTH-AWfge"):
        await house.rpc(
            "CreateAdministrator",
            ACME_OWNER,
            userId="alice",
            resource={"organizationId": OTHER},
            roles=["ORG_OWNER"],
        )
    with refused(PermissionDenied, "AUTH-AWfge"):
        await house.rpc(
            "CreateAdministrator", ACME_OWNER, userId="alice", resource=INSTANCE, roles=["IAM_OWNER"]
        )
    with refused(NotFound, "AUTHZ-cdgFk"):
        await house.rpc("CreateAdministrator", STRANGER, userId="902", resource=INSTANCE, roles=["IAM_OWNER"])
    await house.project(projectId="shop")
    on_shop = {"projectId": "shop"}
    await house.rpc(
        "CreateAdministrator", ACME_OWNER, userId="alice", resource=on_shop, roles=["PROJECT_OWNER"]
    )
    project_owner = caller("alice", "PROJECT_OWNER", resource="project:shop")
    await house.rpc(
        "CreateAdministrator", project_owner, userId="bob", resource=on_shop, roles=["PROJECT_OWNER"]
    )


async def test_lists_show_what_may_be_known(each_house: House) -> None:
    """Everybody sees their own roles; others' where they may read members."""
    await each_house.project(projectId="shop")
    await each_house.project("other", projectId="theirs", organizationId=OTHER)
    grant = {"projectId": "shop", "organizationId": OTHER}
    await each_house.rpc("CreateProjectGrant", projectId="shop", grantedOrganizationId=OTHER)
    given: list[tuple[str, Any, str]] = [
        ("alice", INSTANCE, "IAM_OWNER_VIEWER"),
        ("alice", ON_ACME, "ORG_OWNER"),
        ("bob", {"organizationId": OTHER}, "ORG_OWNER"),
        ("bob", {"projectId": "shop"}, "PROJECT_OWNER"),
        ("bob", {"projectId": "theirs"}, "PROJECT_OWNER"),
        ("alice", {"projectGrant": grant}, "PROJECT_GRANT_OWNER"),
    ]
    for user_id, resource, role in given:
        await each_house.rpc("CreateAdministrator", userId=user_id, resource=resource, roles=[role])
    theirs = "grant:shop:600"
    cases = [
        (ADMIN, {0, 1, 2, 3, 4, 5}),
        (ACME_OWNER, {1, 3, 5}),
        (OTHER_OWNER, {2, 4, 5}),
        (caller("950", "PROJECT_OWNER", resource="project:shop"), {3, 5}),
        (caller("951", "PROJECT_GRANT_OWNER", resource=theirs, home=OTHER), {5}),
        (caller("bob", home=OTHER), {2, 3, 4}),
        (STRANGER, set()),
    ]
    everything = [(user_id, role, str(resource)) for user_id, resource, role in given]
    for who, wanted in cases:
        page = await each_house.rpc("ListAdministrators", who)
        assert page.pagination.total_result == len(wanted), who
        seen = {(one.user.id, one.roles[0]) for one in page.administrators}
        assert seen == {everything[number][:2] for number in wanted}, who


async def test_search(each_house: House) -> None:
    """Every filter and order of the list."""
    start = each_house.effects.now()
    await each_house.rpc("CreateAdministrator", userId="alice", resource=ON_ACME, roles=["ORG_OWNER"])
    each_house.effects.later(minutes=1)
    await each_house.rpc(
        "CreateAdministrator",
        userId="bob",
        resource=INSTANCE,
        roles=["IAM_OWNER_VIEWER", "IAM_USER_MANAGER"],
    )
    each_house.effects.later(minutes=1)
    await each_house.rpc("UpdateAdministrator", userId="alice", resource=ON_ACME, roles=["ORG_OWNER_VIEWER"])
    noon = start.replace(microsecond=0).isoformat().replace("+00:00", "Z")
    later = each_house.effects.now().replace(microsecond=0).isoformat().replace("+00:00", "Z")
    starts = "TEXT_FILTER_METHOD_STARTS_WITH_IGNORE_CASE"
    alice: dict[str, Any] = {"inUserIdsFilter": {"ids": ["alice"]}}
    bob: dict[str, Any] = {"userDisplayName": {"displayName": "BOB", "method": starts}}
    cases: list[tuple[dict[str, Any], set[str]]] = [
        ({"creationDate": {"timestamp": noon}}, {"alice"}),
        ({"creationDate": {"timestamp": noon, "method": "TIMESTAMP_FILTER_METHOD_AFTER"}}, {"bob"}),
        ({"changeDate": {"timestamp": later}}, {"alice"}),
        (alice, {"alice"}),
        ({"userOrganizationId": {"id": OTHER}}, {"bob"}),
        ({"userPreferredLoginName": {"preferredLoginName": "ali", "method": starts}}, {"alice"}),
        (bob, {"bob"}),
        ({"resource": INSTANCE}, {"bob"}),
        ({"resource": {"projectId": "none"}}, set()),
        ({"role": {"roleKey": "IAM_USER_MANAGER"}}, {"bob"}),
        ({"role": {"roleKey": "IAM_USER"}}, set()),
        ({"and": {"queries": [alice, bob]}}, set()),
        ({"or": {"queries": [alice, bob]}}, {"alice", "bob"}),
        ({"not": {"query": alice}}, {"bob"}),
    ]
    for condition, wanted in cases:
        page = await each_house.rpc("ListAdministrators", filters=[condition])
        assert {one.user.id for one in page.administrators} == wanted, condition
    for field in ("USER_ID", "CREATION_DATE", "CHANGE_DATE"):
        page = await each_house.rpc(
            "ListAdministrators", sortingColumn=f"ADMINISTRATOR_FIELD_NAME_{field}", pagination={"limit": 1}
        )
        assert page.pagination.total_result == 2
    for condition in ({}, {"not": {}}):
        with refused(InvalidArgument, "list.filter_unnamed"):
            await each_house.rpc("ListAdministrators", filters=[condition])
    deep: dict[str, Any] = alice
    for _ in range(21):
        deep = {"not": {"query": deep}}
    with refused(InvalidArgument, "administrator.nesting"):
        await each_house.rpc("ListAdministrators", filters=[deep])
