"""An email address is verified by the code that was mailed to it; another code may be asked for."""

from contextlib import suppress
from typing import Final

from ostiary.errors import FailedPrecondition, InvalidArgument, NotFound, ResourceExhausted
from ostiary.http.message import Request, Response
from ostiary.oidc.parameters import Parameters
from ostiary.ui.caller import holding_code
from ostiary.ui.mailed.desk import LONGEST_CODE, Desk, link_of
from ostiary.ui.mailed.invitation import InvitationPage
from ostiary.ui.mailed.new_password import WRONG_CODE
from ostiary.ui.paths import VERIFY
from ostiary.ui.visit import Visit
from ostiary.users.change import NewAddress, Verification
from ostiary.users.codes import EMAIL

_QUIET: Final = (InvalidArgument, FailedPrecondition, NotFound, ResourceExhausted)


class VerifyPage:
    """``GET`` and ``POST /ui/v2/login/verify``; with ``invite=true`` it is where an account is opened."""

    def __init__(self, desk: Desk, invitation: InvitationPage) -> None:
        """What is common, and the page of the invited."""
        self._desk = desk
        self._invitation = invitation

    async def show(self, request: Request) -> Response:
        """The code with a button: opening the link verifies nothing, for mail scanners open links, too."""
        query = self._desk.forms.asked(request)
        if _is_invited(query):
            return await self._invitation.show(request)
        return self._form(await self._desk.pending.visit(request, query), query.get("code"))

    async def act(self, request: Request) -> Response:
        """Verify the address, or send another code."""
        desk = self._desk
        query, form = desk.forms.sent(request)
        if form.get("step") == "again":
            return await self._again(request, query)
        if _is_invited(query):
            return await self._invitation.act(request, query, form)
        visit = await desk.pending.visit(request, query)
        code, user = form.get("code").strip(), await desk.user(query)
        try:
            if user is None:
                raise InvalidArgument("CODE-woT0xc", "Code is invalid")
            await desk.users.addresses.verify(holding_code(user), user.id, EMAIL, code)
        except (InvalidArgument, FailedPrecondition, NotFound):
            if not code:
                return self._form(visit, code, "Enter the code from the mail.")
            return self._form(visit, code, WRONG_CODE)
        return desk.write(visit, "verified", posts=False)

    async def _again(self, request: Request, query: Parameters) -> Response:
        """Another code, if there is anything to verify; the answer does not say."""
        desk = self._desk
        visit = await desk.pending.visit(request, query)
        desk.asking.take(request.peer_ip)
        typed, user = desk.names.read(query.get("typed")), await desk.user(query)
        with suppress(*_QUIET):
            if typed:
                await desk.users.registrations.resend(await desk.organization_id(visit, typed), typed)
            elif user is not None and not _is_invited(query):
                asked = NewAddress("", Verification.SEND_CODE)
                await desk.users.addresses.send_code(holding_code(user), user.id, EMAIL, asked, again=True)
        return desk.pages.redirect(desk.url(VERIFY, visit, *link_of(query), ("sent", "1")))

    def _form(self, visit: Visit, code: str, problem: str = "") -> Response:
        query, desk = visit.parameters, self._desk
        return desk.write(
            visit,
            "verify",
            problem,
            400 if problem else 200,
            action=desk.url(VERIFY, visit, *link_of(query)),
            code=code[:LONGEST_CODE],
            sent=query.get("sent") == "1",
        )


def _is_invited(parameters: Parameters) -> bool:
    """Whether it is about an account that is not open yet."""
    return parameters.get("invite") == "true"
