"""A provider whose web client wants to be told, and the worker that tells it."""

from collections.abc import AsyncIterator, Iterator

import msgspec
import pytest

from ostiary.core.client import APPLICATION
from ostiary.core.delivery import DELIVERY, Delivery
from ostiary.core.logout import BACKCHANNEL_LOGOUT, USER_LOGOUT
from ostiary.delivery.backchannel import Backchannel
from ostiary.delivery.outbox import Outbox, Sender
from ostiary.delivery.user_logout import UserLogouts
from ostiary.outbound import Outbound
from ostiary.storage.port import Listing
from tests.delivery.receiver import Receiver, receiving
from tests.oidc.conftest import ISSUER, Provider, provider

__all__ = ["provider"]


class Telling:
    """The provider, its client's endpoint, and the outbox between them."""

    def __init__(self, provider: Provider, receiver: Receiver) -> None:
        self.provider = provider
        self.receiver = receiver
        self.outbound = Outbound(allow_private=True)
        of = provider
        self.backchannel = Backchannel(of.cache, of.keys, of.effects, self.outbound.post_form, ISSUER)
        self.users = UserLogouts(of.store, of.effects, of.sealer)
        senders = [
            Sender((BACKCHANNEL_LOGOUT,), lambda: self.backchannel.deliver),
            Sender((USER_LOGOUT,), lambda: self.users.deliver),
        ]
        self.outbox = Outbox(of.store, of.effects, of.sealer, senders)

    async def register(self, application_id: str, uri: str) -> None:
        """The application's back-channel logout URI."""
        row = await self.provider.store.get(APPLICATION, application_id)
        assert row is not None
        assert row.oidc is not None
        oidc = msgspec.structs.replace(row.oidc, back_channel_logout_uri=uri)
        await self.provider.edit(APPLICATION, application_id, oidc=oidc)

    async def log(self) -> list[Delivery]:
        """What is known of deliveries, the oldest first."""
        return list((await self.provider.store.page(Listing(DELIVERY, order="at"))).items)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A client's endpoint."""
    with receiving() as made:
        yield made


@pytest.fixture
async def telling(provider: Provider, receiver: Receiver) -> AsyncIterator[Telling]:
    """All of it; the web client is registered, the others are not."""
    made = Telling(provider, receiver)
    await made.register("701", receiver.url)
    yield made
    await made.outbound.close()
