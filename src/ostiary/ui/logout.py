"""Signing out: which sessions of this browser end, asked first, done by a form of ours."""

from ostiary.core.client import APPLICATION, Application
from ostiary.errors import OstiaryError
from ostiary.http.message import Header, Request, Response
from ostiary.oidc.errors import OAuthError
from ostiary.oidc.logout import PostLogout
from ostiary.oidc.parameters import Parameters
from ostiary.sessions.commands import SessionCommands
from ostiary.ui.caller import SIGNING_IN
from ostiary.ui.choice import distinct
from ostiary.ui.cookie import Kept, LoginCookie
from ostiary.ui.forms import Forms
from ostiary.ui.logout_report import LogoutReport
from ostiary.ui.pages import Leaf, Pages
from ostiary.ui.paths import LOGGED_OUT, LOGIN, LOGOUT, link
from ostiary.ui.visit import Visit, Visits

_REASON = "logout"
_CLEARED: Header = (b"clear-site-data", b'"storage"')
_KEPT_PARAMETERS = ("post_logout_redirect", "client_id", "state", "ui_locales")


class Logout:
    """``GET`` and ``POST /ui/v2/login/logout``, and the page after it."""

    def __init__(
        self,
        visits: Visits,
        forms: Forms,
        sessions: SessionCommands,
        cookie: LoginCookie,
        pages: Pages,
        report: LogoutReport,
    ) -> None:
        """The parts."""
        self._report = report
        self._visits = visits
        self._forms = forms
        self._sessions = sessions
        self._cookie = cookie
        self._pages = pages
        self._post_logout = PostLogout(visits.signin.cache)

    async def show(self, request: Request) -> Response:
        """Who is signed in here, and a button; nothing ends before it is pressed."""
        query = self._forms.asked(request)
        visit = await self._visit(request, query)
        target = await self._target(query)
        if not visit.accounts:
            return self._pages.redirect(target or LOGGED_OUT)
        hint = query.get("logout_hint")
        known = distinct(visit.accounts)
        hinted = {a.held.user.id for a in known if hint in {a.kept.session_id, *a.held.user.login_names}}
        return self._pages.write(
            Leaf("logout.html", leads_to=target),
            visit.reader,
            action=link(LOGOUT, *((name, query.get(name)) for name in _KEPT_PARAMETERS)),
            accounts=known,
            hinted=hinted,
            application=visit.purpose.application.name if visit.purpose.application else "",
            login=LOGIN,
        )

    async def act(self, request: Request) -> Response:
        """End the sessions of the users that were ticked; then to the application, or to the page that says so."""
        query, form = self._forms.sent(request)
        visit = await self._visit(request, query)
        ended = {
            account.kept.session_id for account in visit.accounts if f"user:{account.held.user.id}" in form
        }
        for kept in visit.kept:
            if kept.session_id in ended:
                await self._end(kept)
        left = tuple(a.kept for a in visit.accounts if a.kept.session_id not in ended)
        target = await self._target(query) or (self._report.links.url(*sorted(ended)) if ended else LOGIN)
        headers = (self._cookie.write(left), *(() if left else (_CLEARED,)))
        return self._pages.redirect(target, *headers)

    async def done(self, request: Request) -> Response:
        """Signed out; and which applications know of it."""
        query = self._forms.asked(request)
        visit = await self._visit(request, query)
        report = query.get("report")
        return self._pages.write(
            Leaf("logged_out.html", posts=False),
            visit.reader,
            login=LOGIN,
            accounts=distinct(visit.accounts),
            lines=await self._report.lines(report) if report else [],
            again=link(LOGGED_OUT, ("report", report)),
        )

    async def _visit(self, request: Request, query: Parameters) -> Visit:
        await self._visits.signin.cache.fresh()
        return await self._visits.other(request, query, await self._application(query))

    async def _application(self, query: Parameters) -> Application | None:
        client_id = query.get("client_id")
        return (
            await self._visits.signin.cache.find(APPLICATION, "client_id", client_id) if client_id else None
        )

    async def _target(self, query: Parameters) -> str:
        """Where the client wants the browser afterwards, if that is registered for it; else nowhere."""
        url = query.get("post_logout_redirect")
        if not url:
            return ""
        try:
            return await self._post_logout.check_url(query.get("client_id"), url, query.get("state"))
        except OAuthError:
            return ""

    async def _end(self, kept: Kept) -> None:
        try:
            await self._sessions.end(SIGNING_IN, kept.session_id, kept.session_token, _REASON)
        except OstiaryError as error:
            if error.grpc_code in {7, 9}:  # it was changed or ended meanwhile: this browser holds it no more
                return
            raise
