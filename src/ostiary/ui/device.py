"""The page where people type the code that a device shows them, and let it in or not. Source: RFC 8628 3.3 and 5.4."""

from ostiary.core.login_step import Step
from ostiary.errors import FailedPrecondition, NotFound
from ostiary.http.message import Request, Response
from ostiary.oidc.device import DeviceAuthorizations
from ostiary.oidc.parameters import Parameters
from ostiary.ui.caller import SIGNING_IN
from ostiary.ui.device_codes import DeviceCodes, Waiting
from ostiary.ui.forms import Forms
from ostiary.ui.pages import Leaf, Pages
from ostiary.ui.paths import DEVICE, LOGIN, link
from ostiary.ui.scope_words import in_words
from ostiary.ui.visit import Visit, Visits


class DevicePage:
    """``GET`` and ``POST /device``."""

    def __init__(
        self, visits: Visits, forms: Forms, codes: DeviceCodes, devices: DeviceAuthorizations, pages: Pages
    ) -> None:
        """The parts."""
        self._visits = visits
        self._forms = forms
        self._codes = codes
        self._devices = devices
        self._pages = pages

    async def show(self, request: Request) -> Response:
        """The form for the code; with an account of this browser, the question whether to let the device in."""
        query = self._forms.asked(request)
        user_code, session_id = query.get("user_code"), query.get("session")
        if not (user_code and session_id):
            return self._form(await self._visits.other(request, query), user_code)
        waiting = await self._codes.find(user_code, request.peer_ip)
        return await self._question(request, query, waiting, session_id)

    async def act(self, request: Request) -> Response:
        """The code that was typed, or the answer to the question."""
        query, form = self._forms.sent(request)
        user_code = form.get("user_code").strip()
        try:
            waiting = await self._codes.find(user_code, request.peer_ip)
        except NotFound:
            visit = await self._visits.other(request, query)
            return self._form(visit, user_code, "No device waits with this code. Look at it again.", 400)
        match form.get("answer"):
            case "allow":
                return await self._allow(request, query, waiting, form.get("session"))
            case "deny":
                await self._devices.deny(SIGNING_IN, waiting.device.id)
                return await self._done(request, query, waiting, is_allowed=False)
            case _:
                return self._pages.redirect(_sign_in(waiting))

    async def _question(
        self, request: Request, query: Parameters, waiting: Waiting, session_id: str
    ) -> Response:
        visit = await self._visits.other(request, query, waiting.client)
        account = next((a for a in visit.accounts if a.kept.session_id == session_id), None)
        if account is None or account.step is not Step.FINISH:
            return self._pages.redirect(_sign_in(waiting))
        return self._pages.write(
            Leaf("device_question.html"),
            visit.reader,
            action=DEVICE,
            waiting=waiting,
            account=account,
            scopes=in_words(waiting.device.scope),
            another=link(LOGIN, ("device", waiting.shown_code), ("another", "1")),
        )

    async def _allow(
        self, request: Request, query: Parameters, waiting: Waiting, session_id: str
    ) -> Response:
        visit = await self._visits.other(request, query, waiting.client)
        kept = visit.kept_session(session_id)
        if kept is None:
            return self._pages.redirect(_sign_in(waiting))
        try:
            await self._devices.approve(SIGNING_IN, waiting.device.id, kept.proof)
        except FailedPrecondition as refusal:
            if refusal.id != "signin.not_satisfied":
                raise
            return self._pages.redirect(_sign_in(waiting))
        return await self._done(request, query, waiting, is_allowed=True)

    async def _done(
        self, request: Request, query: Parameters, waiting: Waiting, *, is_allowed: bool
    ) -> Response:
        visit = await self._visits.other(request, query, waiting.client)
        leaf = Leaf("device_done.html", posts=False)
        return self._pages.write(leaf, visit.reader, is_allowed=is_allowed, application=waiting.client.name)

    def _form(self, visit: Visit, user_code: str, problem: str = "", status: int = 200) -> Response:
        leaf = Leaf("device.html", status)
        return self._pages.write(leaf, visit.reader, action=DEVICE, user_code=user_code, problem=problem)


def _sign_in(waiting: Waiting) -> str:
    return link(LOGIN, ("device", waiting.shown_code))
