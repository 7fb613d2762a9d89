"""Recovery codes: made anew and shown once."""

from contextlib import suppress

from ostiary.core.recovery_code import MAX_CODES
from ostiary.errors import AlreadyExists, FailedPrecondition
from ostiary.http.message import Response
from ostiary.oidc.parameters import Parameters
from ostiary.ui.account.entrance import Entrance, Member
from ostiary.ui.account.paths import FACTORS
from ostiary.users.service import Users


class RecoveryPage:
    """``GET`` and ``POST /ui/v2/account/factors/recovery``."""

    def __init__(self, entrance: Entrance, users: Users) -> None:
        """They are made by the command of the API."""
        self._entrance = entrance
        self._users = users

    async def show(self, member: Member) -> Response:
        """How many are left, and a button."""
        return await self._page(member, ())

    async def act(self, member: Member, form: Parameters) -> Response:
        """New codes, shown in this answer alone; or none any more. The old ones are dead either way."""
        codes = self._users.recovery_codes
        with suppress(FailedPrecondition):  # there were none
            await codes.remove(member.caller, member.user.id)
        if form.get("step") == "remove":
            return self._entrance.go(member, FACTORS)
        try:
            made = await codes.generate(member.caller, member.user.id, MAX_CODES)
        except AlreadyExists:  # another tab was faster, and shows its own
            return await self._page(member, ())
        return await self._page(member, made.codes)

    async def _page(self, member: Member, codes: tuple[str, ...]) -> Response:
        left = await self._users.recovery_codes.left(member.caller, member.user.id)
        return self._entrance.write(member, "recovery", codes=codes, left=left)
