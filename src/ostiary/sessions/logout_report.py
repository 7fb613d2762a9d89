"""Which applications know of the end of a session, as far as is known by now."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ostiary.core.delivery import DELIVERY, Outcome
from ostiary.core.session import ENDED_SESSION, Farewell
from ostiary.storage.port import Store


class Word(StrEnum):
    """Told: it confirmed. Waiting: it was not tried yet. Trying: it failed, and is tried again. Failed: no more.

    Apart: the application wants no word, and may be signed in still.
    """

    TOLD = "told"
    WAITING = "waiting"
    TRYING = "trying"
    FAILED = "failed"
    APART = "apart"


@dataclass(frozen=True, slots=True)
class Told:
    """What became of the word to one client."""

    client_id: str
    word: Word


_WORDS = {Outcome.DELIVERED: Word.TOLD, Outcome.WAITING: Word.TRYING, Outcome.DROPPED: Word.FAILED}


class LogoutReports:
    """For whoever has shown that the sessions were theirs."""

    def __init__(self, store: Store) -> None:
        """Deliveries are known for thirty days."""
        self._store = store

    async def of(self, session_ids: Iterable[str]) -> tuple[Told, ...]:
        """All clients of these sessions; of one that several had the least that is known."""
        found: dict[str, Word] = {}
        for session_id in session_ids:
            ended = await self._store.get(ENDED_SESSION, session_id)
            for one in ended.farewells if ended else ():
                word = await self._word(one)
                found[one.client_id] = max(word, found.get(one.client_id, word), key=_ORDER.index)
        return tuple(Told(client_id, word) for client_id, word in sorted(found.items()))

    async def _word(self, one: Farewell) -> Word:
        if not one.message_id:
            return Word.APART
        delivery = await self._store.get(DELIVERY, one.message_id)
        return _WORDS[delivery.outcome] if delivery else Word.WAITING


_ORDER = (Word.APART, Word.TOLD, Word.WAITING, Word.TRYING, Word.FAILED)
