"""The page after a logout says which applications know of it: for the browser that signed out, for some minutes."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ostiary.sessions.logout_report import LogoutReports, Word
from ostiary.ui.account.application_names import ApplicationNames
from ostiary.ui.cookie import Seals
from ostiary.ui.paths import LOGGED_OUT, link
from ostiary.ui.sealed_text import SealedTexts

_GOOD_S: Final = 900
# Most answer at once; so long their answers are awaited, then the page offers to look again.
_PAUSE_S: Final = 0.1
_PAUSES: Final = 15


@dataclass(frozen=True, slots=True)
class Line:
    """One application, and what it knows."""

    application: str
    word: Word


class ReportLinks:
    """Where a report is read: its sessions, sealed with the time, for they are gone and the cookie with them."""

    def __init__(self, seals: Seals, broken: type[Exception], now: Callable[[], datetime]) -> None:
        """``broken`` is raised by ``seals`` for what it did not seal."""
        self._sealed = SealedTexts(seals, broken, "logout report")
        self._now = now

    def url(self, *session_ids: str) -> str:
        """The page for these sessions, which have just ended."""
        text = " ".join([str(self._now_s()), *session_ids])
        return link(LOGGED_OUT, ("report", self._sealed.write(text)))

    def read(self, text: str) -> tuple[str, ...]:
        """The sessions; none of a text that is not ours, or too old."""
        at, *session_ids = self._sealed.read(text).split() or ["0"]
        return tuple(session_ids) if int(at) + _GOOD_S >= self._now_s() else ()

    def _now_s(self) -> int:
        return int(self._now().timestamp())


class LogoutReport:
    """What is known by now of the sessions of a link."""

    def __init__(self, links: ReportLinks, reports: LogoutReports, names: ApplicationNames) -> None:
        """The parts."""
        self.links = links
        self._reports = reports
        self._names = names

    async def lines(self, text: str) -> list[Line]:
        """Each application, by name."""
        session_ids = self.links.read(text)
        told = await self._reports.of(session_ids)
        for _ in range(_PAUSES):
            if all(one.word is not Word.WAITING for one in told):
                break
            await asyncio.sleep(_PAUSE_S)
            told = await self._reports.of(session_ids)
        lines = [Line(await self._names.name(one.client_id), one.word) for one in told]
        return sorted(lines, key=lambda line: line.application.casefold())
