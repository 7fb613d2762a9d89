"""What an operator may know of messages that were sent, beside a running server or without."""

from ostiary.app.installation import existing
from ostiary.config.settings import Settings
from ostiary.core.delivery import DELIVERY, Delivery
from ostiary.core.filter import Compare, Order
from ostiary.storage.port import Listing


async def listed(settings: Settings, outcome: str, limit: int) -> tuple[Delivery, ...]:
    """The newest attempts, of one outcome if one is named."""
    where = Compare("outcome", Order.EQUAL, outcome) if outcome else None
    async with existing(settings) as installation:
        page = await installation.store.page(Listing(DELIVERY, where, "at", descending=True, limit=limit))
    return page.items
