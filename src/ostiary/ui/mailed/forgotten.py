"""A forgotten password: a code is sent to whoever has the name that was typed, and nobody learns whether anyone has."""

from ostiary.core.notification import EMAIL_CHANNEL, PHONE_CHANNEL
from ostiary.errors import FailedPrecondition
from ostiary.http.message import Request, Response
from ostiary.ui.mailed.desk import LONGEST_NAME, Desk
from ostiary.ui.paths import FORGOTTEN, NEW_PASSWORD
from ostiary.ui.visit import Visit


class ForgottenPage:
    """``GET`` and ``POST /ui/v2/login/password/reset``."""

    def __init__(self, desk: Desk) -> None:
        """What is common."""
        self._desk = desk
        self._by_phone = PHONE_CHANNEL in desk.channels

    async def show(self, request: Request) -> Response:
        """Which account it is."""
        desk = self._desk
        query = desk.forms.asked(request)
        visit = await desk.visits.login(request, query)
        await self._require_offered(visit)
        return self._form(visit, desk.names.read(query.get("typed")) or visit.purpose.login_hint)

    async def act(self, request: Request) -> Response:
        """Have the code sent, then the page where it is typed with a new password."""
        desk = self._desk
        query, form = desk.forms.sent(request)
        visit = await desk.visits.login(request, query)
        await self._require_offered(visit)
        typed = form.get("login_name").strip()
        if not typed or len(typed) > LONGEST_NAME:
            return self._form(visit, typed[:LONGEST_NAME], "Enter your login name.")
        desk.asking.take(request.peer_ip)
        by_phone = self._by_phone and form.get("channel") == PHONE_CHANNEL
        await desk.users.resets.ask(typed, PHONE_CHANNEL if by_phone else EMAIL_CHANNEL)
        sealed = desk.names.write(typed)
        following = desk.url(NEW_PASSWORD, visit, ("typed", sealed))
        return desk.pages.redirect(following, *desk.pending.remember(visit))

    async def _require_offered(self, visit: Visit) -> None:
        self._desk.require_mail()
        organization_id = await self._desk.organization_id(visit)
        await self._desk.require_passwords(organization_id)
        policy = await self._desk.login_policy(organization_id)
        if policy.hide_password_reset:
            raise FailedPrecondition("ui.no_password_reset", "Passwords are not reset here")

    def _form(self, visit: Visit, login_name: str, problem: str = "") -> Response:
        action = self._desk.url(FORGOTTEN, visit)
        status = 400 if problem else 200
        return self._desk.write(
            visit, "forgotten", problem, status, action=action, login_name=login_name, by_phone=self._by_phone
        )
