"""The worker that empties the outbox: leases what is due, has it sent, erases it; what failed is tried again later.

At least once: a crash between sending and erasing repeats one message, under the same id, after its lease.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from ostiary.core.delivery import DELIVERY, Delivery, Outcome
from ostiary.core.notification import sealing_context
from ostiary.crypto.seal import BrokenSeal, Sealer
from ostiary.effects import Effects
from ostiary.errors import Unavailable
from ostiary.storage.port import Changes, Conflict, Lease, Message, Postpone, Put, Store

LEASED: Final = timedelta(seconds=60)
AT_ONCE: Final = 32
POLL_S: Final = 0.2
TRIED_FOR: Final = timedelta(hours=24)
FIRST_PAUSE: Final = timedelta(seconds=5)
LONGEST_PAUSE: Final = timedelta(hours=1)
_GROWTH: Final = 3


@dataclass(frozen=True, slots=True)
class Sent:
    """What a sender says of one message. ``since``: when it became due first, which bounds how long it is tried.

    ``target`` and ``client_id`` go to the delivery log; without a target nothing is logged.
    """

    outcome: Outcome
    target: str = ""
    reason: str = ""
    client_id: str = ""
    since: datetime | None = None


Deliver = Callable[[Message, bytes], Awaitable[Sent]]


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends messages of these kinds.

    ``make`` is called when the first comes, in a thread of its own, so that what it needs loads then.
    """

    kinds: tuple[str, ...]
    make: Callable[[], Deliver]


class Outbox:
    """One worker; messages of kinds that nobody sends stay where they are."""

    def __init__(self, store: Store, effects: Effects, sealer: Sealer, senders: Sequence[Sender]) -> None:
        """A message is given, unsealed, to the sender of its kind."""
        self._store = store
        self._effects = effects
        self._sealer = sealer
        self._senders = {kind: sender for sender in senders for kind in sender.kinds}
        self._made: dict[Sender, Deliver] = {}

    async def deliver(self) -> int:
        """Send what is due now; how many were tried."""
        leased = await self._leased(AT_ONCE)
        await self._prepare(leased)
        await asyncio.gather(*map(self._handle, leased))
        return len(leased)

    async def run(self) -> None:
        """Until cancelled. Many are sent at once, so that one slow target does not hold up the others."""
        busy: set[asyncio.Task[None]] = set()
        async with asyncio.TaskGroup() as group:
            while True:
                leased = await self._leased(AT_ONCE - len(busy))
                await self._prepare(leased)
                for message in leased:
                    task = group.create_task(self._handle(message))
                    busy.add(task)
                    task.add_done_callback(busy.discard)
                if not leased:
                    await asyncio.sleep(POLL_S)

    async def _leased(self, limit: int) -> tuple[Message, ...]:
        if not limit or not self._senders:
            return ()
        now = self._effects.now()
        try:
            saved = await self._store.save(
                Changes(lease=Lease(now, now + LEASED, limit, tuple(self._senders)))
            )
        except Unavailable:
            return ()
        return saved.leased

    async def _prepare(self, leased: Iterable[Message]) -> None:
        for message in leased:
            sender = self._senders[message.kind]
            if sender not in self._made:
                self._made[sender] = await asyncio.to_thread(sender.make)

    async def _handle(self, message: Message) -> None:
        """Send one and settle it; where the database does not answer, its lease gives it back."""
        with suppress(Conflict, Unavailable):
            sent = await self._sent(message)
            await self._store.save(await self._settled(message, sent))

    async def _sent(self, message: Message) -> Sent:
        try:
            plain = self._sealer.open(message.sealed, sealing_context(message.id))
        except BrokenSeal:
            return Sent(Outcome.DROPPED, "-", "the message cannot be opened")
        try:
            return await self._made[self._senders[message.kind]](message, plain)
        except (Conflict, Unavailable):
            raise
        except Exception as error:  # noqa: BLE001  what somebody had us send must not end the worker, and the server with it
            told = {"message": f"message {message.id} could not be sent", "exception": error}
            asyncio.get_running_loop().call_exception_handler(told)
            return Sent(Outcome.WAITING, "-", f"a fault of ours: {type(error).__name__}")

    async def _settled(self, message: Message, sent: Sent) -> Changes:
        now = self._effects.now()
        if sent.outcome is Outcome.WAITING and now - (sent.since or message.due_at) >= TRIED_FOR:
            sent = Sent(Outcome.DROPPED, sent.target, sent.reason, sent.client_id)
        puts = (await self._logged(message, sent, now),) if sent.target else ()
        if sent.outcome is Outcome.WAITING:
            later = Postpone(message.id, now + pause(message.attempts))
            return Changes(puts=puts, postponed=(later,))
        return Changes(puts=puts, sent=(message.id,))

    async def _logged(self, message: Message, sent: Sent, now: datetime) -> Put:
        before = await self._store.get(DELIVERY, message.id)
        was = before.version if before else 0
        row = Delivery(
            message.id,
            message.kind,
            sent.target,
            sent.outcome,
            message.attempts,
            now,
            sent.reason,
            sent.client_id,
        )
        return Put(DELIVERY, msgspec.structs.replace(row, version=was + 1), was)


def pause(attempts: int) -> timedelta:
    """How long to wait after so many attempts: from seconds to an hour."""
    factor: int = _GROWTH ** max(0, min(attempts - 1, 10))
    return min(FIRST_PAUSE * factor, LONGEST_PAUSE)
