"""All that is kept of somebody, as a file for them."""

from typing import Any

import msgspec

from ostiary.core.known_device import KnownDevice
from ostiary.core.user import Authenticator, User
from ostiary.http.message import Response
from ostiary.oidc.holdings import Holdings
from ostiary.oidc.parameters import Parameters
from ostiary.sessions.timeline import SessionTimelines, SignedIn
from ostiary.ui.account.entrance import Entrance, Member
from ostiary.users.metadata import MOST_KEYS
from ostiary.users.service import Users

_FILE = (b"content-disposition", b'attachment; filename="my-data.json"')


class OwnData:
    """``GET`` and ``POST /ui/v2/account/data``."""

    def __init__(
        self, entrance: Entrance, users: Users, timelines: SessionTimelines, holdings: Holdings
    ) -> None:
        """What knows of the user."""
        self._entrance = entrance
        self._users = users
        self._timelines = timelines
        self._holdings = holdings

    async def show(self, member: Member) -> Response:
        """What the file holds, and a button."""
        return self._entrance.write(member, "data")

    async def act(self, member: Member, _: Parameters) -> Response:
        """The file: JSON, without anything that somebody could sign in with."""
        return self._entrance.to_script(await self._collected(member), _FILE)

    async def _collected(self, member: Member) -> dict[str, Any]:
        caller, user = member.caller, member.user
        timeline = await self._timelines.of_user(caller, user.id)
        owned = await self._users.queries.authenticators(caller, user.id)
        links = await self._users.identity_links.of_user(caller, user.id)
        devices = await self._timelines.devices(caller, user.id)
        metadata = await self._users.metadata.search(
            caller, user.id, (), descending=False, offset=0, limit=MOST_KEYS
        )
        return {
            "user": _user(user),
            "metadata": {one.key: one.value for one in metadata.items},
            "authenticators": [_authenticator(one) for one in owned if one.is_ready],
            "identity_links": [msgspec.to_builtins(link) for link in links],
            "sessions": [_session(one) for one in timeline.live],
            "ended_sessions": [msgspec.to_builtins(one) for one in timeline.over],
            "known_devices": [_device(one) for one in devices],
            "applications": await self._holdings.of(caller),
        }


def _user(user: User) -> dict[str, Any]:
    return {**_without(msgspec.to_builtins(user), "version"), "login_names": user.login_names}


def _session(one: SignedIn) -> dict[str, Any]:
    return _without(msgspec.to_builtins(one.session), "token_hash", "challenges", "version")


def _device(one: KnownDevice) -> dict[str, Any]:
    return {"seen_at": one.seen_at, "user_agent": one.user_agent, "session_id": one.session_id}


def _authenticator(one: Authenticator) -> dict[str, Any]:
    return {"kind": one.kind, "name": one.name, "created_at": one.created_at, "changed_at": one.changed_at}


def _without(fields: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in names}
