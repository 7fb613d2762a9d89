"""Which applications know of the end of a session."""

from ostiary.core.delivery import DELIVERY, Delivery, Outcome
from ostiary.core.participant import PARTICIPANT, Participant
from ostiary.core.session import ENDED_SESSION
from ostiary.sessions.logout_report import LogoutReports, Told, Word
from ostiary.storage.port import Changes, Put
from tests.doubles.effects import START
from tests.sessions.conftest import LOGIN_CLIENT, House


async def _ended(house: House, **uris: str) -> str:
    """A session that was used for these clients, and is over."""
    made = await house.create()
    joined = [
        Participant(f"{made.session_id}:{client}", made.session_id, client, "100", START, logout_uri=uri)
        for client, uri in uris.items()
    ]
    await house.store.save(Changes(puts=tuple(Put(PARTICIPANT, one) for one in joined)))
    await house.commands.end(LOGIN_CLIENT, made.session_id, "")
    return made.session_id


async def _delivered(house: House, session_id: str, client: str, outcome: Outcome) -> None:
    ended = await house.store.get(ENDED_SESSION, session_id)
    assert ended is not None
    message_id = next(one.message_id for one in ended.farewells if one.client_id == client)
    row = Delivery(message_id, "backchannel_logout", "rp.example", outcome, 1, START)
    await house.store.save(Changes(puts=(Put(DELIVERY, row),)))


async def test_each(house: House) -> None:
    """Each client by what became of the word to it."""
    uri = "https://rp.example/"
    session_id = await _ended(house, a="", b=uri, c=uri, d=uri, e=uri)
    for client, outcome in (("c", Outcome.DELIVERED), ("d", Outcome.WAITING), ("e", Outcome.DROPPED)):
        await _delivered(house, session_id, client, outcome)
    told = await LogoutReports(house.store).of([session_id])
    assert [(one.client_id, str(one.word)) for one in told] == [
        ("a", "apart"),
        ("b", "waiting"),
        ("c", "told"),
        ("d", "trying"),
        ("e", "failed"),
    ]


async def test_several(house: House) -> None:
    """Of a client that several sessions had, the word that went worst counts; an unknown session tells nothing."""
    uri = "https://rp.example/"
    first, second = await _ended(house, a=uri), await _ended(house, a=uri)
    await _delivered(house, first, "a", Outcome.DELIVERED)
    told = await LogoutReports(house.store).of([first, second, "unknown"])
    assert told == (Told("a", Word.WAITING),)
