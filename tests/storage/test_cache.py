"""The cache of rarely changing rows: never older than the request that asked for the generation."""

import tracemalloc

import pytest

from ostiary.core.organization import ORGANIZATION
from ostiary.core.permission import MEMBERSHIP, Membership
from ostiary.core.policy import POLICY, LockoutPolicy, LoginPolicy, Policy
from ostiary.core.record import Kind, RecordT
from ostiary.core.session import SESSION
from ostiary.core.user import LOGIN_NAME, USER, LoginName, User
from ostiary.storage.cache import REMEMBERED, ROWS_KEPT, Cache, Remembered
from ostiary.storage.memory import MemoryStore
from ostiary.storage.port import Changes, Put
from ostiary.storage.reads import user_by_login_name
from tests.doubles.effects import START
from tests.storage.rows import changed, made, organization


class Counted(MemoryStore):
    """A store that counts how often it was asked, and may be changed while it answers."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.meanwhile: Cache | None = None

    async def get(self, kind: Kind[RecordT], id: str) -> RecordT | None:  # noqa: A002
        """Count."""
        self.asked += 1
        row = await super().get(kind, id)
        if self.meanwhile is not None:
            cache, self.meanwhile = self.meanwhile, None
            await self.save(changed(organization("1"), name="New"))
            await cache.fresh()
        return row


async def test_kept_until_the_generation_moves() -> None:
    """A row is read once, absent or not, until something that rarely changes has changed."""
    store = Counted()
    cache = Cache(store)
    await store.save(made(organization("1")))
    await cache.fresh()
    for _ in range(3):
        assert await cache.get(ORGANIZATION, "1") == organization("1")
        assert await cache.get(ORGANIZATION, "2") is None
    assert store.asked == 2
    await store.save(changed(organization("1"), name="New"))
    assert (await cache.get(ORGANIZATION, "1")) == organization("1")
    await cache.fresh()
    found = await cache.get(ORGANIZATION, "1")
    assert found is not None
    assert found.name == "New"


async def test_what_was_read_across_a_change_is_not_kept() -> None:
    """A row read before a change and answered after it does not stay."""
    store = Counted()
    cache = Cache(store)
    await store.save(made(organization("1")))
    await cache.fresh()
    store.meanwhile = cache
    assert await cache.get(ORGANIZATION, "1") == organization("1")
    found = await cache.get(ORGANIZATION, "1")
    assert found is not None
    assert found.name == "New"


async def test_rows_of_an_owner() -> None:
    """The rows of an owner are kept together."""
    store = MemoryStore()
    cache = Cache(store)
    member = Membership("m", "100", "instance", ("IAM_OWNER",))
    assert await cache.owned(MEMBERSHIP, "100") == ()
    await store.save(Changes(puts=(Put(MEMBERSHIP, member),)))
    assert await cache.owned(MEMBERSHIP, "100") == ()
    await cache.fresh()
    assert await cache.owned(MEMBERSHIP, "100") == (member,)


async def test_policies_are_layered() -> None:
    """An organisation's values lie over the instance's, those over the defaults."""
    store = MemoryStore()
    cache = Cache(store)
    rows = (
        Policy("instance:lockout", "instance", "lockout", {"max_password_attempts": 7}),
        Policy("500:lockout", "500", "lockout", {"max_otp_attempts": 3}),
    )
    await store.save(Changes(puts=tuple(Put(POLICY, row) for row in rows)))
    assert await cache.policy(LockoutPolicy) == LockoutPolicy(7, 100)
    assert await cache.policy(LockoutPolicy, "500") == LockoutPolicy(7, 3)
    assert await cache.policy(LockoutPolicy, "501") == LockoutPolicy(7, 100)


async def test_sessions_are_never_kept() -> None:
    """A kind whose changes do not move the generation may not be read here."""
    cache = Cache(MemoryStore())
    with pytest.raises(ValueError, match="session"):
        await cache.get(SESSION, "1")
    with pytest.raises(ValueError, match="session"):
        await cache.owned(SESSION, "1")


async def test_what_strangers_ask_for_is_not_kept_however_long() -> None:
    """A client id of a form may have a million characters: memory is not filled with ids that cannot be there."""
    cache = Cache(MemoryStore())
    tracemalloc.start()
    try:
        for number in range(200):
            long = f"{number}{'x' * 100_000}"
            assert await cache.get(MEMBERSHIP, long) is None
            assert await cache.find(ORGANIZATION, "primary_domain", long) is None
            assert await cache.owned(MEMBERSHIP, long) == ()
            assert await cache.policy(LoginPolicy, long) == LoginPolicy()
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 1_000_000


async def test_bounded() -> None:
    """Asking for ever more ids does not fill the memory."""
    cache = Cache(MemoryStore())
    for n in range(ROWS_KEPT + 10):
        await cache.get(ORGANIZATION, str(n))
    assert len(cache._rows) <= ROWS_KEPT


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("alice", "1"),
        ("ALICE", "1"),
        ("alice@acme.example", "1"),
        ("Alice@Acme.Example", "1"),
        ("alice@other.example", None),
        ("bob@home", "2"),
        ("bob@home@gone.example", None),
        ("nobody", None),
        ("nobody@acme.example", None),
        ("@", None),
    ],
)
async def test_login_names(name: str, found: str | None) -> None:
    """A user is found by the short and the long login name, in any case, and by no other domain."""
    store = MemoryStore()
    people = [User("1", "500", "alice", START, START), User("2", "gone", "bob@home", START, START)]
    names = [LoginName("alice", "1"), LoginName("bob@home", "2")]
    await store.save(
        Changes(
            puts=(
                *made(organization("500", "acme.example")).puts,
                *(Put(USER, person) for person in people),
                *(Put(LOGIN_NAME, one) for one in names),
            )
        )
    )
    user = await user_by_login_name(store, name)
    assert (user.id if user else None) == found


async def test_remembered_until_the_generation_moves() -> None:
    """What was judged at a generation is known at that one alone; one that is over when it is kept is never known."""
    store = Counted()
    cache = Cache(store)
    before = await cache.fresh()
    remembered: Remembered[str] = Remembered(cache)
    remembered.keep(b"a", before, "good")
    assert (remembered.get(b"a"), remembered.get(b"b")) == ("good", None)
    await store.save(made(organization("1")))
    after = await cache.fresh()
    assert remembered.get(b"a") is None
    remembered.keep(b"a", before, "late")
    assert remembered.get(b"a") is None
    for number in range(REMEMBERED + 1):
        remembered.keep(b"%d" % number, after, "good")
    assert remembered.get(b"0") is None
    assert remembered.get(b"%d" % REMEMBERED) == "good"
