"""Creating, setting and ending sessions: read, decide, save; and again when a race was lost."""

from ostiary.core.audit import session_detail
from ostiary.core.idempotency import Once
from ostiary.core.logout import BACKCHANNEL_LOGOUT, farewells, sealed_logouts
from ostiary.core.organization import INSTANCE, INSTANCE_KEY, Instance
from ostiary.core.participant import PARTICIPANT, Participant
from ostiary.core.permission import Caller
from ostiary.core.session import (
    ENDED_SESSION,
    SESSION,
    Ended,
    Farewell,
    Session,
    Started,
    begun,
    ended_of,
)
from ostiary.core.session_state import ended
from ostiary.core.user import AUTHENTICATOR, USER, Authenticator, User
from ostiary.errors import Aborted, FailedPrecondition, Internal, NotFound
from ostiary.sessions.change import Changed, SessionChange, UserNamed
from ostiary.sessions.decide import View
from ostiary.sessions.guesses import TRIES
from ostiary.sessions.round import Reading
from ostiary.sessions.rules import require_end, require_write
from ostiary.sessions.work import Worker
from ostiary.storage.port import Audit, Changes, Conflict, ExpectOwned, Message, Put, Remove
from ostiary.storage.reads import user_by_login_name


class SessionCommands:
    """What callers may do to sessions. Every command raises OstiaryError and then has changed nothing of a session."""

    def __init__(self, worker: Worker) -> None:
        """``worker`` carries changes out."""
        self._worker = worker
        self._store = worker.store
        self._cache = worker.cache
        self._effects = worker.effects

    async def create(self, caller: Caller, change: SessionChange, once: Once | None = None) -> Changed:
        """A new session; needs ``session.write`` on the instance, asked before anybody is looked up."""
        caller.require("session.write")
        session_id = self._effects.new_id()

        async def read() -> View:
            user, is_identified = await self._meant(change)
            now = self._effects.now()
            started = Started(now, session_id, caller.user_id, change.user_agent)
            judges = await self._judges(change, user)
            return View(now, begun(started), user, *judges, started, is_identified)

        return await self._worker.run(Reading(caller, "session.created", read, once), change)

    async def set(
        self, caller: Caller, session_id: str, token: str, change: SessionChange, once: Once | None = None
    ) -> Changed:
        """Change a session.

        A sent token must be its live one and is spent by the change: of two calls with one token one wins and the other
        gets COMMAND-sGr42. Without a token ``session.write`` decides and calls are serialised.
        """

        async def read() -> View:
            session, owner = await self._existing(session_id)
            require_write(caller, session, token)
            if change.user is not None or not session.user_id:
                user, is_identified = await self._meant(change)
            else:
                user, is_identified = _still_there(owner), False
            judges = await self._judges(change, user)
            return View(self._effects.now(), session, user, *judges, is_identified=is_identified)

        return await self._worker.run(Reading(caller, "session.set", read, once), change)

    async def end(self, caller: Caller, session_id: str, token: str, reason: str = "deleted") -> Changed:
        """End a session: its row goes, a small one for its user's timeline stays. Ending an unknown one succeeds."""
        for _ in range(TRIES):
            session = await self._store.get(SESSION, session_id)
            now = self._effects.now()
            if session is None:
                if not token:
                    caller.require("session.delete")
                return Changed(session_id, 0, now)
            require_end(caller, session, token)
            if await self._saved_end(session, Ended(now, reason), caller.user_id):
                return Changed(session_id, session.version + 1, now)
        raise Aborted("session.end_busy", "The session is being changed by others", retry_after_s=1)

    async def log_out(self, user_id: str, session_id: str) -> bool:
        """End a session for its user, whoever calls: an ID token of ours named both. False: it is another user's."""
        for _ in range(TRIES):
            session = await self._store.get(SESSION, session_id)
            if session is None:
                return True
            if session.user_id != user_id:
                return False
            if await self._saved_end(session, Ended(self._effects.now(), "logout"), user_id):
                return True
        raise Aborted("session.logout_busy", "The session is being changed by others", retry_after_s=1)

    async def _saved_end(self, session: Session, event: Ended, actor_id: str) -> bool:
        """Whether the session ended, with word to all its participants; not if somebody else was faster."""
        participants = await self._store.owned(PARTICIPANT, session.id)
        sealed = sealed_logouts(participants, event.at, self._effects.new_id, self._worker.sealer.seal)
        outbox = tuple(Message(id_, BACKCHANNEL_LOGOUT, event.at, content) for id_, content in sealed)
        try:
            changes = _ending(session, event, actor_id, participants, outbox, farewells(participants, sealed))
            await self._store.save(changes)
        except Conflict:
            return False
        return True

    async def _existing(self, session_id: str) -> tuple[Session, User | None]:
        session, owner = await self._store.get_with_owner(SESSION, session_id, USER)
        if session is not None:
            return session, owner
        if await self._store.get(ENDED_SESSION, session_id) is not None:
            raise ended()
        raise NotFound("COMMAND-Flk38", "Session does not exist")

    async def _meant(self, change: SessionChange) -> tuple[User | None, bool]:
        """The user that the change names; else the one whose authenticator its evidence names (True)."""
        if change.user is not None:
            return await self._named(change.user), False
        for factor, check in change.checks:
            lookup_hash = factor.identify(check) if factor.identify else None
            owned = await self._store.find(AUTHENTICATOR, "lookup_hash", lookup_hash) if lookup_hash else None
            if owned is not None:
                return await self._store.get(USER, owned.user_id), True
        return None, False

    async def _named(self, named: UserNamed) -> User | None:
        if named.user_id:
            return await self._store.get(USER, named.user_id)
        return await user_by_login_name(self._store, named.login_name)

    async def _judges(
        self, change: SessionChange, user: User | None
    ) -> tuple[tuple[Authenticator, ...], Instance]:
        instance = await self._cache.get(INSTANCE, INSTANCE_KEY)
        if instance is None:
            raise Internal(
                "session.no_instance", "An internal error occurred", debug="the database has no instance"
            )
        if user is None or not (change.checks or change.challenges):
            return (), instance
        return await self._store.owned(AUTHENTICATOR, user.id), instance


def _still_there(user: User | None) -> User:
    if user is None:
        hint = "the user was deleted"
        raise FailedPrecondition("COMMAND-3n77z", "User could not be found", hint=hint)
    return user


def _ending(
    session: Session,
    event: Ended,
    actor_id: str,
    participants: tuple[Participant, ...],
    outbox: tuple[Message, ...],
    words: tuple[Farewell, ...],
) -> Changes:
    return Changes(
        puts=(Put(ENDED_SESSION, ended_of(session, event.reason, event.at, words)),),
        removes=(
            Remove(SESSION, session.id, session.version),
            *(Remove(PARTICIPANT, one.id, one.version) for one in participants),
        ),
        # who joins relies on the session's row, so nobody joins after this, nor unseen before it
        expects_owned=(ExpectOwned(PARTICIPANT, session.id, len(participants)),),
        outbox=outbox,
        audit=Audit(event.at, actor_id, "session.ended", session.id, session_detail([event])),
    )
