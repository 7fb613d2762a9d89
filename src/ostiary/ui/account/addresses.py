"""One's email address and phone number: changed, and confirmed by a code."""

from typing import Final

from ostiary.errors import FailedPrecondition, InvalidArgument, NotFound, ResourceExhausted
from ostiary.http.message import Response
from ostiary.oidc.parameters import Parameters
from ostiary.ui.account.entrance import Entrance, Member
from ostiary.ui.account.paths import ADDRESS, ADDRESSES
from ostiary.users.change import NewAddress
from ostiary.users.codes import EMAIL, PHONE
from ostiary.users.service import Users

_BAD_EMAIL: Final = "This is no email address. Write it as in name@example.com."
_BAD_PHONE: Final = "This is no phone number. Write it with its country code, as in +41791234567."
_WRONG: Final = "The code is wrong or has expired. Look at the newest message, or ask for another code."
_OFTEN: Final = "Too many codes were sent. Wait a while, then ask for another one."


class Addresses:
    """``GET /ui/v2/account/addresses``, and ``GET`` and ``POST`` of one of them."""

    def __init__(self, entrance: Entrance, users: Users) -> None:
        """Changes are the commands of the API: a new address is not confirmed, and a code is on its way to it."""
        self._entrance = entrance
        self._users = users

    async def show(self, member: Member) -> Response:
        """Both."""
        return self._entrance.write(member, "addresses")

    async def one(self, member: Member) -> Response:
        """One of them, with its forms."""
        return self._page(member)

    async def change(self, member: Member, form: Parameters) -> Response:
        """Another address, its code, another code, or no phone any more."""
        kind = _kind(member)
        try:
            done = await self._do(member, kind, form)
        except ResourceExhausted:
            return self._page(member, _OFTEN, 429, form)
        except InvalidArgument as refusal:
            if form.get("step") == "confirm":
                return self._page(member, _WRONG)
            if refusal.id.startswith(("EMAIL-", "PHONE-")):
                return self._page(member, _BAD_EMAIL if kind == EMAIL else _BAD_PHONE, form=form)
            raise
        except (FailedPrecondition, NotFound):
            # an expired code; else what was asked for is so already
            return self._page(member, _WRONG if form.get("step") == "confirm" else "")
        return (
            self._entrance.go(member, ADDRESSES)
            if done
            else self._entrance.go(member, ADDRESS, ("kind", kind))
        )

    async def _do(self, member: Member, kind: str, form: Parameters) -> bool:
        """Whether all is done; not while a code is awaited."""
        caller, user_id, addresses = member.caller, member.user.id, self._users.addresses
        match form.get("step"):
            case "confirm":
                await addresses.verify(caller, user_id, kind, form.get("code"))
                return True
            case "again":
                await addresses.send_code(caller, user_id, kind, NewAddress(""), again=False)
                return False
            case "remove" if kind == PHONE:
                await addresses.remove_phone(caller, user_id)
                return True
            case _:
                await addresses.set(caller, user_id, kind, NewAddress(form.get("address").strip()))
                return False

    def _page(
        self, member: Member, problem: str = "", status: int = 400, form: Parameters | None = None
    ) -> Response:
        """The page; ``form`` is the one that has the problem, where it is not the code's."""
        kind = _kind(member)
        return self._entrance.write(
            member,
            "address",
            status=status if problem else 200,
            kind=kind,
            have=member.user.email if kind == EMAIL else member.user.phone,
            problem=problem,
            is_code=form is None,
            typed=form.get("address") if form else "",
        )


def _kind(member: Member) -> str:
    return PHONE if member.visit.parameters.get("kind") == PHONE else EMAIL
