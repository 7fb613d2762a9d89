"""Who calls as a client: by the method that is registered for it (a secret in the header or in the form).

Source: RFC 6749 2.3.1, OpenID Connect Core 9, RFC 7523 2.2, RFC 8725.
"""

import base64
import binascii
import hashlib
from datetime import datetime
from urllib.parse import unquote_plus

from ostiary.core.audit import detail
from ostiary.core.client import (
    APPLICATION_KEY,
    MACHINE_SECRET,
    Application,
    ClientAuthentication,
)
from ostiary.core.secret import parse_token, same_hash
from ostiary.core.user import User
from ostiary.effects import Effects
from ostiary.http.message import Request
from ostiary.oidc.assertion import read_assertion, spend
from ostiary.oidc.clients import active_client
from ostiary.oidc.errors import OAuthError
from ostiary.oidc.parameters import Parameters
from ostiary.storage.cache import Cache, Remembered
from ostiary.storage.port import Audit, Store
from ostiary.storage.reads import user_by_login_name

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# Parameters of a form that prove who the client is; never kept.
CREDENTIALS = frozenset({"client_id", "client_secret", "client_assertion", "client_assertion_type"})
_NOBODY = bytes(32)
# RFC 9126 2: whichever of these the client took for our name
_ADDRESSED = ("", "/oauth/v2/token", "/oauth/v2/par")
_BY_SECRET = frozenset({ClientAuthentication.BASIC, ClientAuthentication.POST})


class ClientAuthenticator:
    """Authenticates applications, and service users by their secrets."""

    def __init__(self, store: Store, cache: Cache, effects: Effects, issuer: str) -> None:
        """``issuer`` is the audience of assertions."""
        self._store = store
        self._cache = cache
        self._effects = effects
        self._issuer = issuer
        self._known: Remembered[Application] = Remembered(cache)

    async def application(self, request: Request, form: Parameters, *, is_read: bool = False) -> Application:
        """The application that calls, to be given something or (``is_read``) to ask; raises invalid_client."""
        header, generation = request.header(b"authorization"), self._cache.generation
        if not header:
            return await self._judged(request, form, is_read=is_read)
        digest = hashlib.sha256(header.encode()).digest()
        client = self._known.get(digest)
        if client is None:
            client = await self._judged(request, form, is_read=is_read)
            self._known.keep(digest, generation, client)
        else:
            _require_one_method(header, form)
            _require_same_name(form, client.client_id)
        return client

    async def _judged(self, request: Request, form: Parameters, *, is_read: bool) -> Application:
        method, client_id, secret = _presented(request, form)
        if method is ClientAuthentication.PRIVATE_KEY_JWT:
            client = await self._by_assertion(form, is_read=is_read)
        else:
            client = await active_client(self._cache, client_id)
        if client is None or not _fits(method, client):
            raise _invalid(request)
        if method in _BY_SECRET and not _matches(secret, client.secret_hash):
            raise _invalid(request)
        return client

    async def machine(self, request: Request, form: Parameters) -> User:
        """The service user whose username and secret are sent as client_id and client_secret; raises invalid_client."""
        _, username, secret = _presented(request, form)
        user = await user_by_login_name(self._store, username) if username else None
        kept = await self._cache.get(MACHINE_SECRET, user.id) if user else None
        if (
            not _matches(secret, kept.secret_hash if kept else _NOBODY)
            or user is None
            or user.machine is None
        ):
            raise _invalid(request)
        return user

    async def client_id(self, request: Request, form: Parameters) -> str:
        """Whoever tokens are issued to: an application, or a service user by its secret; raises invalid_client."""
        _, name, secret = _presented(request, form)
        if secret and await active_client(self._cache, name) is None:
            return (await self.machine(request, form)).username
        return (await self.application(request, form)).client_id

    async def _by_assertion(self, form: Parameters, *, is_read: bool) -> Application | None:
        if form.require("client_assertion_type") != ASSERTION_TYPE:
            raise OAuthError("invalid_client", f"client_assertion_type is {ASSERTION_TYPE}", 401)
        assertion = await read_assertion(
            form.require("client_assertion"),
            keys=lambda kid: self._cache.get(APPLICATION_KEY, kid),
            audiences=tuple(f"{self._issuer}{path}" for path in _ADDRESSED),
            now=self._effects.now(),
            error="invalid_client",
        )
        await spend(self._store, assertion, error="invalid_client", is_read=is_read)
        client = await active_client(self._cache, assertion.issuer)
        named = form.get("client_id")
        return client if not named or named == assertion.issuer else None


def trace_of(client: Application, at: datetime, action: str, subject: str) -> Audit | None:
    """The audit record of what a client asked for; None for one without credentials: anybody could fill the audit."""
    if not client.has_credentials:
        return None
    return Audit(at, client.client_id, action, subject, detail(client_id=client.client_id))


def _fits(used: ClientAuthentication, client: Application) -> bool:
    """Whether the method is the registered one; a secret may come either way, for many libraries cannot be told."""
    registered = client.authentication
    return used is registered or (used in _BY_SECRET and registered in _BY_SECRET)


def _presented(request: Request, form: Parameters) -> tuple[ClientAuthentication, str, str]:
    """The method used, client_id and secret; raises invalid_request for more than one method (RFC 6749 2.3)."""
    header = request.header(b"authorization")
    _require_one_method(header, form)
    if header:
        client_id, secret = _basic(header)
        _require_same_name(form, client_id)
        return ClientAuthentication.BASIC, client_id, secret
    if "client_assertion" in form:
        return ClientAuthentication.PRIVATE_KEY_JWT, "", ""
    if "client_secret" in form:
        return ClientAuthentication.POST, form.get("client_id"), form.get("client_secret")
    return ClientAuthentication.NONE, form.get("client_id"), ""


def _require_one_method(header: str, form: Parameters) -> None:
    if bool(header) + ("client_secret" in form) + ("client_assertion" in form) > 1:
        raise OAuthError("invalid_request", "authenticate by one method only")


def _require_same_name(form: Parameters, client_id: str) -> None:
    if form.get("client_id") not in {"", client_id}:
        raise OAuthError("invalid_request", "client_id differs from the one of the Authorization header")


def _basic(header: str) -> tuple[str, str]:
    """Client id and secret, form-decoded as RFC 6749 2.3.1 says."""
    scheme, _, encoded = header.partition(" ")
    try:
        if scheme.lower() != "basic":
            raise ValueError(scheme)
        plain = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        raise OAuthError(
            "invalid_client", "the Authorization header is no Basic one", 401, _CHALLENGE
        ) from None
    client_id, _, secret = plain.partition(":")
    return unquote_plus(client_id), unquote_plus(secret)


def _matches(secret: str, kept: bytes) -> bool:
    """Whether the secret has this hash, compared in constant time."""
    parts = parse_token(secret)
    return same_hash(parts.secret_hash if parts else _NOBODY, kept or bytes(31)) and parts is not None


def _invalid(request: Request) -> OAuthError:
    challenge = _CHALLENGE if request.header(b"authorization") else ()
    text = "the client is unknown, or its credentials or their method are wrong"
    return OAuthError("invalid_client", text, 401, challenge)


_CHALLENGE = ((b"www-authenticate", b'Basic realm="ostiary"'),)
