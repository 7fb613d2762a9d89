"""One request to a page with all that is known about it: what it is for, and who is signed in here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ostiary.core.client import Application
from ostiary.core.login_rules import Wanted
from ostiary.core.organization import INSTANCE, INSTANCE_KEY, ORGANIZATION
from ostiary.http.message import Request
from ostiary.oidc.parameters import Parameters
from ostiary.signin.held import held
from ostiary.signin.requests import SignIn
from ostiary.ui.choice import Account
from ostiary.ui.cookie import Kept, LoginCookie
from ostiary.ui.pages import Pages, Reader
from ostiary.ui.purpose import Purpose, Purposes


@dataclass(frozen=True, slots=True)
class Visit:
    """``kept`` is the browser's cookie as it came; ``accounts`` are those of it that are alive."""

    request: Request
    parameters: Parameters
    purpose: Purpose
    kept: tuple[Kept, ...]
    accounts: tuple[Account, ...]
    reader: Reader

    def kept_session(self, session_id: str) -> Kept | None:
        """What the cookie holds of a session."""
        return next((kept for kept in self.kept if kept.session_id == session_id), None)


class Visits:
    """Reads what every page needs."""

    def __init__(self, signin: SignIn, cookie: LoginCookie, pages: Pages, purposes: Purposes) -> None:
        """The cookie is the only thing about the browser that counts."""
        self.signin = signin
        self._cookie = cookie
        self._pages = pages
        self._purposes = purposes

    async def login(self, request: Request, parameters: Parameters) -> Visit:
        """A visit of the login; raises what is wrong with the request that it is for."""
        await self.signin.cache.fresh()
        purpose = await self._purposes.of(parameters, request.peer_ip)
        return await self._visit(request, parameters, purpose)

    async def other(
        self, request: Request, parameters: Parameters, application: Application | None = None
    ) -> Visit:
        """A visit of another page, for an application or for none."""
        await self.signin.cache.fresh()
        locales = tuple(parameters.get("ui_locales").split()[:10])
        return await self._visit(request, parameters, Purpose(application=application, locales=locales))

    async def _visit(self, request: Request, parameters: Parameters, purpose: Purpose) -> Visit:
        kept = self._cookie.read(request)
        accounts = await self.accounts(kept, purpose.wanted)
        reader = await self.reader(request, purpose.locales, purpose.application)
        return Visit(request, parameters, purpose, kept, accounts, reader)

    async def accounts(self, kept: Iterable[Kept], wanted: Wanted) -> tuple[Account, ...]:
        """The live sessions, oldest first; only those whose token is good are looked at any further."""
        found = [(one, await held(self.signin, one.proof, wanted)) for one in kept]
        return tuple(Account(one, alive) for one, alive in found if alive is not None)

    async def reader(
        self, request: Request, locales: Sequence[str] = (), application: Application | None = None
    ) -> Reader:
        """Language, and the name on top: that of the application's organisation, else of the first one."""
        cache = self.signin.cache
        instance = await cache.get(INSTANCE, INSTANCE_KEY)
        first = instance.default_organization_id if instance else ""
        organization = await cache.get(ORGANIZATION, application.organization_id if application else first)
        default = instance.default_language if instance else "en"
        return self._pages.reader(request, locales, default, organization.name if organization else "")
