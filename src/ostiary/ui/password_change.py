"""The form by which somebody changes a password that has expired, or that was set for them."""

from ostiary.core.login_step import Step, Way
from ostiary.core.policy import PasswordComplexityPolicy
from ostiary.errors import (
    FailedPrecondition,
    InvalidArgument,
    PermissionDenied,
    ResourceExhausted,
    Unavailable,
)
from ostiary.http.message import Response
from ostiary.oidc.parameters import Parameters
from ostiary.signin.requests import SignIn
from ostiary.ui.checks import Checks, lifetime_of
from ostiary.ui.choice import Turn, of_account
from ostiary.ui.factor_forms import of_url
from ostiary.ui.login_pages import LoginPages
from ostiary.ui.mailed.password_words import WRONG, misfit_of, refusal_of, rules_of
from ostiary.ui.visit import Visit
from ostiary.users.change import NewPassword, Proof
from ostiary.users.service import Users


class PasswordChangeForm:
    """Changes the password of the session's user, who types the present one again."""

    def __init__(self, pages: LoginPages, checks: Checks, users: Users, signin: SignIn) -> None:
        """The session is verified anew with the new password, for a change weakens its check."""
        self._pages = pages
        self._checks = checks
        self._users = users
        self._cache = signin.cache

    async def show(self, visit: Visit, shown: Turn, problem: str = "") -> Response:
        """The form, with what the organisation asks of a password."""
        organization_id = shown.account.held.user.organization_id if shown.account else ""
        policy = await self._cache.policy(PasswordComplexityPolicy, organization_id)
        rules = rules_of(policy, visit.reader.say)
        return await self._pages.page(visit, shown, problem, 400 if problem else 200, rules=rules)

    async def change(self, visit: Visit, form: Parameters) -> Response:
        """The new password, proved by the current one."""
        kept, account = of_url(visit)
        if kept is None or account is None or account.step is not Step.CHANGE_PASSWORD:
            return self._pages.go(visit, kept.session_id if kept else "")
        shown, policy = of_account(account), account.held.policy
        current, new = form.get("current"), form.get("password")
        problem = misfit_of(current, new, form.get("again"))
        if problem:
            return await self.show(visit, shown, problem)
        try:
            proof = Proof(current_password=current)
            await self._users.passwords.set(account.caller, account.held.user.id, NewPassword(new), proof)
        except (InvalidArgument, FailedPrecondition) as refusal:
            return await self.show(visit, shown, refusal_of(refusal) or WRONG)
        except (ResourceExhausted, Unavailable) as busy:
            return await self._pages.busy(visit, shown, busy)
        try:
            after = await self._checks.new_password(kept, new, lifetime_of(policy, Way.PASSWORD))
        except (FailedPrecondition, PermissionDenied, ResourceExhausted, Unavailable):
            return self._pages.go(visit, kept.session_id)  # it is asked for once more
        return await self._pages.verified(visit, after, Way.PASSWORD, policy)
