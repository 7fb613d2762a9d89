"""Applications that one is signed in to, and those that go on without one: seen, and sent away."""

from dataclasses import dataclass, replace
from datetime import datetime

from ostiary.http.message import Response
from ostiary.oidc.holdings import Holdings
from ostiary.oidc.parameters import Parameters
from ostiary.sessions.timeline import SessionTimelines
from ostiary.ui.account.application_names import ApplicationNames
from ostiary.ui.account.entrance import Entrance, Member
from ostiary.ui.account.paths import APPLICATIONS
from ostiary.ui.scope_words import in_words


@dataclass(frozen=True, slots=True)
class Used:
    """One application, and what it may do, in words; beside these what only it understands. None: it holds nothing."""

    client_id: str
    name: str
    since: datetime
    words: tuple[tuple[str, str], ...] = ()


class Applications:
    """``GET`` and ``POST /ui/v2/account/applications``. Which one stands in the address, so that the login leads back."""

    def __init__(
        self, entrance: Entrance, holdings: Holdings, timelines: SessionTimelines, names: ApplicationNames
    ) -> None:
        """Holdings are tokens, timelines know of sign-ins."""
        self._entrance = entrance
        self._holdings = holdings
        self._timelines = timelines
        self._names = names

    async def show(self, member: Member) -> Response:
        """All of them; the one that is to be sent away is asked about on top."""
        used = await self._used(member)
        asked = member.visit.parameters.get("client")
        ending = next((one for one in used if one.client_id == asked), None)
        return self._entrance.write(member, "applications", used=used, ending=ending)

    async def act(self, member: Member, _: Parameters) -> Response:
        """All that the application holds is good no more."""
        client_id = member.visit.parameters.get("client")
        if client_id:
            await self._holdings.take_back(member.caller, client_id)
        return self._entrance.go(member, APPLICATIONS)

    async def _used(self, member: Member) -> list[Used]:
        """By name: what holds tokens, and what was signed in to by a session that goes on."""
        found: dict[str, Used] = {}
        timeline = await self._timelines.of_user(member.caller, member.user.id)
        for one in (participant for live in timeline.live for participant in live.participants):
            had = found.get(one.client_id)
            since = min(one.joined_at, had.since) if had else one.joined_at
            found[one.client_id] = Used(one.client_id, await self._names.name(one.client_id), since)
        for held in await self._holdings.of(member.caller):
            name = await self._names.name(held.client_id)
            had = found.get(held.client_id, Used(held.client_id, name, held.since))
            found[held.client_id] = replace(had, words=tuple(in_words(held.scope)))
        return sorted(found.values(), key=lambda one: one.name.casefold())
