"""Reading and listing: who sees what."""

import pytest

from ostiary.core.filter import Compare, Every, OneOf, Order
from ostiary.core.permission import Caller, Membership
from ostiary.core.session import UserAgent
from ostiary.core.user import USER
from ostiary.errors import NotFound, OstiaryError, PermissionDenied
from ostiary.sessions.change import SessionChange, UserNamed
from tests.sessions.conftest import LOGIN_CLIENT, STRANGER, House, password_check, user_check

OWNER = Caller("902", "500", (Membership("m2", "902", "organization:500", ("ORG_OWNER",)),))
OTHER_OWNER = Caller("903", "501", (Membership("m3", "903", "organization:501", ("ORG_OWNER",)),))


async def test_who_may_read_without_the_token(house: House) -> None:
    """The creator, the user, the same agent, and who has session.read where the user belongs."""
    made = await house.create(SessionChange(UserNamed("100"), user_agent=UserAgent("fp")))
    for caller in (LOGIN_CLIENT, OWNER, Caller("100", "500"), Caller("1", "500", agent_id="fp")):
        assert (await house.queries.get(caller, made.session_id, "")).session.id == made.session_id
    for caller, error in ((STRANGER, NotFound), (OTHER_OWNER, PermissionDenied)):
        with pytest.raises(error) as refused:
            await house.queries.get(caller, made.session_id, "")
        assert isinstance(refused.value, OstiaryError)
        assert refused.value.id in {"AUTHZ-cdgFk", "AUTH-AWfge"}


async def test_no_agent_is_nobodys_agent(house: House) -> None:
    """A caller without a fingerprint does not see sessions without one (CVE-2024-39683)."""
    made = await house.create(SessionChange(UserNamed("100")))
    with pytest.raises(NotFound):
        await house.queries.get(Caller("1", "500", agent_id=""), made.session_id, "")


async def test_a_list_shows_what_may_be_read_and_counts_what_matches(house: House) -> None:
    """Newest first; the total counts what the caller may see, and of ids that they know already all, as ZITADEL's does."""
    made = []
    for name in ("alice", "robot", "alice"):
        house.effects.later(seconds=1)
        made.append((await house.create(user_check(name))).session_id)
    page = await house.queries.search(LOGIN_CLIENT, None, descending=True, offset=0, limit=10)
    assert [view.session.id for view in page.items] == made[::-1]
    assert (page.total, page.at) == (3, house.effects.now())
    of_alice = Compare("user_id", Order.EQUAL, "100")
    page = await house.queries.search(STRANGER, of_alice, descending=True, offset=0, limit=10)
    assert (page.items, page.total) == ((), 0)
    for known, total in (
        (Every((OneOf("id", (made[0],)),)), 1),
        (Every((of_alice, OneOf("id", (made[0],)))), 0),
    ):
        page = await house.queries.search(STRANGER, known, descending=True, offset=0, limit=10)
        assert (page.items, page.total) == ((), total)


async def test_everybody_lists_their_own(house: House) -> None:
    """What they made, what is theirs, what is on their user agent, what is of users of an organisation they look after."""
    agent = UserAgent(fingerprint_id="f1")
    made = [
        (
            await house.commands.create(LOGIN_CLIENT, SessionChange(UserNamed("100"), user_agent=agent))
        ).session_id,
        (await house.create(user_check("robot"))).session_id,
    ]
    warden = Caller("7", "9", (Membership("m2", "7", "organization:500", ("ORG_OWNER",)),))
    stranger = Caller("7", "9", (Membership("m2", "7", "organization:9", ("ORG_OWNER",)),))
    for who, wanted in (
        (Caller("100", "500"), made[:1]),
        (Caller("7", "9", agent_id="f1"), made[:1]),
        (Caller(LOGIN_CLIENT.user_id, "500"), made),
        (warden, made),
        (stranger, []),
    ):
        page = await house.queries.search(who, None, descending=False, offset=0, limit=10)
        assert [view.session.id for view in page.items] == wanted
        assert page.total == len(wanted)


async def test_a_password_change_weakens_older_sessions(house: House) -> None:
    """The password factor of a check before it disappears; the session stays."""
    made = await house.create(password_check(user="alice"))
    house.effects.later(seconds=1)
    await house.edit(USER, "100", password_changed_at=house.effects.now())
    view = await house.queries.get(LOGIN_CLIENT, made.session_id, "")
    assert view.session.factors == {}
    assert view.session.user_id == "100"
