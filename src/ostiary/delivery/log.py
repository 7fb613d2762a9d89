"""How long it is known what became of messages."""

from datetime import datetime, timedelta
from typing import Final

from ostiary.core.delivery import DELIVERY
from ostiary.core.filter import Compare, Order
from ostiary.storage.port import Changes, Listing, Remove, Store

KEPT: Final = timedelta(days=30)
_AT_ONCE: Final = 500


async def forget(store: Store, now: datetime) -> int:
    """Remove what is older than is kept; how many rows that were. Raises Conflict when a row was just written."""
    removed = 0
    while True:
        old = Listing(DELIVERY, Compare("at", Order.LESS, now - KEPT), "at", limit=_AT_ONCE)
        rows = (await store.page(old)).items
        if rows:
            await store.save(Changes(removes=tuple(Remove(DELIVERY, row.id, row.version) for row in rows)))
            removed += len(rows)
        if len(rows) < _AT_ONCE:
            return removed
