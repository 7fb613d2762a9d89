"""The pages over one installation. They are loaded when somebody opens the first one, so that starting stays quick."""

import asyncio
from typing import TYPE_CHECKING

from ostiary.app.installation import Installation
from ostiary.app.openid import OpenId
from ostiary.crypto.seal import BrokenSeal
from ostiary.errors import OstiaryError
from ostiary.factors.password import PASSWORD
from ostiary.factors.totp import TOTP
from ostiary.http.message import Endpoint, Request, Response
from ostiary.http.router import Route
from ostiary.sessions.commands import SessionCommands
from ostiary.ui.paths import PLACES

if TYPE_CHECKING:
    from ostiary.ui.site import Site

Routes = dict[tuple[str, str], Endpoint | Route]
_FORM_PURPOSE = "page forms"


def page_routes(installation: Installation, openid: OpenId, sessions: SessionCommands) -> Routes:
    """Every page."""
    late = _Late(installation, openid, sessions)
    return {
        place: Route(late.endpoint(place), late.refuse, takes_body=place[0] == "POST") for place in PLACES
    }


class _Late:
    """The site, once it is there."""

    def __init__(self, installation: Installation, openid: OpenId, sessions: SessionCommands) -> None:
        self._installation = installation
        self._openid = openid
        self._sessions = sessions
        self._site: Site | None = None

    def endpoint(self, place: tuple[str, str]) -> Endpoint:
        """The endpoint of a place; whoever comes first waits while a thread loads, and others are served meanwhile."""

        async def answer(request: Request) -> Response:
            site = self._site
            if site is None:
                site = await asyncio.to_thread(self._load)
            return await site.endpoints[place](request)

        return answer

    def refuse(self, request: Request, error: OstiaryError) -> Response:
        """An error as a page."""
        return (self._site or self._load()).refuse(request, error)

    def _load(self) -> "Site":
        from ostiary.api.languages import Languages
        from ostiary.ui.site import Given, Site
        from ostiary.ui.texts import CATALOGUES

        openid, installation = self._openid, self._installation
        made = Site(
            Given(
                signin=openid.signin,
                requests=openid.requests,
                devices=openid.devices,
                sessions=self._sessions,
                password=PASSWORD,
                totp=TOTP,
                seals=installation.sealer,
                broken_seal=BrokenSeal,
                form_key=installation.sealer.subkey(_FORM_PURPOSE),
                catalogues=Languages(CATALOGUES),
                external_url=installation.settings.url,
            )
        )
        self._site = self._site or made
        return self._site
