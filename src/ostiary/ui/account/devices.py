"""Where one is signed in: seen, and ended from afar."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ostiary.core.device_name import DeviceName, device_name
from ostiary.core.session import EndedSession, UserAgent
from ostiary.errors import NotFound
from ostiary.http.message import Response
from ostiary.oidc.parameters import Parameters
from ostiary.sessions.commands import SessionCommands
from ostiary.sessions.timeline import SessionTimelines, SignedIn
from ostiary.ui.account.application_names import ApplicationNames
from ostiary.ui.account.entrance import Entrance, Member
from ostiary.ui.account.paths import ACCOUNT

REASON: Final = "ended_remotely"
OTHERS: Final = "others"


@dataclass(frozen=True, slots=True)
class Device:
    """What is known of where a session is: its name, its address, and its place if the operator's proxy told one."""

    name: DeviceName
    address: str
    place: str


@dataclass(frozen=True, slots=True)
class Here:
    """A live session as its user sees it. ``is_this``: the one of this very page."""

    session_id: str
    device: Device
    began_at: datetime
    used_at: datetime
    factors: tuple[str, ...]
    applications: tuple[str, ...]
    is_this: bool


@dataclass(frozen=True, slots=True)
class Gone:
    """A session that is over."""

    device: Device
    began_at: datetime
    ended_at: datetime
    reason: str


class Devices:
    """``GET`` and ``POST /ui/v2/account``. What is to be ended stands in the address, so that the login leads back to it."""

    def __init__(
        self,
        entrance: Entrance,
        timelines: SessionTimelines,
        commands: SessionCommands,
        names: ApplicationNames,
        place_header: str,
    ) -> None:
        """``place_header`` is the operator's setting, in lower case; empty: nobody tells places."""
        self._entrance = entrance
        self._timelines = timelines
        self._commands = commands
        self._names = names
        self._place_header = place_header

    async def show(self, member: Member) -> Response:
        """All sessions; the one that is to be ended is asked about on top."""
        timeline = await self._timelines.of_user(member.caller, member.user.id)
        this_id = member.account.kept.session_id
        here = sorted(
            [await self._here(one, this_id) for one in timeline.live],
            key=lambda one: (not one.is_this, -one.used_at.timestamp()),
        )
        asked = member.visit.parameters.get("end")
        others = [one for one in here if not one.is_this]
        ending = [one for one in others if asked in {one.session_id, OTHERS}]
        return self._entrance.write(
            member,
            "devices",
            here=here,
            gone=[self._gone(one) for one in timeline.over],
            ending=ending,
            asked=asked,
            has_others=bool(others),
        )

    async def act(self, member: Member, _: Parameters) -> Response:
        """End one, or all but this; what is not theirs, or is gone, stays as it is."""
        asked = member.visit.parameters.get("end")
        if asked == OTHERS:
            while found := await self._others(member):
                for one in found:
                    await self._commands.end(member.caller, one.session.id, "", REASON)
        elif asked:
            await self._end(member, asked)
        return self._entrance.go(member, ACCOUNT)

    async def _others(self, member: Member) -> list[SignedIn]:
        timeline = await self._timelines.of_user(member.caller, member.user.id)
        return [one for one in timeline.live if one.session.id != member.account.kept.session_id]

    async def _end(self, member: Member, session_id: str) -> None:
        try:
            await self._commands.end(member.caller, session_id, "", REASON)
        except NotFound:  # somebody else's, or gone: both are none of this user's
            return

    async def _here(self, one: SignedIn, this_id: str) -> Here:
        session = one.session
        return Here(
            session.id,
            self._device(session.user_agent),
            session.created_at,
            one.used_at,
            tuple(session.factors),
            await self._names.of(participant.client_id for participant in one.participants),
            session.id == this_id,
        )

    def _gone(self, ended: EndedSession) -> Gone:
        return Gone(self._device(ended.user_agent), ended.created_at, ended.ended_at, ended.reason)

    def _device(self, agent: UserAgent) -> Device:
        return device_of(agent, self._place_header)


def device_of(agent: UserAgent, place_header: str) -> Device:
    """The device of a session."""
    return Device(device_name(agent.description), agent.ip or "", _first(agent.header.get(place_header, ())))


def _first(values: Iterable[str]) -> str:
    return next(iter(values), "")
