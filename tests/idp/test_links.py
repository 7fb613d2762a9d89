"""Links between users and accounts at providers: one user each, whoever races."""

import asyncio

from ostiary._pb.zitadel.user.v2.user_service_pb import AuthenticationMethodType
from ostiary.core.permission import Caller
from ostiary.core.user import AUTHENTICATOR
from ostiary.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, OstiaryError
from ostiary.storage.port import Listing
from ostiary.users.identity_links import MOST_LINKS
from tests.idp.conftest import ALICE, BOB, Place
from tests.sessions.conftest import STRANGER
from tests.users.conftest import ADMIN, caller, refused


async def test_linked_listed_removed(place: Place) -> None:
    """A link is listed, shown among the methods, and gone when it is removed."""
    await place.link()
    await place.link(subject="another")
    listed = await place.rpc("ListIDPLinks", userId=ALICE, query={"limit": 1})
    assert listed.details.total_result == 2
    assert [(one.idp_id, one.user_id, one.user_name) for one in listed.result] == [
        ("8", "another", "another@upstream")
    ]
    methods = await place.rpc("ListAuthenticationMethodTypes", userId=ALICE)
    assert AuthenticationMethodType.IDP in methods.auth_method_types
    for subject in ("sub", "another"):
        await place.rpc("RemoveIDPLink", userId=ALICE, idpId="8", linkedUserId=subject)
    with refused(NotFound, "COMMAND-1M9xR"):
        await place.rpc("RemoveIDPLink", userId=ALICE, idpId="8", linkedUserId="sub")
    assert not (await place.rpc("ListIDPLinks", userId=ALICE)).result


async def test_taken(place: Place) -> None:
    """An account is one user's only; case makes it another."""
    await place.link()
    for user_id in (ALICE, BOB):
        with refused(AlreadyExists, "V3-DKcYh"):
            await place.link(user_id)
    assert await place.link(BOB, "SUB")


async def test_linked_in_parallel(place: Place) -> None:
    """Of many who link one account at once one succeeds."""
    users = [ALICE, BOB] * 4
    done = await asyncio.gather(*(place.link(one) for one in users), return_exceptions=True)
    lost = [one for one in done if isinstance(one, OstiaryError)]
    assert len(lost) == len(users) - 1
    assert {one.id for one in lost} <= {"V3-DKcYh", "user.busy"}
    rows = await place.house.store.page(Listing(AUTHENTICATOR))
    assert len([row for row in rows.items if row.kind == "identity_link"]) == 1


async def test_refused(place: Place) -> None:
    """Unknown users and providers, providers that allow no linking or are not active, and no account at all."""
    with refused(FailedPrecondition, "user.link_user_unknown"):
        await place.link("404")
    with refused(FailedPrecondition, "COMMAND-39nfs"):
        await place.link(idp_id="404")
    with refused(InvalidArgument, "user.link_missing"):
        await place.rpc("AddIDPLink", userId=ALICE)
    await place.provider(is_linking_allowed=False)
    with refused(FailedPrecondition, "COMMAND-Sfee2"):
        await place.link()
    await place.provider(is_active=False)
    with refused(FailedPrecondition, "COMMAND-39nfs"):
        await place.link()


async def test_whose_links(place: Place) -> None:
    """One's own may be seen and taken away, or with the permission; strangers see and change nothing."""
    await place.link()
    own = Caller(ALICE, "500")
    assert (await place.rpc("ListIDPLinks", own, userId=ALICE)).result
    for name, more in (
        ("ListIDPLinks", {}),
        ("RemoveIDPLink", {"idpId": "8", "linkedUserId": "sub"}),
        ("AddIDPLink", {"idpLink": {"idpId": "8", "userId": "x", "userName": "x"}}),
    ):
        with refused(NotFound, "AUTHZ-cdgFk"):
            await place.rpc(name, STRANGER, userId=ALICE, **more)


async def test_claimed_account(place: Place) -> None:
    """Nobody says of an upstream account that it is theirs, however fresh their session: its owner would come in to them."""
    link = {"idpId": "8", "userId": "sub", "userName": "x"}
    with refused(NotFound, "AUTHZ-cdgFk"):
        await place.rpc("AddIDPLink", caller(ALICE), userId=ALICE, idpLink=link)
    assert await place.link()


async def test_deleted_with_the_user(place: Place) -> None:
    """A removed user's account can be linked to another."""
    await place.link(BOB)
    await place.rpc("DeleteUser", ADMIN, userId=BOB)
    assert await place.link()


async def test_too_many(place: Place) -> None:
    """A user's links are bounded, for they are read with every check; one less is room for one."""
    for number in range(MOST_LINKS):
        await place.link(subject=f"sub{number}")
    with refused(FailedPrecondition, "user.links_too_many"):
        await place.link()
    await place.rpc("RemoveIDPLink", userId=ALICE, idpId="8", linkedUserId="sub0")
    assert await place.link()


async def test_not_by_policy(place: Place) -> None:
    """Nothing is linked where the login policy allows no upstream logins."""
    await place.allow_external_idp(False)
    with refused(FailedPrecondition, "user.factor_not_allowed"):
        await place.link()
