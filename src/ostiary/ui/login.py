"""The login: shows what is next and takes what was typed. Each page follows from request and cookie alone."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final

from ostiary.http.message import Request, Response
from ostiary.oidc.parameters import Parameters
from ostiary.ui.choice import Asked, Turn, View, named, of_account, turn
from ostiary.ui.consent import CONSENT, ConsentForm
from ostiary.ui.enrolment_forms import EnrolmentForms
from ostiary.ui.factor_forms import LONGEST, FactorForms
from ostiary.ui.forms import Forms
from ostiary.ui.login_pages import LoginPages
from ostiary.ui.password_change import PasswordChangeForm
from ostiary.ui.paths import REGISTER, link
from ostiary.ui.sealed_text import SealedTexts
from ostiary.ui.visit import Visit, Visits

# What is asked of whoever has proved nothing yet, or nothing more.
_NOTHING_DONE: Final = frozenset({View.PASSWORD, View.STUCK, View.FINISH})
CREATE: Final = "create"  # Initiating User Registration via OpenID Connect 1.0
Act = Callable[[Visit, Parameters], Awaitable[Response]]


class Login:
    """``GET`` and ``POST /ui/v2/login/login``."""

    def __init__(
        self,
        visits: Visits,
        forms: Forms,
        pages: LoginPages,
        names: SealedTexts,
        factors: FactorForms,
        enrolment: EnrolmentForms,
        password_change: PasswordChangeForm,
        consent: ConsentForm,
    ) -> None:
        """``names`` seals login names between two pages."""
        self._visits = visits
        self._forms = forms
        self._pages = pages
        self._names = names
        self._enrolment = enrolment
        self._consent = consent
        self._password_change = password_change
        self._acts: Mapping[str, Act] = MappingProxyType(
            {
                "name": self._named,
                "choose": self._chosen,
                "cancel": self._cancelled,
                "password": factors.password,
                "code": factors.code,
                "send": factors.send,
                "passkey": factors.passkey,
                "key": factors.key,
                "enrol": enrolment.begin,
                "enrol_totp": enrolment.totp,
                "enrol_key": enrolment.key,
                "skip": enrolment.skip,
                "new_password": password_change.change,
                "consent": consent.answer,
            }
        )

    async def show(self, request: Request) -> Response:
        """The page that is next, or the answer to the request when nothing is left to do."""
        visit = await self._visits.login(request, self._forms.asked(request))
        parameters = visit.parameters
        asked = Asked(
            parameters.get("session"),
            self._names.read(parameters.get("typed")),
            parameters.get("way"),
            another=parameters.get("another") == "1",
        )
        taken, purpose = turn(visit.purpose, visit.accounts, asked), visit.purpose
        if _registers(visit, asked):
            return self._pages.leave(link(REGISTER, *purpose.kept))
        if taken.view is View.FINISH and taken.account is not None and purpose.finish is not None:
            if CONSENT in purpose.prompt:
                return self._consent.ask(visit, taken.account)
            return await self._pages.finish(visit, taken.account)
        if taken.view is View.REFUSE and purpose.refuse is not None:
            text = "prompt=none allows no page, and no session of this browser suffices"
            return self._pages.leave(await purpose.refuse(taken.error, text))
        if taken.view is View.CHANGE_PASSWORD:
            return await self._password_change.show(visit, taken)
        if taken.view is View.ENROL_TOTP:
            return await self._enrolment.show_totp(visit, taken)
        return await self._pages.page(visit, taken, prefilled=parameters.get("code"))

    async def act(self, request: Request) -> Response:
        """What a form of ours asks for; then the page that is next, by GET."""
        query, form = self._forms.sent(request)
        visit = await self._visits.login(request, query)
        act = self._acts.get(form.get("step"))
        return await act(visit, form) if act else self._pages.go(visit)

    async def _named(self, visit: Visit, form: Parameters) -> Response:
        login_name = form.get("login_name").strip()
        if not login_name or len(login_name) > LONGEST:
            return await self._pages.page(visit, Turn(View.NAME), "Enter your login name.", 400)
        known = named(visit.accounts, login_name)
        if known is not None and of_account(known).view not in _NOTHING_DONE:
            return self._pages.go(visit, known.kept.session_id)
        return self._pages.go(visit, "", ("typed", self._names.write(login_name)))

    async def _chosen(self, visit: Visit, form: Parameters) -> Response:
        return self._pages.go(visit, form.get("session"))

    async def _cancelled(self, visit: Visit, _: Parameters) -> Response:
        if visit.purpose.refuse is None:
            return self._pages.go(visit)
        return self._pages.leave(await visit.purpose.refuse("access_denied", "the user cancelled the login"))


def _registers(visit: Visit, asked: Asked) -> bool:
    """Whether an account is to be opened first: as the application asks, until the person says otherwise."""
    is_new = not (asked.session_id or asked.login_name or asked.another)
    return is_new and CREATE in visit.purpose.prompt and visit.policy.allow_register
