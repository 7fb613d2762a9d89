"""Consent: what an application asks for, before it is answered. Source: OpenID Connect Core 3.1.2.1 (prompt) and 3.1.2.4."""

from typing import Final

from ostiary.core.login_step import Step
from ostiary.http.message import Response
from ostiary.oidc.parameters import Parameters
from ostiary.ui.choice import Account
from ostiary.ui.login_pages import LoginPages
from ostiary.ui.pages import Leaf, Pages
from ostiary.ui.scope_words import in_words
from ostiary.ui.visit import Visit

CONSENT: Final = "consent"


class ConsentForm:
    """The question and its answer. It is asked each time that the application wants it asked, and never remembered."""

    def __init__(self, login: LoginPages, pages: Pages) -> None:
        """``login`` finishes what was agreed to."""
        self._login = login
        self._pages = pages

    def ask(self, visit: Visit, account: Account) -> Response:
        """The page."""
        purpose = visit.purpose
        return self._pages.write(
            Leaf("consent.html", leads_to=purpose.leads_to),
            visit.reader,
            action=self._login.url(visit, account.kept.session_id),
            another=self._login.url(visit, "", ("another", "1")),
            account=account,
            scopes=in_words(purpose.scope),
            application=purpose.application.name if purpose.application else "",
        )

    async def answer(self, visit: Visit, form: Parameters) -> Response:
        """Back to the application, with the session or without; again to the login if the session is none that suffices."""
        purpose, session_id = visit.purpose, visit.parameters.get("session")
        if purpose.finish is None or purpose.refuse is None:
            return self._login.go(visit)
        if form.get("answer") == "deny":
            return self._login.leave(await purpose.refuse("access_denied", "the user did not consent"))
        account = next((one for one in visit.accounts if one.kept.session_id == session_id), None)
        if account is None or account.step is not Step.FINISH or form.get("answer") != "allow":
            return self._login.go(visit, session_id)
        return await self._login.finish(visit, account)
