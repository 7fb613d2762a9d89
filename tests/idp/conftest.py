"""A house with an upstream provider, on each store, asked through handlers and the session service."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from protobuf import Message

from ostiary._pb.zitadel.idp.v2 import idp_service_pb
from ostiary._pb.zitadel.session.v2.session_service_pb import CheckIDPIntent
from ostiary._pb.zitadel.user.v2 import user_service_pb as pb
from ostiary.api import identity_provider, user
from ostiary.api.call import Call
from ostiary.api.user_intents import intent_handlers
from ostiary.core.identity_provider import IDENTITY_PROVIDER, IdentityProvider
from ostiary.core.permission import Caller
from ostiary.core.policy import POLICY, Policy
from ostiary.core.user import USER, Profile, User
from ostiary.factors import FACTORS
from ostiary.factors.idp_intent import IDP_INTENT
from ostiary.idp.intents import Intents
from ostiary.sessions.change import Changed, SessionChange, UserNamed
from ostiary.storage.memory import MemoryStore
from ostiary.storage.port import Changes, Put, Store
from ostiary.storage.sqlite import SqliteStore
from ostiary.users.service import Users
from tests.doubles.effects import START
from tests.idp.upstream import Browser, Upstream, serving
from tests.sessions.conftest import LOGIN_CLIENT, House

ALICE, BOB, IDP = "100", "200", "8"


@dataclass
class Place:
    """The house, its provider, and what the login UI does."""

    house: House
    intents: Intents
    browser: Browser
    upstream: Upstream

    def __post_init__(self) -> None:
        house = self.house
        users = Users(house.store, house.cache, house.effects, house.tools, house.sealer, house.pool, FACTORS)
        more = intent_handlers(users, self.intents, self._instance_id)
        self._handlers = dict(user.service(users, more).handlers)
        self._handlers |= identity_provider.service(self.intents, self._instance_id).handlers

    async def _instance_id(self) -> str:
        return "1"

    async def rpc(self, name: str, who: Caller = LOGIN_CLIENT, /, **request: Any) -> Any:
        """The answer to a request, which is given as its JSON."""
        method: type[Message] = getattr(pb, f"{name}Request", None) or getattr(
            idp_service_pb, f"{name}Request"
        )
        message = method.from_json(msgspec.json.encode(request).decode())
        return await self._handlers[name](Call(who, who.organization_id), message)

    async def link(self, user_id: str = ALICE, subject: str = "sub", idp_id: str = IDP) -> Any:
        """Link an account to a user."""
        account = {"idpId": idp_id, "userId": subject, "userName": f"{subject}@upstream"}
        return await self.rpc("AddIDPLink", userId=user_id, idpLink=account)

    async def returned(self) -> dict[str, str]:
        """What comes back of a login at the provider."""
        started = await self.intents.start(IDP, "https://app.test/ok?a=b", "https://app.test/no")
        return await self.browser.log_in(started.id)

    async def check(self, told: dict[str, str], user_id: str = ALICE) -> Changed:
        """A new session of the user with the intent."""
        checks = ((IDP_INTENT, intent_check(told)),)
        return await self.house.create(SessionChange(UserNamed(user_id), checks))

    async def provider(self, **values: object) -> None:
        """Change the provider."""
        await self.house.edit(IDENTITY_PROVIDER, IDP, **values)

    async def allow_external_idp(self, allowed: bool) -> None:
        """Set the login policy of the users' organisation."""
        row = await self.house.store.get(POLICY, "500:login")
        was = row.version if row else 0
        set_ = Policy("500:login", "500", "login", {"allow_external_idp": allowed}, version=was + 1)
        await self.house.store.save(Changes(puts=(Put(POLICY, set_, was),), raises_generation=True))
        await self.house.cache.fresh()


def intent_check(told: dict[str, str]) -> CheckIDPIntent:
    """The wire's check."""
    return CheckIDPIntent(idp_intent_id=told["id"], idp_intent_token=told["token"])


@pytest.fixture(params=["memory", "sqlite"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """Alice, bob, and a provider that allows linking."""
    store: Store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "test.db")
    house = House(store)
    await house.furnish()
    bob = User(BOB, "500", "bob", START, START, domain="acme.localhost", profile=Profile("Bob", "B"))
    provider = IdentityProvider(IDP, "Upstream", 1, START, START, is_linking_allowed=True)
    await store.save(Changes(puts=(Put(USER, bob), Put(IDENTITY_PROVIDER, provider))))
    intents = Intents(store, house.effects, house.sealer)
    with serving() as upstream:
        yield Place(house, intents, Browser(intents, upstream), upstream)
    house.pool.close()
    await store.close()
