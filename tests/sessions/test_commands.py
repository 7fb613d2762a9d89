"""Creating, setting, ending: what changes, what is refused, and by which id."""

import hmac
from datetime import timedelta

import bcrypt
import pytest

from ostiary.core.organization import INSTANCE
from ostiary.core.session import ENDED_SESSION, SESSION, UserAgent
from ostiary.core.user import AUTHENTICATOR, USER, UserState
from ostiary.errors import (
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    OstiaryError,
    PermissionDenied,
)
from ostiary.sessions.change import SessionChange, UserNamed
from ostiary.storage.memory import MemoryStore
from ostiary.storage.port import Changes, Remove
from tests.sessions.conftest import (
    LOGIN_CLIENT,
    STRANGER,
    House,
    password_check,
    totp_check,
    user_check,
)


async def test_create_counts_its_events(house: House) -> None:
    """Added, user, password, metadata, lifetime and token are six events, and the row says so."""
    change = SessionChange(
        UserNamed(login_name="ALICE"), password_check().checks, {"device": b"iPhone"}, timedelta(hours=5)
    )
    made = await house.create(change)
    view = await house.queries.get(LOGIN_CLIENT, made.session_id, made.token)
    assert (made.version, view.session.version) == (6, 6)
    assert view.session.changed_at == view.session.created_at == made.changed_at
    assert view.session.expires_at == house.effects.now() + timedelta(hours=5)
    assert set(view.session.factors) == {"password"}
    assert view.user is not None
    assert view.user.id == "100"


async def test_an_empty_session_has_a_token(house: House) -> None:
    """A session may begin without anybody."""
    made = await house.create(SessionChange(user_agent=UserAgent("fp")))
    assert made.token.startswith("osts_")
    assert (await house.queries.get(STRANGER, made.session_id, made.token)).user is None


async def test_each_change_makes_the_one_live_token(house: House) -> None:
    """The old token is dead as soon as the change is saved."""
    made = await house.create()
    again = await house.set(made.session_id, made.token, SessionChange(metadata={"a": b"1"}))
    assert again.token != made.token
    await house.queries.get(STRANGER, made.session_id, again.token)
    with pytest.raises(PermissionDenied, match="invalid") as refused:
        await house.queries.get(LOGIN_CLIENT, made.session_id, made.token)
    assert refused.value.id == "QUERY-dsfr3"


async def test_nothing_changed_keeps_the_token(house: House) -> None:
    """An empty Set, or equal metadata, stores nothing and answers no token."""
    made = await house.create(SessionChange(UserNamed("100"), metadata={"a": b"1"}))
    for change in (SessionChange(), SessionChange(metadata={"a": b"1", "b": b""})):
        same = await house.set(made.session_id, made.token, change)
        assert (same.token, same.version) == ("", made.version)
    await house.queries.get(STRANGER, made.session_id, made.token)


async def test_metadata_is_merged_and_an_empty_value_deletes(house: House) -> None:
    """As documented, not as ZITADEL's replacing bug."""
    made = await house.create(SessionChange(metadata={"a": b"1", "b": b"2"}))
    await house.set(made.session_id, "", SessionChange(metadata={"a": b"", "c": b"3"}))
    view = await house.queries.get(LOGIN_CLIENT, made.session_id, "")
    assert view.session.metadata == {"b": b"2", "c": b"3"}


async def test_a_token_is_the_guard_whatever_the_caller_may(house: House) -> None:
    """A stranger with the token may set; the login client with a wrong one may not."""
    made = await house.create()
    again = await house.commands.set(
        STRANGER, made.session_id, made.token, SessionChange(metadata={"a": b"1"})
    )
    cases = [
        (made.token, "COMMAND-sGr42"),
        ("not/base64url", "COMMAND-hi6Ph"),
        (again.token + "A", "COMMAND-sGr42"),
    ]
    for token, error_id in cases:
        with pytest.raises(OstiaryError) as refused:
            await house.set(made.session_id, token, SessionChange(metadata={"a": b"2"}))
        assert refused.value.id == error_id


async def test_without_a_token_permission_decides(house: House) -> None:
    """Set and create need session.write; a caller without any membership is told so."""
    made = await house.create()
    for call in (
        house.commands.set(STRANGER, made.session_id, "", SessionChange(metadata={"a": b"1"})),
        house.commands.create(STRANGER, user_check("nobody")),
        house.commands.end(STRANGER, made.session_id, ""),
        house.commands.end(STRANGER, "12345", ""),
    ):
        with pytest.raises(NotFound) as refused:
            await call
        assert refused.value.id == "AUTHZ-cdgFk"


async def test_ending_leaves_a_small_row(house: House) -> None:
    """The session is unknown to readers, ended to writers, and may be ended again."""
    made = await house.create()
    await house.commands.end(STRANGER, made.session_id, made.token)
    with pytest.raises(NotFound) as unknown:
        await house.queries.get(LOGIN_CLIENT, made.session_id, "")
    assert unknown.value.id == "QUERY-SFeaa"
    with pytest.raises(FailedPrecondition) as ended:
        await house.set(made.session_id, "", SessionChange(metadata={"a": b"1"}))
    assert ended.value.id == "COMMAND-Hewfq"
    assert (await house.commands.end(LOGIN_CLIENT, made.session_id, "")).version == 0
    row = await house.store.get(ENDED_SESSION, made.session_id)
    assert row is not None
    assert (row.user_id, row.reason) == ("100", "deleted")


async def test_an_unknown_session_is_not_made_by_setting_it(house: House) -> None:
    """ZITADEL would append to it."""
    with pytest.raises(NotFound) as refused:
        await house.set("12345", "", SessionChange(metadata={"a": b"1"}))
    assert refused.value.id == "COMMAND-Flk38"


async def test_users_end_their_own_sessions(house: House) -> None:
    """No permission is needed for that."""
    made = await house.create()
    alice = type(STRANGER)("100", "500")
    assert (await house.commands.end(alice, made.session_id, "")).version == made.version + 1


async def test_an_expired_session_is_read_and_ended_but_not_set(house: House) -> None:
    """Reading shows the past date."""
    made = await house.create(SessionChange(UserNamed("100"), lifetime=timedelta(minutes=1)))
    house.effects.later(minutes=2)
    assert (await house.queries.get(STRANGER, made.session_id, made.token)).session.expires_at is not None
    with pytest.raises(FailedPrecondition) as refused:
        await house.set(made.session_id, made.token, SessionChange(metadata={"a": b"1"}))
    assert refused.value.id == "COMMAND-Hkl3d"
    await house.commands.end(STRANGER, made.session_id, made.token)


async def test_a_new_epoch_ends_all_earlier_sessions(house: House) -> None:
    """Of the instance, or of one user."""
    made = await house.create()
    house.effects.later(seconds=1)
    await house.edit(USER, "100", valid_after=house.effects.now())
    with pytest.raises(FailedPrecondition):
        await house.set(made.session_id, made.token, SessionChange(metadata={"a": b"1"}))
    empty = await house.create(SessionChange())
    house.effects.later(seconds=1)
    await house.edit(INSTANCE, "instance", epoch=house.effects.now())
    with pytest.raises(FailedPrecondition):
        await house.set(empty.session_id, empty.token, SessionChange(metadata={"a": b"1"}))


async def test_the_user_of_a_session_cannot_be_changed(house: House) -> None:
    """The same user again is a fresh check."""
    made = await house.create()
    house.effects.later(seconds=5)
    again = await house.set(made.session_id, "", user_check())
    assert again.version == made.version + 2
    with pytest.raises(InvalidArgument, match="user change not possible") as refused:
        await house.set(made.session_id, "", user_check("robot"))
    assert refused.value.id == ""


async def test_unknown_and_inactive_users_are_refused(house: House) -> None:
    """By name, by id, deactivated, locked, deleted."""
    for named in (
        UserNamed("404"),
        UserNamed(login_name="nobody"),
        UserNamed(login_name="alice@other.localhost"),
    ):
        with pytest.raises(NotFound) as unknown:
            await house.create(SessionChange(named))
        assert unknown.value.id == "QUERY-Dfbg2"
    assert (await house.create(user_check("Alice@ACME.localhost"))).token
    await house.edit(USER, "100", state=UserState.INACTIVE)
    with pytest.raises(FailedPrecondition) as inactive:
        await house.create()
    assert inactive.value.id == "SESSION-Gj4ko"


async def test_a_password_of_nobody_costs_what_one_of_somebody_costs(house: House) -> None:
    """It is hashed, and counted, and answered like an unknown user; what was typed as a name is not kept."""
    for name in ("nobody", "NoBody"):
        with pytest.raises(NotFound) as refused:
            await house.create(password_check("x", user=name))
        assert refused.value.id == "QUERY-Dfbg2"
    key = hmac.digest(house.sealer.subkey("unknown names"), b"nobody", "sha256").hex()
    assert await house.store.counter(f"guess:?{key}:password", house.effects.now()) == 2


async def test_factors_need_a_user(house: House) -> None:
    """Each says so by its own id."""
    for change, error_id in ((password_check(), "COMMAND-Sfw3f"), (totp_check("123456"), "COMMAND-8N9ds")):
        with pytest.raises(OstiaryError) as refused:
            await house.create(change)
        assert refused.value.id == error_id


async def test_a_session_of_a_deleted_user_takes_no_checks(house: House) -> None:
    """The user is gone, the row may still be there."""
    made = await house.create()
    user = await house.store.get(USER, "100")
    assert user is not None
    await house.store.save(Changes(removes=(Remove(USER, "100", user.version),), raises_generation=True))
    with pytest.raises(FailedPrecondition) as refused:
        await house.set(made.session_id, made.token, password_check())
    assert refused.value.id == "COMMAND-3n77z"


async def test_locked_and_inactive_users_fail_their_factors(house: House) -> None:
    """On a session that was theirs before."""
    made = await house.create()
    for state, error_id in ((UserState.LOCKED, "COMMAND-JLK35"), (UserState.INACTIVE, "SESSION-Gj4ko")):
        await house.edit(USER, "100", state=state)
        with pytest.raises(FailedPrecondition) as refused:
            await house.set(made.session_id, "", password_check())
        assert refused.value.id == error_id


async def test_a_refused_check_changes_nothing_of_the_session(house: House) -> None:
    """Neither the right password before it nor the metadata beside it; the token lives on."""
    made = await house.create()
    checks = (*password_check().checks, *totp_check("000000").checks)
    with pytest.raises(InvalidArgument) as refused:
        await house.set(made.session_id, made.token, SessionChange(checks=checks, metadata={"a": b"1"}))
    assert refused.value.id == "EVENT-8isk2"
    view = await house.queries.get(STRANGER, made.session_id, made.token)
    assert (view.session.factors, view.session.metadata) == ({}, {})
    assert await house.store.counter("guess:100:totp", house.effects.now()) == 1
    assert await house.store.counter("guess:100:password", house.effects.now()) == 0


async def test_factors_that_are_not_set_up(house: House) -> None:
    """A machine has neither password nor app."""
    made = await house.create(user_check("robot"))
    for change, error_id in ((password_check(), "COMMAND-3nJ4t"), (totp_check("123456"), "COMMAND-3Mif9s")):
        with pytest.raises(FailedPrecondition) as refused:
            await house.set(made.session_id, "", change)
        assert refused.value.id == error_id


async def test_an_old_hash_is_made_anew(house: House) -> None:
    """A bcrypt hash verifies once, and is argon2id afterwards."""
    owned = await house.store.get(AUTHENTICATOR, "100:password")
    assert owned is not None
    bcrypt_hash = bcrypt.hashpw(b"Password1!", bcrypt.gensalt(4))
    await house.edit(AUTHENTICATOR, owned.id, data=house.tools.seal(owned, bcrypt_hash).data)
    made = await house.create()
    await house.set(made.session_id, "", password_check())
    after = await house.store.get(AUTHENTICATOR, owned.id)
    assert after is not None
    assert house.tools.unseal(after).startswith(b"$argon2id$")
    await house.set(made.session_id, "", password_check())


async def test_ended_sessions_and_live_ones_are_rows_of_their_own(house: House) -> None:
    """A live session has no ended row."""
    made = await house.create()
    assert await house.store.get(ENDED_SESSION, made.session_id) is None
    assert await house.store.get(SESSION, made.session_id) is not None


async def test_a_guess_at_an_unknown_name_leaves_the_trace_of_a_known_one() -> None:
    """As many saves, so that the time tells nothing; the name is not in it."""
    store = MemoryStore()
    house = House(store)
    await house.furnish()
    for name in ("alice", "nobody"):
        with pytest.raises(OstiaryError):
            await house.create(password_check("wrong", user=name))
    known, unknown = store.audits[-2:]
    assert (known.action, unknown.action) == ("session.refused", "session.refused")
    assert "nobody" not in repr(unknown)


@pytest.mark.parametrize("state", [UserState.LOCKED, UserState.INACTIVE])
async def test_a_session_of_who_is_not_active_stays_as_it_is(house: House, state: UserState) -> None:
    """Not even its metadata or lifetime change until the user is active again; it can be ended."""
    made = await house.create(password_check(user="alice"))
    await house.edit(USER, "100", state=state)
    for change in (SessionChange(metadata={"a": b"1"}), SessionChange(lifetime=timedelta(hours=1))):
        with pytest.raises(FailedPrecondition) as refused:
            await house.set(made.session_id, made.token, change)
        assert refused.value.id == "SESSION-Gj4ko"
    await house.edit(USER, "100", state=UserState.ACTIVE)
    again = await house.set(made.session_id, made.token, SessionChange(metadata={"a": b"1"}))
    await house.edit(USER, "100", state=state)
    await house.commands.end(LOGIN_CLIENT, made.session_id, again.token)
