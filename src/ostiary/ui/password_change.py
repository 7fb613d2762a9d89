"""The form by which somebody changes a password that has expired, or that was set for them."""

from typing import Final

from ostiary.core.login_step import Step, Way
from ostiary.errors import FailedPrecondition, InvalidArgument, OstiaryError, PermissionDenied, Unavailable
from ostiary.http.message import Response
from ostiary.oidc.parameters import Parameters
from ostiary.ui.checks import Checks, lifetime_of
from ostiary.ui.choice import Account, Turn, View
from ostiary.ui.factor_forms import LONGEST, of_url
from ostiary.ui.login_pages import LoginPages
from ostiary.ui.visit import Visit
from ostiary.users.change import NewPassword, Proof
from ostiary.users.service import Users

_WRONG: Final = "Your current password is wrong."
_DIFFERENT: Final = "The new password was not repeated the same."
_SAME: Final = "Choose a password that is not your current one."
_WEAK: Final = "This password is too weak. Choose a longer one with letters, digits and symbols."
_EMPTY: Final = "Fill in every field."


class PasswordChangeForm:
    """Changes the password of the session's user, who types the present one again."""

    def __init__(self, pages: LoginPages, checks: Checks, users: Users) -> None:
        """The session is verified anew with the new password, for a change weakens its check."""
        self._pages = pages
        self._checks = checks
        self._users = users

    async def change(self, visit: Visit, form: Parameters) -> Response:
        """The new password, proved by the current one."""
        kept, account = of_url(visit)
        if kept is None or account is None or account.step is not Step.CHANGE_PASSWORD:
            return self._pages.go(visit, kept.session_id if kept else "")
        current, new, again = (form.get(name) for name in ("current", "new", "again"))
        problem = _problem(current, new, again)
        if problem:
            return await self._again(visit, account, problem)
        user, policy = account.held.user, account.held.policy
        try:
            await self._users.passwords.set(
                account.caller, user.id, NewPassword(new), Proof(current_password=current)
            )
        except (InvalidArgument, FailedPrecondition) as refusal:
            return await self._again(visit, account, _told(refusal))
        except Unavailable as busy:
            shown = Turn(View.CHANGE_PASSWORD, account, login_name=account.login_name)
            return await self._pages.busy(visit, shown, busy)
        try:
            after = await self._checks.new_password(kept, new, lifetime_of(policy, Way.PASSWORD))
        except (PermissionDenied, FailedPrecondition, Unavailable):
            return self._pages.go(visit, kept.session_id)  # it is asked for once more
        return await self._pages.verified(visit, after, Way.PASSWORD, policy)

    async def _again(self, visit: Visit, account: Account, problem: str) -> Response:
        shown = Turn(View.CHANGE_PASSWORD, account, login_name=account.login_name)
        return await self._pages.page(visit, shown, problem, 400)


def _problem(current: str, new: str, again: str) -> str:
    if not current or not new or not again:
        return _EMPTY
    if len(current) > LONGEST:
        return _WRONG
    if len(new) > LONGEST:
        return _WEAK
    return _DIFFERENT if new != again else ""


def _told(refusal: OstiaryError) -> str:
    if refusal.id == "COMMAND-Aesh5":
        return _SAME
    return _WRONG if refusal.id in {"COMMAND-3M0fs", "COMMAND-JLK35"} else _WEAK
