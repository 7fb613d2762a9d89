"""OpenID Connect Back-Channel Logout 1.0: what clients are told, when, and how often it is tried."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from joserfc import jws, jwt
from joserfc.jwk import KeySet

from ostiary.core.client import APPLICATION
from ostiary.core.delivery import Outcome
from ostiary.core.participant import PARTICIPANT
from ostiary.core.permission import MEMBERSHIP, Caller, Membership
from ostiary.core.project import ActiveState
from ostiary.core.record import Kind, RecordT
from ostiary.core.session import ENDED_SESSION, SESSION
from ostiary.core.user import USER
from ostiary.delivery.outbox import LEASED, TRIED_FOR, Outbox, Sender, Sent, pause
from ostiary.errors import Aborted
from ostiary.factors import FACTORS
from ostiary.http.message import Request
from ostiary.oidc.jwks import Jwks
from ostiary.sessions.commands import SessionCommands
from ostiary.sessions.work import Worker
from ostiary.storage.port import Changes, Message, Put, Store
from ostiary.users.service import Users
from tests.delivery.conftest import Telling
from tests.oidc.conftest import ISSUER, SECRET, VERIFIER, good
from tests.sessions.conftest import LOGIN_CLIENT

OWNER = Caller("902", "500", (Membership("m2", "902", "instance", ("IAM_OWNER",)),))


class Crash(BaseException):
    """The process is killed."""


class Interrupted:
    """A store in which something happens after participants were read, so many times."""

    def __init__(self, store: Store, between: Callable[[], Awaitable[object]], times: int = 1) -> None:
        self._store = store
        self._between = between
        self._left = times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def owned(self, kind: Kind[RecordT], owner_id: str) -> tuple[RecordT, ...]:
        """The rows; then it happens."""
        rows = await self._store.owned(kind, owner_id)
        if kind is PARTICIPANT and self._left:
            self._left -= 1
            await self._between()
        return rows


async def verified(telling: Telling, token: str) -> tuple[dict[str, object], dict[str, object]]:
    """Header and claims of a token that a published key signed."""
    of = telling.provider
    published = await Jwks(of.keys, of.cache)(Request("GET", "/oauth/v2/keys", {}))
    keys = KeySet.import_key_set(msgspec.json.decode(published.body))
    registry = jws.JWSRegistry(algorithms=["RS256", "ES256"])
    decoded = jwt.decode(token, keys, registry=registry)
    return decoded.header, decoded.claims


async def end(telling: Telling, session_id: str) -> None:
    """The login UI ends a session."""
    await telling.provider.commands.end(LOGIN_CLIENT, session_id, "")


async def test_the_logout_token(telling: Telling) -> None:
    """It is typed, signed with a published key, short-lived, names session and user, and has no nonce (2.4)."""
    session = await telling.provider.alice()
    await telling.provider.login(session)
    await end(telling, session.session_id)
    assert await telling.outbox.deliver() == 1
    [(path, headers, _)] = telling.receiver.got
    assert (path, headers["content-type"]) == ("/logout", "application/x-www-form-urlencoded")
    [token] = telling.receiver.tokens()
    header, claims = await verified(telling, token)
    now_s = int(telling.provider.effects.now().timestamp())
    assert (header["typ"], header["alg"]) == ("logout+jwt", "RS256")
    assert claims.pop("jti")
    assert claims == {
        "iss": ISSUER,
        "aud": "web",
        "sub": "100",
        "sid": session.session_id,
        "iat": now_s,
        "exp": now_s + 120,
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    }
    [row] = await telling.log()
    assert (row.outcome, row.attempts, row.client_id) == (Outcome.DELIVERED, 1, "web")
    assert row.target == f"127.0.0.1:{telling.receiver.port}"
    assert await telling.outbox.deliver() == 0


async def test_the_algorithm_is_that_of_its_id_tokens(telling: Telling) -> None:
    """A client that wants ES256 gets ES256 (2.4: the same keys as for ID tokens)."""
    row = await telling.provider.store.get(APPLICATION, "701")
    assert row is not None
    assert row.oidc is not None
    oidc = msgspec.structs.replace(row.oidc, id_token_algorithm="ES256")
    await telling.provider.edit(APPLICATION, "701", oidc=oidc)
    session = await telling.provider.alice()
    await telling.provider.login(session)
    await end(telling, session.session_id)
    await telling.outbox.deliver()
    header, _ = await verified(telling, telling.receiver.tokens()[0])
    assert header["alg"] == "ES256"


async def test_exactly_its_participants(telling: Telling) -> None:
    """Only clients of the ended session hear of it, each once; another session of the user goes on."""
    of = telling.provider
    ended, other = await of.alice(), await of.alice()
    for session in (ended, ended, other):
        await of.login(session)
    code = await of.code_for(ended, client_id="other")
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
    redirect = "http://localhost:9999/cb"
    good(await of.token(client="other", secret=SECRET, redirect_uri=redirect, **form))
    assert len(await of.store.owned(PARTICIPANT, ended.session_id)) == 2
    await end(telling, ended.session_id)
    assert await telling.outbox.deliver() == 1  # the other client registered no URI
    _, claims = await verified(telling, telling.receiver.tokens()[0])
    assert (claims["sid"], claims["aud"]) == (ended.session_id, "web")
    assert await of.store.owned(PARTICIPANT, ended.session_id) == ()
    assert len(await of.store.owned(PARTICIPANT, other.session_id)) == 1


async def test_nobody_joined(telling: Telling) -> None:
    """A session without clients ends in silence."""
    session = await telling.provider.alice()
    await end(telling, session.session_id)
    assert await telling.outbox.deliver() == 0


@pytest.mark.parametrize("gone", ["uri", "state"])
async def test_not_to_the_unregistered(telling: Telling, gone: str) -> None:
    """A client that took its URI back, or was deactivated, is told nothing more."""
    session = await telling.provider.alice()
    await telling.provider.login(session)
    await end(telling, session.session_id)
    if gone == "uri":
        await telling.register("701", "")
    else:
        await telling.provider.edit(APPLICATION, "701", state=ActiveState.INACTIVE)
    await telling.outbox.deliver()
    assert telling.receiver.got == []
    [row] = await telling.log()
    assert row.outcome is Outcome.DROPPED
    telling.provider.effects.later(hours=1)
    assert await telling.outbox.deliver() == 0


async def test_a_moved_uri(telling: Telling) -> None:
    """A client that moved hears of it at its new address."""
    session = await telling.provider.alice()
    await telling.register("701", "http://127.0.0.1:1/old")
    await telling.provider.login(session)
    await telling.register("701", telling.receiver.url)
    await end(telling, session.session_id)
    await telling.outbox.deliver()
    assert len(telling.receiver.got) == 1


async def test_tried_again(telling: Telling) -> None:
    """After 500 and 302 it is tried later, with a fresh token of the same jti, until it is taken."""
    telling.receiver.statuses = [500, 302, 204]
    session = await telling.provider.alice()
    await telling.provider.login(session)
    await end(telling, session.session_id)
    for attempt in (1, 2, 3):
        assert await telling.outbox.deliver() == 1
        assert await telling.outbox.deliver() == 0
        [row] = await telling.log()
        expected = (Outcome.WAITING, attempt) if attempt < 3 else (Outcome.DELIVERED, 3)
        assert (row.outcome, row.attempts) == expected
        telling.provider.effects.later(seconds=pause(attempt).total_seconds())
    assert await telling.outbox.deliver() == 0
    claims = [(await verified(telling, token))[1] for token in telling.receiver.tokens()]
    assert len({str(one["jti"]) for one in claims}) == 1
    assert len({str(one["iat"]) for one in claims}) == 3


async def test_given_up(telling: Telling) -> None:
    """After a day of failures it is dropped, and the log says why."""
    telling.receiver.statuses = [400] * 100
    session = await telling.provider.alice()
    await telling.provider.login(session)
    await end(telling, session.session_id)
    began = telling.provider.effects.now()
    attempts = 0
    while telling.provider.effects.now() - began < TRIED_FOR * 2:
        attempts += await telling.outbox.deliver()
        telling.provider.effects.later(minutes=30)
    [row] = await telling.log()
    assert (row.outcome, row.reason, row.attempts) == (Outcome.DROPPED, "HTTP status 400", attempts)
    assert TRIED_FOR <= row.at - began < TRIED_FOR + 2 * pause(100)
    assert 20 < attempts < 60


async def test_nobody_listens(telling: Telling) -> None:
    """A refused connection waits, and the user's logout was not held up by it."""
    await telling.register("701", "http://127.0.0.1:1/nobody")
    session = await telling.provider.alice()
    await telling.provider.login(session)
    await end(telling, session.session_id)
    await telling.outbox.deliver()
    [row] = await telling.log()
    assert (row.outcome, row.reason, row.target) == (Outcome.WAITING, "no connection", "127.0.0.1:1")


async def test_a_crash_repeats_with_the_same_jti(telling: Telling) -> None:
    """What was sent and not erased is sent again by the next worker once the lease is over: at least once."""
    session = await telling.provider.alice()
    await telling.provider.login(session)
    await end(telling, session.session_id)

    async def crashing(message: Message, plain: bytes) -> Sent:
        await telling.backchannel.deliver(message, plain)
        raise Crash

    of = telling.provider
    dying = Outbox(of.store, of.effects, of.sealer, [Sender(("backchannel_logout",), lambda: crashing)])
    with pytest.raises(Crash):
        await dying.deliver()
    assert await telling.outbox.deliver() == 0
    of.effects.later(seconds=LEASED.total_seconds())
    assert await telling.outbox.deliver() == 1
    jtis = [(await verified(telling, token))[1]["jti"] for token in telling.receiver.tokens()]
    assert len(jtis) == 2
    assert len(set(jtis)) == 1


async def finish(telling: Telling, store: Interrupted, session_id: str, how: str) -> None:
    """End alice's session over that store, by its API or by an ID token."""
    of = telling.provider
    commands = SessionCommands(Worker(store, of.cache, of.effects, of.tools, of.sealer, of.pool))
    if how == "end":
        await commands.end(LOGIN_CLIENT, session_id, "")
    else:
        assert await commands.log_out("100", session_id)


@pytest.mark.parametrize("how", ["end", "log_out"])
async def test_always_too_late(telling: Telling, how: str) -> None:
    """Whoever loses every race is told to come back; nothing has ended and nobody was told."""
    of = telling.provider
    session = await of.alice()
    await of.login(session)
    interrupted = Interrupted(of.store, lambda: of.edit(SESSION, session.session_id), times=1000)
    with pytest.raises(Aborted):
        await finish(telling, interrupted, session.session_id, how)
    assert await of.store.get(SESSION, session.session_id) is not None
    assert await telling.outbox.deliver() == 0


@pytest.mark.parametrize("how", ["end", "log_out"])
async def test_who_joins_while_it_ends(telling: Telling, how: str) -> None:
    """A client that joined after the session's participants were read is not forgotten: the end is decided again."""
    of = telling.provider
    session = await of.alice()
    interrupted = Interrupted(of.store, lambda: of.login(session))
    await finish(telling, interrupted, session.session_id, how)
    assert await telling.outbox.deliver() == 1
    assert await of.store.owned(PARTICIPANT, session.session_id) == ()


@pytest.mark.parametrize("how", ["deactivate", "delete"])
async def test_a_user_who_is_out(telling: Telling, how: str) -> None:
    """All clients of all sessions of a deactivated or deleted user are told; those of others are not."""
    of = telling.provider
    users = Users(of.store, of.cache, of.effects, of.tools, of.sealer, of.pool, FACTORS)
    sessions = [await of.alice(), await of.alice()]
    for session in sessions:
        await of.login(session)
    of.effects.later(seconds=1)
    await of.store.save(Changes(puts=(Put(MEMBERSHIP, OWNER.memberships[0]),)))
    await getattr(users.states, how)(OWNER, "100")
    await telling.outbox.deliver()
    assert await telling.outbox.deliver() == 2
    claims = [(await verified(telling, token))[1] for token in telling.receiver.tokens()]
    assert {str(one["sid"]) for one in claims} == {session.session_id for session in sessions}
    assert await telling.outbox.deliver() == 0
    left = [await of.store.get(SESSION, session.session_id) for session in sessions]
    assert [session is None for session in left] == [how == "delete"] * 2
    for session in sessions if how == "delete" else ():
        ended = await of.store.get(ENDED_SESSION, session.session_id)
        assert ended is not None
        assert ended.reason == "revoked"


async def test_a_locked_user(telling: Telling) -> None:
    """A lock, which wrong guesses may bring about, logs nobody out of their clients."""
    of = telling.provider
    users = Users(of.store, of.cache, of.effects, of.tools, of.sealer, of.pool, FACTORS)
    await of.login()
    await of.store.save(Changes(puts=(Put(MEMBERSHIP, OWNER.memberships[0]),)))
    await users.states.lock(OWNER, "100")
    assert (await of.store.get(USER, "100")) is not None
    assert await telling.outbox.deliver() == 0
