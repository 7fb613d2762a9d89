"""A house with clients: a confidential web client and a public native one, alice, and the endpoints over a store."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec
import pytest

from ostiary.access.access_token import AccessTokens
from ostiary.access.peer_limit import PeerLimit
from ostiary.core.client import (
    APPLICATION,
    CLIENT_SECRET,
    Application,
    ApplicationType,
    ClientAuthentication,
    OidcSettings,
)
from ostiary.core.project import PROJECT, Project
from ostiary.core.secret import secret_hash, token_text
from ostiary.core.signing_key import SIGNING_KEY, SigningKey
from ostiary.core.user import AUTHENTICATOR
from ostiary.crypto.jws import BadToken
from ostiary.crypto.seal import Sealer
from ostiary.errors import OstiaryError
from ostiary.http.message import Request, Response
from ostiary.keys.making import new_signing_key
from ostiary.keys.signing import SigningKeys
from ostiary.oidc.authorize import Authorize
from ostiary.oidc.client_authentication import ClientAuthenticator
from ostiary.oidc.desk import Desk
from ostiary.oidc.device import DeviceAuthorizations
from ostiary.oidc.front_channel import FrontChannel
from ostiary.oidc.grants import GRANTS
from ostiary.oidc.minting import ID_TOKEN_TYP, Minter
from ostiary.oidc.overlap import TURNS
from ostiary.oidc.problem import oauth_problem
from ostiary.oidc.pushed import PushRequest
from ostiary.oidc.refresh_secret import RefreshSecrets
from ostiary.oidc.request_rules import CODE_ALONE
from ostiary.oidc.requests import AuthorizationRequests
from ostiary.oidc.token import TokenEndpoint
from ostiary.sessions.change import Changed
from ostiary.signin.requests import Proof, SignIn
from ostiary.storage.memory import MemoryStore
from ostiary.storage.port import Changes, Put, Remove, Store
from ostiary.storage.sqlite import SqliteStore
from tests.doubles.effects import START, SettableEffects
from tests.sessions.conftest import LOGIN_CLIENT, House, password_check

ISSUER = "http://localhost:8080"
REDIRECT = "http://localhost:9999/cb"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
BEGUN = 10  # logins that one public address may begin in a minute
SECRET = token_text(CLIENT_SECRET, "701", b"s" * 32)
EVERY_GRANT = (
    "authorization_code",
    "refresh_token",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:token-exchange",
)


@cache
def signing_keys() -> tuple[SigningKey, ...]:
    """Keys made once for all tests; every house's sealer opens them."""
    effects = SettableEffects()
    sealer = Sealer({1: bytes(32)}, effects.random_bytes)
    return tuple(new_signing_key(algorithm, effects, sealer) for algorithm in ("ES256", "RS256"))


class _Own:
    def __init__(self, access: AccessTokens, keys: SigningKeys) -> None:
        self._access, self._keys = access, keys

    async def access(self, text: str) -> Any:
        found = await self._access.find(text)
        return found.grant if found else None

    async def identity(self, text: str) -> dict[str, Any] | None:
        try:
            return await self._keys.verify(text, ID_TOKEN_TYP)
        except BadToken:
            return None

    async def subject_of(self, id_token: str) -> str | None:
        claims = await self.identity(id_token)
        return str(claims["sub"]) if claims else None


class Provider(House):
    """The session house with an OpenID Provider in it."""

    def __init__(
        self, store: Store, *, is_strict: bool = True, response_types: Sequence[str] = CODE_ALONE
    ) -> None:
        super().__init__(store)
        self.keys = SigningKeys(store, self.cache, self.effects, self.sealer)
        self.access = AccessTokens(store, self.cache, self.effects, self.keys, ISSUER)
        self.signin = SignIn(store, self.cache, self.effects, is_strict=is_strict)
        self.authenticator = ClientAuthenticator(store, self.cache, self.effects, ISSUER)
        own = _Own(self.access, self.keys)
        self.begun = PeerLimit(BEGUN, timedelta(minutes=1), self.effects.now, shared=0)
        self.devices = DeviceAuthorizations(self.signin, self.authenticator, ISSUER, self.begun)
        self.desk = Desk(
            store,
            self.cache,
            self.effects,
            self.signin,
            Minter(self.keys, store, self.cache, self.effects, ISSUER),
            self.sealer,
            RefreshSecrets(bytes(32)),
            own,
            ISSUER,
        )
        self.token_endpoint = TokenEndpoint(self.desk, self.authenticator, GRANTS)
        self.requests = AuthorizationRequests(self.signin, ISSUER, FrontChannel(self.desk))
        self.authorize = Authorize(self.signin, self.requests, own, ISSUER, "", self.begun, response_types)
        self.push = PushRequest(store, self.effects, self.authenticator, self.authorize, self.begun)

    async def furnish(self) -> None:
        """The clients too; alice's authenticator app is away, so that a password suffices."""
        await super().furnish()
        oidc = OidcSettings((REDIRECT,), (REDIRECT,), grant_types=EVERY_GRANT)
        web = Application(
            "701", "700", "500", "web", "web", ApplicationType.WEB, ClientAuthentication.BASIC, START, START,
            secret_hash=secret_hash(SECRET), oidc=oidc,
        )  # fmt: skip
        native = msgspec.structs.replace(
            web, id="702", client_id="native", type=ApplicationType.NATIVE,
            authentication=ClientAuthentication.NONE, secret_hash=b"",
        )  # fmt: skip
        other = msgspec.structs.replace(
            web, id="703", client_id="other", project_id="799", secret_hash=secret_hash(SECRET)
        )
        puts = [Put(APPLICATION, app) for app in (web, native, other)]
        projects = [Put(PROJECT, Project(key, "500", key, START, START)) for key in ("700", "799")]
        totp = Remove(AUTHENTICATOR, "100:totp", 1)
        keys = [Put(SIGNING_KEY, key) for key in signing_keys()]
        await self.store.save(Changes(puts=(*projects, *puts, *keys), removes=(totp,)))
        await self.cache.fresh()

    async def alice(self) -> Changed:
        """A session of hers with a password."""
        return await self.create(password_check(user="alice"))

    async def ask(self, endpoint: Any, request: Request) -> Response:
        """The endpoint's answer, errors told as OAuth tells them."""
        try:
            answer: Response = await endpoint(request)
        except OstiaryError as error:
            return oauth_problem(error)
        return answer

    async def start(self, peer_ip: str = "", /, **parameters: str | None) -> Response:
        """An authorization request of the web client; None takes a parameter away."""
        wanted: dict[str, str | None] = {
            "client_id": "web",
            "redirect_uri": REDIRECT,
            "response_type": "code",
            "scope": "openid offline_access",
            "state": "st",
            "nonce": "nn",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        sent = {name: value for name, value in {**wanted, **parameters}.items() if value is not None}
        encoded = urlencode(sent).encode()
        request = Request("GET", "/oauth/v2/authorize", {}, encoded, peer_ip=peer_ip)
        return await self.ask(self.authorize, request)

    async def code_for(self, session: Changed | None = None, **parameters: str | None) -> str:
        """A fresh authorization code for alice."""
        made = session or await self.alice()
        request_id = query(location(await self.start(**parameters)))["authRequest"]
        finished = await self.requests.finish(LOGIN_CLIENT, request_id, Proof(made.session_id, made.token))
        return query(finished.callback_url)["code"]

    async def token(self, client: str = "web", secret: str = SECRET, **form: str) -> Response:
        """The token endpoint's answer; a client without secret sends its client_id."""
        headers = {b"content-type": b"application/x-www-form-urlencoded"}
        if secret:
            headers[b"authorization"] = b"Basic " + base64.b64encode(f"{client}:{secret}".encode())
        else:
            form = {"client_id": client, **form}
        request = Request("POST", "/oauth/v2/token", headers, body=urlencode(form).encode())
        return await self.ask(self.token_endpoint, request)

    async def redeem(self, code: str, **form: str) -> Response:
        """A code's redemption by the web client."""
        known = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
        }
        return await self.token(**{name: value for name, value in {**known, **form}.items() if value})

    async def login(self, session: Changed | None = None) -> dict[str, Any]:
        """The tokens of a whole login."""
        return good(await self.redeem(await self.code_for(session)))

    async def refresh(self, token: str, **form: str) -> Response:
        """A refresh by the web client; what follows comes later than the answer."""
        answer = await self.token(grant_type="refresh_token", refresh_token=token, **form)
        for _ in range(TURNS + 1):
            await asyncio.sleep(0)
        return answer


def good(response: Response) -> dict[str, Any]:
    """The body of a success."""
    assert response.status == 200, response.body
    body: dict[str, Any] = msgspec.json.decode(response.body)
    return body


def error_of(response: Response) -> str:
    """The OAuth error of an answer that is none of success."""
    assert 400 <= response.status < 500, (response.status, response.body)
    return str(msgspec.json.decode(response.body)["error"])


def location(response: Response) -> str:
    """Where an answer sends the browser."""
    assert response.status == 302, response.body
    return next(value.decode() for name, value in response.headers if name == b"location")


def query(url: str) -> dict[str, str]:
    """The parameters of a URL."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


@pytest.fixture(params=["memory", "sqlite"])
async def provider(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Provider]:
    """A furnished provider on each store."""
    store: Store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "test.db")
    made = Provider(store)
    await made.furnish()
    yield made
    made.pool.close()
    await store.close()
