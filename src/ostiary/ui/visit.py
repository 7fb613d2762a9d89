"""One request to a page with all that is known about it: what it is for, and who is signed in here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ostiary.core.client import Application
from ostiary.core.login_rules import Wanted
from ostiary.core.organization import INSTANCE, INSTANCE_KEY, ORGANIZATION, Organization
from ostiary.core.policy import BrandingPolicy, LegalPolicy, LoginPolicy, SecurityPolicy
from ostiary.core.user import User
from ostiary.http.message import Request
from ostiary.oidc.parameters import Parameters
from ostiary.signin.held import held
from ostiary.signin.requests import SignIn
from ostiary.ui.choice import Account
from ostiary.ui.cookie import Kept, LoginCookie
from ostiary.ui.look import look_of
from ostiary.ui.pages import Pages, Reader
from ostiary.ui.purpose import Purpose, Purposes


@dataclass(frozen=True, slots=True)
class Visit:
    """``kept`` is the browser's cookie as it came, ``alive`` what of it is alive, ``accounts`` who of these may go on.

    ``policy`` holds for whoever is not known yet.
    """

    request: Request
    parameters: Parameters
    purpose: Purpose
    kept: tuple[Kept, ...]
    alive: tuple[Kept, ...]
    accounts: tuple[Account, ...]
    reader: Reader
    policy: LoginPolicy

    def may_enter(self, user: User) -> bool:
        """Whether the user is of an organisation that the request asks for, if it does."""
        home = self.purpose.wanted.home
        return not home or not {user.organization_id, user.domain}.isdisjoint(home)

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
        organization = purpose.organization
        visit = Visit(
            request,
            parameters,
            purpose,
            kept,
            tuple(account.kept for account in accounts),
            accounts,
            await self.reader(request, purpose.locales, purpose.application, organization),
            await self.signin.cache.policy(LoginPolicy, organization.id if organization else ""),
        )
        return replace(visit, accounts=tuple(a for a in accounts if visit.may_enter(a.held.user)))

    async def accounts(self, kept: Iterable[Kept], wanted: Wanted) -> tuple[Account, ...]:
        """The live sessions, oldest first; only those whose token is good are looked at any further."""
        found = [(one, await held(self.signin, one.proof, wanted)) for one in kept]
        return tuple(Account(one, alive) for one, alive in found if alive is not None)

    async def reader(
        self,
        request: Request,
        locales: Sequence[str] = (),
        application: Application | None = None,
        organization: Organization | None = None,
    ) -> Reader:
        """Language, name and look: of the organisation asked for, else of the application's, else of the first one."""
        cache = self.signin.cache
        instance = await cache.get(INSTANCE, INSTANCE_KEY)
        if organization is None:
            first = instance.default_organization_id if instance else ""
            organization = await cache.get(
                ORGANIZATION, application.organization_id if application else first
            )
        default = instance.default_language if instance else "en"
        security = await cache.policy(SecurityPolicy)
        frames = security.allowed_origins if security.enable_iframe else ()
        if organization is None:
            return self._pages.reader(request, locales, default, frames=frames)
        branding = await cache.policy(BrandingPolicy, organization.id)
        legal = await cache.policy(LegalPolicy, organization.id)
        look = look_of(branding, legal)
        return self._pages.reader(request, locales, default, organization.name, look, frames)
