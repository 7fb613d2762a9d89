"""Which scope gives which claim (OpenID Connect Core 5.4; wire contract 4.5)."""

from typing import Any

import msgspec
import pytest

from ostiary.core.organization import Instance, Organization
from ostiary.core.project import ActiveState, Authorization, Project, ProjectGrant
from ostiary.core.scope import is_for_own_api, named, own_project_id
from ostiary.core.user import Address, Machine, Profile, User, UserMetadata
from ostiary.oidc.claims import (
    GivenRole,
    asks_for_organization,
    counts,
    metadata_claims,
    organization_claims,
    role_claims,
    user_claims,
    wanted_roles,
)
from tests.doubles.effects import START

ALICE = User(
    "100", "500", "alice", START, START, domain="acme.test",
    profile=Profile("Alice", "Liddell", "Al", None, "de-CH", 1),
    email=Address("alice@example.com", is_verified=True),
    phone=Address("+41441234567"),
)  # fmt: skip
ROBOT = User("900", "500", "robot", START, START, machine=Machine("Robot"))
ACME = Organization("500", "Acme", "acme.test", START, START)
PROJECT = Project("700", "500", "shop", START, START)
ROLE = "urn:zitadel:iam:org:project:role:"
ROLES = "urn:zitadel:iam:org:projects:roles"
PROFILE = {
    "name": "Alice Liddell",
    "given_name": "Alice",
    "family_name": "Liddell",
    "nickname": "Al",
    "locale": "de-CH",
    "gender": "female",
    "preferred_username": "alice",
    "updated_at": int(START.timestamp()),
}


@pytest.mark.parametrize(
    ("scope", "claims"),
    [
        ((), {}),
        (("openid", "offline_access", "address"), {}),
        (("profile",), PROFILE),
        (("email",), {"email": "alice@example.com", "email_verified": True}),
        (("phone",), {"phone_number": "+41441234567", "phone_number_verified": False}),
    ],
)
def test_standard_scopes(scope: tuple[str, ...], claims: dict[str, Any]) -> None:
    """Each standard scope gives its claims and no other."""
    assert user_claims(ALICE, scope) == claims


def test_machine() -> None:
    """A service user has a name, a username and a time, and neither email nor phone."""
    claims = user_claims(ROBOT, ("profile", "email", "phone"))
    assert claims == {"name": "Robot", "preferred_username": "robot", "updated_at": int(START.timestamp())}


def test_unset_is_left_out() -> None:
    """What a person did not say is no claim."""
    plain = msgspec.structs.replace(ALICE, profile=Profile("A", "L"))
    assert user_claims(plain, ("profile",)).keys() == {
        "name", "given_name", "family_name", "preferred_username", "updated_at",
    }  # fmt: skip
    unknown = msgspec.structs.replace(ALICE, profile=Profile("A", "L", gender=9))
    assert "gender" not in user_claims(unknown, ("profile",))


def test_metadata() -> None:
    """Metadata is base64url without padding; without any there is no claim."""
    one = UserMetadata("100:k", "100", "k", b"\xff\xfe", START, START)
    assert metadata_claims([one]) == {"urn:zitadel:iam:user:metadata": {"k": "__4"}}
    assert metadata_claims([]) == {}


OWNER = {
    "urn:zitadel:iam:user:resourceowner:id": "500",
    "urn:zitadel:iam:user:resourceowner:name": "Acme",
    "urn:zitadel:iam:user:resourceowner:primary_domain": "acme.test",
}


@pytest.mark.parametrize(
    ("scope", "claims"),
    [
        ("openid", {}),
        ("urn:zitadel:iam:user:resourceowner", OWNER),
        ("urn:zitadel:iam:org:id:500", {**OWNER, "urn:zitadel:iam:org:id": "500"}),
        ("urn:zitadel:iam:org:id:501", {}),
        ("urn:zitadel:iam:org:domain:primary:acme.test",
         {**OWNER, "urn:zitadel:iam:org:domain:primary": "acme.test"}),
        ("urn:zitadel:iam:org:domain:primary:zeta.test", {}),
    ],
)  # fmt: skip
def test_organization(scope: str, claims: dict[str, Any]) -> None:
    """The organisation is told when it was asked for, or when the login was restricted to it."""
    assert organization_claims(ACME, (scope,)) == claims
    assert asks_for_organization((scope,)) is (scope != "openid")


def test_wanted_roles() -> None:
    """Roles: all of every project of the audience, named ones, or those that the client's project asserts itself."""
    audience = ("web", "700", "701")
    assert wanted_roles((), audience, "700", asserts=False) == {}
    assert wanted_roles((), audience, "700", asserts=True) == {"700": None}
    assert wanted_roles((), audience, "", asserts=True) == {}
    everything = wanted_roles((ROLES,), audience, "700", asserts=False)
    assert everything == {"700": None, "web": None, "701": None}
    one = frozenset({"buyer"})
    assert wanted_roles((f"{ROLE}buyer",), ("700",), "700", asserts=False) == {"700": one}
    assert wanted_roles((f"{ROLE}buyer",), ("700", "701"), "700", asserts=True) == {"700": None, "701": one}
    assert wanted_roles((ROLE,), ("700",), "700", asserts=False) == {}


def given(**values: Any) -> Authorization:
    """Alice's roles on the shop, by its owner unless said otherwise."""
    wanted = {"organization_id": "500", "role_keys": ("buyer", "seller"), **values}
    return Authorization("1", "100", "700", created_at=START, changed_at=START, **wanted)


def lent(**values: Any) -> ProjectGrant:
    """The shop, lent to 501 with one role."""
    wanted = {"role_keys": ("buyer",), **values}
    return ProjectGrant("700:501", "700", "500", "501", START, START, **wanted)


def test_owners_roles_count() -> None:
    """What the owning organisation gave counts, while authorisation and project are active."""
    off = ActiveState.INACTIVE
    assert counts(given(), PROJECT, None) == {"buyer", "seller"}
    assert counts(given(state=off), PROJECT, None) == frozenset()
    assert counts(given(), msgspec.structs.replace(PROJECT, state=off), None) == frozenset()
    assert counts(given(), None, None) == frozenset()


def test_lent_roles_count() -> None:
    """What another organisation gave counts as far as the project was lent to it."""
    by_other = given(organization_id="501")
    assert counts(by_other, PROJECT, lent()) == {"buyer"}
    assert counts(by_other, PROJECT, None) == frozenset()
    assert counts(by_other, PROJECT, lent(state=ActiveState.INACTIVE)) == frozenset()


GIVEN = (
    GivenRole("700", "buyer", "500", "acme.test"),
    GivenRole("700", "buyer", "501", "zeta.test"),
    GivenRole("700", "seller", "500", "acme.test"),
    GivenRole("701", "admin", "500", "acme.test"),
)


def test_role_claims() -> None:
    """By project and role: the organisations that gave it; once more for the client's own project."""
    both = {"500": "acme.test", "501": "zeta.test"}
    shop = {"buyer": both, "seller": {"500": "acme.test"}}
    claims = role_claims(GIVEN, {"700": None}, (), "700")
    assert claims == {
        "urn:zitadel:iam:org:project:700:roles": shop,
        "urn:zitadel:iam:org:project:roles": shop,
    }
    other = role_claims(GIVEN, {"701": None, "700": frozenset({"buyer"})}, (), "")
    assert other == {
        "urn:zitadel:iam:org:project:700:roles": {"buyer": both},
        "urn:zitadel:iam:org:project:701:roles": {"admin": {"500": "acme.test"}},
    }


def test_roles_through_an_organization() -> None:
    """A scope may ask for the roles of some organisations alone."""
    claims = role_claims(GIVEN, {"700": None}, ("urn:zitadel:iam:org:roles:id:501",), "")
    assert claims == {"urn:zitadel:iam:org:project:700:roles": {"buyer": {"501": "zeta.test"}}}
    assert role_claims(GIVEN, {"700": None}, ("urn:zitadel:iam:org:roles:id:9",), "700") == {}


def test_own_api() -> None:
    """Our API is named zitadel, and has the instance's id as its project."""
    instance = Instance("42", "500", START)
    assert own_project_id(instance) == "42"
    assert is_for_own_api(("web", "zitadel"), instance)
    assert is_for_own_api(("42",), instance)
    assert not is_for_own_api(("web", "700"), instance)
    assert named(("a:", "a:b", "c"), "a:") == ("b",)
