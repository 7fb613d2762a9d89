"""Organisations: created with their owners, listed for those who may read them."""

import asyncio
from typing import Any

import pytest

from ostiary._pb.zitadel.object.v2.object_pb import ListQuery, TextQueryMethod
from ostiary._pb.zitadel.org.v2 import org_service_pb as pb
from ostiary._pb.zitadel.org.v2.org_pb import OrganizationState as WireState
from ostiary._pb.zitadel.org.v2.query_pb import (
    DefaultOrganizationQuery,
    OrganizationDomainQuery,
    OrganizationFieldName,
    OrganizationIDQuery,
    OrganizationNameQuery,
    OrganizationStateQuery,
    SearchQuery,
)
from ostiary.core.organization import ORGANIZATION, Organization, OrganizationState, primary_domain
from ostiary.core.permission import MEMBERSHIP
from ostiary.errors import Aborted, AlreadyExists, InvalidArgument, NotFound, PermissionDenied
from ostiary.settings.organization import OrganizationCommands
from ostiary.storage.cache import Cache
from ostiary.storage.memory import MemoryStore
from ostiary.storage.port import Changes, Conflict, Put, Saved
from tests.doubles.effects import START, SettableEffects
from tests.settings.conftest import IAM_OWNER, ORG_OWNER, OTHER, OWN, Desk, caller, one

NAMED: Any = OrganizationFieldName.NAME
ADMIN = pb.AddOrganizationRequest.Admin


def admin(user_id: str, *roles: str) -> pb.AddOrganizationRequest.Admin:
    """An existing user as admin."""
    return ADMIN(user_type=one("user_id", user_id), roles=list(roles))


async def names(desk: Desk, *queries: Any, who: Any = IAM_OWNER, **query: Any) -> list[str]:
    """The names found, by name upwards unless said otherwise."""
    request = pb.ListOrganizationsRequest(
        queries=[SearchQuery(query=wanted) for wanted in queries],
        sorting_column=NAMED,
        query=ListQuery(**({"asc": True} | query)),
    )
    found = await desk.call("ListOrganizations", request, who)
    return [item.name for item in found.result]


async def test_created_with_owner(desk: Desk) -> None:
    """A new organisation has an id, a domain under the server's host, and its owner's membership."""
    made = await desk.call(
        "AddOrganization", pb.AddOrganizationRequest(name="New Büro", admins=[admin("900")])
    )
    row = await desk.store.get(ORGANIZATION, made.organization_id)
    assert row is not None
    assert (row.name, row.primary_domain, row.version) == ("New Büro", "new-buro.id.example.com", 1)
    assert (made.details.sequence, made.details.resource_owner) == (1, row.id)
    assert made.details.change_date.to_datetime() == desk.effects.now()
    (member,) = await desk.store.owned(MEMBERSHIP, "900")
    assert (member.resource, member.roles) == (f"organization:{row.id}", ("ORG_OWNER",))
    assert made.created_admins == []
    assert desk.store.audits[-1].action == "organization.created"


@pytest.mark.parametrize("field", ["org_id", "organization_id"])
async def test_id_of_the_callers_choice(desk: Desk, field: str) -> None:
    """The caller may name the id, in the older field and the newer one, and roles for each admin."""
    wanted = pb.AddOrganizationRequest(
        name="Named", admins=[admin("900", "ORG_OWNER_VIEWER", "ORG_USER_MANAGER")], **{field: "my-own"}
    )
    assert (await desk.call("AddOrganization", wanted)).organization_id == "my-own"
    (member,) = await desk.store.owned(MEMBERSHIP, "900")
    assert member.roles == ("ORG_OWNER_VIEWER", "ORG_USER_MANAGER")


@pytest.mark.parametrize(
    ("wanted", "error", "id"),
    [
        (pb.AddOrganizationRequest(name="X", org_id=OWN), AlreadyExists, "organization.id_taken"),
        (pb.AddOrganizationRequest(name="ACME"), AlreadyExists, "organization.domain_taken"),
        (pb.AddOrganizationRequest(name="X", admins=[admin("0")]), NotFound, "organization.admin_unknown"),
        (
            pb.AddOrganizationRequest(name="X", admins=[admin("900", "IAM_OWNER")]),
            InvalidArgument,
            "organization.role_unknown",
        ),
        (
            pb.AddOrganizationRequest(name="X", admins=[admin("900", "ORG_KING")]),
            InvalidArgument,
            "organization.role_unknown",
        ),
        (
            pb.AddOrganizationRequest(name="X", admins=[admin("900"), admin("900")]),
            InvalidArgument,
            "organization.admin_twice",
        ),
        (
            pb.AddOrganizationRequest(name="X", admins=[ADMIN()]),
            InvalidArgument,
            "organization.admin_unnamed",
        ),
        (
            pb.AddOrganizationRequest(name="X", admins=[admin(str(n)) for n in range(101)]),
            InvalidArgument,
            "organization.too_many_admins",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_refused(
    desk: Desk,
    wanted: pb.AddOrganizationRequest,
    error: type[Exception],
    id: str,  # noqa: A002
) -> None:
    """What cannot be made is refused with its id, and nothing is stored."""
    with pytest.raises(error) as refused:
        await desk.call("AddOrganization", wanted)
    assert getattr(refused.value, "id", "") == id
    assert await names(desk) == ["Acme", "Zeta"]


async def test_only_who_may_create(desk: Desk) -> None:
    """An organisation's owner may not make another organisation."""
    with pytest.raises(PermissionDenied):
        await desk.call("AddOrganization", pb.AddOrganizationRequest(name="X"), ORG_OWNER)


async def test_one_of_two_equal_names(desk: Desk) -> None:
    """Of two organisations made at once whose names make one domain, one is made."""
    wanted = pb.AddOrganizationRequest(name="Twin")
    answers = await asyncio.gather(
        *(desk.call("AddOrganization", wanted) for _ in range(2)), return_exceptions=True
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["AddOrganizationResponse", "AlreadyExists"]


class Contested(MemoryStore):
    """A store in which others always win the race."""

    async def save(self, _: Changes) -> Saved:
        """Lose."""
        raise Conflict


async def test_lost_races_end() -> None:
    """Races lost again and again end in Aborted, which says that asking later is right."""
    store = Contested()
    commands = OrganizationCommands(store, Cache(store), SettableEffects(), "localhost")
    with pytest.raises(Aborted):
        await commands.create(IAM_OWNER, "X")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (one("name_query", OrganizationNameQuery(name="acme")), []),
        (one("name_query", OrganizationNameQuery(name="Acme")), ["Acme"]),
        (
            one(
                "name_query",
                OrganizationNameQuery(name="ETA", method=TextQueryMethod.ENDS_WITH_IGNORE_CASE),
            ),
            ["Zeta"],
        ),
        (
            one(
                "domain_query",
                OrganizationDomainQuery(domain=".id.", method=TextQueryMethod.CONTAINS),
            ),
            ["Acme", "Old", "Zeta"],
        ),
        (one("state_query", OrganizationStateQuery(state=WireState.ACTIVE)), ["Acme", "Zeta"]),
        (one("state_query", OrganizationStateQuery(state=WireState.INACTIVE)), ["Old"]),
        (one("state_query", OrganizationStateQuery(state=WireState.REMOVED)), []),
        (one("id_query", OrganizationIDQuery(id=OTHER)), ["Zeta"]),
        (one("default_query", DefaultOrganizationQuery()), ["Acme"]),
    ],
)
async def test_queries(desk: Desk, query: Any, found: list[str]) -> None:
    """Each query finds what it names."""
    old = Organization("9", "Old", "old.id.example.com", START, START, state=OrganizationState.INACTIVE)
    await desk.store.save(Changes(puts=(Put(ORGANIZATION, old),)))
    assert await names(desk, query) == found


async def test_query_without_condition(desk: Desk) -> None:
    """A query that names nothing is refused."""
    with pytest.raises(InvalidArgument):
        await names(desk, None)


async def test_queries_are_joined(desk: Desk) -> None:
    """Several queries must all hold."""
    default = one("default_query", DefaultOrganizationQuery())
    assert await names(desk, default, one("id_query", OrganizationIDQuery(id=OTHER))) == []


async def test_sorting_and_paging(desk: Desk) -> None:
    """Names go down unless asked up; pages are cut from that; newest first without a column."""
    assert await names(desk, asc=False) == ["Zeta", "Acme"]
    assert await names(desk, offset=1) == ["Zeta"]
    assert await names(desk, limit=1) == ["Acme"]
    assert await names(desk, offset=2**64 - 1) == []
    with pytest.raises(InvalidArgument):
        await names(desk, limit=1001)
    desk.effects.later(seconds=1)
    await desk.call("AddOrganization", pb.AddOrganizationRequest(name="Newest"))
    found = await desk.call("ListOrganizations", pb.ListOrganizationsRequest())
    assert found.result[0].name == "Newest"
    assert found.details.total_result == 3


async def test_listed_for_those_who_may_read(desk: Desk) -> None:
    """Everyone sees the organisations on which a role lets them read; the total counts no others."""
    assert await names(desk, who=ORG_OWNER) == ["Acme"]
    assert await names(desk, who=caller((f"organization:{OTHER}", "ORG_USER_MANAGER"))) == ["Zeta"]
    assert await names(desk, who=caller(("project:1", "PROJECT_OWNER"))) == []
    assert await names(desk, who=caller()) == []
    found = await desk.call("ListOrganizations", pb.ListOrganizationsRequest(), ORG_OWNER)
    assert found.details.total_result == 1
    first = found.result[0]
    assert (first.id, first.primary_domain, first.state) == (OWN, "acme.id.example.com", WireState.ACTIVE)


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("Acme", "acme.host"),
        ("  A & B -- C  ", "a-b-c.host"),
        ("Ünïted", "united.host"),
        ("株式会社", "77.host"),
        ("x" * 62 + " y", "x" * 62 + ".host"),
    ],
)
def test_primary_domain(name: str, domain: str) -> None:
    """A name becomes a label of a domain name; one that has no letters for it gives way to the id."""
    assert primary_domain(name, "77", "HOST") == domain


def test_primary_domain_of_nothing() -> None:
    """Where neither name nor id makes a label there still is a domain."""
    assert primary_domain("!", "?", "host") == "organization.host"
