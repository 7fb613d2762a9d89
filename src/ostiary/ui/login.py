"""The login: shows what is next and takes what was typed. Each page follows from request and cookie alone."""

from ostiary.core.policy import LoginPolicy
from ostiary.errors import (
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    OstiaryError,
    PermissionDenied,
    Unavailable,
)
from ostiary.http.message import Header, Request, Response
from ostiary.oidc.parameters import Parameters
from ostiary.signin.held import held
from ostiary.ui.account.paths import ACCOUNT
from ostiary.ui.checks import Checks, is_of_session
from ostiary.ui.choice import Account, Turn, View, named, of_account, turn
from ostiary.ui.cookie import Kept, LoginCookie, with_session
from ostiary.ui.forms import Forms
from ostiary.ui.pages import Leaf, Pages
from ostiary.ui.paths import LOGIN, LOGOUT, link
from ostiary.ui.typed_name import TypedNames
from ostiary.ui.visit import Visit, Visits

LONGEST = 200  # characters of a login name or a password, as at the API
NO_ACCESS = "OIDC-foSyH49RvL"


class Login:
    """``GET`` and ``POST /ui/v2/login/login``."""

    def __init__(
        self,
        visits: Visits,
        forms: Forms,
        checks: Checks,
        cookie: LoginCookie,
        names: TypedNames,
        pages: Pages,
    ) -> None:
        """The parts."""
        self._visits = visits
        self._signin = visits.signin
        self._forms = forms
        self._checks = checks
        self._cookie = cookie
        self._names = names
        self._pages = pages

    async def show(self, request: Request) -> Response:
        """The page that is next, or the answer to the request when nothing is left to do."""
        visit = await self._visits.login(request, self._forms.asked(request))
        parameters = visit.parameters
        taken = turn(
            visit.purpose,
            visit.accounts,
            parameters.get("session"),
            self._names.read(parameters.get("typed")),
            another=parameters.get("another") == "1",
        )
        return await self._take(visit, taken)

    async def act(self, request: Request) -> Response:
        """What a form of ours asks for; then the page that is next, by GET."""
        query, form = self._forms.sent(request)
        visit = await self._visits.login(request, query)
        match form.get("step"):
            case "name":
                return self._named(visit, form.get("login_name").strip())
            case "password":
                return await self._password(visit, form)
            case "code":
                return await self._code(visit, form)
            case "choose":
                return self._pages.redirect(self._url(visit, form.get("session")))
            case "cancel" if visit.purpose.refuse is not None:
                return self._pages.redirect(
                    await visit.purpose.refuse("access_denied", "the user cancelled the login")
                )
            case _:
                return self._pages.redirect(self._url(visit))

    async def _take(self, visit: Visit, taken: Turn) -> Response:
        purpose = visit.purpose
        if taken.view is View.FINISH and taken.account is not None and purpose.finish is not None:
            return await self._finish(visit, taken.account)
        if taken.view is View.REFUSE and purpose.refuse is not None:
            text = "prompt=none allows no page, and no session of this browser suffices"
            return self._pages.redirect(await purpose.refuse(taken.error, text))
        return self._page(visit, taken)

    async def _finish(self, visit: Visit, account: Account) -> Response:
        purpose = visit.purpose
        if purpose.finish is None:
            raise TypeError("there is nothing to finish")
        try:
            return self._pages.redirect(await purpose.finish(account.kept.proof))
        except PermissionDenied as refusal:
            if refusal.id != NO_ACCESS:
                raise
            if "none" in purpose.prompt and purpose.refuse is not None:
                return self._pages.redirect(await purpose.refuse("access_denied", refusal.message))
            stuck = Turn(View.STUCK, account=account, login_name=account.login_name, error="access_denied")
            return self._page(visit, stuck)

    def _named(self, visit: Visit, login_name: str) -> Response:
        if not login_name or len(login_name) > LONGEST:
            return self._page(visit, Turn(View.NAME), "Enter your login name.", 400)
        known = named(visit.accounts, login_name)
        if known is not None and of_account(known).view is View.CODE:
            return self._pages.redirect(self._url(visit, known.kept.session_id))
        return self._pages.redirect(self._url(visit, "", ("typed", self._names.write(login_name))))

    async def _password(self, visit: Visit, form: Parameters) -> Response:
        login_name, password = form.get("login_name").strip(), form.get("password")
        shown = Turn(View.PASSWORD, login_name=login_name)
        if not login_name or not password:
            return self._page(visit, shown if login_name else Turn(View.NAME), "Enter your password.", 400)
        if max(len(login_name), len(password)) > LONGEST:
            return self._page(visit, Turn(View.NAME), _WRONG, 400)
        account = named(visit.accounts, login_name)
        policy = account.held.policy if account else await self._signin.cache.policy(LoginPolicy)
        try:
            kept = await self._checks.password(
                visit.request,
                account.kept if account else None,
                login_name,
                password,
                form.get("attempt"),
                policy.password_check_lifetime_s,
            )
        except (InvalidArgument, FailedPrecondition, NotFound):
            return self._page(visit, shown, _WRONG, 400)
        except Unavailable as busy:
            return self._busy(visit, shown, busy)
        return await self._verified(visit, kept, policy)

    async def _code(self, visit: Visit, form: Parameters) -> Response:
        kept = visit.kept_session(visit.parameters.get("session"))
        if kept is None:
            return self._pages.redirect(self._url(visit))
        found = await held(self._signin, kept.proof, visit.purpose.wanted)
        account = Account(kept, found) if found else None
        shown = Turn(View.CODE, account, login_name=account.login_name if account else "")
        policy = found.policy if found else await self._signin.cache.policy(LoginPolicy)
        try:
            after = await self._checks.code(
                kept, form.get("code"), form.get("attempt"), policy.second_factor_check_lifetime_s
            )
        except (InvalidArgument, FailedPrecondition, NotFound, PermissionDenied) as refusal:
            if found is None or is_of_session(refusal) or isinstance(refusal, NotFound | PermissionDenied):
                return self._pages.redirect(self._url(visit))
            is_wrong = isinstance(refusal, InvalidArgument)
            text = "The code is wrong or was used before. Enter the next one." if is_wrong else _BLOCKED
            return self._page(visit, shown, text, 400)
        return await self._verified(visit, after, None)

    async def _verified(self, visit: Visit, kept: Kept, asked: LoginPolicy | None) -> Response:
        """Keep the session and go on. The answer of a form that was sent twice may be outdated: it is not kept."""
        found = await held(self._signin, kept.proof, visit.purpose.wanted)
        if found is None:
            return self._pages.redirect(self._url(visit, kept.session_id))
        if asked is not None:
            kept = await self._checks.fit_lifetime(kept, asked, found.policy)
        alive = tuple(account.kept for account in visit.accounts)
        cookie = self._cookie.write(with_session(alive, kept))
        return self._pages.redirect(self._url(visit, kept.session_id), cookie)

    def _busy(self, visit: Visit, shown: Turn, busy: OstiaryError) -> Response:
        after: Header = (b"retry-after", b"%d" % (busy.retry_after_s or 1))
        text = "Many people are signing in right now. Wait a few seconds and try again."
        return self._page(visit, shown, text, busy.http_status, after)

    def _page(
        self, visit: Visit, shown: Turn, problem: str = "", status: int = 200, *headers: Header
    ) -> Response:
        purpose = visit.purpose
        if shown.view is View.STUCK:
            status = 403
        leaf = Leaf(f"{shown.view}.html", status, purpose.leads_to, headers=headers)
        session_id = shown.account.kept.session_id if shown.account else ""
        return self._pages.write(
            leaf,
            visit.reader,
            action=self._url(visit, session_id if shown.view is View.CODE else ""),
            another=self._url(visit, "", ("another", "1")),
            logout=LOGOUT,
            account_page=ACCOUNT,
            problem=problem,
            login_name=shown.login_name,
            turn=shown,
            application=purpose.application.name if purpose.application else "",
            can_cancel=purpose.refuse is not None,
            attempt=self._pages.nonce(),
        )

    def _url(self, visit: Visit, session_id: str = "", *more: tuple[str, str]) -> str:
        return link(LOGIN, *visit.purpose.kept, ("session", session_id), *more)


# one text for every reason, so that nobody learns who has an account
_WRONG = "Login name or password is wrong, or the account is locked."
_BLOCKED = "Too many wrong codes were entered. Ask your administrator to unlock the account."
