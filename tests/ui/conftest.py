"""A provider with pages, and browsers that open them."""

from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec
import pytest

from ostiary.api.languages import Languages
from ostiary.core.notification import (
    EMAIL_CHANNEL,
    PHONE_CHANNEL,
    Notification,
    decode_notification,
    sealing_context,
)
from ostiary.core.organization import ORGANIZATION, Organization
from ostiary.core.policy import POLICY, Policy
from ostiary.core.session import SESSION, Session
from ostiary.core.user import AUTHENTICATOR, LOGIN_NAME, USER, Authenticator, LoginName, Profile, User
from ostiary.crypto.hash_pool import HashPool
from ostiary.crypto.seal import BrokenSeal
from ostiary.errors import OstiaryError
from ostiary.factors import FACTORS
from ostiary.factors.totp import TOTP_CONFIRMATION, TotpData, encode
from ostiary.http.message import Request, Response
from ostiary.http.router import Route, Router
from ostiary.oidc.problem import oauth_route
from ostiary.sessions.commands import SessionCommands
from ostiary.sessions.sign_in_notice import TEMPLATE, SignInNotices
from ostiary.sessions.timeline import SessionTimelines
from ostiary.sessions.work import Worker
from ostiary.storage.memory import MemoryStore
from ostiary.storage.port import Changes, Put
from ostiary.ui.account.paths import NOT_ME
from ostiary.ui.cookie import LoginCookie
from ostiary.ui.paths import LOGIN
from ostiary.ui.site import Given, Site
from ostiary.ui.texts import CATALOGUES
from ostiary.users.credential_change import TEMPLATE as CREDENTIAL_CHANGED
from ostiary.users.service import Users
from tests.doubles.effects import START
from tests.oidc.conftest import CHALLENGE, ISSUER, REDIRECT, Provider
from tests.sessions.conftest import HASH, LOGIN_CLIENT, PASSWORD_TEXT, TOTP_SECRET
from tests.ui.browser import Answer, Browser

COOKIE = "ostiary"


class PageHouse(Provider):
    """The provider with its pages."""

    def __init__(
        self, issuer: str = ISSUER, channels: frozenset[str] = frozenset({EMAIL_CHANNEL, PHONE_CHANNEL})
    ) -> None:
        super().__init__(MemoryStore())
        self.pool = HashPool(1)  # no more patient than a server's
        notices = SignInNotices(self.store, self.cache, self.effects, self.sealer, f"{issuer}{NOT_ME}")
        self.commands = SessionCommands(
            Worker(self.store, self.cache, self.effects, self.tools, self.sealer, self.pool, notices)
        )
        self.users = Users(self.store, self.cache, self.effects, self.tools, self.sealer, self.pool, FACTORS)
        self.site = Site(
            Given(
                signin=self.signin,
                requests=self.requests,
                devices=self.devices,
                sessions=self.commands,
                users=self.users,
                factors=FACTORS,
                totp_confirmation=TOTP_CONFIRMATION,
                seals=self.sealer,
                broken_seal=BrokenSeal,
                form_key=self.sealer.subkey("page forms"),
                catalogues=Languages(CATALOGUES),
                external_url=issuer,
                channels=channels,
                timelines=SessionTimelines(self.store, self.cache, self.effects),
                place_header="X-Place",
            )
        )
        routes = {place: Route(endpoint, self.site.refuse) for place, endpoint in self.site.endpoints.items()}
        routes["GET", "/oauth/v2/authorize"] = oauth_route(self.authorize, takes_body=False)
        lost = Route(_lost, self.site.refuse)
        self._router = Router(routes, unknown=lost, wrong_method=lost)

    async def furnish(self) -> None:
        """Nobody is offered a second factor, so that logins end where they lead."""
        await super().furnish()
        await self.policy("login", mfa_init_skip_lifetime_s=0)

    def browser(self, **options: bool) -> Browser:
        """A fresh one."""
        return Browser(self.carry, ISSUER, **options)

    async def carry(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """What lies between a browser and the pages."""
        parts = urlsplit(url)
        route, variables = self._router.find(method, parts.path, parts.path.encode())
        request = Request(
            method,
            parts.path,
            {name.encode(): value.encode() for name, value in headers.items()},
            parts.query.encode(),
            variables,
            peer_ip="203.0.113.9",
            body=body,
        )
        try:
            response = await route.endpoint(request)
        except OstiaryError as error:
            response = route.refuse(request, error)
        told = [(name.decode(), value.decode()) for name, value in response.headers]
        return response.status, told, response.body.decode()

    def authorization(self, **parameters: str) -> str:
        """Where the web client sends a browser."""
        wanted = {
            "client_id": "web",
            "redirect_uri": REDIRECT,
            "response_type": "code",
            "scope": "openid offline_access",
            "state": "st",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **parameters,
        }
        return f"{ISSUER}/oauth/v2/authorize?{urlencode(wanted)}"

    async def sign_in(self, browser: Browser, name: str = "alice", url: str = LOGIN) -> Browser:
        """Name and password."""
        await browser.open(url)
        if browser.heading == "Sign in":
            await browser.submit(login_name=name)
        return await browser.submit(password=PASSWORD_TEXT)

    async def app_for_alice(self) -> None:
        """Her authenticator app is back."""
        plain = encode(TotpData(TOTP_SECRET))
        owned = self._seal(Authenticator("100:totp", "100", "totp", START, START), plain)
        await self.store.save(Changes(puts=(Put(AUTHENTICATOR, owned),)))

    async def bob(self) -> None:
        """Another user with the same password."""
        user = User("101", "500", "bob", START, START, domain="acme.localhost", profile=Profile("Bob", "B"))
        owned = self._seal(Authenticator("101:password", "101", "password", START, START), HASH.encode())
        puts = (Put(USER, user), Put(LOGIN_NAME, LoginName("bob", "101")), Put(AUTHENTICATOR, owned))
        await self.store.save(Changes(puts=puts))

    async def other_organization(self) -> None:
        """A second organisation, 600."""
        other = Organization("600", "Other", "other.localhost", START, START)
        await self.store.save(Changes(puts=(Put(ORGANIZATION, other),), raises_generation=True))

    async def policy(self, name: str, owner: str = "instance", **values: Any) -> None:
        """Set some of a group of settings."""
        old = await self.store.get(POLICY, f"{owner}:{name}")
        was = old.version if old else 0
        kept = old.values if old else {}
        row = Policy(f"{owner}:{name}", owner, name, {**kept, **values}, was + 1)
        await self.store.save(Changes(puts=(Put(POLICY, row, was),), raises_generation=True))

    def sent(self, template: str = "") -> list[Notification]:
        """The mails and SMS in the outbox, opened: of one kind, else all but word of sign-ins and changes."""
        assert isinstance(self.store, MemoryStore)
        notices = [
            decode_notification(self.sealer.open(message.sealed, sealing_context(message.id)))
            for message in self.store.outbox
            if message.kind in {EMAIL_CHANNEL, PHONE_CHANNEL}
        ]
        return [
            one
            for one in notices
            if (one.template == template if template else one.template not in {TEMPLATE, CREDENTIAL_CHANGED})
        ]

    async def sessions(self, user_id: str = "100") -> list[Session]:
        """All of a user's."""
        return list(await self.store.owned(SESSION, user_id))

    async def end(self, session_id: str, token: str) -> None:
        """End a session from elsewhere."""
        await self.commands.end(LOGIN_CLIENT, session_id, token)

    def held(self, browser: Browser) -> list[tuple[str, str]]:
        """Id and token of the sessions in a browser's cookie."""
        headers = {b"cookie": f"{COOKIE}={browser.cookies.get(COOKIE, '')}".encode()}
        request = Request("GET", "/", headers)
        return [(kept.session_id, kept.session_token) for kept in self.cookie.read(request)]

    @property
    def cookie(self) -> Any:
        """The cookie as the pages read it."""
        return LoginCookie(self.sealer, BrokenSeal, is_secure=False)


async def _lost(_: Request) -> Response:
    return Response(404, (), b"{}")


@pytest.fixture
async def house() -> AsyncIterator[PageHouse]:
    """A furnished house with pages."""
    made = PageHouse()
    await made.furnish()
    yield made
    made.pool.close()
    await made.store.close()


def with_(value: Any, **changes: Any) -> Any:
    """The value with changes."""
    return msgspec.structs.replace(value, **changes)
