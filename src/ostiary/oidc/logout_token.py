"""The token that tells a login UI where a logout leads, so that it need not look up what a client has registered.

Source: ZITADEL's login app, whose logout page takes the parameters from ``logout_token`` alone.
"""

from datetime import timedelta
from typing import Final

from ostiary.crypto.jws import ES256
from ostiary.effects import Effects
from ostiary.keys.signing import SigningKeys

LOGOUT_REQUEST_TYP: Final = "logout-request+jwt"  # no other token of ours is of that type
LOGOUT_REQUEST_LIFETIME: Final = timedelta(hours=1)


class LogoutTokens:
    """Signs what was checked of a logout request. Its caller has made the cache fresh in this request."""

    def __init__(self, keys: SigningKeys, effects: Effects, issuer: str) -> None:
        """``issuer`` is the external URL."""
        self._keys = keys
        self._effects = effects
        self._issuer = issuer

    async def token(self, target: str, logout_hint: str) -> str:
        """The checked URL to go to and the hint; empty where there is neither."""
        told = {"post_logout_redirect_uri": target, "logout_hint": logout_hint}
        said = {name: value for name, value in told.items() if value}
        if not said:
            return ""
        now = self._effects.now()
        until = now + LOGOUT_REQUEST_LIFETIME
        claims = {"iss": self._issuer, "iat": int(now.timestamp()), "exp": int(until.timestamp()), **said}
        return await self._keys.sign(claims, ES256, LOGOUT_REQUEST_TYP)
