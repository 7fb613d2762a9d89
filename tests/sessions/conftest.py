"""A small house with sessions in it: a store, alice with a password and an authenticator app, a login client."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from ostiary.core.factor import Tools
from ostiary.core.organization import INSTANCE, ORGANIZATION, Instance, Organization
from ostiary.core.permission import MEMBERSHIP, Caller, Membership
from ostiary.core.policy import POLICY, Policy
from ostiary.core.record import Kind, RecordT
from ostiary.core.user import (
    AUTHENTICATOR,
    LOGIN_NAME,
    USER,
    Authenticator,
    LoginName,
    Machine,
    Profile,
    User,
)
from ostiary.crypto.hash_pool import HashPool
from ostiary.crypto.otp import code_of, step_of
from ostiary.crypto.password import hash_password
from ostiary.crypto.seal import Sealer
from ostiary.factors.password import PASSWORD
from ostiary.factors.totp import TOTP, TotpData, encode
from ostiary.sessions.change import Changed, SessionChange, UserNamed
from ostiary.sessions.commands import SessionCommands
from ostiary.sessions.queries import SessionQueries
from ostiary.sessions.work import Worker
from ostiary.storage.cache import Cache
from ostiary.storage.memory import MemoryStore
from ostiary.storage.port import Changes, Put, Store
from ostiary.storage.sqlite import SqliteStore
from tests.doubles.effects import START, SettableEffects

PASSWORD_TEXT = "Password1!"
TOTP_SECRET = b"12345678901234567890"
HASH = hash_password(PASSWORD_TEXT, b"0123456789abcdef")
LOGIN_CLIENT = Caller(
    "900", "500", (Membership("m1", "900", "instance", ("IAM_LOGIN_CLIENT",)),), is_machine=True
)
STRANGER = Caller("901", "500", (), is_machine=True)


class Typed(msgspec.Struct):
    """The wire's password and TOTP checks, as factors see them."""

    password: str = ""
    code: str = ""


class House:
    """Everything a session test asks for."""

    def __init__(self, store: Store, pool: HashPool | None = None) -> None:
        self.effects = SettableEffects()
        self.store = store
        self.cache = Cache(store)
        self.sealer = Sealer({1: bytes(32)}, self.effects.random_bytes)
        self.tools = Tools(
            self._unseal, self._seal, self.effects.random_bytes, self.sealer.open, self.sealer.seal
        )
        self.pool = pool or HashPool(1, longest_wait_s=60)
        worker = Worker(store, self.cache, self.effects, self.tools, self.sealer, self.pool)
        self.commands = SessionCommands(worker)
        self.queries = SessionQueries(store, self.effects)

    def _unseal(self, owned: Authenticator) -> bytes:
        return self.sealer.open(owned.data, f"authenticator|{owned.id}")

    def _seal(self, owned: Authenticator, plain: bytes) -> Authenticator:
        sealed = self.sealer.seal(plain, f"authenticator|{owned.id}")
        return msgspec.structs.replace(owned, data=sealed)

    async def furnish(self) -> None:
        """The instance, its organisation, alice and a machine."""
        person = User(
            "100", "500", "alice", START, START, domain="acme.localhost", profile=Profile("Alice", "A")
        )
        machine = User("900", "500", "robot", START, START, machine=Machine("Robot"))
        password = self._seal(Authenticator("100:password", "100", "password", START, START), HASH.encode())
        totp = self._seal(
            Authenticator("100:totp", "100", "totp", START, START), encode(TotpData(TOTP_SECRET))
        )
        await self.store.save(
            Changes(
                puts=(
                    Put(INSTANCE, Instance("1", "500", START)),
                    Put(ORGANIZATION, Organization("500", "Acme", "acme.localhost", START, START)),
                    Put(USER, person),
                    Put(LOGIN_NAME, LoginName("alice", "100")),
                    Put(USER, machine),
                    Put(LOGIN_NAME, LoginName("robot", "900")),
                    Put(MEMBERSHIP, LOGIN_CLIENT.memberships[0]),
                    Put(AUTHENTICATOR, password),
                    Put(AUTHENTICATOR, totp),
                )
            )
        )
        await self.cache.fresh()

    async def edit(self, kind: Kind[RecordT], key: str, **values: object) -> None:
        """Change a row from outside."""
        row = await self.store.get(kind, key)
        assert row is not None
        changed = msgspec.structs.replace(row, version=row.version + 1, **values)  # type: ignore[type-var]
        await self.store.save(Changes(puts=(Put(kind, changed, row.version),), raises_generation=True))
        await self.cache.fresh()

    async def lockout(self, **values: int) -> None:
        """Set the instance's lockout policy."""
        await self.store.save(
            Changes(puts=(Put(POLICY, Policy("instance:lockout", "instance", "lockout", dict(values))),))
        )
        await self.cache.fresh()

    def code(self, steps: int = 0) -> str:
        """The app's code now, or some steps away."""
        return code_of(TOTP_SECRET, step_of(self.effects.now()) + steps)

    async def create(self, change: SessionChange | None = None) -> Changed:
        """A session made by the login client, for alice unless said otherwise."""
        return await self.commands.create(LOGIN_CLIENT, change or user_check())

    async def set(self, session_id: str, token: str, change: SessionChange) -> Changed:
        """A change by the login client."""
        return await self.commands.set(LOGIN_CLIENT, session_id, token, change)


def user_check(name: str = "alice") -> SessionChange:
    """Alice named by her login name."""
    return SessionChange(user=UserNamed(login_name=name))


def password_check(text: str = PASSWORD_TEXT, *, user: str = "") -> SessionChange:
    """A password, with its user if one is named."""
    named = UserNamed(login_name=user) if user else None
    return SessionChange(user=named, checks=((PASSWORD, Typed(password=text)),))


def totp_check(code: str) -> SessionChange:
    """A code."""
    return SessionChange(checks=((TOTP, Typed(code=code)),))


@pytest.fixture(params=["memory", "sqlite"])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    """A furnished house on each store."""
    store: Store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "test.db")
    made = House(store)
    await made.furnish()
    yield made
    made.pool.close()
    await store.close()
