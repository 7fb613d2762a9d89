"""All pages put together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from ostiary.access.peer_limit import PeerLimit
from ostiary.core.factor import Factor
from ostiary.errors import Internal, NotFound, OstiaryError, Unavailable
from ostiary.http.message import Endpoint, Request, Response
from ostiary.oidc.device import DeviceAuthorizations
from ostiary.oidc.requests import AuthorizationRequests
from ostiary.sessions.commands import SessionCommands
from ostiary.sessions.logout_report import LogoutReports
from ostiary.sessions.timeline import SessionTimelines
from ostiary.signin.requests import SignIn
from ostiary.ui import paths
from ostiary.ui.account.application_names import ApplicationNames
from ostiary.ui.account.paths import PASSWORD
from ostiary.ui.account.site import Shared, account_endpoints
from ostiary.ui.agents import Agents
from ostiary.ui.assets import Assets
from ostiary.ui.checks import Checks, Ways
from ostiary.ui.consent import ConsentForm
from ostiary.ui.cookie import LoginCookie, Seals
from ostiary.ui.device import DevicePage
from ostiary.ui.device_codes import DeviceCodes
from ostiary.ui.enrolment_forms import EnrolmentForms
from ostiary.ui.factor_forms import FactorForms
from ostiary.ui.form_post import FormPost
from ostiary.ui.forms import Forms
from ostiary.ui.login import Login
from ostiary.ui.login_pages import LoginPages
from ostiary.ui.logout import Logout
from ostiary.ui.logout_report import LogoutReport, ReportLinks
from ostiary.ui.mailed.desk import Desk
from ostiary.ui.mailed.pending import PendingLogins
from ostiary.ui.mailed.site import ASKED, ASKED_WITHIN, mailed_endpoints
from ostiary.ui.pages import Pages
from ostiary.ui.password_change import PasswordChangeForm
from ostiary.ui.purpose import Purposes
from ostiary.ui.refusal import Refusals
from ostiary.ui.sealed_text import SealedTexts
from ostiary.ui.texts import Catalogues
from ostiary.ui.visit import Visits
from ostiary.users.context import STEP_UP_LASTS
from ostiary.users.service import Users

_SHARED: Final = 100  # so many times what one person may do, all behind one address do together
_CEREMONIES: Final = 100  # passkey ceremonies begun from one address; each page begins one
_CEREMONIES_WITHIN: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Given:
    """What the pages are made of. ``external_url`` is how browsers reach us and the issuer; ``form_key`` 32 bytes.

    ``broken_seal`` is raised by ``seals`` for what it did not seal. ``channels`` are those by which messages are sent.
    ``are_apart``: the addresses that browsers come from are theirs, and not one proxy's.
    """

    signin: SignIn
    requests: AuthorizationRequests
    devices: DeviceAuthorizations
    sessions: SessionCommands
    users: Users
    factors: Sequence[Factor]
    totp_confirmation: Factor
    seals: Seals
    broken_seal: type[Exception]
    form_key: bytes
    catalogues: Catalogues
    external_url: str
    timelines: SessionTimelines
    place_header: str = ""
    step_up_lasts: timedelta = STEP_UP_LASTS
    channels: frozenset[str] = frozenset()
    are_apart: bool = True

    def sealed(self, context: str) -> SealedTexts:
        """Texts of one kind, for URLs and cookies."""
        return SealedTexts(self.seals, self.broken_seal, context)

    def limit(self, most: int, window: timedelta) -> PeerLimit:
        """How often an address may do something, whoever is behind it."""
        now = self.signin.effects.now
        return PeerLimit(most, window, now, shared=_SHARED, are_apart=self.are_apart)


class Site:
    """The endpoints by method and path, and how errors are told."""

    def __init__(self, given: Given) -> None:
        """Read templates' folder and static files."""
        effects, is_secure = given.signin.effects, given.external_url.startswith("https:")
        assets = Assets()
        pages = Pages(assets, given.catalogues, effects.random_bytes, is_secure=is_secure)
        cookie = LoginCookie(given.seals, given.broken_seal, is_secure=is_secure)
        codes = DeviceCodes(given.devices)
        purposes = Purposes(given.signin, given.requests, codes, given.step_up_lasts)
        visits = Visits(given.signin, cookie, pages, purposes)
        forms = Forms(given.external_url)
        agents = Agents(effects.random_bytes, given.place_header, is_secure=is_secure)
        checks = _checks(given, agents)
        names, setups = given.sealed("typed login name"), given.sealed("account's new app")
        shown = LoginPages(visits, pages, cookie, checks, names, given.external_url)
        login = _login(given, visits, forms, checks, shown, names, ConsentForm(shown, pages))
        logout = Logout(visits, forms, given.sessions, cookie, pages, _report(given))
        device = DevicePage(visits, forms, codes, given.devices, pages)
        asking = given.limit(ASKED, ASKED_WITHIN)
        pending = PendingLogins(visits, given.sealed("login that goes on"), is_secure=is_secure)
        desk = Desk(visits, forms, pages, given.users, checks, cookie, names, asking, pending, given.channels)
        posting = FormPost(visits, forms, given.requests, pages, given.external_url)
        self._refusals, self._visits = Refusals(pages), visits
        self.assets = assets
        endpoints: dict[tuple[str, str], Endpoint] = {
            ("GET", paths.FRONT): agents.remembering(login.show),
            ("GET", paths.LOGIN_ROOT): agents.remembering(login.show),
            ("GET", paths.LOGIN): agents.remembering(login.show),
            ("POST", paths.LOGIN): login.act,
            ("GET", paths.LOGOUT): logout.show,
            ("POST", paths.LOGOUT): logout.act,
            ("GET", paths.LOGGED_OUT): logout.done,
            ("GET", paths.DEVICE): device.show,
            ("POST", paths.DEVICE): device.act,
            ("GET", paths.FORM_POST): posting.show,
            ("GET", f"{paths.STATIC}/{{file}}"): assets,
            **_elsewhere(pages),
            **account_endpoints(given, Shared(visits, forms, pages, cookie, checks, setups)),
            **{place: agents.remembering(page) for place, page in mailed_endpoints(desk).items()},
        }
        self.endpoints = {place: self._telling(endpoint) for place, endpoint in endpoints.items()}

    def refuse(self, request: Request, error: OstiaryError) -> Response:
        """The error as a page, when nothing can be read: in nobody's name."""
        return self._refusals(request, error)

    async def told(self, request: Request, error: OstiaryError) -> Response:
        """The error as a page in the first organisation's name and look. Raises: the error, if it is a fault of ours."""
        if error.debug or isinstance(error, Internal | Unavailable):
            raise error
        await self._visits.signin.cache.fresh()
        return self._refusals(request, error, await self._visits.reader(request))

    def _telling(self, endpoint: Endpoint) -> Endpoint:
        async def answer(request: Request) -> Response:
            try:
                return await endpoint(request)
            except OstiaryError as error:
                return await self.told(request, error)

        return answer


def _elsewhere(pages: Pages) -> Mapping[tuple[str, str], Endpoint]:
    async def no_page(_: Request) -> Response:
        raise NotFound("ui.no_page", "Not Found")

    async def change_password(_: Request) -> Response:
        return pages.redirect(PASSWORD)

    return {
        ("GET", paths.CHANGE_PASSWORD): change_password,
        ("GET", paths.ROOT): no_page,
        ("GET", paths.ELSEWHERE): no_page,
    }


def _checks(given: Given, agents: Agents) -> Checks:
    ways = Ways(given.factors, given.totp_confirmation)
    rp_id = urlsplit(given.external_url).hostname or ""
    return Checks(given.sessions, ways, agents, given.form_key, given.signin.effects.now, rp_id)


def _report(given: Given) -> LogoutReport:
    signin = given.signin
    links = ReportLinks(given.seals, given.broken_seal, signin.effects.now)
    return LogoutReport(links, LogoutReports(signin.store), ApplicationNames(signin))


def _login(
    given: Given,
    visits: Visits,
    forms: Forms,
    checks: Checks,
    pages: LoginPages,
    names: SealedTexts,
    consent: ConsentForm,
) -> Login:
    asked = given.limit(_CEREMONIES, _CEREMONIES_WITHIN)
    return Login(
        visits,
        forms,
        pages,
        names,
        FactorForms(given.signin, pages, checks, given.sealed("passkey ceremony"), asked),
        EnrolmentForms(pages, checks, given.users, given.sealed("authenticator app")),
        PasswordChangeForm(pages, checks, given.users, given.signin),
        consent,
    )
