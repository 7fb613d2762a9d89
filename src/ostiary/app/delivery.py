"""Messages of the outbox are sent while the server runs."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from ostiary.app.installation import Installation
from ostiary.app.senders import notice_senders
from ostiary.core.logout import BACKCHANNEL_LOGOUT, USER_LOGOUT
from ostiary.delivery.outbox import Deliver, Outbox, Sender


@asynccontextmanager
async def delivering(
    installation: Installation, on_fatal: Callable[[BaseException], None], say: Callable[[str], None]
) -> AsyncIterator[None]:
    """Deliver meanwhile; what goes wrong with the worker itself is fatal."""
    outbox = Outbox(
        installation.store, installation.effects, installation.sealer, _senders(installation, say)
    )
    task = asyncio.create_task(outbox.run())

    def done(ended: asyncio.Task[None]) -> None:
        if not ended.cancelled():
            on_fatal(ended.exception() or RuntimeError("the outbox worker ended"))

    task.add_done_callback(done)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await task


def _senders(installation: Installation, say: Callable[[str], None]) -> list[Sender]:
    """Each loads what it needs when its first message comes."""
    return [
        Sender((BACKCHANNEL_LOGOUT,), lambda: _backchannel(installation)),
        Sender((USER_LOGOUT,), lambda: _user_logouts(installation)),
        *notice_senders(installation, say),
    ]


def _backchannel(installation: Installation) -> Deliver:
    from ostiary.delivery.backchannel import Backchannel
    from ostiary.keys.signing import SigningKeys
    from ostiary.outbound import Outbound

    settings, cache, effects = installation.settings, installation.cache, installation.effects
    keys = SigningKeys(installation.store, cache, effects, installation.sealer)
    outbound = Outbound(allow_private=settings.may_call_private)
    return Backchannel(cache, keys, effects, outbound.post_form, settings.url).deliver


def _user_logouts(installation: Installation) -> Deliver:
    from ostiary.delivery.user_logout import UserLogouts

    return UserLogouts(installation.store, installation.effects, installation.sealer).deliver
