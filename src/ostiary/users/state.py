"""Users locked, unlocked, deactivated, reactivated, deleted. Each counts for callers' caches at once."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from ostiary.core.audit import detail
from ostiary.core.client import MACHINE_KEY, MACHINE_SECRET
from ostiary.core.code import code_guess_key
from ostiary.core.guess_limit import guess_counters
from ostiary.core.known_device import KNOWN_DEVICE
from ostiary.core.logout import USER_LOGOUT, sealed_user_logout
from ostiary.core.permission import MEMBERSHIP, Caller
from ostiary.core.project import AUTHORIZATION
from ostiary.core.record import AnyKind
from ostiary.core.user import (
    AUTHENTICATOR,
    LOGIN_NAME,
    PERSONAL_ACCESS_TOKEN,
    USER,
    USER_METADATA,
    VERIFICATION_CODE,
    User,
    UserState,
)
from ostiary.errors import FailedPrecondition, InvalidArgument, NotFound, OstiaryError
from ostiary.storage.port import Audit, Changes, Message, Remove
from ostiary.users.context import Context, Draft
from ostiary.users.rules import permitted, trusted

_OWNED: tuple[AnyKind, ...] = (
    LOGIN_NAME,
    AUTHENTICATOR,
    PERSONAL_ACCESS_TOKEN,
    USER_METADATA,
    VERIFICATION_CODE,
    MEMBERSHIP,
    MACHINE_KEY,
    AUTHORIZATION,
    KNOWN_DEVICE,
)
_NOT_FOUND = "User could not be found"


@dataclass(frozen=True, slots=True)
class _Step:
    """One change of state: what the audit calls it, where it leads, from where it is refused, its errors' ids."""

    action: str
    to: UserState
    refusal: Callable[[UserState], OstiaryError | None]
    no_id: str
    unknown: str


def _lock_refusal(state: UserState) -> OstiaryError | None:
    if state in {UserState.ACTIVE, UserState.INITIAL}:
        return None
    return FailedPrecondition("COMMAND-lgws8wtsqf", "User is not active", hint=f"the user is {state}")


def _unlock_refusal(state: UserState) -> OstiaryError | None:
    if state is UserState.LOCKED:
        return None
    return FailedPrecondition("COMMAND-olb9vb0oca", "User is not locked", hint=f"the user is {state}")


def _deactivate_refusal(state: UserState) -> OstiaryError | None:
    if state is UserState.INITIAL:
        hint = "delete the user instead"
        return FailedPrecondition("COMMAND-gvx4kct9r2", "User is not initialised", hint=hint)
    if state is UserState.INACTIVE:
        return FailedPrecondition("COMMAND-5gunjw0cd7", "User is inactive already")
    return None


def _reactivate_refusal(state: UserState) -> OstiaryError | None:
    if state is UserState.INACTIVE:
        return None
    return FailedPrecondition("COMMAND-s5qqcz97hf", "User is not inactive", hint=f"the user is {state}")


_LOCK = _Step("user.locked", UserState.LOCKED, _lock_refusal, "COMMAND-agz3eczifm", "COMMAND-450yxuqrh1")
_UNLOCK = _Step(
    "user.unlocked", UserState.ACTIVE, _unlock_refusal, "COMMAND-a9ld4xckax", "COMMAND-x377t913pw"
)
_DEACTIVATE = _Step(
    "user.deactivated",
    UserState.INACTIVE,
    _deactivate_refusal,
    "COMMAND-78iiirat8y",
    "COMMAND-5gp2p62iin",
)
_REACTIVATE = _Step(
    "user.reactivated",
    UserState.ACTIVE,
    _reactivate_refusal,
    "COMMAND-0nx1ie38fw",
    "COMMAND-9hy5kzbuk6",
)


class UserStates:
    """What callers with ``user.write`` may do to a user's state; nobody does it to themselves."""

    def __init__(self, context: Context) -> None:
        """Sessions that are being decided rely on the user's version, which each of these moves."""
        self._context = context

    async def lock(self, caller: Caller, user_id: str) -> User:
        """No factor of the user is judged any more."""
        return await self._take(caller, user_id, _LOCK)

    async def unlock(self, caller: Caller, user_id: str) -> User:
        """Active again, with all guesses forgotten."""
        return await self._take(caller, user_id, _UNLOCK)

    async def deactivate(self, caller: Caller, user_id: str) -> User:
        """Nobody can be or become this user."""
        return await self._take(caller, user_id, _DEACTIVATE)

    async def reactivate(self, caller: Caller, user_id: str) -> User:
        """Active again."""
        return await self._take(caller, user_id, _REACTIVATE)

    async def _take(self, caller: Caller, user_id: str, step: _Step) -> User:
        _require_id(user_id, step.no_id)
        unknown = NotFound(step.unknown, _NOT_FOUND)

        async def attempt(_: int) -> tuple[Changes, User]:
            store = self._context.store
            user = await permitted(store, caller, user_id, "user.write", own=False, unknown=unknown)
            refusal = step.refusal(user.state)
            if refusal is not None:
                raise refusal
            draft = Draft(user, user.version, self._context.effects.now())
            draft.set(state=step.to)
            if step is _UNLOCK:
                draft.clears += self._counters(user)
            if step is _DEACTIVATE:
                draft.outbox.append(self._farewell(user, draft))
            return draft.changes(caller.user_id, step.action, raises_generation=True), draft.user

        return await self._context.carry_out(attempt)

    async def delete(self, caller: Caller, user_id: str) -> User:
        """Remove the user with all they own, as they were last; oneself, or with ``user.delete``."""
        _require_id(user_id, "COMMAND-vaipl7s13l")
        unknown = NotFound("COMMAND-bd4ir1mblj", _NOT_FOUND)

        async def attempt(generation: int) -> tuple[Changes, User]:
            store = self._context.store
            user = await trusted(self._context, caller, user_id, "user.delete", unknown=unknown)
            draft = Draft(user, user.version, self._context.effects.now())
            draft.removes.append(Remove(USER, user.id, user.version))
            for kind in _OWNED:
                rows = await store.owned(kind, user.id)
                draft.removes += [Remove(kind, row.id, row.version) for row in rows]
                if kind is VERIFICATION_CODE:
                    draft.clears += [code_guess_key(row.id) for row in rows]
            secret = await store.get(MACHINE_SECRET, user.id)
            if secret is not None:
                draft.removes.append(Remove(MACHINE_SECRET, secret.id, secret.version))
            draft.clears += self._counters(user)
            # memberships are written without the user's row, but they move the generation
            return Changes(
                removes=tuple(draft.removes),
                clears=tuple(draft.clears),
                outbox=(self._farewell(user, draft),),
                audit=Audit(draft.now, caller.user_id, "user.deleted", user.id, detail()),
                generation=generation,
                raises_generation=True,
            ), msgspec.structs.replace(user, version=user.version + 1, changed_at=draft.now)

        return await self._context.carry_out(attempt)

    def _farewell(self, user: User, draft: Draft) -> Message:
        """Word to all that the user is signed in to. A lock gives none: guessing must not log anybody out."""
        context = self._context
        message_id, content = sealed_user_logout(
            user.id, draft.now, context.effects.new_id, context.sealer.seal
        )
        return Message(message_id, USER_LOGOUT, draft.now, content)

    def _counters(self, user: User) -> list[str]:
        now = self._context.effects.now()
        return [
            key for factor in self._context.factors.values() for key in guess_counters(user.id, factor, now)
        ]


def _require_id(user_id: str, id: str) -> None:  # noqa: A002
    if not user_id:
        raise InvalidArgument(id, "User ID missing")
