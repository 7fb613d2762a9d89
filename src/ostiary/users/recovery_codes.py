"""Recovery codes: generated and shown once, removed all together."""

from dataclasses import dataclass, field
from typing import Final

import msgspec

from ostiary.core.guess_limit import guess_counters
from ostiary.core.permission import Caller
from ostiary.core.recovery_code import KIND, MAX_CODES, code_hash, decode, encode, new_code
from ostiary.core.user import AUTHENTICATOR, Authenticator, User
from ostiary.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound
from ostiary.storage.port import Changes, Put, Remove
from ostiary.users.context import Context, Draft
from ostiary.users.credential_change import credential_changed
from ostiary.users.rules import permitted, trusted

_PERMISSION: Final = "user.credential.write"


@dataclass(frozen=True, slots=True)
class Generated:
    """Codes as they are told once; only their hashes are kept."""

    user: User
    codes: tuple[str, ...] = field(repr=False)


class UserRecoveryCodes:
    """A user's recovery codes: their own, or with ``user.credential.write``."""

    def __init__(self, context: Context) -> None:
        """All codes of a user are one authenticator."""
        self._context = context

    async def generate(self, caller: Caller, user_id: str, count: int) -> Generated:
        """So many more codes, next to those that are left; at most ``MAX_CODES`` in all.

        Whoever wants the old ones dead removes them first. Raises InvalidArgument COMMAND-7c0nx, AlreadyExists
        COMMAND-8f2k9.
        """
        if not 1 <= count <= MAX_CODES:
            hint = f"count is 1 to {MAX_CODES}"
            raise InvalidArgument("COMMAND-7c0nx", "The number of recovery codes is invalid", hint=hint)
        codes = tuple(new_code(self._context.effects.random_bytes) for _ in range(count))

        async def attempt(_: int) -> tuple[Changes, Generated]:
            draft, old = await self._read(caller, user_id, "COMMAND-4kje7")
            kept = decode(self._context.tools.unseal(old)) if old else ()
            if len(kept) + count > MAX_CODES:
                hint = f"{len(kept)} are left of at most {MAX_CODES}; remove them to get new ones"
                raise AlreadyExists("COMMAND-8f2k9", "There are recovery codes already", hint=hint)
            hashes = encode((*kept, *map(code_hash, codes)))
            was = old.version if old else 0
            fresh = self._context.factors[KIND].enrol(user_id, hashes, draft.now, self._context.tools)
            created_at = old.created_at if old else draft.now
            fresh = msgspec.structs.replace(fresh, created_at=created_at, version=was + 1)
            draft.puts.append(Put(AUTHENTICATOR, fresh, was))
            await credential_changed(self._context, caller, draft, draft.user, "recovery_codes_generated")
            changes = draft.changes(caller.user_id, "user.recovery_codes_generated", count=count)
            return changes, Generated(draft.user, codes)

        return await self._context.carry_out(attempt)

    async def left(self, caller: Caller, user_id: str) -> int:
        """How many codes are good: one's own, or with ``user.read``."""
        await permitted(self._context.store, caller, user_id, "user.read")
        rows = await self._context.store.owned(AUTHENTICATOR, user_id)
        owned = next((row for row in rows if row.kind == KIND), None)
        return len(decode(self._context.tools.unseal(owned))) if owned else 0

    async def remove(self, caller: Caller, user_id: str) -> User:
        """None of the codes is good any more; the guesses at them are forgotten. Raises FailedPrecondition."""

        async def attempt(_: int) -> tuple[Changes, User]:
            draft, old = await self._read(caller, user_id, "COMMAND-d9u8q")
            if old is None:
                raise FailedPrecondition("COMMAND-84rgg", "No recovery codes are set up")
            draft.removes.append(Remove(AUTHENTICATOR, old.id, old.version))
            draft.clears += guess_counters(user_id, self._context.factors[KIND], draft.now)
            change = "recovery_codes_removed"
            await credential_changed(self._context, caller, draft, draft.user, change, is_lost=True)
            return draft.changes(caller.user_id, "user.recovery_codes_removed"), draft.user

        return await self._context.carry_out(attempt)

    async def _read(self, caller: Caller, user_id: str, unknown: str) -> tuple[Draft, Authenticator | None]:
        nobody = NotFound(unknown, "User could not be found")
        user = await trusted(self._context, caller, user_id, _PERMISSION, unknown=nobody)
        rows = await self._context.store.owned(AUTHENTICATOR, user_id)
        old = next((row for row in rows if row.kind == KIND), None)
        return Draft(user, user.version, self._context.effects.now()), old
