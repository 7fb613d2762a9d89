"""Organisations founded together with the people who administer them: one save, all or nothing."""

import asyncio
from typing import Any

import pytest

from ostiary._pb.zitadel.org.v2 import org_service_pb as pb
from ostiary._pb.zitadel.user.v2.email_pb import ReturnEmailVerificationCode, SetHumanEmail
from ostiary._pb.zitadel.user.v2.password_pb import Password
from ostiary._pb.zitadel.user.v2.user_pb import SetHumanProfile
from ostiary._pb.zitadel.user.v2.user_service_pb import AddHumanUserRequest
from ostiary.core.organization import ORGANIZATION
from ostiary.core.permission import MEMBERSHIP
from ostiary.core.user import AUTHENTICATOR, LOGIN_NAME, USER
from ostiary.errors import AlreadyExists, FailedPrecondition, InvalidArgument, OstiaryError
from ostiary.storage.port import Listing
from ostiary.storage.reads import user_by_login_name
from tests.settings.conftest import ORG_OWNER, Desk, one


def human(username: str, password: str = "", user_id: str | None = None, *roles: str) -> Any:
    """A new person as admin, whose email code is returned."""
    wanted = AddHumanUserRequest(
        user_id=user_id,
        username=username,
        profile=SetHumanProfile(given_name="New", family_name="Admin"),
        email=SetHumanEmail(
            email="new@example.com", verification=one("return_code", ReturnEmailVerificationCode())
        ),
        password_type=one("password", Password(password=password)) if password else None,
    )
    return pb.AddOrganizationRequest.Admin(user_type=one("human", wanted), roles=list(roles))


def existing(user_id: str) -> Any:
    """A user who is there."""
    return pb.AddOrganizationRequest.Admin(user_type=one("user_id", user_id))


async def add(desk: Desk, *admins: Any, name: str = "New") -> Any:
    """The answer for a new organisation."""
    return await desk.call("AddOrganization", pb.AddOrganizationRequest(name=name, admins=list(admins)))


async def counts(desk: Desk) -> list[int]:
    """How many rows of each kind there are."""
    kinds: tuple[Any, ...] = (ORGANIZATION, USER, LOGIN_NAME, MEMBERSHIP, AUTHENTICATOR)
    return [(await desk.store.page(Listing(kind))).total for kind in kinds]


async def test_founded_with_people(desk: Desk) -> None:
    """New people belong to the new organisation, have its domain, a password, roles, and their codes are returned."""
    made = await add(
        desk, human("anna", "Password1!", "my-anna", "ORG_USER_MANAGER"), existing("900"), human("ben")
    )
    anna, ben = made.created_admins
    assert anna.user_id == "my-anna"
    assert len(anna.email_code) == len(ben.email_code) == 6
    assert not anna.has_field("phone_code")
    found = await user_by_login_name(desk.store, "anna@new.id.example.com")
    assert found is not None
    assert (found.id, found.organization_id) == ("my-anna", made.organization_id)
    assert [row.kind for row in await desk.store.owned(AUTHENTICATOR, "my-anna")] == ["password"]
    roles = {
        user_id: [(row.resource, row.roles) for row in await desk.store.owned(MEMBERSHIP, user_id)]
        for user_id in ("my-anna", "900", ben.user_id)
    }
    here = f"organization:{made.organization_id}"
    assert roles == {
        "my-anna": [(here, ("ORG_USER_MANAGER",))],
        "900": [(here, ("ORG_OWNER",))],
        ben.user_id: [(here, ("ORG_OWNER",))],
    }
    audit = desk.store.audits[-1]
    assert (audit.action, audit.object_id) == ("organization.created", made.organization_id)
    assert b'"created_users":["my-anna"' in audit.detail


@pytest.mark.parametrize(
    ("admins", "error", "id"),
    [
        ([human("anna", "weak")], InvalidArgument, "DOMAIN-HuJf6"),
        ([human("anna", "", "900")], FailedPrecondition, "COMMAND-7yiox1isql"),
        ([human("anna"), human("ANNA")], AlreadyExists, "organization.admins_alike"),
        ([human("anna"), human("anna@new.id.example.com")], AlreadyExists, "organization.admins_alike"),
        ([human("anna@new.id.example.com"), human("anna")], AlreadyExists, "organization.admins_alike"),
        ([human("anna", "", "5"), human("ben", "", "5")], InvalidArgument, "organization.admin_twice"),
        ([human("anna"), existing("0")], Exception, "organization.admin_unknown"),
        ([human("anna", "", None, "IAM_OWNER")], InvalidArgument, "organization.role_unknown"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_all_or_nothing(
    desk: Desk,
    admins: list[Any],
    error: type[Exception],
    id: str,  # noqa: A002
) -> None:
    """When one person cannot be made, neither the organisation nor anybody else is."""
    before = await counts(desk)
    with pytest.raises(error) as refused:
        await add(desk, *admins)
    assert isinstance(refused.value, OstiaryError)
    assert refused.value.id == id
    assert await counts(desk) == before


async def test_taken_username(desk: Desk) -> None:
    """A username that somebody has is refused."""
    await add(desk, human("anna"))
    with pytest.raises(AlreadyExists):
        await add(desk, human("Anna"), name="Second")


async def test_at_once(desk: Desk) -> None:
    """Of two organisations founded at once by people of one name, one is founded, whole."""
    before = await counts(desk)
    founded = await asyncio.gather(
        *(add(desk, human("anna"), name=f"Org {n}") for n in range(2)), return_exceptions=True
    )
    assert sorted(type(answer).__name__ for answer in founded) == ["AddOrganizationResponse", "AlreadyExists"]
    assert await counts(desk) == [before[0] + 1, before[1] + 1, before[2] + 1, before[3] + 1, before[4]]


async def test_nothing_is_hashed_for_strangers(desk: Desk) -> None:
    """Who may not make organisations costs no password hash, whatever they send."""
    request = pb.AddOrganizationRequest(name="New", admins=[human("anna", "weak")])
    with pytest.raises(OstiaryError) as refused:
        await desk.call("AddOrganization", request, ORG_OWNER)
    assert refused.value.id == "AUTH-AWfge"
