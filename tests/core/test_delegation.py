"""Who may give which roles, and what a caller may do to a project."""

from functools import partial

import pytest

from ostiary.core import delegation
from ostiary.core.delegation import Resource, check_roles, is_above, require_givable, resource_parts
from ostiary.core.filter import Every, Some, matches
from ostiary.core.permission import Caller, Membership
from ostiary.core.project import Project
from ostiary.core.project_permission import (
    grants_of,
    holds_on,
    holds_on_grant,
    on_grants,
    organizations_of,
    projects_of,
    within,
)
from ostiary.errors import InvalidArgument, PermissionDenied
from tests.doubles.effects import START

PROJECT = Project("p", "500", "shop", START, START)
ON_INSTANCE = delegation.instance()
ON_ORGANIZATION = delegation.organization("500")
ON_PROJECT = delegation.project("p", "500")
ON_GRANT = delegation.grant("p", "500", "600")


def caller(*roles: tuple[str, str]) -> Caller:
    """Somebody with a role on each resource."""
    return Caller("1", "500", tuple(Membership(f"1:{on}", "1", on, (role,)) for role, on in roles))


@pytest.mark.parametrize(
    ("held", "resource", "role", "expected"),
    [
        (("IAM_OWNER", "instance"), ON_INSTANCE, "IAM_OWNER", True),
        (("IAM_OWNER", "instance"), ON_INSTANCE, "IAM_LOGIN_CLIENT", True),
        (("IAM_OWNER", "instance"), ON_GRANT, "PROJECT_GRANT_OWNER", True),
        (("IAM_LOGIN_CLIENT", "instance"), ON_INSTANCE, "IAM_OWNER", False),
        (("IAM_LOGIN_CLIENT", "instance"), ON_INSTANCE, "IAM_LOGIN_CLIENT", True),
        (("IAM_LOGIN_CLIENT", "instance"), ON_INSTANCE, "IAM_ADMIN_IMPERSONATOR", False),
        (("IAM_ORG_MANAGER", "instance"), ON_ORGANIZATION, "ORG_USER_MANAGER", True),
        (("ORG_OWNER", "organization:500"), ON_ORGANIZATION, "ORG_ADMIN_IMPERSONATOR", True),
        (("ORG_OWNER", "organization:600"), ON_ORGANIZATION, "ORG_OWNER_VIEWER", False),
        (("ORG_OWNER", "organization:500"), ON_INSTANCE, "IAM_OWNER", False),
        (("ORG_OWNER", "organization:600"), ON_GRANT, "PROJECT_GRANT_OWNER", True),
        (("ORG_USER_MANAGER", "organization:500"), ON_ORGANIZATION, "ORG_OWNER", False),
        (("PROJECT_OWNER", "project:p"), ON_PROJECT, "PROJECT_OWNER", True),
        (("PROJECT_OWNER", "project:q"), ON_PROJECT, "PROJECT_OWNER_VIEWER", False),
        (("PROJECT_OWNER", "project:p"), ON_GRANT, "PROJECT_GRANT_OWNER", True),
        (("PROJECT_GRANT_OWNER", "grant:p:600"), ON_GRANT, "PROJECT_GRANT_OWNER", True),
        (("PROJECT_OWNER_VIEWER", "project:p"), ON_PROJECT, "PROJECT_OWNER", False),
    ],
)
def test_may_give(held: tuple[str, str], resource: Resource, role: str, *, expected: bool) -> None:
    """An owner gives all there is on what they own, others what they hold themselves."""
    who = caller(held)
    assert resource.may_give(who, role) is expected
    if expected:
        require_givable(who, resource, (role,))
    else:
        with pytest.raises(PermissionDenied, check=lambda error: error.id == "administrator.role_too_high"):
            require_givable(who, resource, (role,))


def test_holds() -> None:
    """A right on a resource comes from a role on it, or on what it is in."""
    permission = "project.member.write"
    for held in (
        ("IAM_OWNER", "instance"),
        ("ORG_OWNER", "organization:500"),
        ("PROJECT_OWNER", "project:p"),
    ):
        assert ON_PROJECT.holds(caller(held), permission)
    for held in (("ORG_OWNER", "organization:600"), ("PROJECT_OWNER", "project:q"), ("NONE", "project:p")):
        assert not ON_PROJECT.holds(caller(held), permission)


@pytest.mark.parametrize(
    ("resource", "fitting", "other"),
    [
        (ON_INSTANCE, "IAM_OWNER", "ORG_OWNER"),
        (ON_ORGANIZATION, "ORG_OWNER", "IAM_OWNER"),
        (ON_PROJECT, "PROJECT_OWNER", "PROJECT_GRANT_OWNER"),
        (ON_GRANT, "PROJECT_GRANT_OWNER", "PROJECT_OWNER"),
    ],
)
def test_roles_fit_their_resource(resource: Resource, fitting: str, other: str) -> None:
    """Each kind of resource has its roles."""
    check_roles(resource, (fitting,))
    for wrong in ((other,), (fitting, "NONE")):
        with pytest.raises(InvalidArgument, check=lambda error: error.id == "administrator.role_unknown"):
            check_roles(resource, wrong)
    with pytest.raises(InvalidArgument, check=lambda error: error.id == "administrator.no_role"):
        check_roles(resource, ())


def test_resource_parts() -> None:
    """A membership's resource is taken apart as it was put together."""
    for resource, parts in (
        (ON_INSTANCE, ("instance", "", "")),
        (ON_ORGANIZATION, ("organization", "500", "")),
        (ON_PROJECT, ("project", "p", "")),
        (ON_GRANT, ("grant", "p", "600")),
    ):
        assert resource_parts(Membership("1", "1", resource.name, ())) == parts


def test_holds_on_projects() -> None:
    """A project is its organisation's and its owners'; a grant also its receiver's."""
    permission = "user.grant.write"
    owner = caller(("PROJECT_OWNER", "project:p"))
    granted = caller(("PROJECT_GRANT_OWNER", "grant:p:600"))
    receiver = caller(("ORG_OWNER", "organization:600"))
    assert holds_on(owner, permission, PROJECT)
    assert holds_on(caller(("ORG_OWNER", "organization:500")), permission, PROJECT)
    for who in (granted, receiver):
        assert not holds_on(who, permission, PROJECT)
        assert holds_on_grant(who, permission, PROJECT, "600")
        assert not holds_on_grant(who, permission, PROJECT, "700")
    assert holds_on_grant(owner, permission, PROJECT, "600")
    assert organizations_of(receiver, permission) == ("600",)
    assert organizations_of(caller(("ORG_OWNER_VIEWER", "organization:600")), permission) == ()
    assert projects_of(owner, permission) == ("p",)
    assert grants_of(granted, permission) == (("p", "600"),)


def test_within() -> None:
    """Rows are seen by their organisation, their project, or what else is named; on the instance all are."""
    permission = "user.grant.read"
    row = {"id": "1", "organization_id": "600", "project_id": "p"}
    seen = partial(within, permission=permission, organization="organization_id", project="project_id")
    assert seen(caller(("IAM_OWNER", "instance"))) == Every(())
    for who in (caller(("ORG_OWNER", "organization:600")), caller(("PROJECT_OWNER", "project:p"))):
        assert matches(seen(who), row)
    for who in (caller(("ORG_OWNER", "organization:500")), caller()):
        assert not matches(seen(who), row)
    granted = caller(("PROJECT_GRANT_OWNER", "grant:p:600"))
    conditions = on_grants(granted, permission, project="project_id", organization="organization_id")
    assert matches(Some(conditions), row)
    assert matches(seen(granted, extra=conditions), row)


@pytest.mark.parametrize(
    ("resource", "role"),
    [
        ("instance", "IAM_OWNER"),
        ("organization:501", "ORG_OWNER"),
        ("project:700", "PROJECT_OWNER"),
        ("grant:700:501", "PROJECT_GRANT_OWNER"),
    ],
)
def test_is_above(resource: str, role: str) -> None:
    """Whoever holds what the caller could not give is above them; an administrator of the instance is above nobody."""
    held = Membership("m", "2", resource, (role,), project_organization_id="501")
    assert is_above(caller(("ORG_OWNER", "organization:500")), (held,))
    assert not is_above(caller(("IAM_OWNER", "instance")), (held,))
    assert not is_above(caller(("ORG_OWNER", "organization:500")), ())
