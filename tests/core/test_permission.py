"""Roles against the tables of the wire contract (2.9, appendix C), and the answers to those who lack one."""

import pytest

from ostiary.core.permission import (
    MEMBERSHIP,
    ROLES,
    Caller,
    Membership,
    door_refusal,
    membership_id,
    organization_resource,
)
from ostiary.errors import NotFound, PermissionDenied

COLUMNS = (
    "IAM_OWNER", "IAM_OWNER_VIEWER", "IAM_ORG_MANAGER", "IAM_USER_MANAGER", "ORG_OWNER", "ORG_OWNER_VIEWER",
    "ORG_USER_MANAGER", "IAM_LOGIN_CLIENT",
)  # fmt: skip
# One row for some permissions, a letter for each column: y may, - may not.
TABLE = (
    ("user.read org.read", "yyyyyyyy"),
    ("user.write", "y-yyy-yy"),
    ("user.delete", "y-yyy-y-"),
    ("user.credential.write", "y-y-y--y"),
    ("user.passkey.write", "y-yyy--y"),
    ("policy.read", "yyy-yyyy"),
    ("policy.write policy.delete", "y-y-y---"),
    ("iam.policy.read", "yy-----y"),
    ("iam.policy.write", "y-------"),
    ("org.create", "y-y-----"),
    ("org.write org.delete", "y-y-y---"),
    ("iam.member.read", "yy-----y"),
    ("iam.member.write", "y------y"),
    ("org.member.read", "yyyyyy-y"),
    ("org.member.write", "y-y-y--y"),
    ("project.read project.role.read", "yyyyyyyy"),
    ("project.app.read", "yyyyyy-y"),
    ("project.create project.role.write project.app.write", "y-y-y---"),
    ("user.grant.read", "yyyyyyyy"),
    ("user.grant.write", "y-yyy-yy"),
    ("session.read", "yyyyy-yy"),
    ("session.delete", "y-yyy-yy"),
    ("session.write", "y------y"),
    ("session.link", "-------y"),
)
LOGIN_CLIENT = """
iam.read iam.policy.read iam.member.read iam.member.write iam.idp.read iam.feature.read iam.restrictions.read
org.read org.member.read org.member.write org.idp.read org.feature.read user.read user.write user.grant.read
user.grant.write user.membership.read user.credential.write user.passkey.write user.feature.read policy.read
project.read project.member.read project.member.write project.role.read project.app.read project.grant.read
project.grant.member.read project.grant.member.write session.read session.write session.link session.delete
userschema.read
"""


@pytest.mark.parametrize(("permissions", "row"), TABLE, ids=lambda value: value.split()[0])
def test_roles_hold_what_the_table_says(permissions: str, row: str) -> None:
    """Each role has exactly the permissions of its column."""
    for permission in permissions.split():
        holders = [role for role in COLUMNS if permission in ROLES[role]]
        assert holders == [role for role, may in zip(COLUMNS, row, strict=True) if may == "y"], permission


def test_login_client() -> None:
    """The login client has its documented set and nothing else."""
    assert ROLES["IAM_LOGIN_CLIENT"] == set(LOGIN_CLIENT.split())


def test_impersonators() -> None:
    """Impersonators may impersonate, those of admins admins too, and nobody else may."""
    allowed = {role for role, held in ROLES.items() if "impersonation" in held}
    admins = {role for role, held in ROLES.items() if "admin.impersonation" in held}
    assert admins == {"IAM_ADMIN_IMPERSONATOR", "ORG_ADMIN_IMPERSONATOR"}
    assert allowed == admins | {"IAM_END_USER_IMPERSONATOR", "ORG_END_USER_IMPERSONATOR"}


def caller(*memberships: tuple[str, str]) -> Caller:
    """Someone with roles, each on a resource."""
    return Caller("1", "500", tuple(Membership("m", "1", where, (role,)) for where, role in memberships))


@pytest.mark.parametrize(
    ("resource", "on_instance", "on_own", "on_other"),
    [
        ("instance", True, True, True),
        ("organization:500", False, True, False),
        ("project:500", False, False, False),
        ("organization:", False, False, False),
    ],
)
def test_where_a_role_counts(resource: str, on_instance: bool, on_own: bool, on_other: bool) -> None:
    """A role on the instance counts everywhere, one on an organisation there alone, one on a project on neither."""
    who = caller((resource, "IAM_OWNER"))
    assert who.holds("user.write") is on_instance
    assert who.holds("user.write", "500") is on_own
    assert who.holds("user.write", "501") is on_other
    assert who.holds_anywhere("user.write")


def test_unknown_role() -> None:
    """A role that this version does not know allows nothing."""
    who = caller(("instance", "IAM_KING"))
    assert not who.holds("user.read")
    assert not who.holds_anywhere("user.read")


def test_refusals() -> None:
    """Without any membership it is not found, without the right one refused, and the hint names what is missing."""
    caller(("instance", "IAM_OWNER")).require("user.write", "500")
    with pytest.raises(NotFound) as unknown:
        caller().require("user.write")
    with pytest.raises(PermissionDenied) as refused:
        caller(("organization:500", "ORG_OWNER")).require("org.create")
    assert (unknown.value.id, refused.value.id) == ("AUTHZ-cdgFk", "AUTH-AWfge")
    assert "'user.write'" in unknown.value.hint
    assert door_refusal("org.create").id == "AUTH-5mWD2"
    assert "'org.create'" in door_refusal("org.create").hint


def test_membership_rows() -> None:
    """A user has one row on a resource, found by user and by resource."""
    resource = organization_resource("500")
    row = Membership(membership_id("1", resource), "1", resource, ("ORG_OWNER",))
    assert row.id == "1:organization:500"
    assert [MEMBERSHIP.columns[name](row) for name in ("user_id", "resource")] == ["1", resource]
