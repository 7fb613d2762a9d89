"""Authenticator apps: registered, verified, removed."""

from dataclasses import dataclass

import msgspec

from ostiary.core.factor import Attempt, Rejected
from ostiary.core.permission import Caller
from ostiary.core.user import AUTHENTICATOR, Authenticator, User
from ostiary.crypto.otp import SECRET_BYTES, base32, provisioning_uri
from ostiary.errors import AlreadyExists, FailedPrecondition, NotFound, OstiaryError
from ostiary.storage.port import BudgetSpent, Changes, Put, Remove
from ostiary.users.context import Context, Draft
from ostiary.users.credential_change import credential_changed
from ostiary.users.enrolment_rules import require_enrollable
from ostiary.users.guesses import Guesses
from ostiary.users.rules import permitted, trusted

KIND = "totp"
_PERMISSION = "user.credential.write"


@dataclass(frozen=True, slots=True)
class TypedCode:
    """A code as its factor takes it."""

    code: str

    def __repr__(self) -> str:
        """Never the code."""
        return "TypedCode(…)"


@dataclass(frozen=True, slots=True)
class Registered:
    """A secret that was handed out, as base32 and for a QR code; good once a code of it was verified."""

    user: User
    secret: str
    uri: str

    def __repr__(self) -> str:
        """Never the secret."""
        return f"Registered({self.user.id!r})"


class UserTotp:
    """A user's authenticator app: their own, or with ``user.credential.write``."""

    def __init__(self, context: Context) -> None:
        """Wrong codes are counted as sessions count them."""
        self._context = context
        self._guesses = Guesses(context)

    async def register(self, caller: Caller, user_id: str) -> Registered:
        """A new secret, not ready yet; one that was not verified is replaced. Raises AlreadyExists COMMAND-do9se."""
        secret = self._context.effects.random_bytes(SECRET_BYTES)

        async def attempt(generation: int) -> tuple[Changes, Registered]:
            draft, old = await self._read(caller, user_id, _unregistrable())
            user = draft.user
            if user.profile is None:
                raise _unregistrable()
            await require_enrollable(self._context.cache, user, KIND)
            if old is not None and old.is_ready:
                raise AlreadyExists("COMMAND-do9se", "Multifactor OTP (OneTimePassword) is already set up")
            fresh = self._context.factors[KIND].enrol(user.id, secret, draft.now, self._context.tools)
            was = old.version if old else 0
            fresh = msgspec.structs.replace(fresh, is_ready=False, version=was + 1)
            draft.puts.append(Put(AUTHENTICATOR, fresh, was))
            changes = draft.changes(caller.user_id, "user.totp_registered", generation=generation)
            uri = provisioning_uri(secret, self._context.issuer, user.login_names[0])
            return changes, Registered(draft.user, base32(secret), uri)

        return await self._context.carry_out(attempt)

    async def verify(self, caller: Caller, user_id: str, code: str) -> User:
        """Make the secret ready by a code of it; its step is spent. Raises InvalidArgument EVENT-8isk2."""

        async def attempt(generation: int) -> tuple[Changes, User]:
            draft, owned = await self._read(caller, user_id, None)
            if owned is None:
                raise FailedPrecondition(
                    "COMMAND-3Mif9s",
                    "Multifactor OTP (OneTimePassword) isn't ready",
                    hint="register it first",
                )
            if owned.is_ready:
                raise FailedPrecondition(
                    "COMMAND-qx4ls", "Multifactor OTP (OneTimePassword) is already set up"
                )
            ready = await self._judged(caller, draft, owned, code, generation)
            draft.puts.append(Put(AUTHENTICATOR, ready, owned.version))
            policy = await self._guesses.policy(draft.user)
            room = self._guesses.room(user_id, self._context.factors[KIND], policy, add=0)
            draft.clears += self._guesses.counters(user_id, self._context.factors[KIND])
            await credential_changed(self._context, caller, draft, draft.user, "totp_added")
            changes = draft.changes(caller.user_id, "user.totp_verified", generation=generation)
            return msgspec.structs.replace(changes, budgets=room), draft.user

        try:
            return await self._context.carry_out(attempt)
        except BudgetSpent as spent:
            user = await permitted(self._context.store, caller, user_id, _PERMISSION)
            policy = await self._guesses.policy(user)
            factor = self._context.factors[KIND]
            raise await self._guesses.spent(spent.key, user_id, factor, policy) from None

    async def remove(self, caller: Caller, user_id: str) -> User:
        """Remove it, with the guesses at it; raises NotFound COMMAND-Hd9sd."""

        async def attempt(_: int) -> tuple[Changes, User]:
            draft, owned = await self._read(caller, user_id, None)
            if owned is None:
                raise NotFound("COMMAND-Hd9sd", "Multifactor OTP (OneTimePassword) doesn't exist")
            draft.removes.append(Remove(AUTHENTICATOR, owned.id, owned.version))
            draft.clears += self._guesses.counters(user_id, self._context.factors[KIND])
            if owned.is_ready:
                await credential_changed(
                    self._context, caller, draft, draft.user, "totp_removed", is_lost=True
                )
            return draft.changes(caller.user_id, "user.totp_removed"), draft.user

        return await self._context.carry_out(attempt)

    async def _read(
        self, caller: Caller, user_id: str, unknown: OstiaryError | None
    ) -> tuple[Draft, Authenticator | None]:
        user = await trusted(self._context, caller, user_id, _PERMISSION, unknown=unknown)
        rows = await self._context.store.owned(AUTHENTICATOR, user_id)
        owned = next((row for row in rows if row.kind == KIND), None)
        return Draft(user, user.version, self._context.effects.now()), owned

    async def _judged(
        self, caller: Caller, draft: Draft, owned: Authenticator, code: str, generation: int
    ) -> Authenticator:
        """The authenticator once the code was verified: ready, its step spent. A wrong code is counted."""
        factor, user = self._context.factors[KIND], draft.user
        ready = msgspec.structs.replace(owned, is_ready=True)
        evidence = factor.verify(
            TypedCode(code), Attempt(draft.now, "", user, (ready,), (), self._context.tools)
        )
        if isinstance(evidence, Rejected):
            policy = await self._guesses.policy(user)
            audit = self._guesses.trace(caller.user_id, user.id, factor)
            attempts = await self._guesses.count(user.id, factor, policy, audit, generation)
            raise await self._guesses.refused(user, factor, policy, attempts, evidence.error)
        (spent,) = evidence.spends
        return msgspec.structs.replace(spent, version=owned.version + 1)


def _unregistrable() -> OstiaryError:
    return FailedPrecondition("COMMAND-SqyJz", "User could not be found", hint="it must be a human")
