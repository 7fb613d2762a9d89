"""What applications hold in a user's name, found by the user's sessions."""

import msgspec

from ostiary.core.grant import GRANT, Grant
from ostiary.core.login_request import Authentication
from ostiary.core.permission import Caller
from ostiary.core.session import SESSION
from ostiary.oidc.holdings import MOST, Holdings
from ostiary.storage.port import Changes, Put
from tests.doubles.effects import START
from tests.oidc.conftest import Provider

ALICE = Caller("100", "500")


async def test_with_and_without_a_session(provider: Provider) -> None:
    """Tokens of a session, and those that somebody acts with; what another person has, or an ended session gave, is none."""
    alice = await provider.alice()
    expires_at = provider.effects.now().replace(year=2100)
    acting = Grant("1", "acting", "100", "500", ("email",), (), START, access_expires_at=expires_at)

    def of_session(number: str, user_id: str, session_id: str) -> Grant:
        authentication = Authentication(session_id, user_id, "500", START)
        return msgspec.structs.replace(
            acting, id=number, client_id=number, user_id=user_id, authentication=authentication
        )

    grants = (
        acting,
        of_session("2", "100", alice.session_id),
        of_session("3", "100", "9"),
        of_session("4", "101", "8"),
    )
    await provider.store.save(Changes(puts=tuple(Put(GRANT, one) for one in grants)))
    holdings = Holdings(provider.store, provider.effects)
    assert [one.client_id for one in await holdings.of(ALICE)] == ["2", "acting"]
    await holdings.take_back(ALICE, "acting")
    assert [one.client_id for one in await holdings.of(ALICE)] == ["2"]


async def test_many_sessions_hide_no_token_from_being_taken_back(provider: Provider) -> None:
    """Who signs in as somebody over and over does not push an application's old token out of their reach."""
    alice = await provider.alice()
    session = await provider.store.get(SESSION, alice.session_id)
    assert session is not None
    expires_at = provider.effects.now().replace(year=2100)
    authentication = Authentication(session.id, "100", "500", START)
    old = Grant("1", "app", "100", "500", ("email",), (), START, access_expires_at=expires_at)
    old = msgspec.structs.replace(old, authentication=authentication)
    newer = [
        msgspec.structs.replace(session, id=f"{session.id}{number}", version=1) for number in range(MOST)
    ]
    await provider.store.save(Changes(puts=(Put(GRANT, old), *(Put(SESSION, one) for one in newer))))
    await Holdings(provider.store, provider.effects).take_back(ALICE, "app")
    assert await provider.store.get(GRANT, "1") is None
