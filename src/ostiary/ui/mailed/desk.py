"""What these pages share: whom a visit is about, and how a person goes on once an address is proved."""

from dataclasses import dataclass

from ostiary.access.peer_limit import PeerLimit
from ostiary.core.login_name import claimed_domain
from ostiary.core.notification import EMAIL_CHANNEL
from ostiary.core.organization import INSTANCE, INSTANCE_KEY, ORGANIZATION
from ostiary.core.policy import LoginPolicy, PasswordComplexityPolicy
from ostiary.core.user import USER, User
from ostiary.errors import FailedPrecondition, OstiaryError
from ostiary.http.message import Header, Response
from ostiary.oidc.parameters import Parameters
from ostiary.ui.checks import Checks
from ostiary.ui.cookie import LoginCookie, with_session
from ostiary.ui.forms import Forms
from ostiary.ui.mailed.pending import PendingLogins
from ostiary.ui.pages import Leaf, Pages
from ostiary.ui.paths import LOGIN, link
from ostiary.ui.sealed_text import SealedTexts
from ostiary.ui.visit import Visit, Visits
from ostiary.users.reset import find_user
from ostiary.users.service import Users

LONGEST_NAME = 200
LONGEST_CODE = 20


@dataclass(frozen=True, slots=True)
class Desk:
    """The parts. ``asking`` bounds how often an address has mails sent, ``channels`` are those by which any are sent."""

    visits: Visits
    forms: Forms
    pages: Pages
    users: Users
    checks: Checks
    cookie: LoginCookie
    names: SealedTexts
    asking: PeerLimit
    pending: PendingLogins
    channels: frozenset[str]

    def require_mail(self) -> None:
        """Raise FailedPrecondition on a server that sends no mail: a code would never arrive."""
        if EMAIL_CHANNEL not in self.channels:
            hint = "set mail and the mail server in the server's settings"
            raise FailedPrecondition("ui.no_mail", "This server sends no mail", hint=hint)

    async def organization_id(self, visit: Visit, email: str = "") -> str:
        """The one that the request names, else the one that the address belongs to and that lets it in, else the first."""
        if visit.purpose.organization is not None:
            return visit.purpose.organization.id
        cache, domain = self.visits.signin.cache, claimed_domain(email)
        found = await cache.find(ORGANIZATION, "primary_domain", domain) if domain else None
        policy = await self.login_policy(found.id) if found else None
        if (
            found is not None
            and policy is not None
            and policy.allow_domain_discovery
            and policy.allow_register
        ):
            return found.id
        instance = await cache.get(INSTANCE, INSTANCE_KEY)
        return instance.default_organization_id if instance else ""

    async def user(self, parameters: Parameters) -> User | None:
        """Whom a mail's link, or the name that was typed on an earlier page, means; None if it is no person's."""
        store = self.visits.signin.store
        if parameters.get("userId"):
            user = await store.get(USER, parameters.get("userId")[:LONGEST_NAME])
        else:
            typed = self.names.read(parameters.get("typed"))
            user = await find_user(store, typed) if typed else None
        return user if user is not None and user.profile is not None else None

    async def login_policy(self, organization_id: str) -> LoginPolicy:
        """How its people sign in."""
        return await self.visits.signin.cache.policy(LoginPolicy, organization_id)

    async def require_passwords(self, organization_id: str) -> None:
        """Raise FailedPrecondition where nobody signs in with one."""
        if not (await self.login_policy(organization_id)).allow_username_password:
            raise FailedPrecondition("ui.no_passwords", "Passwords are not used here")

    async def complexity(self, organization_id: str) -> PasswordComplexityPolicy:
        """What its passwords must be."""
        return await self.visits.signin.cache.policy(PasswordComplexityPolicy, organization_id)

    async def sign_in(self, visit: Visit, user: User, password: str, nonce: str) -> Response:
        """Sign in with the password that was set a moment ago, and go on with what the visit is for."""
        policy = await self.login_policy(user.organization_id)
        kept = await self.checks.password(
            visit.request, None, user.login_names[0], password, nonce, policy.password_check_lifetime_s
        )
        cookie = self.cookie.write(with_session(visit.alive, kept))
        return self.pages.redirect(self.url(LOGIN, visit, ("session", kept.session_id)), cookie)

    def url(self, path: str, visit: Visit, *more: tuple[str, str]) -> str:
        """A page of the same login."""
        return link(path, *visit.purpose.kept, *more)

    def write(
        self,
        visit: Visit,
        template: str,
        problem: str = "",
        status: int = 200,
        *headers: Header,
        scripted: bool = False,
        asks_keys: bool = False,
        posts: bool = True,
        **values: object,
    ) -> Response:
        """One of the pages; ``problem`` is English."""
        leaf = Leaf(
            f"mailed/{template}.html",
            status,
            visit.purpose.leads_to,
            posts=posts,
            scripted=scripted,
            asks_keys=asks_keys,
            headers=headers,
        )
        return self.pages.write(
            leaf,
            visit.reader,
            problem=problem,
            onward=self.url(LOGIN, visit),
            login=self.url(LOGIN, visit, ("another", "1")),
            attempt=self.pages.nonce(),
            **values,
        )


def link_of(query: Parameters) -> list[tuple[str, str]]:
    """What of a mail's link, or of the page before, stays in the addresses of these pages: not the code."""
    return [(name, query.get(name)) for name in ("invite", "userId", "organization", "typed")]


def wait_of(busy: OstiaryError) -> Header:
    """When to try again."""
    return (b"retry-after", b"%d" % (busy.retry_after_s or 1))
