"""The way into the account's pages: whose they are, and that a change comes of somebody who was just verified.

Who is who comes of the sessions whose tokens the browser holds, and of nothing else.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from ostiary.core.assurance import AAL1, AAL2, aal_within_reach
from ostiary.core.login_step import Step
from ostiary.core.permission import Caller
from ostiary.core.policy import PolicyT
from ostiary.core.user import AUTHENTICATOR, User
from ostiary.errors import PermissionDenied
from ostiary.http.message import Endpoint, Header, Request, Response
from ostiary.oidc.parameters import Parameters
from ostiary.ui.choice import Account, distinct
from ostiary.ui.cookie import Kept, LoginCookie, with_session
from ostiary.ui.forms import Forms
from ostiary.ui.pages import Leaf, Pages
from ostiary.ui.paths import LOGIN, LOGOUT, link
from ostiary.ui.visit import Visit, Visits


@dataclass(frozen=True, slots=True)
class Member:
    """Whose page it is."""

    visit: Visit
    account: Account

    @property
    def user(self) -> User:
        """As they are now."""
        return self.account.held.user

    @property
    def caller(self) -> Caller:
        """The user by their session, without the roles they hold elsewhere."""
        return self.account.caller

    def url(self, path: str, *parameters: tuple[str, str]) -> str:
        """A link to a page of the same person, whoever else signs in on this browser meanwhile."""
        return link(path, ("user", self.user.id), *parameters)


_JSON: Final = "application/json"  # what our script asks for
Show = Callable[[Member], Awaitable[Response]]
Act = Callable[[Member, Parameters], Awaitable[Response]]


class Entrance:
    """Lets people in, or sends them through the login and back to where they wanted to go."""

    def __init__(
        self, visits: Visits, forms: Forms, pages: Pages, cookie: LoginCookie, step_up_lasts: timedelta
    ) -> None:
        """Visits read the cookie, forms judge where requests come from; ``step_up_lasts``: as for the commands."""
        self._cookie = cookie
        self._step_up_lasts = step_up_lasts
        self._visits = visits
        self._forms = forms
        self._pages = pages

    def page(self, show: Show, *, fresh: bool = False) -> Endpoint:
        """A page for who is signed in; ``fresh``: for who was verified just now, as strongly as they can be."""

        async def answer(request: Request) -> Response:
            parameters = self._forms.asked(request)
            member = await self._member(request, parameters)
            if member is None:
                return self._prove(request, parameters)
            level = await self._lacking(member) if fresh else ""
            return self._prove(request, parameters, member, level) if level else await show(member)

        return answer

    def form(self, act: Act) -> Endpoint:
        """What a form of such a page does, for who was verified just now."""

        async def answer(request: Request) -> Response:
            query, form = self._forms.sent(request)
            member = await self._member(request, query)
            if member is None:
                return self._prove(request, query)
            level = await self._lacking(member)
            if level:
                return self._prove(request, query, member, level)
            try:
                return await act(member, form)
            except PermissionDenied as refusal:  # its time ran out, or another tab set up what is stronger
                if refusal.id != "user.step_up":
                    raise
                return self._prove(request, query, member, await self._lacking(member) or AAL1)

        return answer

    def write(
        self,
        member: Member,
        template: str,
        *,
        status: int = 200,
        scripted: bool = False,
        asks_keys: bool = False,
        **values: object,
    ) -> Response:
        """A page of the account."""
        leaf = Leaf(f"account/{template}.html", status, scripted=scripted, asks_keys=asks_keys)
        return self._pages.write(
            leaf, member.visit.reader, member=member, url=member.url, logout=LOGOUT, **values
        )

    def go(
        self, member: Member, path: str, *parameters: tuple[str, str], kept: Kept | None = None
    ) -> Response:
        """To another page of the account, once something is done; with the session's new token, if it has one."""
        url = member.url(path, *parameters)
        if kept is None:
            return self._pages.redirect(url)
        return self._pages.redirect(url, self._cookie.write(with_session(member.visit.alive, kept)))

    def to_script(self, content: object, *headers: Header) -> Response:
        """An answer that is no page."""
        return self._pages.json(content, *headers)

    def nonce(self) -> str:
        """Marks a form, so that one that comes twice is carried out once."""
        return self._pages.nonce()

    async def policy(self, kind: type[PolicyT], member: Member) -> PolicyT:
        """A group of settings as it holds for the person."""
        return await self._visits.signin.cache.policy(kind, member.user.organization_id)

    async def _member(self, request: Request, parameters: Parameters) -> Member | None:
        """The person that the address names, else the one who signed in last; None for nobody."""
        visit = await self._visits.other(request, parameters)
        people = distinct(visit.accounts)
        named = parameters.get("user")
        ready = [one for one in people if one.step is Step.FINISH and named in {"", one.held.user.id}]
        return Member(visit, ready[-1]) if ready else None

    async def _lacking(self, member: Member) -> str:
        """The level of assurance that must be proved anew; empty for who proved it just now: the commands' own rule."""
        signin = self._visits.signin
        reach = aal_within_reach(await signin.store.owned(AUTHENTICATOR, member.user.id))
        shown = member.caller.proven
        is_strong = shown is not None and shown.aal >= reach
        if is_strong and shown is not None and signin.effects.now() - shown.at <= self._step_up_lasts:
            return ""
        return AAL2 if reach > 1 else AAL1

    def _prove(
        self, request: Request, parameters: Parameters, member: Member | None = None, level: str = ""
    ) -> Response:
        """Through the login, and back here by GET: to the page whose form it was."""
        query = request.query.decode("ascii", "replace")
        here = f"{request.path}?{query}" if query else request.path
        url = link(
            LOGIN,
            ("account", here),
            ("user", member.user.id if member else parameters.get("user")),
            ("level", level),
            ("ui_locales", parameters.get("ui_locales")),
        )
        if _JSON in request.header(b"accept"):
            return self._pages.json({"go": url})
        return self._pages.redirect(url)
