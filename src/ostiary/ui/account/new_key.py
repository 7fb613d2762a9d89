"""A passkey or a security key set up, by the one script that these pages have."""

from typing import Final

import msgspec

from ostiary.core.passkey import PASSKEY, U2F
from ostiary.errors import CredentialRefused, FailedPrecondition
from ostiary.http.message import Response
from ostiary.oidc.parameters import Parameters
from ostiary.ui.account.entrance import Entrance, Member
from ostiary.ui.account.paths import FACTORS
from ostiary.users.key_registration import Attested, NewKey
from ostiary.users.passkeys import MAX_NAME
from ostiary.users.service import Users

_REFUSED: Final = "This key was not accepted. Try again, or choose another way."


class NewKeyPage:
    """``GET`` and ``POST /ui/v2/account/factors/key``: first the options for the script, then what the key attests."""

    def __init__(self, entrance: Entrance, users: Users) -> None:
        """Keys are registered by the commands of the API."""
        self._entrance = entrance
        self._users = users

    async def show(self, member: Member) -> Response:
        """The form, for a kind of key."""
        return self._page(member)

    async def act(self, member: Member, form: Parameters) -> Response:
        """Begin, or finish."""
        kind, user_id = _kind(member), member.user.id
        keys = self._users.key_registration
        if form.get("begin"):
            made = await keys.register(member.caller, user_id, NewKey(kind))
            return self._entrance.to_script({"options": made.options, "fields": {"key_id": made.key_id}})
        attested = Attested(form.get("key_id"), _json(form.get("credential")), form.get("name")[:MAX_NAME])
        try:
            await keys.verify(member.caller, user_id, kind, attested)
        except (CredentialRefused, FailedPrecondition):
            return self._page(member, _REFUSED)
        return self._entrance.go(member, FACTORS)

    def _page(self, member: Member, problem: str = "") -> Response:
        status = 400 if problem else 200
        return self._entrance.write(
            member, "key", status=status, asks_keys=True, kind=_kind(member), problem=problem
        )


def _kind(member: Member) -> str:
    return U2F if member.visit.parameters.get("kind") == U2F else PASSKEY


def _json(text: str) -> dict[str, object]:
    try:
        return msgspec.json.decode(text, type=dict[str, object])
    except (msgspec.MsgspecError, RecursionError):
        return {}
