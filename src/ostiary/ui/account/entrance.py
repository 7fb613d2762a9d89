"""The way into the account's pages: whose they are, and that a change comes of somebody who was just verified.

Who is who comes of the sessions whose tokens the browser holds, and of nothing else.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ostiary.core.login_rules import Wanted
from ostiary.core.login_step import Step
from ostiary.core.permission import Caller
from ostiary.core.user import User
from ostiary.http.message import Endpoint, Request, Response
from ostiary.oidc.parameters import Parameters
from ostiary.signin.held import held
from ostiary.ui.account.paths import FRESH
from ostiary.ui.choice import Account, distinct
from ostiary.ui.forms import Forms
from ostiary.ui.pages import Leaf, Pages
from ostiary.ui.paths import LOGIN, LOGOUT, link
from ostiary.ui.visit import Visit, Visits


@dataclass(frozen=True, slots=True)
class Member:
    """Whose page it is. ``several``: more people are signed in on this browser, so links say who is meant."""

    visit: Visit
    account: Account
    several: bool

    @property
    def user(self) -> User:
        """As they are now."""
        return self.account.held.user

    @property
    def caller(self) -> Caller:
        """The user by their session, without the roles they hold elsewhere: here they act for themselves alone."""
        return Caller(self.user.id, self.user.organization_id, session_id=self.account.kept.session_id)

    def url(self, path: str, *parameters: tuple[str, str]) -> str:
        """A link to a page of the same person."""
        return link(path, ("user", self.user.id if self.several else ""), *parameters)


Show = Callable[[Member], Awaitable[Response]]
Act = Callable[[Member, Parameters], Awaitable[Response]]


class Entrance:
    """Lets people in, or sends them through the login and back to where they wanted to go."""

    def __init__(self, visits: Visits, forms: Forms, pages: Pages) -> None:
        """Visits read the cookie, forms judge where requests come from."""
        self._visits = visits
        self._forms = forms
        self._pages = pages

    def page(self, show: Show, *, fresh: bool = False) -> Endpoint:
        """A page for who is signed in; ``fresh``: for who was verified just now."""

        async def answer(request: Request) -> Response:
            parameters = self._forms.asked(request)
            member = await self._member(request, parameters)
            if member is None or (fresh and not await self._is_fresh(member)):
                return self._prove(request, parameters, fresh=fresh)
            return await show(member)

        return answer

    def form(self, act: Act) -> Endpoint:
        """What a form of such a page does, for who was verified just now."""

        async def answer(request: Request) -> Response:
            query, form = self._forms.sent(request)
            member = await self._member(request, query)
            if member is None or not await self._is_fresh(member):
                return self._prove(request, query, fresh=True)
            return await act(member, form)

        return answer

    def write(
        self, member: Member, template: str, *, status: int = 200, scripted: bool = False, **values: object
    ) -> Response:
        """A page of the account."""
        leaf = Leaf(f"account/{template}.html", status, scripted=scripted)
        return self._pages.write(
            leaf, member.visit.reader, member=member, url=member.url, logout=LOGOUT, **values
        )

    def go(self, member: Member, path: str, *parameters: tuple[str, str]) -> Response:
        """To another page of the account, once something is done."""
        return self._pages.redirect(member.url(path, *parameters))

    async def _member(self, request: Request, parameters: Parameters) -> Member | None:
        """The person that the address names, else the one who signed in last; None for nobody."""
        visit = await self._visits.other(request, parameters)
        people = distinct(visit.accounts)
        named = parameters.get("user")
        ready = [one for one in people if one.step is Step.FINISH and named in {"", one.held.user.id}]
        return Member(visit, ready[-1], len(people) > 1) if ready else None

    async def _is_fresh(self, member: Member) -> bool:
        """Whether all that the user must prove was proved within ``FRESH``."""
        signin = self._visits.signin
        wanted = Wanted(since=signin.effects.now() - FRESH)
        found = await held(signin, member.account.kept.proof, wanted)
        return found is not None and found.next.step is Step.FINISH

    def _prove(self, request: Request, parameters: Parameters, *, fresh: bool) -> Response:
        """Through the login, and back here by GET: to the page whose form it was."""
        query = request.query.decode("ascii", "replace")
        here = f"{request.path}?{query}" if query else request.path
        return self._pages.redirect(
            link(
                LOGIN,
                ("account", here),
                ("user", parameters.get("user")),
                ("fresh", "1" if fresh else ""),
                ("ui_locales", parameters.get("ui_locales")),
            )
        )
