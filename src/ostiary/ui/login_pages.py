"""The pages of the login, and where a browser goes once something was verified."""

from math import ceil
from types import MappingProxyType
from typing import Final

from ostiary.core.login_step import Step, Way
from ostiary.core.policy import BrandingPolicy, LoginPolicy
from ostiary.errors import OstiaryError, PermissionDenied, ResourceExhausted
from ostiary.http.message import Header, Response
from ostiary.signin.held import Held, held
from ostiary.ui.account.paths import ACCOUNT
from ostiary.ui.checks import Checks, lifetime_of
from ostiary.ui.choice import Account, Turn, View, of_account
from ostiary.ui.cookie import Kept, LoginCookie, with_session
from ostiary.ui.evidence import CodeAsked, Link, SendCode
from ostiary.ui.look import web_url, without_suffix
from ostiary.ui.masked import masked_email, masked_phone
from ostiary.ui.pages import Leaf, Pages
from ostiary.ui.paths import FORGOTTEN, LOGIN, LOGOUT, REGISTER, link
from ostiary.ui.sealed_text import SealedTexts
from ostiary.ui.visit import Visit, Visits

NO_ACCESS: Final = "OIDC-foSyH49RvL"
SENT: Final = frozenset({Way.OTP_EMAIL, Way.OTP_SMS})
# one text for every reason, so that nobody learns who has an account
WRONG: Final = "Login name or password is wrong, or the account is locked."
_BUSY: Final = "Many people are signing in right now. Wait a few seconds and try again."
TOO_FAST: Final = "Too many attempts. Nothing was checked now; try again in %(time)s."
_USUAL: Final = MappingProxyType({"prefilled": "", "rules": ()})  # what only some pages are given
_WITH_KEYS: Final = frozenset({View.NAME, View.PASSWORD, View.KEY, View.ENROL_KEY})


class LoginPages:
    """Writes what a turn shows, and takes what was verified."""

    def __init__(
        self,
        visits: Visits,
        pages: Pages,
        cookie: LoginCookie,
        checks: Checks,
        names: SealedTexts,
        base_url: str,
    ) -> None:
        """``names`` seals login names between two pages; ``base_url`` is how browsers reach us: mails lead there."""
        self._signin = visits.signin
        self._pages = pages
        self._cookie = cookie
        self._checks = checks
        self._names = names
        self._base_url = base_url

    async def page(
        self,
        visit: Visit,
        shown: Turn,
        problem: str = "",
        status: int = 200,
        headers: tuple[Header, ...] = (),
        **more: object,
    ) -> Response:
        """The page of a turn; ``more`` is what its template needs beside what all know."""
        status = 403 if shown.view is View.STUCK else status
        leaf = Leaf(
            f"{shown.view}.html",
            status,
            visit.purpose.leads_to,
            scripted=shown.view is View.CHANGE_PASSWORD,
            asks_keys=shown.view in _WITH_KEYS,
            headers=headers,
        )
        known = {**_USUAL, **self._places(visit, shown), **await self._facts(visit, shown), **more}
        return self._pages.write(leaf, visit.reader, problem=problem, turn=shown, **known)

    def _places(self, visit: Visit, shown: Turn) -> dict[str, object]:
        """Where forms and links of a page lead."""
        account = shown.account
        goes_on = account is not None and account.step is not Step.FINISH
        return {
            "action": self.url(visit, account.kept.session_id if account is not None and goes_on else ""),
            "another": self.url(visit, "", ("another", "1")),
            "others": self._others(visit, shown),
            "logout": LOGOUT,
            "register": link(REGISTER, *visit.purpose.kept) if visit.policy.allow_register else "",
            "forgotten": self._forgotten(visit, shown),
            "account_page": ACCOUNT,
            "onward": web_url(visit.policy.default_redirect_uri),
        }

    async def _facts(self, visit: Visit, shown: Turn) -> dict[str, object]:
        """What a page says of the login, of whoever signs in, and of what they may do."""
        application, held_now = visit.purpose.application, shown.account.held if shown.account else None
        return {
            "login_name": await self._shown_name(visit, shown.login_name),
            "typed_name": shown.login_name,
            "sent_to": self._sent_to(shown),
            "is_sent": shown.way not in SENT or self._is_sent(held_now, shown.way),
            "passkeys": visit.policy.passkeys_allowed,
            "passwords": visit.policy.allow_username_password,
            "by_email": not visit.policy.disable_login_with_email,
            "application": application.name if application else "",
            "can_cancel": visit.purpose.refuse is not None,
            "attempt": self._pages.nonce(),
        }

    def url(self, visit: Visit, session_id: str = "", *more: tuple[str, str]) -> str:
        """The login's URL, for the same purpose."""
        return link(LOGIN, *visit.purpose.kept, ("session", session_id), *more)

    def go(self, visit: Visit, session_id: str = "", *more: tuple[str, str]) -> Response:
        """To the page that is next."""
        return self._pages.redirect(self.url(visit, session_id, *more))

    def leave(self, url: str) -> Response:
        """To where the login ends."""
        return self._pages.redirect(url)

    async def finish(self, visit: Visit, account: Account) -> Response:
        """The answer to the request; a page when this account may not go there."""
        purpose = visit.purpose
        if purpose.finish is None:
            raise TypeError("there is nothing to finish")
        try:
            return self.leave(await purpose.finish(account.kept.proof))
        except PermissionDenied as refusal:
            if refusal.id != NO_ACCESS:
                raise
            if "none" in purpose.prompt and purpose.refuse is not None:
                return self.leave(await purpose.refuse("access_denied", refusal.message))
            stuck = Turn(View.STUCK, account=account, login_name=account.login_name, error="access_denied")
            return await self.page(visit, stuck)

    async def verified(self, visit: Visit, kept: Kept, way: Way, asked: LoginPolicy) -> Response:
        """Keep the session and go on; ``asked`` is the policy that its lifetime was asked by.

        The answer of a form that was sent twice may be outdated: it is not kept.
        """
        found = await held(self._signin, kept.proof, visit.purpose.wanted)
        if found is None:
            return self.go(visit, kept.session_id)
        if not visit.may_enter(found.user):
            await self._checks.end(kept, "other_organization")
            return await self.page(visit, Turn(View.NAME), WRONG, 400)
        wanted_s = lifetime_of(found.policy, way)
        if wanted_s != lifetime_of(asked, way):
            kept = await self._checks.set_lifetime(kept, wanted_s)
        following = of_account(Account(kept, found))
        if following.view is View.CODE and following.way in SENT and not self._is_sent(found, following.way):
            kept = await self._sent(visit, kept, following.way)
        return self._pages.redirect(self.url(visit, kept.session_id), self.keeping(visit, kept))

    def keeping(self, visit: Visit, kept: Kept) -> Header:
        """The cookie with the session in it."""
        return self._cookie.write(with_session(visit.alive, kept))

    def moved(self, visit: Visit, kept: Kept, *more: tuple[str, str]) -> Response:
        """To the next page, with the session's new token."""
        return self._pages.redirect(self.url(visit, kept.session_id, *more), self.keeping(visit, kept))

    def to_script(self, content: object, *headers: Header) -> Response:
        """An answer to our own script."""
        return self._pages.json(content, *headers)

    async def busy(self, visit: Visit, shown: Turn, error: OstiaryError) -> Response:
        """The page again, with when to try: all of us are busy, or this one was too fast."""
        after: Header = (b"retry-after", b"%d" % (error.retry_after_s or 1))
        is_too_fast = isinstance(error, ResourceExhausted)
        text = visit.reader.say(TOO_FAST, time=waiting(error)) if is_too_fast else _BUSY
        return await self.page(visit, shown, text, error.http_status, (after,))

    def code_asked(self, visit: Visit, session_id: str, way: Way) -> CodeAsked:
        """How a code is to be sent: a mail has a link to the page that asks for it."""
        if way is not Way.OTP_EMAIL:
            return CodeAsked()
        page = self.url(visit, session_id, ("way", way))
        return CodeAsked(SendCode(Link(f"{self._base_url}{page}&code={{{{.Code}}}}")))

    async def _sent(self, visit: Visit, kept: Kept, way: Way | None) -> Kept:
        """The session with its code on the way; without, if it cannot be sent now: the page has a button for it."""
        if way is None:
            return kept
        try:
            return await self._checks.send_code(kept, way, self.code_asked(visit, kept.session_id, way))
        except OstiaryError:
            return kept

    def _is_sent(self, found: Held | None, way: Way | None) -> bool:
        """Whether a code is on its way that is still good."""
        if found is None or way is None:
            return False
        now = self._signin.effects.now()
        return any(one.expires_at > now for one in found.session.challenges.get(way, ()))

    def _forgotten(self, visit: Visit, shown: Turn) -> str:
        """Where a forgotten password is replaced; empty where the policy hides it."""
        if visit.policy.hide_password_reset or not shown.login_name:
            return ""
        return link(FORGOTTEN, *visit.purpose.kept, ("typed", self._names.write(shown.login_name)))

    def _others(self, visit: Visit, shown: Turn) -> list[tuple[Way, str]]:
        """The other ways with their pages."""
        if shown.account is None or shown.view is View.ENROL:
            return []
        session_id = shown.account.kept.session_id
        ways = (way for way in shown.account.held.next.ways if way is not shown.way)
        return [(way, self.url(visit, session_id, ("way", way))) for way in ways]

    async def _shown_name(self, visit: Visit, login_name: str) -> str:
        organization = visit.purpose.organization
        if organization is None:
            return login_name
        branding = await self._signin.cache.policy(BrandingPolicy, organization.id)
        if not branding.hide_login_name_suffix:
            return login_name
        return without_suffix(login_name, organization.primary_domain)

    @staticmethod
    def _sent_to(shown: Turn) -> str:
        user = shown.account.held.user if shown.account else None
        if shown.way is Way.OTP_EMAIL and user is not None and user.email is not None:
            return masked_email(user.email.value)
        if shown.way is Way.OTP_SMS and user is not None and user.phone is not None:
            return masked_phone(user.phone.value)
        return ""


def waiting(error: OstiaryError) -> str:
    """How long to wait, in units that every language writes alike."""
    seconds = error.retry_after_s or 1
    return f"{seconds} s" if seconds < 60 else f"{ceil(seconds / 60)} min"
