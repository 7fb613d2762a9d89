"""Authorisations: roles given to users, through the owner or through whom the project was lent to."""

import asyncio
from typing import Any

import pytest

from ostiary.core.project import AUTHORIZATION
from ostiary.core.user import USER
from ostiary.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from ostiary.storage.port import Listing
from tests.projects.conftest import (
    ACME,
    ADMIN,
    LOGIN_CLIENT,
    OTHER,
    OTHER_OWNER,
    STRANGER,
    THIRD,
    House,
    caller,
    refused,
)


async def test_create_and_list(each_house: House) -> None:
    """An authorisation is listed with the names of all it joins."""
    project_id = await each_house.project(roles=("admin", "user"))
    made = await each_house.authorize("bob", project_id, "user", "admin")
    (one,) = (await each_house.rpc("ListAuthorizations")).authorizations
    assert (one.id, one.state.name) == (made, "ACTIVE")
    assert (one.project.id, one.project.name, one.project.organization_id) == (project_id, "shop", ACME)
    assert (one.organization.id, one.organization.name) == (ACME, "Acme")
    assert (one.user.id, one.user.preferred_login_name, one.user.organization_id) == ("bob", "bob", OTHER)
    assert one.user.display_name == "Bob Doe"
    assert [(role.key, role.display_name) for role in one.roles] == [("user", "User"), ("admin", "Admin")]


async def test_create_refused(house: House) -> None:
    """A user is given a project through one organisation once, by whoever owns it or was lent it."""
    project_id = await house.project(roles=("admin", "user"))
    await house.authorize("alice", project_id, "admin")
    with refused(AlreadyExists, "authorization.taken"):
        await house.authorize("alice", project_id, "user")
    with refused(FailedPrecondition, "project.role_unknown"):
        await house.authorize("bob", project_id, "none")
    with refused(NotFound, "authorization.user_unknown"):
        await house.authorize("nobody", project_id)
    with refused(NotFound, "project.unknown"):
        await house.authorize("alice", "none")
    with refused(NotFound, "authorization.organization_unknown"):
        await house.authorize("alice", project_id, through="none")
    with refused(FailedPrecondition, "authorization.no_grant"):
        await house.authorize("alice", project_id, through=OTHER)
    grant = {"projectId": project_id, "grantedOrganizationId": OTHER}
    await house.rpc("CreateProjectGrant", **grant, roleKeys=["user"])
    with refused(FailedPrecondition, "authorization.role_not_granted"):
        await house.authorize("alice", project_id, "admin", through=OTHER)
    await house.authorize("alice", project_id, "user", through=OTHER)


async def test_given_once(each_house: House) -> None:
    """Of many who give the same at once, one does."""
    project_id = await each_house.project()
    tries = [each_house.authorize("alice", project_id) for _ in range(6)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, str) for result in results) == 1
    assert sum(isinstance(result, AlreadyExists) for result in results) == 5
    assert (await each_house.store.page(Listing(AUTHORIZATION))).total == 1


async def test_update(each_house: House) -> None:
    """The roles are replaced, by roles that may be given."""
    project_id = await each_house.project(roles=("admin", "user"))
    made = await each_house.authorize("alice", project_id, "admin")
    each_house.effects.later(seconds=1)
    await each_house.rpc("UpdateAuthorization", id=made, roleKeys=["user"])
    row = await each_house.store.get(AUTHORIZATION, made)
    assert row is not None
    assert row.role_keys == ("user",)
    each_house.effects.later(seconds=1)
    answer = await each_house.rpc("UpdateAuthorization", id=made, roleKeys=["user"])
    assert answer.change_date.to_datetime() == row.changed_at
    with refused(FailedPrecondition, "project.role_unknown"):
        await each_house.rpc("UpdateAuthorization", id=made, roleKeys=["none"])
    with refused(NotFound, "authorization.unknown"):
        await each_house.rpc("UpdateAuthorization", id="none")


async def test_states_and_delete(each_house: House) -> None:
    """An authorisation goes off, on, and away; doing it again changes nothing."""
    project_id = await each_house.project()
    made = await each_house.authorize("alice", project_id)
    for name, state in (
        ("DeactivateAuthorization", "inactive"),
        ("DeactivateAuthorization", "inactive"),
        ("ActivateAuthorization", "active"),
        ("ActivateAuthorization", "active"),
    ):
        await each_house.rpc(name, id=made)
        row = await each_house.store.get(AUTHORIZATION, made)
        assert row is not None
        assert row.state == state
    with refused(NotFound, "authorization.unknown"):
        await each_house.rpc("DeactivateAuthorization", id="none")
    assert (await each_house.rpc("DeleteAuthorization", id=made)).deletion_date is not None
    assert (await each_house.rpc("DeleteAuthorization", id=made)).deletion_date is None


@pytest.mark.parametrize(
    ("who", "error", "id_"),
    [
        (STRANGER, NotFound, "AUTHZ-cdgFk"),
        (OTHER_OWNER, PermissionDenied, "AUTH-AWfge"),
        (
            caller("alice", "ORG_OWNER_VIEWER", resource=f"organization:{ACME}"),
            PermissionDenied,
            "AUTH-AWfge",
        ),
    ],
)
async def test_permissions(house: House, who: Any, error: Any, id_: str) -> None:
    """Roles are given and taken by those who hold the right where they are given, never by oneself."""
    project_id = await house.project(roles=("admin",))
    made = await house.authorize("alice", project_id)
    create = {"userId": "alice", "projectId": project_id, "organizationId": ACME, "roleKeys": ["admin"]}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("CreateAuthorization", create),
        ("UpdateAuthorization", {"id": made, "roleKeys": ["admin"]}),
        ("ActivateAuthorization", {"id": made}),
        ("DeleteAuthorization", {"id": made}),
    ]
    for name, request in calls:
        with refused(error, id_):
            await house.rpc(name, who, **request)


async def test_who_was_lent_gives(house: House) -> None:
    """The organisation that a project was lent to gives its roles; so does who administers the grant."""
    project_id = await house.project(roles=("user",))
    grant = {"projectId": project_id, "grantedOrganizationId": OTHER}
    await house.rpc("CreateProjectGrant", **grant, roleKeys=["user"])
    wanted = {"projectId": project_id, "organizationId": OTHER, "roleKeys": ["user"]}
    await house.rpc("CreateAuthorization", OTHER_OWNER, userId="bob", **wanted)
    on_grant = caller("930", "PROJECT_GRANT_OWNER", resource=f"grant:{project_id}:{OTHER}", home=OTHER)
    await house.rpc("CreateAuthorization", on_grant, userId="alice", **wanted)
    for who in (OTHER_OWNER, on_grant, ADMIN, LOGIN_CLIENT):
        assert (await house.rpc("ListAuthorizations", who)).pagination.total_result == 2
    owner = caller("931", "ORG_OWNER", resource=f"organization:{ACME}")
    assert (await house.rpc("ListAuthorizations", owner)).pagination.total_result == 2
    third = caller("932", "ORG_OWNER", resource=f"organization:{THIRD}")
    assert (await house.rpc("ListAuthorizations", third)).pagination.total_result == 0
    own = await house.rpc("ListAuthorizations", caller("bob", home=OTHER))
    assert [one.user.id for one in own.authorizations] == ["bob"]


async def test_search(each_house: House) -> None:
    """Every filter and order of the list."""
    first = await each_house.project("Alpha", roles=("admin", "user"))
    second = await each_house.project("Beta")
    grant = {"projectId": first, "grantedOrganizationId": OTHER}
    await each_house.rpc("CreateProjectGrant", **grant, roleKeys=["user"])
    a = await each_house.authorize("alice", first, "admin", "user")
    b = await each_house.authorize("bob", first, "user", through=OTHER)
    c = await each_house.authorize("bob", second)
    await each_house.rpc("DeactivateAuthorization", id=c)
    starts = "TEXT_FILTER_METHOD_STARTS_WITH_IGNORE_CASE"
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({"authorizationIds": {"ids": [a, c]}}, [a, c]),
        ({"organizationId": {"id": OTHER}}, [b]),
        ({"state": {"state": "STATE_INACTIVE"}}, [c]),
        ({"inUserIds": {"ids": ["bob"]}}, [b, c]),
        ({"userOrganizationId": {"id": OTHER}}, [b, c]),
        ({"userPreferredLoginName": {"loginName": "AL", "method": starts}}, [a]),
        ({"userDisplayName": {"displayName": "Bob Doe"}}, [b, c]),
        ({"projectId": {"id": first}}, [a, b]),
        ({"projectName": {"name": "be", "method": starts}}, [c]),
        ({"roleKey": {"key": "user"}}, [a, b]),
        ({"roleKey": {"key": "AD", "method": starts}}, [a]),
        ({"projectGrantId": {"id": f"{first}:{OTHER}"}}, [b]),
    ]
    for condition, wanted in cases:
        page = await each_house.rpc("ListAuthorizations", filters=[condition], pagination={"asc": True})
        assert [one.id for one in page.authorizations] == wanted, condition
    for field in ("CREATED_DATE", "CHANGED_DATE", "ID", "USER_ID", "PROJECT_ID", "USER_ORGANIZATION_ID"):
        page = await each_house.rpc("ListAuthorizations", sortingColumn=f"AUTHORIZATION_FIELD_NAME_{field}")
        assert page.pagination.total_result == 3
    with refused(InvalidArgument, "list.filter_unnamed"):
        await each_house.rpc("ListAuthorizations", filters=[{}])


async def test_a_change_guards_the_user(house: House) -> None:
    """A new authorisation moves the user's version, so that a deletion decided before sees it."""
    before = await house.store.get(USER, "alice")
    await house.authorize("alice", await house.project())
    after = await house.store.get(USER, "alice")
    assert before is not None
    assert after is not None
    assert after.version == before.version + 1
