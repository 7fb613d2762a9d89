"""Codes by mail or SMS as a second factor, for an address that is confirmed."""

from ostiary.core.user import Address
from ostiary.errors import AlreadyExists, FailedPrecondition
from ostiary.http.message import Response
from ostiary.oidc.parameters import Parameters
from ostiary.ui.account.entrance import Entrance, Member
from ostiary.ui.account.paths import FACTORS
from ostiary.users.otp_enrolment import EMAIL, SMS, OtpKind
from ostiary.users.service import Users


class CodesByMessage:
    """``GET`` and ``POST /ui/v2/account/factors/codes``."""

    def __init__(self, entrance: Entrance, users: Users) -> None:
        """They are set up by the command of the API."""
        self._entrance = entrance
        self._users = users

    async def show(self, member: Member) -> Response:
        """Where codes will go, and a button; or what is to be done before."""
        return self._page(member)

    async def act(self, member: Member, _: Parameters) -> Response:
        """Set it up."""
        try:
            await self._users.otp.add(member.caller, member.user.id, _kind(member))
        except AlreadyExists:
            pass
        except FailedPrecondition:
            return self._page(member)
        return self._entrance.go(member, FACTORS)

    def _page(self, member: Member) -> Response:
        otp = _kind(member)
        address: Address | None = otp.address(member.user)
        ready = address.value if address is not None and address.is_verified else ""
        return self._entrance.write(member, "codes", kind=otp.kind, needs=otp.needs, ready=ready)


def _kind(member: Member) -> OtpKind:
    return SMS if member.visit.parameters.get("kind") == SMS.kind else EMAIL
