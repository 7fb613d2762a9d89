"""Logout over one installation."""

from typing import Any

from ostiary.app.installation import Installation
from ostiary.crypto.jws import BadToken
from ostiary.crypto.seal import BrokenSeal
from ostiary.http.router import Route
from ostiary.keys.signing import SigningKeys
from ostiary.oidc.logout import EndSession, end_session_route
from ostiary.oidc.logout_token import LogoutTokens
from ostiary.oidc.minting import ID_TOKEN_TYP
from ostiary.sessions.commands import SessionCommands
from ostiary.ui.logout_report import ReportLinks

Routes = dict[tuple[str, str], Route]
_PATH = "/oidc/v1/end_session"


class OldIdTokens:
    """ID tokens that we issued, under keys that are over too: a browser may come long after its login."""

    def __init__(self, keys: SigningKeys) -> None:
        """``keys`` verify."""
        self._keys = keys

    async def old_identity(self, text: str) -> dict[str, Any] | None:
        """The claims; None for any other text."""
        try:
            return await self._keys.verify(text, ID_TOKEN_TYP, retired=True)
        except BadToken:
            return None


def logout_routes(installation: Installation, keys: SigningKeys, sessions: SessionCommands) -> Routes:
    """RP-initiated logout."""
    settings = installation.settings
    links = ReportLinks(installation.sealer, BrokenSeal, installation.effects.now)
    endpoint = EndSession(
        installation.cache,
        OldIdTokens(keys),
        sessions,
        settings.url,
        settings.login_base_url,
        LogoutTokens(keys, installation.effects, settings.url),
        links.url,
    )
    return {
        ("GET", _PATH): end_session_route(endpoint, takes_body=False),
        ("POST", _PATH): end_session_route(endpoint, takes_body=True),
    }
