"""The pages over one installation. They are loaded when somebody opens the first one, so that starting stays quick."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ostiary.app.installation import Installation
from ostiary.app.openid import OpenId
from ostiary.app.senders import channels
from ostiary.crypto.seal import BrokenSeal
from ostiary.errors import OstiaryError
from ostiary.factors import FACTORS
from ostiary.factors.totp import TOTP_CONFIRMATION
from ostiary.http.message import Endpoint, Request, Response
from ostiary.http.router import Route
from ostiary.sessions.commands import SessionCommands
from ostiary.sessions.timeline import SessionTimelines
from ostiary.ui.paths import PLACES

if TYPE_CHECKING:
    from ostiary.ui.site import Site

Place = tuple[str, str]  # method and path
_FORM_PURPOSE: Final = "page forms"
# What browsers are sent to, and programs too: a browser is told an error as a page, a program as OAuth tells it.
_SHARED: Final = tuple(
    (method, path) for method in ("GET", "POST") for path in ("/oauth/v2/authorize", "/oidc/v1/end_session")
)


def page_routes(
    installation: Installation, openid: OpenId, sessions: SessionCommands, others: Mapping[Place, Route]
) -> dict[Place, Route]:
    """Every page; and of the ``others`` those where browsers and programs come, with pages for their errors."""
    late = _Late(installation, openid, sessions)
    pages = {
        place: Route(late.endpoint(place), late.refuse, takes_body=place[0] == "POST") for place in PLACES
    }
    return pages | {place: late.in_browsers(others[place]) for place in _SHARED}


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
            site = self._site or await self._loaded()
            return await site.endpoints[place](request)

        return answer

    def refuse(self, request: Request, error: OstiaryError) -> Response:
        """An error as a page."""
        return (self._site or self._load()).refuse(request, error)

    def in_browsers(self, route: Route) -> Route:
        """The route, whose errors are pages for whoever accepts HTML."""

        async def answer(request: Request) -> Response:
            try:
                return await route.endpoint(request)
            except OstiaryError as error:
                if not _is_browser(request):
                    raise
                return await (self._site or await self._loaded()).told(request, error)

        def refuse(request: Request, error: OstiaryError) -> Response:
            return (self.refuse if _is_browser(request) else route.refuse)(request, error)

        return replace(route, endpoint=answer, refuse=refuse)

    async def _loaded(self) -> "Site":
        return await asyncio.to_thread(self._load)

    def _load(self) -> "Site":
        from ostiary.api.languages import Languages
        from ostiary.app.services import users
        from ostiary.ui.site import Given, Site
        from ostiary.ui.texts import CATALOGUES

        openid, installation = self._openid, self._installation
        made = Site(
            Given(
                signin=openid.signin,
                requests=openid.requests,
                devices=openid.devices,
                sessions=self._sessions,
                users=users(installation),
                factors=FACTORS,
                totp_confirmation=TOTP_CONFIRMATION,
                seals=installation.sealer,
                broken_seal=BrokenSeal,
                form_key=installation.sealer.subkey(_FORM_PURPOSE),
                catalogues=Languages(CATALOGUES),
                external_url=installation.settings.url,
                channels=channels(installation.settings),
                timelines=SessionTimelines(installation.store, installation.cache, installation.effects),
                step_up_lasts=timedelta(seconds=installation.settings.step_up_lasts_s),
                place_header=installation.settings.place_header,
                are_apart=installation.settings.address_limits,
            )
        )
        self._site = self._site or made
        return self._site


def _is_browser(request: Request) -> bool:
    return "text/html" in request.header(b"accept")
