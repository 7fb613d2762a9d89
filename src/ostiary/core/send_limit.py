"""How often somebody is sent something: counted in the save that writes the message, so nothing sends more."""

import hashlib
from datetime import datetime
from typing import Final

from ostiary.core.rate_limit import RateLimit, Window, rate_limits

# of a user by one channel, and of an address, whoever's it is
_MESSAGES: Final = (Window("hour", 5), Window("day", 10))
_FROM_NETWORK: Final = (Window("hour", 10),)


def send_limits(
    user_id: str, channel: str, recipient: str, now: datetime, network: str = ""
) -> tuple[RateLimit, ...]:
    """The counters of one more message: of the user, of where it goes, and of where it was asked for if that is known."""
    address = hashlib.sha256(recipient.casefold().encode()).hexdigest()
    of_user = rate_limits(f"send:{user_id}:{channel}", _MESSAGES, now)
    of_address = rate_limits(f"send:to:{address}", _MESSAGES, now)
    of_network = rate_limits(f"send:from:{network}", _FROM_NETWORK, now) if network else ()
    return (*of_user, *of_address, *of_network)
