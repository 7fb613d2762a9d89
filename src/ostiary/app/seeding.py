"""Data for measurements: users with a password and an authenticator app, twenty sessions each; and requests for them.

Ids and session tokens follow from their number, so requests are made without asking the database.
"""

import asyncio
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ostiary.app.beginning import begin
from ostiary.app.installation import COMMAND_NODE, Installation, opened
from ostiary.config.settings import Settings, Trouble
from ostiary.core.client import (
    APPLICATION,
    CLIENT_SECRET,
    Application,
    ApplicationType,
    ClientAuthentication,
    OidcSettings,
)
from ostiary.core.grant import ACCESS_TOKEN, GRANT, Grant
from ostiary.core.login_request import Authentication
from ostiary.core.organization import ORGANIZATION, Organization
from ostiary.core.project import PROJECT, Project
from ostiary.core.record import AnyKind, Record
from ostiary.core.secret import SESSION_TOKEN, secret_hash, token_text
from ostiary.core.session import SESSION, Session, UserAgent, VerifiedFactor
from ostiary.core.user import (
    AUTHENTICATOR,
    LOGIN_NAME,
    USER,
    Address,
    Authenticator,
    LoginName,
    Profile,
    User,
    login_name_id,
)
from ostiary.crypto.otp import code_of, step_of
from ostiary.crypto.password import SALT_BYTES, hash_password
from ostiary.effects import SystemEffects
from ostiary.factors.password import PASSWORD
from ostiary.factors.totp import TOTP
from ostiary.storage.bulk import load
from ostiary.storage.folder import locked, prepare

SESSIONS_PER_USER: Final = 20
SEEDED_PASSWORD: Final = "Password1!"
TOTP_SECRET: Final = b"12345678901234567890"
FIRST_USER: Final = 200_000_000_000_000_000
FIRST_SESSION: Final = 300_000_000_000_000_000
FIRST_GRANT: Final = 400_000_000_000_000_000
GRANTS: Final = 200_000
CLIENT_ID: Final = "bench"
CLIENT_SECRET_TEXT: Final = token_text(CLIENT_SECRET, "500000000000000001", b"bench" * 6 + b"be")
REDIRECT_URI: Final = "https://rp.example.com/cb"
_LIFETIME: Final = timedelta(days=365)
_AGENT: Final = UserAgent(
    "fp-0123456789abcdef",
    "198.51.100.7",
    "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/131.0",
)
# which of a user's twenty sessions an operation draws from, so that none spoils the rows of another
_EXCHANGED: Final = range(3, 6)  # with two factors each
_SHARES: Final = {
    "delete_session": range(8, 20),
    "set_session_totp": range(6, 8),
    "token_exchange": _EXCHANGED,
    "oidc_code_flow": _EXCHANGED,
    "introspect": range(3),
}
_OTHERS: Final = range(6)
_STRIDE: Final = 1_000_003  # a prime: steps of it visit every place once, in no order of the table


def seed(settings: Settings, sessions: int) -> None:
    """A new installation with so many sessions; raises Trouble if there is one already."""
    prepare(settings.data)
    with locked(settings.data):
        rows = asyncio.run(_rows(settings, sessions))
        kinds = ((SESSION, rows.sessions()), *rows.users())
        if settings.is_postgres:
            from ostiary.storage.postgres.bulk import load as load_server

            asyncio.run(load_server(settings.database, kinds))
        else:
            load(settings.database_file, kinds)


async def _rows(settings: Settings, sessions: int) -> "_Rows":
    async with opened(settings, COMMAND_NODE) as installation:
        if not await begin(installation):
            raise Trouble("There is an installation already; measurements need one of their own.")
        instance = await installation.instance()
        home = await installation.store.get(ORGANIZATION, instance.default_organization_id)
        if home is None:
            raise Trouble("The first start made no organisation.")
        return _Rows(installation, home, sessions, installation.effects.now())


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows, made one by one as they are written."""

    of: Installation
    home: Organization
    count: int
    now: datetime

    def sessions(self) -> Iterator[Session]:
        users = users_of(self.count)
        one = {"password": VerifiedFactor(self.now)}
        two = {**one, "totp": VerifiedFactor(self.now)}  # these may be exchanged for tokens
        metadata = {"device_id": b"device_123", "app": b"1.2.3"}
        for number in range(self.count):
            at = self.now - timedelta(seconds=self.count - number)
            yield Session(
                session_id(number),
                at,
                at,
                "operator",
                secret_hash(session_token(number)),
                user_id(number % users),
                self.home.id,
                at,
                two if number // users in _EXCHANGED else one,
                {},
                metadata,
                _AGENT,
                self.now + _LIFETIME,
                version=6,
            )

    def users(self) -> tuple[tuple[AnyKind, Iterable[Record]], ...]:
        numbers = range(users_of(self.count))
        hashed = hash_password(SEEDED_PASSWORD, bytes(SALT_BYTES)).encode()
        return (
            (PROJECT, (self._project(),)),
            (APPLICATION, (self._client(),)),
            (GRANT, map(self._grant, range(min(self.count, GRANTS)))),
            (USER, map(self._user, numbers)),
            (LOGIN_NAME, (LoginName(login_name_id(username(n)), user_id(n)) for n in numbers)),
            (AUTHENTICATOR, (a for n in numbers for a in self._authenticators(n, hashed))),
        )

    def _project(self) -> Project:
        return Project("500000000000000000", self.home.id, "bench", self.now, self.now)

    def _client(self) -> Application:
        oidc = OidcSettings(
            (REDIRECT_URI,),
            grant_types=("authorization_code", "refresh_token"),
            id_token_algorithm="ES256",  # as the prototype beside which it is measured
        )
        return Application(
            "500000000000000001",
            "500000000000000000",
            self.home.id,
            "bench",
            CLIENT_ID,
            ApplicationType.WEB,
            ClientAuthentication.BASIC,
            self.now,
            self.now,
            secret_hash=secret_hash(CLIENT_SECRET_TEXT),
            oidc=oidc,
        )

    def _grant(self, number: int) -> Grant:
        """An opaque access token of a session."""
        owner = user_id(number % users_of(self.count))
        grant_id = str(FIRST_GRANT + number)
        return Grant(
            grant_id,
            CLIENT_ID,
            owner,
            self.home.id,
            ("openid", "profile"),
            (CLIENT_ID,),
            self.now,
            grant_id,
            secret_hash(access_token(number)),
            self.now + _LIFETIME,
            Authentication(session_id(number), owner, self.home.id, self.now, ("pwd",)),
            access_issued_at=self.now,
        )

    def _user(self, number: int) -> User:
        return User(
            user_id(number),
            self.home.id,
            username(number),
            self.now,
            self.now,
            domain=self.home.primary_domain,
            profile=Profile("User", str(number)),
            email=Address(username(number), is_verified=True),
            password_changed_at=self.now - _LIFETIME,
        )

    def _authenticators(self, number: int, hashed: bytes) -> tuple[Authenticator, ...]:
        owner, tools = user_id(number), self.of.tools
        return (
            PASSWORD.enrol(owner, hashed, self.now, tools),
            TOTP.enrol(owner, TOTP_SECRET, self.now, tools),
        )


def users_of(sessions: int) -> int:
    """How many users have so many sessions."""
    return max(1, sessions // SESSIONS_PER_USER)


def user_id(number: int) -> str:
    """Of the seeded user with that number."""
    return str(FIRST_USER + number)


def username(number: int) -> str:
    """Of the seeded user with that number."""
    return f"user{number}@example.com"


def session_id(number: int) -> str:
    """Of the seeded session with that number."""
    return str(FIRST_SESSION + number)


def session_token(number: int) -> str:
    """Of the seeded session with that number."""
    return token_text(SESSION_TOKEN, session_id(number), hashlib.sha256(b"%d" % number).digest())


def access_token(number: int) -> str:
    """Of the seeded grant with that number."""
    return token_text(ACCESS_TOKEN, str(FIRST_GRANT + number), hashlib.sha256(b"%d" % number).digest())


def requests(operation: str, count: int, sessions: int, salt: int) -> Iterator[dict[str, str]]:
    """Variables of as many requests as can be had, all over the table; a code is that of now, or the next one."""
    users = users_of(sessions)
    share = _SHARES.get(operation, _OTHERS)
    step = step_of(SystemEffects().now())
    places = users * len(share)
    for at in range(min(count, places)):
        # codes are good once and in order: all users' first ones go before all second ones
        place = at if operation == "set_session_totp" else (at + salt) * _STRIDE % places
        turn, user = divmod(place, users)
        number = share[turn] * users + user
        yield {
            "session_id": session_id(number),
            "session_token": session_token(number),
            "token": access_token(number % min(sessions, GRANTS)),
            "user_id": user_id(user),
            "totp_code": code_of(TOTP_SECRET, step + min(turn, 1)),
        }
