"""A house with users in it, on each store, asked through the handlers of the wire."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from protobuf import Message

from ostiary._pb.zitadel.user.v2 import user_service_pb as pb
from ostiary.api.call import Call
from ostiary.api.user import service
from ostiary.core.assurance import Proven
from ostiary.core.factor import Tools
from ostiary.core.notification import Notification, decode_notification, sealing_context
from ostiary.core.organization import INSTANCE, ORGANIZATION, Instance, Organization
from ostiary.core.permission import Caller, Membership
from ostiary.core.policy import POLICY, Policy
from ostiary.core.record import Kind, RecordT
from ostiary.core.user import USER, Authenticator, User
from ostiary.crypto.hash_pool import HashPool
from ostiary.crypto.seal import Sealer
from ostiary.errors import OstiaryError
from ostiary.factors import FACTORS
from ostiary.storage.cache import Cache
from ostiary.storage.memory import MemoryStore
from ostiary.storage.port import Changes, Put, Store
from ostiary.storage.sqlite import SqliteStore
from ostiary.users.service import Users
from tests.doubles.effects import START, SettableEffects

ACME, OTHER = "500", "600"
PASSWORD = "Password1!"


FRESH = Proven(2, START)  # a session that has just verified all there is


def caller(
    user_id: str, *roles: str, resource: str = "instance", proven: Proven | None = FRESH, session_id: str = ""
) -> Caller:
    """Somebody with these roles, in a fresh session unless said otherwise."""
    memberships = (Membership(f"{user_id}:{resource}", user_id, resource, roles),) if roles else ()
    return Caller(user_id, ACME, memberships, session_id=session_id, proven=proven)


ADMIN = caller("900", "IAM_OWNER")
LOGIN_CLIENT = caller("901", "IAM_LOGIN_CLIENT")
STRANGER = caller("902")


class House:
    """A store with an instance and two organisations; ``rpc`` calls a handler as the administrator or another."""

    def __init__(self, store: Store) -> None:
        self.effects = SettableEffects()
        self.store = store
        self.cache = Cache(store)
        self.sealer = Sealer({1: bytes(32)}, self.effects.random_bytes)
        self.tools = Tools(
            self._unseal, self._seal, self.effects.random_bytes, self.sealer.open, self.sealer.seal
        )
        self.pool = HashPool(1, longest_wait_s=60)
        self.users = Users(
            store, self.cache, self.effects, self.tools, self.sealer, self.pool, FACTORS, "acme.test"
        )
        self.handlers = service(self.users).handlers

    def use(self, users: Users) -> None:
        """From now on these answer."""
        self.users = users
        self.handlers = service(users).handlers

    def _unseal(self, owned: Authenticator) -> bytes:
        return self.sealer.open(owned.data, f"authenticator|{owned.id}")

    def _seal(self, owned: Authenticator, plain: bytes) -> Authenticator:
        sealed = self.sealer.seal(plain, f"authenticator|{owned.id}")
        return msgspec.structs.replace(owned, data=sealed)

    async def furnish(self) -> None:
        """The instance and its organisations."""
        await self.store.save(
            Changes(
                puts=(
                    Put(INSTANCE, Instance("1", ACME, START)),
                    Put(ORGANIZATION, Organization(ACME, "Acme", "acme.test", START, START)),
                    Put(ORGANIZATION, Organization(OTHER, "Other", "other.test", START, START)),
                )
            )
        )

    async def rpc(self, name: str, who: Caller = ADMIN, /, **request: Any) -> Any:
        """The answer to a request, which is given as its JSON."""
        method: type[Message] = getattr(pb, f"{name}Request")
        message = method.from_json(msgspec.json.encode(request).decode())
        return await self.handlers[name](Call(who, who.organization_id), message)

    async def human(self, name: str = "alice", /, **more: Any) -> str:
        """A person's id; with a password unless said otherwise."""
        request = {**human(name), "password": {"password": PASSWORD}, **more}
        answer = await self.rpc("AddHumanUser", **request)
        return str(answer.user_id)

    async def machine(self, name: str = "robot") -> str:
        """A machine's id."""
        answer = await self.rpc("CreateUser", organizationId=ACME, username=name, machine={"name": name})
        return str(answer.id)

    async def user(self, user_id: str) -> User:
        """The stored user."""
        user = await self.store.get(USER, user_id)
        assert user is not None
        return user

    async def edit(self, kind: Kind[RecordT], key: str, **values: object) -> None:
        """Change a row from outside."""
        row = await self.store.get(kind, key)
        assert row is not None
        changed = msgspec.structs.replace(row, version=row.version + 1, **values)  # type: ignore[type-var]
        await self.store.save(Changes(puts=(Put(kind, changed, row.version),), raises_generation=True))

    async def policy(self, name: str, owner: str = "instance", /, **values: Any) -> None:
        """Set a group of settings."""
        row = Policy(f"{owner}:{name}", owner, name, dict(values))
        await self.store.save(Changes(puts=(Put(POLICY, row),)))

    def sent(self) -> list[Notification]:
        """What lies in the outbox of the store in memory, opened."""
        assert isinstance(self.store, MemoryStore)
        return [
            decode_notification(self.sealer.open(message.sealed, sealing_context(message.id)))
            for message in self.store.outbox
        ]


def human(name: str) -> dict[str, Any]:
    """What AddHumanUser needs at least."""
    return {
        "username": name,
        "profile": {"givenName": name.title(), "familyName": "Doe"},
        "email": {"email": f"{name}@example.com", "isVerified": True},
    }


def refused(error: type[OstiaryError], id: str) -> AbstractContextManager[Any]:  # noqa: A002
    """The block raises this error with this id."""
    return pytest.raises(error, check=lambda raised: raised.id == id)


async def begun() -> None:
    """Time for other tasks to come to what they wait for (the hash pool takes a thousand times longer)."""
    for _ in range(20):
        await asyncio.sleep(0)


async def _made(store: Store) -> AsyncIterator[House]:
    house = House(store)
    await house.furnish()
    yield house
    house.pool.close()
    await store.close()


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """A furnished house on the store in memory."""
    async for made in _made(MemoryStore()):
        yield made


@pytest.fixture(params=["memory", "sqlite"])
async def each_house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    """A furnished house on each store."""
    makers: dict[str, Callable[[], Store]] = {
        "memory": MemoryStore,
        "sqlite": lambda: SqliteStore(tmp_path / "test.db"),
    }
    async for made in _made(makers[request.param]()):
        yield made
