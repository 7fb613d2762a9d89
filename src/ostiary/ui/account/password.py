"""A new password, proved by the present one; or the way to a first one."""

from typing import Final

from ostiary.core.login_step import Way
from ostiary.core.policy import PasswordComplexityPolicy
from ostiary.errors import FailedPrecondition, InvalidArgument, OstiaryError, PermissionDenied, Unavailable
from ostiary.http.message import Response
from ostiary.oidc.parameters import Parameters
from ostiary.ui.account.entrance import Entrance, Member
from ostiary.ui.account.paths import FACTORS
from ostiary.ui.checks import Checks, lifetime_of
from ostiary.ui.mailed.password_words import WRONG, misfit_of, refusal_of, rules_of
from ostiary.users.change import NewPassword, Proof
from ostiary.users.codes import EMAIL
from ostiary.users.service import Users

_BUSY: Final = "Many people are signing in right now. Wait a few seconds and try again."
_UNSENT: Final = "No mail can be sent to you now. Confirm your email address first, or wait a few minutes."


class PasswordPage:
    """``GET`` and ``POST /ui/v2/account/factors/password``."""

    def __init__(self, entrance: Entrance, users: Users, checks: Checks) -> None:
        """``checks`` verify this session anew: a change of the password weakens it, as all others."""
        self._entrance = entrance
        self._users = users
        self._checks = checks

    async def show(self, member: Member) -> Response:
        """The form."""
        return await self._page(member)

    async def act(self, member: Member, form: Parameters) -> Response:
        """Change it, or mail the way to a first one."""
        if form.get("step") == "mail":
            return await self._mail(member)
        current, new, again = (form.get(name) for name in ("current", "password", "again"))
        problem = misfit_of(current, new, again)
        if problem:
            return await self._page(member, problem)
        try:
            await self._users.passwords.set(
                member.caller, member.user.id, NewPassword(new), Proof(current_password=current)
            )
        except Unavailable:
            return await self._page(member, _BUSY, 503)
        except (InvalidArgument, FailedPrecondition) as refusal:
            return await self._page(member, refusal_of(refusal) or WRONG)
        return await self._verified(member, new)

    async def _verified(self, member: Member, password: str) -> Response:
        """On with this session, which has now verified the new password; if that fails it is asked for."""
        policy = member.account.held.policy
        try:
            kept = await self._checks.new_password(
                member.account.kept, password, lifetime_of(policy, Way.PASSWORD)
            )
        except (PermissionDenied, FailedPrecondition, Unavailable):
            return self._entrance.go(member, FACTORS)
        return self._entrance.go(member, FACTORS, kept=kept)

    async def _mail(self, member: Member) -> Response:
        try:
            if member.user.email is None or not member.user.email.is_verified:
                return await self._page(member, _UNSENT)
            await self._users.resets.begin(member.caller, member.user.id, EMAIL)
        except OstiaryError as refusal:
            if refusal.http_status != 429:
                raise
            return await self._page(member, _UNSENT, 429)
        return await self._page(member, sent_to=member.user.email.value)

    async def _page(
        self, member: Member, problem: str = "", status: int = 400, *, sent_to: str = ""
    ) -> Response:
        owned = await self._users.queries.authenticators(member.caller, member.user.id)
        policy = await self._entrance.policy(PasswordComplexityPolicy, member)
        return self._entrance.write(
            member,
            "password",
            status=status if problem else 200,
            scripted=True,
            has_one=any(one.kind == Way.PASSWORD for one in owned),
            rules=rules_of(policy, member.visit.reader.say),
            problem=problem,
            sent_to=sent_to,
        )
