"""A new password, set with a code that was mailed: after a forgotten one, or the first one of an account."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ostiary.core.user import User, UserState
from ostiary.errors import (
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    ResourceExhausted,
    Unavailable,
)
from ostiary.http.message import Header, Request, Response
from ostiary.oidc.parameters import Parameters
from ostiary.ui.caller import holding_code
from ostiary.ui.mailed.desk import LONGEST_CODE, Desk, link_of, wait_of
from ostiary.ui.mailed.password_words import refusal_of, rules_of
from ostiary.ui.paths import FORGOTTEN, LOGIN, NEW_PASSWORD, VERIFY
from ostiary.ui.visit import Visit
from ostiary.users.change import NewPassword, Proof

_LONGEST: Final = 200  # characters of a password, as at the API
WRONG_CODE: Final = "The code is wrong or has expired. Look at the newest mail, or ask for another code."
_REFUSALS: Final = (InvalidArgument, FailedPrecondition, NotFound)


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why a password is set: the page's template and path, what its code proves, for users in which states."""

    template: str
    path: str
    proof: Callable[[str], Proof]
    states: frozenset[UserState]


FORGOTTEN_PASSWORD: Final = Occasion(
    "new_password",
    NEW_PASSWORD,
    lambda code: Proof(verification_code=code),
    frozenset(UserState) - {UserState.INITIAL},
)
INVITATION: Final = Occasion(
    "invitation", VERIFY, lambda code: Proof(invitation_code=code), frozenset(UserState)
)


class NewPasswordPage:
    """``GET`` and ``POST`` of a page with a code and a new password; it works in any browser."""

    def __init__(self, desk: Desk, occasion: Occasion) -> None:
        """What is common, and what is not."""
        self._desk = desk
        self._occasion = occasion

    async def show(self, request: Request) -> Response:
        """The form, with the code of a link in it. Nothing happens yet: mail scanners open links, too."""
        query = self._desk.forms.asked(request)
        visit = await self._desk.pending.visit(request, query)
        if self._occasion is FORGOTTEN_PASSWORD:
            await self._desk.require_passwords(await self._organization_id(visit))
        problem = WRONG_CODE if query.get("wrong") else ""
        return await self._form(visit, query.get("code"), problem)

    async def act(self, request: Request) -> Response:
        """Set the password, sign in with it, and go on."""
        desk = self._desk
        query, form = desk.forms.sent(request)
        visit = await desk.pending.visit(request, query)
        await desk.require_passwords(await self._organization_id(visit))
        code, password = form.get("code").strip(), form.get("password")
        problem = _misfit(code, password, form.get("again"))
        if problem:
            return await self._form(visit, code, problem)
        user = await desk.user(query)
        try:
            user = await self._set(visit, user, code, password)
        except Unavailable as busy:
            text = "Many people are signing in right now. Wait a few seconds and try again."
            return await self._form(visit, code, text, busy.http_status, wait_of(busy))
        except _REFUSALS as refusal:
            if user is None or not await self._was_just_set(user, code):
                return await self._form(visit, code, refusal_of(refusal) or WRONG_CODE)
        return await self._go_on(visit, user, password, form)

    async def again(self, visit: Visit, code: str, problem: str) -> Response:
        """The form as it was, with what is wrong."""
        return await self._form(visit, code, problem)

    async def _set(self, visit: Visit, user: User | None, code: str, password: str) -> User:
        passwords, new = self._desk.users.passwords, NewPassword(password)
        if user is not None and user.state in self._occasion.states:
            return await passwords.set(holding_code(user), user.id, new, self._occasion.proof(code))
        typed = self._desk.names.read(visit.parameters.get("typed"))
        await passwords.set_for_nobody(typed, await self._desk.organization_id(visit), new)
        raise InvalidArgument("CODE-woT0xc", "Code is invalid")

    async def _was_just_set(self, user: User, code: str) -> bool:
        """Whether the form has come twice; any other wrong code is answered as one of nobody is."""
        return await self._desk.users.passwords.was_set_by(user.id, self._occasion.proof(code))

    async def _go_on(self, visit: Visit, user: User, password: str, form: Parameters) -> Response:
        """The login goes on; what keeps the user from signing in is told there."""
        desk = self._desk
        try:
            return await desk.sign_in(visit, user, password, form.get("attempt"))
        except (*_REFUSALS, PermissionDenied, ResourceExhausted, Unavailable):
            sealed = desk.names.write(user.login_names[0])
            return desk.pages.redirect(desk.url(LOGIN, visit, ("typed", sealed)))

    async def _form(
        self, visit: Visit, code: str, problem: str = "", status: int = 400, *headers: Header
    ) -> Response:
        desk, query = self._desk, visit.parameters
        organization_id = await self._organization_id(visit)
        policy = await desk.login_policy(organization_id)
        return desk.write(
            visit,
            self._occasion.template,
            problem,
            status if problem else 200,
            *headers,
            scripted=True,
            asks_keys=self._occasion is INVITATION,
            passkeys=policy.passkeys_allowed,
            passwords=policy.allow_username_password,
            registers=policy.allow_register,
            action=desk.url(self._occasion.path, visit, *link_of(query)),
            again=desk.url(FORGOTTEN, visit, ("typed", query.get("typed"))),
            code=code[:LONGEST_CODE],
            typed=desk.names.read(query.get("typed")),
            rules=rules_of(await desk.complexity(organization_id), visit.reader.say),
        )

    async def _organization_id(self, visit: Visit) -> str:
        """Whose rules hold: those of the link's organisation; the command holds the user to their own."""
        return visit.parameters.get("organization") or await self._desk.organization_id(visit)


def _misfit(code: str, password: str, again: str) -> str:
    """What is wrong with the form by itself; empty if nothing is."""
    if not code:
        return "Enter the code from the mail."
    if not password:
        return "Enter a new password."
    if len(password) > _LONGEST:
        return "The password is too long: 200 characters are the most."
    if password != again:
        return "The two passwords are not the same."
    return ""
