"""The worker that empties the outbox: leases what is due, has it sent, erases it.

At least once: a crash between sending and erasing repeats one message, after its lease.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from ostiary.core.notification import Notification, decode_notification, sealing_context
from ostiary.crypto.seal import Sealer
from ostiary.effects import Effects
from ostiary.storage.port import Changes, Lease, Message, Store

LEASED: Final = timedelta(seconds=60)
AT_ONCE: Final = 32
POLL_S: Final = 0.2
Sender = Callable[[Message, Notification], None]


class Outbox:
    """One worker of one sender."""

    def __init__(self, store: Store, effects: Effects, sealer: Sealer, send: Sender) -> None:
        """``send`` returns when the message is out of our hands."""
        self._store = store
        self._effects = effects
        self._sealer = sealer
        self._send = send

    async def deliver(self) -> int:
        """Send what is due now; how many that were."""
        now = self._effects.now()
        leased = (await self._store.save(Changes(lease=Lease(now, now + LEASED, AT_ONCE)))).leased
        for message in leased:
            plain = self._sealer.open(message.sealed, sealing_context(message.id))
            self._send(message, decode_notification(plain))
            await self._store.save(Changes(sent=(message.id,)))
        return len(leased)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            if await self.deliver() < AT_ONCE:
                await asyncio.sleep(POLL_S)
