"""Clients are told that a session has ended, by a signed token posted to where they registered.

Source: OpenID Connect Back-Channel Logout 1.0, 2.4, 2.5 and 2.8.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec

from ostiary.core.client import APPLICATION, Application
from ostiary.core.delivery import Outcome
from ostiary.core.logout import BackchannelLogout
from ostiary.core.project import ActiveState
from ostiary.delivery.outbox import Sent
from ostiary.effects import Effects
from ostiary.keys.signing import SigningKeys
from ostiary.outbound import Answer, OutboundFailed, host_of
from ostiary.storage.cache import Cache
from ostiary.storage.port import Message

LOGOUT_TOKEN_TYP: Final = "logout+jwt"
EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
LIFETIME_S: Final = 120
PostForm = Callable[[str, Mapping[str, str]], Awaitable[Answer]]


class Backchannel:
    """Mints a logout token when it is sent, so that it is fresh at each attempt; its ``jti`` stays the message's id."""

    def __init__(
        self, cache: Cache, keys: SigningKeys, effects: Effects, post: PostForm, issuer: str
    ) -> None:
        """``issuer`` is the external URL."""
        self._cache = cache
        self._keys = keys
        self._effects = effects
        self._post = post
        self._issuer = issuer

    async def deliver(self, message: Message, plain: bytes) -> Sent:
        """One attempt. It goes to where the client wants it now, which may have moved since it joined."""
        logout = msgspec.json.decode(plain, type=BackchannelLogout)
        await self._cache.fresh()
        client = await self._cache.find(APPLICATION, "client_id", logout.client_id)
        uri = _logout_uri(client)
        if client is None or not uri:
            return _sent(
                logout, Outcome.DROPPED, logout.uri, "the client has no back-channel logout URI any more"
            )
        token = await self._token(logout, message.id, client)
        try:
            answer = await self._post(uri, {"logout_token": token})
        except OutboundFailed as failure:
            return _sent(logout, Outcome.WAITING, uri, str(failure))
        if 200 <= answer.status < 300:
            return _sent(logout, Outcome.DELIVERED, uri)
        return _sent(logout, Outcome.WAITING, uri, f"HTTP status {answer.status}")

    async def _token(self, logout: BackchannelLogout, message_id: str, client: Application) -> str:
        now_s = int(self._effects.now().timestamp())
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": logout.client_id,
            "sub": logout.user_id,
            "sid": logout.session_id,
            "iat": now_s,
            "exp": now_s + LIFETIME_S,
            "jti": message_id,
            "events": {EVENT: {}},
        }
        algorithm = client.oidc.id_token_algorithm if client.oidc else "RS256"
        return await self._keys.sign(claims, algorithm, LOGOUT_TOKEN_TYP)


def _logout_uri(client: Application | None) -> str:
    if client is None or client.oidc is None or client.state is not ActiveState.ACTIVE:
        return ""
    return client.oidc.back_channel_logout_uri


def _sent(logout: BackchannelLogout, outcome: Outcome, uri: str, reason: str = "") -> Sent:
    return Sent(outcome, host_of(uri) or "-", reason, logout.client_id, logout.ended_at)
