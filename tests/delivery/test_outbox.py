"""The worker: what it cannot open, what nobody sends, slow targets, and the store's bad moments."""

import asyncio
from datetime import timedelta

import pytest

from ostiary.core.delivery import DELIVERY, Outcome
from ostiary.core.notification import sealing_context
from ostiary.crypto.seal import Sealer
from ostiary.delivery.outbox import FIRST_PAUSE, LONGEST_PAUSE, Outbox, Sender, Sent, pause
from ostiary.errors import Unavailable
from ostiary.storage.memory import MemoryStore
from ostiary.storage.port import Changes, Listing, Message, Saved
from tests.doubles.effects import SettableEffects


class Post:
    """A store, a sealer, and a sender that does as it is told."""

    def __init__(self) -> None:
        self.effects = SettableEffects()
        self.store: MemoryStore = MemoryStore()
        self.sealer = Sealer({1: bytes(32)}, self.effects.random_bytes)
        self.sent: list[str] = []
        self.arrived: asyncio.Queue[str] = asyncio.Queue()
        self.held = asyncio.Event()
        self.made = 0
        self.outbox = Outbox(self.store, self.effects, self.sealer, [Sender(("a", "b"), self._make)])

    def _make(self) -> "Post":
        self.made += 1
        return self

    async def __call__(self, _: Message, plain: bytes) -> Sent:
        """Keeps what it is given; ``slow`` waits until it may go on."""
        if plain == b"bad":
            raise LookupError(plain)
        if plain == b"slow":
            await self.held.wait()
        self.sent.append(plain.decode())
        self.arrived.put_nowait(plain.decode())
        return Sent(Outcome.DELIVERED, "target")

    async def put(self, id_: str, kind: str, plain: bytes, *, context: str = "") -> None:
        """A message into the outbox."""
        sealed = self.sealer.seal(plain, context or sealing_context(id_))
        await self.store.save(Changes(outbox=(Message(id_, kind, self.effects.now(), sealed),)))


@pytest.fixture
def post() -> Post:
    """All of it."""
    return Post()


async def test_by_kind(post: Post) -> None:
    """Its kinds are sent; another kind stays for whoever sends it. The sender is made once, at the first message."""
    assert await post.outbox.deliver() == 0
    assert post.made == 0
    for number, kind in enumerate(("a", "b", "c")):
        await post.put(str(number), kind, kind.encode())
    assert await post.outbox.deliver() == 2
    assert (post.sent, post.made) == (["a", "b"], 1)
    assert [message.kind for message in post.store.outbox] == ["c"]


async def test_a_message_that_cannot_be_opened(post: Post) -> None:
    """It is dropped, with a line in the log, and stops nobody."""
    await post.put("1", "a", b"moved", context="outbox|2")
    await post.put("3", "a", b"good")
    assert await post.outbox.deliver() == 2
    assert post.sent == ["good"]
    rows = {row.id: row for row in (await post.store.page(Listing(DELIVERY))).items}
    assert (rows["1"].outcome, rows["3"].outcome) == (Outcome.DROPPED, Outcome.DELIVERED)
    assert post.store.outbox == []


async def test_a_message_that_nobody_foresaw(post: Post) -> None:
    """A fault with one of them does not end the worker, which the server does not outlive; it is tried again, and told."""
    told: list[BaseException] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["exception"]))
    await post.put("1", "a", b"bad")
    await post.put("2", "a", b"good")
    worker = asyncio.create_task(post.outbox.run())
    assert await asyncio.wait_for(post.arrived.get(), 5) == "good"
    await asyncio.sleep(0.05)
    assert not worker.done()
    worker.cancel()
    rows = {row.id: row for row in (await post.store.page(Listing(DELIVERY))).items}
    assert (rows["1"].outcome, rows["1"].reason) == (Outcome.WAITING, "a fault of ours: LookupError")
    assert [type(error) for error in told] == [LookupError]


async def test_a_slow_target_holds_up_nobody(post: Post) -> None:
    """Others are sent meanwhile; when the worker is stopped, what is unsent stays."""
    await post.put("1", "a", b"slow")
    worker = asyncio.create_task(post.outbox.run())
    await asyncio.sleep(0)
    await post.put("2", "b", b"quick")
    async with asyncio.timeout(5):
        assert await post.arrived.get() == "quick"
    worker.cancel()
    with pytest.raises(asyncio.CancelledError):
        await worker
    assert [message.id for message in post.store.outbox] == ["1"]


async def test_the_store_has_no_room(post: Post) -> None:
    """The worker does not die of it; what was sent but could not be erased comes again after its lease."""

    class Full(MemoryStore):
        is_full = False

        async def save(self, changes: Changes) -> Saved:
            if self.is_full:
                raise Unavailable("storage.write_failed", "The database cannot be written")
            return await super().save(changes)

    store = Full()
    post.store = store

    async def fills(message: Message, plain: bytes) -> Sent:
        store.is_full = True
        return await post(message, plain)

    outbox = Outbox(store, post.effects, post.sealer, [Sender(("a",), lambda: fills)])
    await post.put("1", "a", b"x")
    assert await outbox.deliver() == 1
    assert await outbox.deliver() == 0
    store.is_full = False
    assert await outbox.deliver() == 0
    post.effects.later(minutes=1)
    assert await outbox.deliver() == 1
    assert post.sent == ["x", "x"]


async def test_the_store_does_not_answer_a_sender(post: Post) -> None:
    """Nor does the worker die of that: the message comes again after its lease."""
    answers = iter([False, True])

    async def looks_up(message: Message, plain: bytes) -> Sent:
        if not next(answers):
            raise Unavailable("storage.away", "The database does not answer")
        return await post(message, plain)

    outbox = Outbox(post.store, post.effects, post.sealer, [Sender(("a",), lambda: looks_up)])
    await post.put("1", "a", b"x")
    assert await outbox.deliver() == 1
    assert post.sent == []
    post.effects.later(minutes=1)
    assert await outbox.deliver() == 1
    assert post.sent == ["x"]


def test_pauses_grow() -> None:
    """From seconds to an hour, and no further."""
    pauses = [pause(attempts) for attempts in range(1, 40)]
    assert pauses[0] == FIRST_PAUSE
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE
    assert sum(pauses[:7], timedelta()) < timedelta(hours=2)
