"""A house with projects in it, on each store, asked through the handlers of the wire."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
from protobuf import Message

from ostiary._pb.zitadel.application.v2 import application_service_pb
from ostiary._pb.zitadel.authorization.v2 import authorization_service_pb
from ostiary._pb.zitadel.internal_permission.v2 import internal_permission_service_pb
from ostiary._pb.zitadel.project.v2 import project_service_pb
from ostiary.api import administrator, application, authorization, project
from ostiary.api.call import Call
from ostiary.core.organization import INSTANCE, ORGANIZATION, Instance, Organization
from ostiary.core.permission import Caller, Membership
from ostiary.core.user import USER, Profile, User
from ostiary.errors import OstiaryError
from ostiary.projects.service import Projects
from ostiary.storage.cache import Cache
from ostiary.storage.memory import MemoryStore
from ostiary.storage.port import Changes, Put, Store
from ostiary.storage.sqlite import SqliteStore
from tests.doubles.effects import START, SettableEffects

ACME, OTHER, THIRD = "500", "600", "700"
REDIRECT = "https://app.acme.test/cb"


def caller(user_id: str, *roles: str, resource: str = "instance", home: str = ACME) -> Caller:
    """Somebody with these roles."""
    memberships = (Membership(f"{user_id}:{resource}", user_id, resource, roles),) if roles else ()
    return Caller(user_id, home, memberships)


ADMIN = caller("900", "IAM_OWNER")
LOGIN_CLIENT = caller("901", "IAM_LOGIN_CLIENT")
STRANGER = caller("902")
ACME_OWNER = caller("903", "ORG_OWNER", resource=f"organization:{ACME}")
OTHER_OWNER = caller("904", "ORG_OWNER", resource=f"organization:{OTHER}", home=OTHER)

_MODULES: tuple[ModuleType, ...] = (
    project_service_pb,
    application_service_pb,
    authorization_service_pb,
    internal_permission_service_pb,
)


class House:
    """A store with three organisations and two users; ``rpc`` calls a handler as the administrator or another."""

    def __init__(self, store: Store) -> None:
        self.effects = SettableEffects()
        self.store = store
        self.cache = Cache(store)
        self.projects = Projects(store, self.cache, self.effects)
        self.handlers = {
            name: handler
            for part in (project, application, authorization, administrator)
            for name, handler in part.service(self.projects).handlers.items()
        }

    async def furnish(self) -> None:
        """The instance, its organisations, alice at home in one and bob in another."""
        organizations = ((ACME, "Acme"), (OTHER, "Other"), (THIRD, "Third"))
        users = (("901", "login", ACME), ("alice", "Alice", ACME), ("bob", "Bob", OTHER))
        await self.store.save(
            Changes(
                puts=(
                    Put(INSTANCE, Instance("1", ACME, START)),
                    *(
                        Put(ORGANIZATION, Organization(key, name, f"{name.lower()}.test", START, START))
                        for key, name in organizations
                    ),
                    *(
                        Put(USER, User(key, home, key, START, START, profile=Profile(name, "Doe")))
                        for key, name, home in users
                    ),
                )
            )
        )

    async def rpc(self, name: str, who: Caller = ADMIN, /, **request: Any) -> Any:
        """The answer to a request, which is given as its JSON."""
        method: type[Message] = next(
            getattr(module, f"{name}Request") for module in _MODULES if hasattr(module, f"{name}Request")
        )
        await self.cache.fresh()
        message = method.from_json(msgspec.json.encode(request).decode())
        return await self.handlers[name](Call(who, who.organization_id), message)

    async def project(self, name: str = "shop", /, *, roles: tuple[str, ...] = (), **more: Any) -> str:
        """A project's id, with these roles."""
        made = await self.rpc("CreateProject", **{"organizationId": ACME, "name": name, **more})
        for role in roles:
            await self.rpc(
                "AddProjectRole", projectId=made.project_id, roleKey=role, displayName=role.title()
            )
        return str(made.project_id)

    async def application(self, project_id: str, name: str = "web", /, **oidc: Any) -> Any:
        """What CreateApplication answers for an OIDC client."""
        configuration = {"redirectUris": [REDIRECT], **oidc}
        return await self.rpc(
            "CreateApplication", projectId=project_id, name=name, oidcConfiguration=configuration
        )

    async def authorize(self, user_id: str, project_id: str, *roles: str, through: str = ACME) -> str:
        """The id of an authorisation."""
        made = await self.rpc(
            "CreateAuthorization",
            userId=user_id,
            projectId=project_id,
            organizationId=through,
            roleKeys=list(roles),
        )
        return str(made.id)


def refused(error: type[OstiaryError], id: str) -> AbstractContextManager[Any]:  # noqa: A002
    """The block raises this error with this id."""
    return pytest.raises(error, check=lambda raised: raised.id == id)


async def _made(store: Store) -> AsyncIterator[House]:
    house = House(store)
    await house.furnish()
    yield house
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
